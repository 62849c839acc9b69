//! tantivy's directory, with what it lacks: files are sealed where that is wanted, are their owner's alone,
//! and what replaces `meta.json` is durable. tantivy renames it but does not sync the directory
//! afterwards, and then deletes the segments that the old `meta.json` names. After a power loss the old
//! one could be back without its segments.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tantivy::Directory;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};

use crate::encrypted::{self, SealedFile, SealingWriter, changed};
use crate::storage::{META, Sealing, Storage};

/// Files on disk, memory-mapped for reading.
#[derive(Clone)]
pub(crate) struct IndexDirectory {
    files: MmapDirectory,
    root: PathBuf,
    storage: Storage,
    /// Sealed files that are open, so that all who read one share what was opened of it.
    open: Arc<Mutex<HashMap<PathBuf, Weak<SealedFile>>>>,
}

impl IndexDirectory {
    pub(crate) fn open(root: &Path, storage: Storage) -> tantivy::Result<Self> {
        let files = MmapDirectory::open(root)?;
        Ok(Self { files, root: root.to_owned(), storage, open: Arc::default() })
    }

    fn sealed(&self, sealing: &Sealing, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let known = self.open_files().get(path).and_then(Weak::upgrade);
        if let Some(file) = known {
            return Ok(file);
        }
        let failed = |error| OpenReadError::wrap_io_error(error, path.to_owned());
        let file = self.files.get_file_handle(path)?;
        let bytes = file.read_bytes(0..file.len()).map_err(failed)?;
        let Sealing { key, cache } = sealing;
        let (cache, damage) = (Arc::clone(cache), Arc::clone(&self.storage.damage));
        let file = SealedFile::new(key, self.root.join(path), bytes, cache, damage);
        let file = Arc::new(file.map_err(failed)?);
        let mut open = self.open_files();
        open.retain(|_, file| file.strong_count() > 0);
        open.insert(path.to_owned(), Arc::downgrade(&file));
        Ok(file)
    }

    fn open_files(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Weak<SealedFile>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for IndexDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IndexDirectory({})", self.root.display())
    }
}

impl Directory for IndexDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        match &self.storage.sealing {
            Some(sealing) => self.sealed(sealing, path),
            None => self.files.get_file_handle(path),
        }
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.files.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let failed = |error| OpenWriteError::wrap_io_error(error, path.to_owned());
        let file = self.files.open_write(path)?;
        make_private(&self.root.join(path)).map_err(failed)?;
        let Some(Sealing { key, .. }) = &self.storage.sealing else { return Ok(file) };
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        let file = SealingWriter::new(file, key, path).map_err(failed)?;
        Ok(WritePtr::new(Box::new(file)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let bytes = self.files.atomic_read(path)?;
        let Some(Sealing { key, .. }) = &self.storage.sealing else { return Ok(bytes) };
        encrypted::open_whole(key, path, &bytes).ok_or_else(|| {
            let whole_path = self.root.join(path);
            self.storage.damage.found(&whole_path);
            OpenReadError::wrap_io_error(changed(&whole_path), path.to_owned())
        })
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        match &self.storage.sealing {
            Some(Sealing { key, .. }) => {
                self.files.atomic_write(path, &encrypted::seal_whole(key, path, data)?)?;
            }
            None => self.files.atomic_write(path, data)?,
        }
        if path == Path::new(META) { self.files.sync_directory() } else { Ok(()) }
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.files.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        let taken = self.files.acquire_lock(lock)?;
        let failed = |error| LockError::IoError(Arc::new(error));
        make_private(&self.root.join(&lock.filepath)).map_err(failed)?;
        Ok(taken)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.files.watch(callback)
    }
}

/// For the owner alone.
fn make_private(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
