//! The manifest: what a bundle holds, in canonical JSON, and the text that is signed over it.

use annals_tlog::Note;
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::canonical::{from_canonical, to_canonical};
use crate::checkpoints::Checkpoints;
use crate::names::{bundle_key_name, is_origin};
use crate::problem::Problem;
use crate::streams::Streams;
use crate::trust::Keys;
use crate::zip::Measured;

/// The name of this format.
pub const FORMAT: &str = "annals-evidence/v1";

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) counts: ManifestCounts,
    pub(crate) files: Vec<FileRow>,
    pub(crate) format: String,
    pub(crate) origin: String,
    pub(crate) scope: Value,
    pub(crate) shards: Vec<ShardRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManifestCounts {
    events: u64,
    parts_shown: u64,
    parts_withheld: u64,
    streams: Vec<StreamRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamRow {
    events: u64,
    first_revision: u64,
    last_revision: u64,
    stream: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRow {
    bytes: u64,
    pub(crate) name: String,
    /// In hexadecimal, as `sha256sum` prints it.
    sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShardRow {
    name: String,
    root: String,
    size: u64,
}

impl Manifest {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let manifest = from_canonical(bytes)?;
        let manifest: Self = serde_json::from_value(manifest).map_err(|_| Problem::NotJson)?;
        if manifest.format != FORMAT {
            return Err(Problem::Format);
        }
        if is_origin(&manifest.origin) { Ok(manifest) } else { Err(Problem::Name("log")) }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, Problem> {
        to_canonical(&serde_json::to_value(self).map_err(|_| Problem::NotJson)?)
    }
}

impl ManifestCounts {
    pub(crate) fn of(streams: &Streams) -> Self {
        let counts = streams.counts();
        let row = |(stream, extent): (&str, crate::streams::Extent)| StreamRow {
            events: extent.events,
            first_revision: extent.first_revision,
            last_revision: extent.last_revision,
            stream: stream.to_owned(),
        };
        Self {
            events: counts.events,
            parts_shown: counts.parts_shown,
            parts_withheld: counts.parts_withheld,
            streams: streams.extents().map(row).collect(),
        }
    }
}

impl FileRow {
    pub(crate) fn of(name: &str, measured: &Measured) -> Self {
        let sha256 = HEXLOWER.encode(&measured.sha256);
        Self { bytes: measured.bytes, name: name.to_owned(), sha256 }
    }
}

impl ShardRow {
    pub(crate) fn of(checkpoints: &Checkpoints) -> Vec<Self> {
        let row = |(name, shard): (&String, &crate::checkpoints::ShardCheckpoint)| Self {
            name: name.clone(),
            root: shard.checkpoint.root.to_base64(),
            size: shard.checkpoint.size,
        };
        checkpoints.iter().map(row).collect()
    }
}

/// The text that the key `<origin>/evidence` signs: three lines, the last of them the SHA-256 of
/// `manifest.json` in base64.
pub(crate) fn signed_text(origin: &str, manifest: &[u8]) -> String {
    format!("{FORMAT}\n{origin}\n{}\n", BASE64.encode(&Sha256::digest(manifest)))
}

/// Checks the content of `manifest.sig`.
pub(crate) fn check_signature(
    signature: &[u8],
    origin: &str,
    manifest: &[u8],
    keys: &Keys,
) -> Result<(), Problem> {
    let note = Note::parse(signature).map_err(Problem::Note)?;
    if note.text() != signed_text(origin, manifest) {
        return Err(Problem::OtherManifest);
    }
    // Nothing vouches for a further signature, so any byte of it could be changed.
    let found = note.signatures().len();
    if found != 1 {
        return Err(Problem::SignatureCount { found });
    }
    keys.check(&bundle_key_name(origin), &note)
}

#[cfg(test)]
mod tests;
