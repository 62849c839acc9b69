//! Reads the files of an index and compares them with what was written.
//!
//! Sealed files are read block by block: each says for itself whether it is whole. Of plain ones tantivy
//! keeps a checksum of the whole file.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use annals_ports::Look;
use tantivy::directory::error::OpenReadError;
use tantivy::directory::{ManagedDirectory, MmapDirectory};
use tantivy::index::{SegmentComponent, SegmentMeta};
use tantivy::{Directory, Index, TantivyError};

use crate::encrypted::{self, IndexKey};
use crate::storage::{META, Storage};

/// What tantivy calls the list of its files.
const MANAGED: &str = ".managed.json";
/// The files that every segment has.
const COMPONENTS: [SegmentComponent; 6] = [
    SegmentComponent::Terms,
    SegmentComponent::Postings,
    SegmentComponent::Positions,
    SegmentComponent::FastFields,
    SegmentComponent::FieldNorms,
    SegmentComponent::Store,
];

/// A partition that is to be looked at. It may go on changing meanwhile.
pub(crate) struct Subject {
    pub(crate) path: PathBuf,
    pub(crate) index: Index,
}

/// One look at some partitions.
pub(crate) struct Looking<'a> {
    storage: &'a Storage,
    pace: &'a mut dyn FnMut(u64) -> bool,
    look: Look,
    stopped: bool,
}

impl<'a> Looking<'a> {
    pub(crate) fn new(storage: &'a Storage, pace: &'a mut dyn FnMut(u64) -> bool) -> Self {
        Self { storage, pace, look: Look::default(), stopped: false }
    }

    /// Looks at all of them. An error is one of the machine, not of the files.
    pub(crate) fn at(mut self, subjects: &[Subject]) -> io::Result<Look> {
        for subject in subjects {
            self.at_partition(subject)?;
            if self.stopped {
                break;
            }
        }
        self.look.complete = !self.stopped;
        Ok(self.look)
    }

    fn at_partition(&mut self, subject: &Subject) -> io::Result<()> {
        let segments = subject.index.searchable_segment_metas();
        let is_listed = subject.index.directory().atomic_read(Path::new(MANAGED));
        let is_listed =
            is_listed.is_ok_and(|list| serde_json::from_slice::<Vec<PathBuf>>(&list).is_ok());
        for (list, is_whole) in [(META, segments.is_ok()), (MANAGED, is_listed)] {
            // A partition may have been set aside or deleted meanwhile.
            if !is_whole && subject.path.exists() {
                self.damaged(&subject.path.join(list));
            }
        }
        let Ok(segments) = segments else { return Ok(()) };
        for segment in segments {
            let deleted = segment.has_deletes().then_some(SegmentComponent::Delete);
            for component in COMPONENTS.into_iter().chain(deleted) {
                let name = segment.relative_path(component);
                if self.stopped {
                    return Ok(());
                }
                if !self.is_whole(subject, &name)? && is_current(subject, &segment) {
                    self.damaged(&subject.path.join(name));
                }
            }
        }
        Ok(())
    }

    /// Whether a file holds what was written. One that is not there does not.
    fn is_whole(&mut self, subject: &Subject, name: &Path) -> io::Result<bool> {
        self.look.files += 1;
        match &self.storage.sealing {
            Some(sealing) => self.is_sealed(&sealing.key, &subject.path.join(name)),
            None => self.is_summed_up(&subject.path, name),
        }
    }

    fn is_sealed(&mut self, key: &IndexKey, path: &Path) -> io::Result<bool> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        let Self { pace, look, stopped, .. } = self;
        encrypted::check(key, path, &mut file, |bytes| {
            look.bytes += bytes as u64;
            *stopped = !pace(bytes as u64);
            !*stopped
        })
    }

    fn is_summed_up(&mut self, partition: &Path, name: &Path) -> io::Result<bool> {
        let bytes = std::fs::metadata(partition.join(name)).map_or(0, |file| file.len());
        self.look.bytes += bytes;
        self.stopped |= !(self.pace)(bytes);
        // The index has mapped its files once and would not see others in their place.
        let fresh = MmapDirectory::open(partition).map_err(io::Error::other)?;
        let fresh = ManagedDirectory::wrap(Box::new(fresh)).map_err(io::Error::other)?;
        match fresh.validate_checksum(name) {
            Ok(is_whole) => Ok(is_whole),
            Err(OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_)) => {
                Ok(false)
            }
            Err(OpenReadError::IoError { io_error, .. }) => match io_error.kind() {
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::Other => Ok(false),
                kind => Err(io::Error::new(kind, io_error)),
            },
        }
    }

    fn damaged(&mut self, path: &Path) {
        self.storage.damage.found(path);
        self.look.damaged.push(path.display().to_string());
    }
}

/// Whether the segment is still part of the index: a merge may have taken its place, and its files away.
fn is_current(subject: &Subject, segment: &SegmentMeta) -> bool {
    let current: Result<Vec<SegmentMeta>, TantivyError> = subject.index.searchable_segment_metas();
    match current {
        Ok(current) => {
            let same = |one: &SegmentMeta| {
                one.id() == segment.id() && one.delete_opstamp() == segment.delete_opstamp()
            };
            current.iter().any(same)
        }
        Err(_) => subject.path.exists(),
    }
}
