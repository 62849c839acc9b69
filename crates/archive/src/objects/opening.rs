//! From a URL or a path to a place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreScheme, RetryConfig};
use url::Url;

use super::{Locking, Place, locking};

/// How often a request to an object store is repeated.
pub const RETRIES_MAX: usize = 6;
/// How long after the first request no other is begun, seconds.
pub const RETRY_SECONDS_MAX: u64 = 60;

/// What is wanted of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// What is there is read.
    Read,
    /// A folder is made where there is none.
    Write,
}

/// A place cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenPlaceError {
    /// Of a kind that is not known.
    #[error(
        "`{0}` names no place that Annals knows; use a path, `file:///path`, `s3://bucket/prefix`, \
         `gs://bucket/prefix` or `az://container/prefix`"
    )]
    Unknown(String),
    /// It cannot lock.
    #[error("`{0}` cannot lock objects: only buckets of S3 can; set `lock` to \"\"")]
    NoLock(String),
    /// The folder is not there, or cannot be made.
    #[error("cannot open the folder `{path}`")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The environment does not say what the store needs, or the URL is wrong.
    #[error("cannot open {url}: the environment or the address does not suffice")]
    Refused {
        /// Which place.
        url: String,
        /// Why.
        #[source]
        source: object_store::Error,
    },
}

impl Place {
    /// Opens a place: a path, or a URL with the scheme `file`, `s3`, `gs` or `az`.
    pub fn open(text: &str, access: Access) -> Result<Self, OpenPlaceError> {
        Self::open_locking(text, access, Locking::Off)
    }

    /// Opens a place in which what is written is locked.
    ///
    /// # Errors
    /// Beside others [`OpenPlaceError::NoLock`]: only S3 stores lock.
    pub fn open_locking(
        text: &str,
        access: Access,
        locking: Locking,
    ) -> Result<Self, OpenPlaceError> {
        let place = Self::open_any(text, access, locking)?;
        match place.locking && place.locks.is_none() {
            true => Err(OpenPlaceError::NoLock(without_secrets(text))),
            false => Ok(place),
        }
    }

    fn open_any(text: &str, access: Access, locking: Locking) -> Result<Self, OpenPlaceError> {
        let wants_lock = !matches!(locking, Locking::Off);
        let unknown = || OpenPlaceError::Unknown(without_secrets(text));
        if !text.contains("://") {
            return open_folder(PathBuf::from(text), access, wants_lock);
        }
        let url = Url::parse(text).map_err(|_| unknown())?;
        let (scheme, prefix) = ObjectStoreScheme::parse(&url).map_err(|_| unknown())?;
        let told = without_secrets(text);
        let refused = |source| OpenPlaceError::Refused { url: told.clone(), source };
        let mut locks = None;
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::Local => {
                let path = url.to_file_path().map_err(|()| unknown())?;
                return open_folder(path, access, wants_lock);
            }
            ObjectStoreScheme::AmazonS3 => {
                let builder = AmazonS3Builder::from_env().with_url(url).with_retry(retry());
                let (store, source) = locking::open(builder, locking).map_err(refused)?;
                locks = Some(source);
                store
            }
            ObjectStoreScheme::GoogleCloudStorage => {
                let builder = GoogleCloudStorageBuilder::from_env().with_url(url);
                Arc::new(builder.with_retry(retry()).build().map_err(refused)?)
            }
            ObjectStoreScheme::MicrosoftAzure => {
                let builder = MicrosoftAzureBuilder::from_env().with_url(url).with_retry(retry());
                Arc::new(builder.build().map_err(refused)?)
            }
            _ => return Err(unknown()),
        };
        Ok(Self { store, prefix, url: told.into(), locking: wants_lock, locks })
    }
}

fn open_folder(path: PathBuf, access: Access, locking: bool) -> Result<Place, OpenPlaceError> {
    let failed = |source| OpenPlaceError::Folder { path: path.clone(), source };
    if access == Access::Write && !path.is_dir() {
        make_folder(&path).map_err(failed)?;
    }
    let whole = path.canonicalize().map_err(failed)?;
    if !whole.is_dir() {
        return Err(failed(std::io::ErrorKind::NotADirectory.into()));
    }
    let url = format!("file://{}", whole.display());
    let store = LocalFileSystem::new_with_prefix(&whole)
        .map_err(|source| OpenPlaceError::Refused { url: url.clone(), source })?
        .with_fsync(true);
    let (prefix, url) = (Path::default(), url.into());
    Ok(Place { store: Arc::new(store), prefix, url, locking, locks: None })
}

/// For its owner alone: what lies there is sealed, but who did how much and when can be told from it.
fn make_folder(path: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES_MAX,
        retry_timeout: Duration::from_secs(RETRY_SECONDS_MAX),
        ..RetryConfig::default()
    }
}

/// The address without user, password and query.
fn without_secrets(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    url.set_query(None);
    // Both refuse only where there is no such part.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
