//! Objects in a folder or in an object store, opened by URL.
//!
//! Names are paths of letters, digits, `-`, `_`, `.` and `/` below the place. What an object store wants to
//! know (keys, region, endpoint) is read from the environment as the crate `object_store` does: `AWS_*`,
//! `GOOGLE_*`, `AZURE_*`.

mod locking;
mod opening;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload};

pub use locking::{LockMode, Locking};
pub use opening::{Access, OpenPlaceError, RETRIES_MAX, RETRY_SECONDS_MAX};

/// Objects that one listing tells at most.
pub const LISTED_MAX: usize = 1_000_000;

/// Where objects lie. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Place {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    url: Arc<str>,
    /// Whether what is written is to be locked.
    locking: bool,
    /// What tells whether it is, where somebody does.
    locks: Option<locking::LockSource>,
}

/// An object, as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name below the place.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Something with an object did not work.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The folder or the object store refused, also when it was asked again.
    #[error("cannot {doing} `{name}` in {place}; see whether it can be reached and lets us")]
    Failed {
        /// What was being done, such as `read`.
        doing: &'static str,
        /// Which object.
        name: String,
        /// Where.
        place: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// It is larger than it can be.
    #[error("`{name}` in {place} has {bytes} bytes; it cannot have more than {bytes_max}")]
    TooLarge {
        /// Which object.
        name: String,
        /// Where.
        place: String,
        /// How large it is.
        bytes: u64,
        /// How large it may be.
        bytes_max: u64,
    },
    /// There are more objects than a listing tells.
    #[error("there are more than {LISTED_MAX} objects below `{name}` in {place}")]
    TooMany {
        /// Which folder.
        name: String,
        /// Where.
        place: String,
    },
}

impl Place {
    /// The URL it was opened by, without what may be secret in it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Writes an object unless there is one of that name; says whether it did. Durable when it returns.
    pub async fn put_new(&self, name: &str, bytes: impl Into<Bytes>) -> Result<bool, ObjectError> {
        let payload = PutPayload::from_bytes(bytes.into());
        match self.store.put_opts(&self.path(name), payload, PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(self.failed("write", name, source)),
        }
    }

    /// Writes an object, in the place of what has that name. Who reads gets the old or the new one.
    pub async fn put(&self, name: &str, bytes: impl Into<Bytes>) -> Result<(), ObjectError> {
        let payload = PutPayload::from_bytes(bytes.into());
        let put = self.store.put(&self.path(name), payload).await;
        put.map(drop).map_err(|source| self.failed("write", name, source))
    }

    /// The whole object; `None` when there is none.
    ///
    /// # Errors
    /// [`ObjectError::TooLarge`] before anything is read when it has more than `bytes_max` bytes.
    pub async fn get(&self, name: &str, bytes_max: u64) -> Result<Option<Bytes>, ObjectError> {
        let found = match self.store.get(&self.path(name)).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(self.failed("read", name, source)),
        };
        let bytes = found.meta.size;
        if bytes > bytes_max {
            let (name, place) = (name.to_owned(), self.url.to_string());
            return Err(ObjectError::TooLarge { name, place, bytes, bytes_max });
        }
        found.bytes().await.map(Some).map_err(|source| self.failed("read", name, source))
    }

    /// The objects below a folder such as `pieces`, sorted by name.
    pub async fn list(&self, folder: &str) -> Result<Vec<Listed>, ObjectError> {
        let within = self.path(folder);
        let mut objects = Vec::new();
        let mut found = self.store.list(Some(&within));
        let failed = |source| self.failed("list", folder, source);
        while let Some(object) = found.try_next().await.map_err(failed)? {
            if objects.len() == LISTED_MAX {
                let (name, place) = (folder.to_owned(), self.url.to_string());
                return Err(ObjectError::TooMany { name, place });
            }
            objects.extend(
                self.name_of(&object.location).map(|name| Listed { name, bytes: object.size }),
            );
        }
        objects.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(objects)
    }

    /// Deletes an object; no error when there is none.
    pub async fn delete(&self, name: &str) -> Result<(), ObjectError> {
        match self.store.delete(&self.path(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(self.failed("delete", name, source)),
        }
    }

    /// Objects of a store that a test made.
    #[cfg(test)]
    pub(crate) fn of_store(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, prefix: Path::default(), url: "test:".into(), locking: false, locks: None }
    }

    /// A bucket of a server that a test started.
    #[cfg(test)]
    pub(crate) fn of_s3(builder: object_store::aws::AmazonS3Builder, locking: Locking) -> Self {
        let (store, locks) = locking::open(builder, locking).expect("the test told everything");
        let locking = !matches!(locking, Locking::Off);
        Self { store, prefix: Path::default(), url: "s3:".into(), locking, locks: Some(locks) }
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), Path::join)
    }

    fn name_of(&self, path: &Path) -> Option<String> {
        let parts: Vec<_> = path.prefix_match(&self.prefix)?.collect();
        let names: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        Some(names.join("/"))
    }

    fn failed(&self, doing: &'static str, name: &str, source: Error) -> ObjectError {
        let (name, place) = (name.to_owned(), self.url.to_string());
        ObjectError::Failed { doing, name, place, source: Box::new(source) }
    }
}

#[cfg(test)]
mod tests;
