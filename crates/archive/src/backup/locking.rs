//! One backup at a time: a lock in the repository that ends by itself.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::repository::RepositoryError;
use crate::objects::Place;

/// How long a lock holds that is not renewed, seconds.
pub const LOCK_SECONDS: i64 = 120;
/// It is renewed after so many seconds.
const RENEWED_SECONDS: i64 = 30;
const LOCK: &str = "lock";
const BYTES_MAX: u64 = 4096;

/// Who has the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Name of the machine.
    pub host: String,
    /// Tells the processes that can see each other from others; empty where nobody can tell.
    #[serde(default)]
    pub processes: String,
    /// Number of the process there.
    pub process: u32,
    /// Tells two holders apart that are alike otherwise.
    pub token: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Held {
    holder: Holder,
    until: Timestamp,
}

/// The lock, held. Two backups at once would harm nothing but what is being deleted, so it is looked at
/// again before that.
pub struct Lock {
    place: Place,
    held: Held,
}

/// Nobody can back up now.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error(
        "another backup into {place} is under way (process {process} on {host}); if it was killed, its \
         lock ends at {until}"
    )]
    Held {
        /// Where.
        place: String,
        /// Which machine.
        host: String,
        /// Which process.
        process: u32,
        /// When it ends if it is not renewed.
        until: Timestamp,
    },
    /// It was lost: the process stood still for too long.
    #[error("the lock in {0} was lost to another backup; nothing was deleted")]
    Lost(String),
    /// The place failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<crate::objects::ObjectError> for LockError {
    fn from(error: crate::objects::ObjectError) -> Self {
        Self::Repository(error.into())
    }
}

impl Lock {
    /// Takes the lock. One that ended, or whose holder `is_gone`, is taken over.
    pub async fn take(
        place: &Place,
        holder: Holder,
        now: Timestamp,
        is_gone: impl Fn(&Holder) -> bool,
    ) -> Result<Self, LockError> {
        if let Some(other) = read(place).await? {
            if other.until > now && !is_gone(&other.holder) {
                return Err(refusal(place, other));
            }
            place.delete(LOCK).await?;
        }
        let held = Held { holder, until: end(now) };
        if !place.put_new(LOCK, json(&held)).await? {
            let other = read(place).await?.unwrap_or(held);
            return Err(refusal(place, other));
        }
        Ok(Self { place: place.clone(), held })
    }

    /// Renews it when it is time to.
    pub async fn renew(&mut self, now: Timestamp) -> Result<(), LockError> {
        let left = self.held.until.duration_since(now);
        if left > SignedDuration::from_secs(LOCK_SECONDS - RENEWED_SECONDS) {
            return Ok(());
        }
        self.confirm().await?;
        self.held.until = end(now);
        Ok(self.place.put(LOCK, json(&self.held)).await?)
    }

    /// Whether it is still held.
    pub async fn confirm(&self) -> Result<(), LockError> {
        match read(&self.place).await? {
            Some(other) if other.holder == self.held.holder => Ok(()),
            _ => Err(LockError::Lost(self.place.url().to_owned())),
        }
    }

    /// Lets it go.
    pub async fn release(self) -> Result<(), LockError> {
        if self.confirm().await.is_ok() {
            self.place.delete(LOCK).await?;
        }
        Ok(())
    }
}

async fn read(place: &Place) -> Result<Option<Held>, LockError> {
    // What is no lock holds nobody up.
    let bytes = place.get(LOCK, BYTES_MAX).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn json(held: &Held) -> Vec<u8> {
    serde_json::to_vec(held).expect("texts and numbers can be written as JSON")
}

fn end(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(LOCK_SECONDS)).unwrap_or(now)
}

fn refusal(place: &Place, Held { holder, until }: Held) -> LockError {
    let Holder { host, process, .. } = holder;
    LockError::Held { place: place.url().to_owned(), host, process, until }
}
