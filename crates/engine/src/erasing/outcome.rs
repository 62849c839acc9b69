//! What an erasure answers, and what stops it.

use std::collections::BTreeMap;

use annals_domain::TenantId;
use annals_ports::{LocalStoreError, LogError, ReadModelError, SearchError};
use async_trait::async_trait;

use super::PERSONS_MAX;
use crate::key_ring::KeyRingError;
use crate::opening::ReadError;
use crate::quarantine::QuarantineError;

/// Something else that holds what was read from the log, such as files of exports.
#[async_trait]
pub trait Sweep: Send + Sync + 'static {
    /// What it is, for results and errors.
    fn name(&self) -> &'static str;

    /// Removes what may hold something of these persons; answers how much that was. Doing it again is
    /// harmless. Their keys are destroyed by then.
    async fn sweep(
        &self,
        tenant: &TenantId,
        persons: &[String],
    ) -> Result<u64, Box<dyn std::error::Error + Send + Sync>>;
}

/// Looks once more, at the last moment, whether persons may be erased.
#[async_trait]
pub trait LastLook: Send + Sync {
    /// Whether nothing forbids it that any of these persons is erased. It is asked before anything is done, and
    /// once more just before the keys are destroyed: nothing is recorded of the tenant through this node
    /// then, and what was decided is in effect. It must not record anything itself.
    async fn may_go(
        &self,
        tenant: &TenantId,
        persons: &[String],
    ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>>;
}

/// A person who is to be erased, as a ledger names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Their pseudonym within the tenant.
    pub pseudonym: String,
    /// Tells their key from others; none where there is none.
    pub key_check: Option<String>,
}

/// What was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Each person, in the order in which they were given.
    pub persons: Vec<Erased>,
    /// Keys that were destroyed: fewer than persons when some had none.
    pub keys: u64,
    /// Events that have a part of one of them; each is counted once.
    pub events: u64,
    /// Events that the index took in anew.
    pub indexed: u64,
    /// Refused events that were removed from the quarantine.
    pub quarantined: u64,
    /// Events that were taken out of the spool.
    pub spooled: u64,
    /// What others removed, by their names.
    pub swept: BTreeMap<String, u64>,
}

/// One person who was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// Their pseudonym within the tenant.
    pub pseudonym: String,
    /// Tells the key that was destroyed from others; none where there was none any more, or another one
    /// than was to be destroyed.
    pub key_check: Option<String>,
    /// Events that have a part of theirs.
    pub events: u64,
}

/// Persons were not erased, or not everywhere. Calling again goes on.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// Too many at once; nothing was done.
    #[error("{0} persons are too many at once; erase at most {PERSONS_MAX} in one call")]
    TooMany(usize),
    /// Recordings of the tenant did not end in time; no key was destroyed.
    #[error("events of the tenant are still being recorded, so no key was destroyed; call again")]
    Recording,
    /// That is the pseudonym of nobody.
    #[error("`{0}` is not the pseudonym of a person; run `annals verify`")]
    NoPseudonym(String),
    /// Something forbids it that was not there when it was cleared; no key was destroyed.
    #[error("something forbids since that one of them is erased, so no key was destroyed")]
    Forbidden,
    /// Whether something forbids it cannot be told now; no key was destroyed.
    #[error(
        "whether something forbids the erasure cannot be told, so no key was destroyed; call again"
    )]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was decided last is not in effect here; no key was destroyed.
    #[error(
        "what was decided last is not in effect on this node yet, so no key was destroyed; call again"
    )]
    NotInEffect,
    /// Something has not come to what was recorded last. The keys are destroyed.
    #[error(
        "the keys are destroyed, but `{0}` is too far behind the log to be cleared; call again when \
         it has caught up"
    )]
    Behind(&'static str),
    /// Keys could not be read or destroyed.
    #[error("the keys of persons to be erased cannot be read or destroyed; call again")]
    Keys(#[from] KeyRingError),
    /// The log cannot be read.
    #[error("events of persons to be erased cannot be read; call again")]
    Read(#[from] ReadError),
    /// The index failed.
    #[error("the search index cannot be cleared of erased persons; call again")]
    Search(#[from] SearchError),
    /// A read model failed.
    #[error("a read model cannot be cleared of erased persons; call again")]
    Model(#[from] ReadModelError),
    /// The spool failed.
    #[error("the spool cannot be cleared of persons to be erased; call again")]
    Spool(#[from] LocalStoreError),
    /// The quarantine failed.
    #[error("the quarantine cannot be cleared of persons to be erased; call again")]
    Quarantine(#[from] QuarantineError),
    /// Something else failed.
    #[error("`{name}` cannot be cleared of erased persons; call again")]
    Sweep {
        /// What.
        name: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A test wanted it.
    #[cfg(test)]
    #[error("a test stopped the erasure after {0}")]
    Stopped(String),
}

impl From<LogError> for EraseError {
    fn from(error: LogError) -> Self {
        Self::Read(error.into())
    }
}
