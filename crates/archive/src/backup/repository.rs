//! A repository: opened, made, listed.

use annals_record::{RootKey, WrappedRoot};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::keys::{ErasedKey, Keys};
use super::manifest::{FORMAT, Snapshot};
use super::removals::Removals;
use super::seal::{BackupKey, SealError};
use crate::objects::{ObjectError, Place};

/// The object that tells whose repository it is.
pub(super) const ABOUT: &str = "annals-backup.json";
/// The erasures that all keys in the repository were cleansed of.
const ERASED: &str = "erased.json";
pub(super) const SNAPSHOTS: &str = "snapshots";
pub(super) const KEYS: &str = "keys";
pub(super) const REMOVALS: &str = "removals";
pub(super) const PIECES: &str = "pieces";
/// The wrapped root key, once for each master key that wrapped it.
const ROOTS: &str = "roots";
/// The most bytes of one, and how many are looked at.
const ROOT_BYTES_MAX: u64 = 64 * 1024;
const ROOTS_MAX: usize = 1000;

/// The most bytes of an object that describes others.
const DESCRIPTION_BYTES_MAX: u64 = 256 << 20;
/// The most bytes of the keys or removals, compressed and not.
const STATE_BYTES_MAX: u64 = 2 << 30;
/// The most bytes of a piece.
pub(super) const PIECE_BYTES_MAX: u64 = 1 << 30;
/// Snapshots of one repository at most.
pub const SNAPSHOTS_MAX: usize = 10_000;
const LEVEL: i32 = 3;

/// Snapshots of one log in one place.
pub struct Repository {
    pub(super) place: Place,
    pub(super) key: BackupKey,
    about: About,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    format: u32,
    origin: String,
    made_at: Timestamp,
}

/// Tells before anything is authenticated which key is needed.
#[derive(Serialize, Deserialize)]
struct Marked<'a> {
    key_check: String,
    #[serde(borrow)]
    about: &'a RawValue,
}

/// A repository is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The place failed.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// An object was changed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// There is no repository.
    #[error("there is no backup in {0}; `annals backup --to` makes one")]
    None(String),
    /// It was made under another master key.
    #[error(
        "the backup in {0} was made under another master key; name the file of that one in \
         ANNALS_MASTER_KEY_FILE"
    )]
    OtherMasterKey(String),
    /// It is of another log.
    #[error(
        "{place} holds backups of the log `{found}`, and this is `{expected}`; use another place"
    )]
    OtherLog {
        /// Where.
        place: String,
        /// Whose it is.
        found: String,
        /// Whose backup was to go there.
        expected: String,
    },
    /// A later version of Annals wrote it.
    #[error("the backup in {0} was made by a newer version of Annals; use that one")]
    Newer(String),
    /// Something that a snapshot names is gone.
    #[error("`{0}` is missing from the backup")]
    Missing(String),
    /// A piece has other bytes than it had.
    #[error("`{0}` is damaged: it has another digest than its snapshot tells")]
    Damaged(String),
    /// Too many snapshots.
    #[error("there are more than {SNAPSHOTS_MAX} snapshots in {0}; set rules for which to keep")]
    TooManySnapshots(String),
    /// It cannot be packed or unpacked.
    #[error("`{name}` cannot be packed or unpacked")]
    Packing {
        /// Which object.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Repository {
    /// Opens the repository in a place.
    pub async fn open(place: Place, root: &RootKey) -> Result<Self, RepositoryError> {
        let key = BackupKey::of(root);
        let url = || place.url().to_owned();
        let found = place.get(ABOUT, DESCRIPTION_BYTES_MAX).await?;
        let bytes = found.ok_or_else(|| RepositoryError::None(url()))?;
        let changed = || SealError::Changed { name: ABOUT.to_owned() };
        let marked: Marked<'_> = serde_json::from_slice(&bytes).map_err(|_| changed())?;
        if marked.key_check != key.check() {
            return Err(RepositoryError::OtherMasterKey(url()));
        }
        let about: About = key.open_json(ABOUT, marked.about.get().as_bytes())?;
        if about.format > FORMAT {
            return Err(RepositoryError::Newer(url()));
        }
        Ok(Self { place, key, about })
    }

    /// Opens the repository of a log, and makes it first where there is none.
    pub async fn open_or_make(
        place: Place,
        root: &RootKey,
        origin: &str,
        now: Timestamp,
    ) -> Result<Self, RepositoryError> {
        let key = BackupKey::of(root);
        let about = About { format: FORMAT, origin: origin.to_owned(), made_at: now };
        let sealed = key.seal_json(ABOUT, &about)?;
        let unreadable = |source| SealError::Unreadable { name: ABOUT.to_owned(), source };
        let about = serde_json::from_slice(&sealed).map_err(unreadable)?;
        let marked = serde_json::to_vec(&Marked { key_check: key.check(), about });
        place.put_new(ABOUT, marked.map_err(unreadable)?).await?;
        let repository = Self::open(place, root).await?;
        if repository.about.origin != origin {
            return Err(RepositoryError::OtherLog {
                place: repository.place.url().to_owned(),
                found: repository.about.origin,
                expected: origin.to_owned(),
            });
        }
        Ok(repository)
    }

    /// The wrapped root keys in a place, the newest last. The master key that is needed for the rest opens one.
    pub async fn roots(place: &Place) -> Result<Vec<WrappedRoot>, RepositoryError> {
        let mut roots = Vec::new();
        for object in place.list(ROOTS).await?.into_iter().take(ROOTS_MAX) {
            let bytes = place.get(&object.name, ROOT_BYTES_MAX).await?;
            roots.extend(bytes.map(|bytes| WrappedRoot(bytes.to_vec())));
        }
        if roots.is_empty() {
            return Err(RepositoryError::None(place.url().to_owned()));
        }
        Ok(roots)
    }

    /// Keeps the wrapped root key beside what is sealed under it. The same is written once.
    pub async fn keep_root(&self, root: &WrappedRoot) -> Result<(), RepositoryError> {
        self.place.put_new(&root_name(root), root.0.clone()).await?;
        Ok(())
    }

    /// Keeps the root key in this form alone, so that older master keys open nothing here any more.
    pub async fn keep_root_only(&self, root: &WrappedRoot) -> Result<(), RepositoryError> {
        let kept = root_name(root);
        for other in self.place.list(ROOTS).await?.into_iter().filter(|other| other.name != kept) {
            self.place.delete(&other.name).await?;
        }
        Ok(())
    }

    /// Name of the log.
    pub fn origin(&self) -> &str {
        &self.about.origin
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// When the newest snapshot was begun, which its name tells.
    pub async fn newest_at(&self) -> Result<Option<Timestamp>, RepositoryError> {
        let listed = self.place.list(SNAPSHOTS).await?;
        Ok(listed.iter().filter_map(|object| time_of(&object.name)).max())
    }

    /// All snapshots, oldest first.
    ///
    /// # Errors
    /// Also when any of them was changed: what a later one tells of removals and erasures is needed to
    /// restore an earlier one.
    pub async fn snapshots(&self) -> Result<Vec<Snapshot>, RepositoryError> {
        let listed = self.place.list(SNAPSHOTS).await?;
        if listed.len() > SNAPSHOTS_MAX {
            return Err(RepositoryError::TooManySnapshots(self.place.url().to_owned()));
        }
        let mut snapshots = Vec::with_capacity(listed.len());
        for object in listed {
            let bytes = self.bytes_of(&object.name, DESCRIPTION_BYTES_MAX).await?;
            let snapshot: Snapshot = self.key.open_json(&object.name, &bytes)?;
            if snapshot.format > FORMAT {
                return Err(RepositoryError::Newer(self.place.url().to_owned()));
            }
            snapshots.push(snapshot);
        }
        snapshots.sort_by(|one, other| {
            (one.head(), one.made_at, &one.name).cmp(&(other.head(), other.made_at, &other.name))
        });
        Ok(snapshots)
    }

    /// The keys of a snapshot.
    pub async fn keys(&self, snapshot: &Snapshot) -> Result<Keys, RepositoryError> {
        let name = &snapshot.keys;
        let json = self.unpacked(name).await?;
        Ok(serde_json::from_slice(&json)
            .map_err(|source| SealError::Unreadable { name: name.clone(), source })?)
    }

    /// What was removed when a snapshot was made.
    pub async fn removals(&self, snapshot: &Snapshot) -> Result<Removals, RepositoryError> {
        let name = &snapshot.removals.name;
        let json = self.unpacked(name).await?;
        Ok(Removals::from_json(&json)
            .map_err(|source| SealError::Unreadable { name: name.clone(), source })?)
    }

    /// The erasures that all keys in here were cleansed of.
    pub async fn erased(&self) -> Result<Vec<ErasedKey>, RepositoryError> {
        match self.place.get(ERASED, DESCRIPTION_BYTES_MAX).await? {
            Some(bytes) => Ok(self.key.open_json(ERASED, &bytes)?),
            None => Ok(Vec::new()),
        }
    }

    pub(super) async fn put_erased(&self, erased: &[ErasedKey]) -> Result<(), RepositoryError> {
        let sealed = self.key.seal_json(ERASED, &erased)?;
        Ok(self.place.put(ERASED, sealed).await?)
    }

    pub(super) async fn put_keys(&self, name: &str, keys: &Keys) -> Result<(), RepositoryError> {
        let packed = self.packed(name, &to_json(name, keys)?)?;
        Ok(self.place.put(name, packed).await?)
    }

    /// Writes what was removed; the same is written once.
    pub(super) async fn put_removals(
        &self,
        removals: &Removals,
    ) -> Result<String, RepositoryError> {
        let unreadable = |source| SealError::Unreadable { name: REMOVALS.to_owned(), source };
        let json = removals.to_json().map_err(unreadable)?;
        let name = format!("{REMOVALS}/{}.zst", &sha256(&json)[..32]);
        let packed = self.packed(&name, &json)?;
        self.place.put_new(&name, packed).await?;
        Ok(name)
    }

    /// From here on the backup is there. Answers false when there is one of that name.
    pub(super) async fn put_snapshot(&self, snapshot: &Snapshot) -> Result<bool, RepositoryError> {
        let name = format!("{SNAPSHOTS}/{}.json", snapshot.name);
        let sealed = self.key.seal_json(&name, snapshot)?;
        Ok(self.place.put_new(&name, sealed).await?)
    }

    /// Writes a snapshot that is there once more: of its pieces some were made anew.
    pub(super) async fn put_snapshot_anew(
        &self,
        snapshot: &Snapshot,
    ) -> Result<(), RepositoryError> {
        let name = format!("{SNAPSHOTS}/{}.json", snapshot.name);
        let sealed = self.key.seal_json(&name, snapshot)?;
        Ok(self.place.put(&name, sealed).await?)
    }

    pub(super) async fn bytes_of(
        &self,
        name: &str,
        bytes_max: u64,
    ) -> Result<bytes::Bytes, RepositoryError> {
        let bytes = self.place.get(name, bytes_max).await?;
        bytes.ok_or_else(|| RepositoryError::Missing(name.to_owned()))
    }

    fn packed(&self, name: &str, json: &[u8]) -> Result<Vec<u8>, RepositoryError> {
        let packed = zstd::encode_all(json, LEVEL)
            .map_err(|source| RepositoryError::Packing { name: name.to_owned(), source })?;
        Ok(self.key.seal(name, &packed))
    }

    async fn unpacked(&self, name: &str) -> Result<Vec<u8>, RepositoryError> {
        use std::io::Read;
        let sealed = self.bytes_of(name, STATE_BYTES_MAX).await?;
        let packed = self.key.open(name, &sealed)?;
        let mut json = Vec::new();
        zstd::Decoder::new(packed)
            .and_then(|reader| reader.take(STATE_BYTES_MAX).read_to_end(&mut json))
            .map_err(|source| RepositoryError::Packing { name: name.to_owned(), source })?;
        Ok(json)
    }
}

fn root_name(root: &WrappedRoot) -> String {
    format!("{ROOTS}/{}.json", &sha256(&root.0)[..32])
}

fn to_json(name: &str, value: &impl Serialize) -> Result<Vec<u8>, SealError> {
    serde_json::to_vec(value)
        .map_err(|source| SealError::Unreadable { name: name.to_owned(), source })
}

/// Name of a snapshot that was begun at a time.
pub(super) fn name_at(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%S%.6fZ").to_string()
}

fn time_of(object: &str) -> Option<Timestamp> {
    let (_, name) = object.rsplit_once('/')?;
    let name = name.strip_suffix(".json")?;
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S%.6fZ", name).ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// SHA-256 as hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}
