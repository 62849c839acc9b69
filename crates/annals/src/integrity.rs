//! `[integrity]`: the Merkle trees of the log, and under which name they are signed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_engine::TileParts;
use annals_engine::tiles::{AuditSettings, FileMark, KeptHeads, LogSigner, Publishing};
use annals_ports::{StreamEnds, TreeStore};
use annals_record::RootKey;
use anyhow::Context;
use data_encoding::HEXLOWER;
use serde::Deserialize;

use crate::publishing::{SinkEntry, WitnessEntry};

/// The mark of what was signed, unless the settings name another file.
pub(crate) const MARK: &str = "tiles.mark";
/// The daily commitments to where all streams ended, in the data directory.
pub(crate) const HEADS: &str = "heads";

/// `[integrity]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntegritySettings {
    /// Name of the log in its checkpoints; empty: made of the root key.
    pub(crate) origin: String,
    /// File that remembers what was signed; empty: in the data directory.
    pub(crate) mark_file: PathBuf,
    /// Seconds between two comparisons of the log with its trees; 0: none.
    pub(crate) audit_interval_seconds: u64,
    /// Records a second that a comparison reads.
    pub(crate) audit_records_per_second: u64,
    /// Who is asked to cosign checkpoints.
    pub(crate) witnesses: Vec<WitnessEntry>,
    /// Seconds between two rounds in which they are asked.
    pub(crate) witness_interval_seconds: u64,
    /// Seconds that one may take for an answer.
    pub(crate) witness_timeout_seconds: u64,
    /// How many make a checkpoint a cosigned one; 0: all.
    pub(crate) witness_quorum: usize,
    /// Where else checkpoints go.
    pub(crate) sinks: Vec<SinkEntry>,
    /// Seconds between two that go there.
    pub(crate) sink_interval_seconds: u64,
}

impl IntegritySettings {
    /// Who signs the checkpoints.
    pub(crate) fn signer(&self, root: &RootKey) -> anyhow::Result<LogSigner> {
        let origin = match self.origin.as_str() {
            "" => format!("annals/{}", HEXLOWER.encode(&root.derive("name of the log")[..8])),
            origin => origin.to_owned(),
        };
        LogSigner::new(&origin, root.clone())
            .with_context(|| format!("`integrity.origin` is `{origin}`, which cannot be a name"))
    }

    /// What keeps the trees that lie in `store`, of the log whose streams `ends` tells, and gives their
    /// checkpoints to nobody.
    pub(crate) fn parts(
        &self,
        dir: &Path,
        store: Arc<dyn TreeStore>,
        ends: Arc<dyn StreamEnds>,
        root: &RootKey,
    ) -> anyhow::Result<TileParts> {
        let mark = match self.mark_file.as_os_str().is_empty() {
            true => dir.join(MARK),
            false => self.mark_file.clone(),
        };
        let audit = AuditSettings {
            interval_seconds: self.audit_interval_seconds,
            records_per_second: self.audit_records_per_second,
        };
        let mark = Arc::new(FileMark::new(mark));
        let (heads, publishing) =
            (Arc::new(KeptHeads::new(dir.join(HEADS))), Publishing::default());
        let signer = self.signer(root)?;
        Ok(TileParts { store, signer, mark, audit, ends, heads, publishing })
    }
}
