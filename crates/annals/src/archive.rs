//! `[archive]` and `annals archive`: closed months outside of the log.

mod command;
mod events;
mod keeping;
mod restoring;
mod verifying;

use std::sync::Arc;

use annals_archive::archive::{Archive, Archiver, key_name};
use annals_archive::objects::{Access, LockMode, Locking, Place};
use annals_domain::retention::RetentionSpan;
use annals_engine::ArchiveParts;
use annals_engine::tiles::LogSigner;
use annals_ports::{LogReader, TreeStore};
use annals_record::RootKey;
use annals_tlog::SigningKey;
use anyhow::{Context, bail};
use serde::Deserialize;

use crate::integrity::IntegritySettings;

pub(crate) use command::{ArchiveCommand, run};
pub(crate) use keeping::keep;

/// `[archive]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArchiveSettings {
    /// Where closed months go; empty: nowhere.
    pub(crate) to: String,
    /// How long after its end a month goes there.
    pub(crate) after: String,
    /// Whether this node writes; it reads in any case.
    pub(crate) write: bool,
    /// Who locks what is written: empty, `bucket`, `governance` or `compliance`.
    pub(crate) lock: String,
    /// For how long, where Annals sets the lock.
    pub(crate) lock_for: String,
    /// Seconds between two looks whether a month is closed.
    pub(crate) interval_seconds: u64,
}

impl ArchiveSettings {
    /// Whether there is one.
    pub(crate) fn is_on(&self) -> bool {
        !self.to.is_empty()
    }

    fn locking(&self) -> anyhow::Result<Locking> {
        let span = || RetentionSpan::parse(&self.lock_for).context("reading `archive.lock_for`");
        Ok(match self.lock.as_str() {
            "" => Locking::Off,
            "bucket" => Locking::Bucket,
            "governance" => Locking::Own(LockMode::Governance, span()?),
            "compliance" => Locking::Own(LockMode::Compliance, span()?),
            other => bail!(
                "`archive.lock` is `{other}`; it can be empty, `bucket`, `governance` or `compliance`"
            ),
        })
    }

    fn place(&self) -> anyhow::Result<Place> {
        Place::open_locking(&self.to, Access::Write, self.locking()?)
            .context("opening the archive that `archive.to` names")
    }

    /// What reads the archive of the log; none where there is none.
    pub(crate) fn parts(
        &self,
        integrity: &IntegritySettings,
        root: &RootKey,
    ) -> anyhow::Result<Option<ArchiveParts>> {
        if !self.is_on() {
            return Ok(None);
        }
        let signer = integrity.signer(root)?;
        let archive = Archive::new(self.place()?, signer.log(), key(&signer)?);
        Ok(Some(ArchiveParts { reader: Arc::new(archive), writes: self.write }))
    }

    /// What writes it.
    pub(crate) fn archiver(
        &self,
        integrity: &IntegritySettings,
        root: &RootKey,
        log: Arc<dyn LogReader>,
        trees: Option<Arc<dyn TreeStore>>,
    ) -> anyhow::Result<Archiver> {
        let after = RetentionSpan::parse(&self.after).context("reading `archive.after`")?;
        let signer = integrity.signer(root)?;
        let (name, key) = (signer.log().to_owned(), key(&signer)?);
        Ok(Archiver { place: self.place()?, log, trees, name, key, after })
    }
}

/// The key that documents of the archive are signed with.
fn key(signer: &LogSigner) -> anyhow::Result<SigningKey> {
    let key = signer.archive_key().context("making the key of the archive")?;
    debug_assert_eq!(key.verifying_key().name(), key_name(signer.log()));
    Ok(key)
}

#[cfg(test)]
mod tests;
