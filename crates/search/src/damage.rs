//! What was found damaged, until it is dealt with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More files are not remembered by name: the first ones are reason enough.
const FILES_MAX: usize = 1000;

/// Files that were found damaged, and the suspicion that there are some.
#[derive(Default)]
pub(crate) struct Damage {
    is_there: AtomicBool,
    is_suspected: AtomicBool,
    files: Mutex<BTreeSet<PathBuf>>,
}

impl Damage {
    /// A file does not hold what was written.
    pub(crate) fn found(&self, file: &Path) {
        let mut files = self.files();
        if files.len() < FILES_MAX && files.insert(file.to_owned()) {
            metrics::counter!("annals_index_damaged_files_total").increment(1);
            tracing::error!(file = %file.display(), "a file of the search index is damaged");
        }
        self.is_there.store(true, Ordering::Release);
    }

    /// Whether any file was found.
    pub(crate) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Acquire)
    }

    /// Takes those that were found: they are about to be dealt with.
    pub(crate) fn take(&self) -> BTreeSet<PathBuf> {
        let mut files = self.files();
        self.is_there.store(false, Ordering::Release);
        std::mem::take(&mut files)
    }

    /// They could not be dealt with.
    pub(crate) fn put_back(&self, files: BTreeSet<PathBuf>) {
        let mut held = self.files();
        held.extend(files);
        self.is_there.store(true, Ordering::Release);
    }

    /// Something failed that only damage explains, but it is not known where.
    pub(crate) fn suspect(&self) {
        self.is_suspected.store(true, Ordering::Release);
    }

    /// Whether there is reason to look.
    pub(crate) fn is_suspected(&self) -> bool {
        self.is_suspected.load(Ordering::Acquire)
    }

    /// A look at all files begins.
    pub(crate) fn look(&self) {
        self.is_suspected.store(false, Ordering::Release);
    }

    fn files(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Raises the suspicion when what is done meanwhile panics: tantivy trusts what it reads.
pub(crate) struct Watched<'a>(pub(crate) &'a Damage);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.suspect();
        }
    }
}
