//! `[index]`: how the search index is kept on disk and in memory.

use annals_domain::catalogue::upcast::Upcasters;
use annals_engine::ScrubSettings;
use annals_record::RootKey;
use annals_search::{Files, IndexKey};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::Deserialize;

/// `[index]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexSettings {
    /// Memory in which the index gathers events before it writes them, bytes.
    pub(crate) writer_heap_bytes: usize,
    /// Whether its files are encrypted.
    pub(crate) encryption: Encryption,
    /// Memory for what was opened of encrypted files, bytes.
    pub(crate) cache_bytes: usize,
    /// Seconds between two looks at all its files; 0: none but after failures.
    pub(crate) scrub_interval_seconds: u64,
    /// Bytes a second that a look reads.
    pub(crate) scrub_bytes_per_second: u64,
}

/// Whether files are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encryption {
    /// Under a key that follows from the root key.
    On,
    /// Whoever can read the disk can read in them.
    Off,
}

impl IndexSettings {
    /// For the index itself, of events as these steps show them.
    pub(crate) fn of_search(
        &self,
        root: &RootKey,
        upcasters: &Upcasters,
    ) -> annals_search::Settings {
        let key = || IndexKey::from_bytes(*root.derive("search index"));
        let files = match self.encryption {
            Encryption::On => Files::encrypted(key(), self.cache_bytes),
            Encryption::Off => Files::plain(),
        };
        let shape = match upcasters.is_empty() {
            true => String::new(),
            false => HEXLOWER.encode(digest(&SHA256, upcasters.text().as_bytes()).as_ref()),
        };
        annals_search::Settings { writer_heap_bytes: self.writer_heap_bytes, files, shape }
    }

    /// For whoever looks at its files.
    pub(crate) fn scrub(&self) -> ScrubSettings {
        ScrubSettings {
            interval_seconds: self.scrub_interval_seconds,
            bytes_per_second: self.scrub_bytes_per_second,
        }
    }
}
