//! Where refused events are kept until somebody has looked at them. It never sees one in the clear.

use std::fmt;
use std::str::FromStr;

use annals_domain::TenantId;
use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::LocalStoreError;

/// What an entry takes beside its bytes: its row and its places in indexes.
pub const ENTRY_BYTES: u64 = 256;

/// Keeps refused events, for each tenant apart and bounded.
///
/// # Contract
/// - What was kept is durable when the call returns.
/// - The same digest in the same tenant is one entry: it is counted, and keeps its id and content.
/// - A tenant has never more than the bounds allow. The oldest entries make way, the newest stays. Those
///   that are [`RefusalReason::Undeliverable`] were acknowledged once: they count, and never make way.
/// - Nothing of one tenant is told to, changed for or counted against another.
#[async_trait]
pub trait QuarantineStore: Send + Sync + 'static {
    /// Keeps the entries of one tenant, in order.
    async fn keep(
        &self,
        tenant: &TenantId,
        entries: Vec<NewEntry>,
        bounds: Bounds,
    ) -> Result<Keeping, LocalStoreError>;

    /// Entries of a tenant, newest first, before `before`, if asked for of one reason alone.
    async fn list(
        &self,
        tenant: &TenantId,
        reason: Option<RefusalReason>,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Entry>, LocalStoreError>;

    /// One entry with its content.
    async fn entry(
        &self,
        tenant: &TenantId,
        id: Uuid,
    ) -> Result<Option<(Entry, Vec<u8>)>, LocalStoreError>;

    /// Removes an entry; says whether there was one.
    async fn remove(&self, tenant: &TenantId, id: Uuid) -> Result<bool, LocalStoreError>;

    /// How many entries there are, of all tenants.
    async fn count(&self) -> Result<u64, LocalStoreError>;
}

/// Why an event was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// Not JSON, or not of the form of an event.
    Malformed,
    /// Of the form of an event, but something in it is wrong.
    Invalid,
    /// Of a type that the catalogue does not know.
    UnknownType,
    /// Its id was used for another event.
    Conflict,
    /// It was taken on, and could then not be recorded.
    Undeliverable,
}

impl RefusalReason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Malformed, Self::Invalid, Self::UnknownType, Self::Conflict, Self::Undeliverable];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::UnknownType => "unknown_type",
            Self::Conflict => "conflict",
            Self::Undeliverable => "undeliverable",
        }
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is none of `malformed`, `invalid`, `unknown_type`, `conflict` and `undeliverable`")]
pub struct UnknownReason;

impl FromStr for RefusalReason {
    type Err = UnknownReason;

    fn from_str(word: &str) -> Result<Self, UnknownReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word).ok_or(UnknownReason)
    }
}

/// A refused event that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Names it; later ids are greater.
    pub id: Uuid,
    /// The same for the same content.
    pub digest: [u8; 16],
    /// Why it was refused.
    pub reason: RefusalReason,
    /// When.
    pub at: Timestamp,
    /// Who sent it and what is wrong with it, sealed.
    pub facts: Vec<u8>,
    /// What was sent, sealed.
    pub content: Vec<u8>,
}

impl NewEntry {
    /// What it takes of the bound.
    pub fn bytes(&self) -> u64 {
        ENTRY_BYTES + (self.facts.len() + self.content.len()) as u64
    }
}

/// A refused event without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names it.
    pub id: Uuid,
    /// Why it was refused.
    pub reason: RefusalReason,
    /// When it came first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
    /// How often it came.
    pub times: u64,
    /// Who sent it first and what was wrong with it, sealed.
    pub facts: Vec<u8>,
}

/// How much is kept of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries.
    pub entries_max: u64,
    /// Bytes of their facts and contents, and [`ENTRY_BYTES`] for each.
    pub bytes_max: u64,
    /// What came last before this moment goes.
    pub not_before: Timestamp,
}

/// What became of entries that were to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// The id of each, in order: its own, or that of the entry with the same content.
    pub ids: Vec<Uuid>,
    /// How many of them were there already.
    pub known: u64,
    /// How many others made way.
    pub evicted: u64,
}
