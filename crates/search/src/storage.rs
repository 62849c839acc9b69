//! How the files of the index lie on disk, for all its partitions.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use annals_ports::SearchError;
use serde::de::IgnoredAny;

use crate::damage::Damage;
use crate::directory::IndexDirectory;
use crate::encrypted::{BlockCache, Form, IndexKey};

/// What tantivy calls the file that a commit replaces.
pub(crate) const META: &str = "meta.json";

/// How files lie on disk; cheap to clone. All indexes with the same share memory for what they opened.
#[derive(Clone)]
pub struct Files {
    sealing: Option<Sealing>,
}

/// How files are sealed.
#[derive(Clone)]
pub(crate) struct Sealing {
    pub(crate) key: IndexKey,
    pub(crate) cache: Arc<BlockCache>,
}

impl Files {
    /// Files as tantivy writes them. Whoever can read the disk can read in them.
    pub fn plain() -> Self {
        Self { sealing: None }
    }

    /// Files encrypted under a key. What was opened of them is kept in memory, up to so many bytes.
    pub fn encrypted(key: IndexKey, cache_bytes: usize) -> Self {
        Self { sealing: Some(Sealing { key, cache: Arc::new(BlockCache::new(cache_bytes)) }) }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.sealing.is_some() { "Files(encrypted)" } else { "Files(plain)" })
    }
}

/// The files of one index; cheap to clone.
#[derive(Clone)]
pub(crate) struct Storage {
    /// None where files are not sealed.
    pub(crate) sealing: Option<Sealing>,
    pub(crate) damage: Arc<Damage>,
}

impl Storage {
    pub(crate) fn new(files: &Files) -> Self {
        Self { sealing: files.sealing.clone(), damage: Arc::default() }
    }

    /// The files in a directory.
    pub(crate) fn directory(&self, path: &Path) -> tantivy::Result<IndexDirectory> {
        IndexDirectory::open(path, self.clone())
    }

    /// Refuses a partition whose files are of another form than this one. What is damaged passes: it
    /// will not open.
    pub(crate) fn check_form(&self, partition: &Path) -> Result<(), SearchError> {
        let Ok(meta) = std::fs::read(partition.join(META)) else { return Ok(()) };
        let reason = match (Form::of(&meta), &self.sealing) {
            (Form::Plain, Some(_)) if serde_json::from_slice::<IgnoredAny>(&meta).is_ok() => {
                "its files are not encrypted, and `index.encryption` is \"on\""
            }
            (Form::Sealed(_) | Form::Unknown, None) => {
                "its files are encrypted, and `index.encryption` is \"off\""
            }
            (Form::Sealed(id), Some(sealing)) if id != sealing.key.id() => {
                "its files are encrypted under another key"
            }
            (Form::Unknown, Some(_)) => "its files are encrypted by another version of Annals",
            _ => return Ok(()),
        };
        Err(SearchError::OtherForm { reason: reason.to_owned() })
    }
}
