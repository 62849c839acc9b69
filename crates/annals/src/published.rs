//! A published log, read over HTTP or from a directory, and believed only as far as its signatures go.

use std::path::PathBuf;
use std::time::Duration;

use annals_tlog::bundle::decode_bundle;
use annals_tlog::tile::bundles_of;
use annals_tlog::{Entry, Hash, NOTE_LEN_MAX, SignedCheckpoint, TileId, Tree, VerifyingKey};
use anyhow::{Context, bail};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::{Client, StatusCode};
use serde::Deserialize;

use crate::answers::read_bounded;
use crate::exit::{self, Failure};

/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Files fetched at once.
const AT_ONCE: usize = 8;
/// The longest `log.json`, bytes: room for a thousand shards.
const LOG_BYTES_MAX: usize = 1024 * 1024;
/// The longest bundle of entries, bytes; ours have 256 of 35.
const BUNDLE_BYTES_MAX: usize = 64 * 1024;

/// `log.json`: which shards there are, and the keys of everything that is signed.
#[derive(Debug, Deserialize)]
pub(crate) struct LogDescription {
    /// Newest last.
    pub(crate) shards: Vec<ShardDescription>,
    pub(crate) receipts: ReceiptDescription,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ShardDescription {
    pub(crate) path: String,
    pub(crate) vkey: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReceiptDescription {
    pub(crate) vkey: String,
}

/// Where a log is published.
pub(crate) enum Published {
    Server { client: Client, url: String },
    Directory(PathBuf),
}

impl Published {
    /// The log of a service, or the files of one: what lies below `/tlog` there.
    pub(crate) fn at(place: &str) -> anyhow::Result<Self> {
        if !place.starts_with("http://") && !place.starts_with("https://") {
            return Ok(Self::Directory(place.into()));
        }
        let client = Client::builder().timeout(PATIENCE).build().context("starting HTTP")?;
        Ok(Self::Server { client, url: format!("{}/tlog", place.trim_end_matches('/')) })
    }

    /// What the log says of itself.
    pub(crate) async fn description(&self) -> anyhow::Result<LogDescription> {
        let bytes = self.read("log.json", LOG_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).context("`log.json` does not describe a log")
    }

    /// Shows every leaf of a shard. What was shown counts only if this ends well: then the leaves are those
    /// of a checkpoint with the shard's signature.
    ///
    /// # Errors
    /// With exit code 2 when the files are not those of a signed checkpoint; another when they cannot be read.
    pub(crate) async fn each_leaf(
        &self,
        shard: &ShardDescription,
        mut see: impl FnMut(Hash),
    ) -> anyhow::Result<()> {
        let name = &shard.path;
        let key = VerifyingKey::parse(&shard.vkey)
            .with_context(|| format!("the key of the shard `{name}`"))?;
        let note = self.read(&format!("{name}/checkpoint"), NOTE_LEN_MAX).await?;
        let signed = SignedCheckpoint::open(&note, &key)
            .map_err(|error| tampered(format!("the checkpoint of the shard `{name}`: {error}")))?;
        let (size, root) = (signed.checkpoint.size, signed.checkpoint.root);
        let mut bundles = stream::iter(bundles_of(size))
            .map(|id| async move { Ok::<_, anyhow::Error>((id, self.bundle(name, id).await?)) })
            .buffered(AT_ONCE);
        let mut tree = Tree::new();
        while let Some((id, bytes)) = bundles.try_next().await? {
            let leaves = leaves(&bytes, id).ok_or_else(|| {
                tampered(format!("`{name}/{}` holds no entries of Annals", id.path()))
            })?;
            tree.append(&leaves)?;
            leaves.into_iter().for_each(&mut see);
        }
        if tree.root() != root {
            let told = format!("the entries of the shard `{name}` are not those of its checkpoint");
            return Err(tampered(told));
        }
        Ok(())
    }

    async fn bundle(&self, shard: &str, id: TileId) -> anyhow::Result<Vec<u8>> {
        self.read(&format!("{shard}/{}", id.path()), BUNDLE_BYTES_MAX).await
    }

    /// A file, which has at most so many bytes.
    async fn read(&self, path: &str, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Directory(directory) => {
                let path = directory.join(path);
                let reading = || format!("reading `{}`", path.display());
                let bytes = tokio::fs::metadata(&path).await.with_context(reading)?.len();
                if bytes > bytes_max as u64 {
                    bail!("`{}` has {bytes} bytes; at most {bytes_max} are read", path.display());
                }
                tokio::fs::read(&path).await.with_context(reading)
            }
            Self::Server { client, url } => {
                fetch(client, &format!("{url}/{path}"), bytes_max).await
            }
        }
    }
}

fn leaves(bundle: &[u8], id: TileId) -> Option<Vec<Hash>> {
    let entries = decode_bundle(bundle, id.width).ok()?;
    entries.into_iter().map(|entry| Some(Entry::parse(entry)?.leaf_hash())).collect()
}

fn tampered(message: String) -> anyhow::Error {
    Failure::new(exit::TAMPERED, message).into()
}

async fn fetch(client: &Client, url: &str, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let response = client.get(url).send().await.with_context(|| format!("asking for {url}"))?;
    if response.status() != StatusCode::OK {
        bail!("{url} answered {}", response.status());
    }
    read_bounded(response, bytes_max).await.with_context(|| format!("reading {url}"))
}

#[cfg(test)]
mod tests;
