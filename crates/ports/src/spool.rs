//! Where events wait on the disk of this machine while the log takes none. It never sees one in the
//! clear.

use annals_domain::{EventId, TenantId};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::LocalStoreError;

/// What an event takes beside its bytes: its row and its places in indexes.
pub const WAITING_BYTES: u64 = 256;

/// Keeps events in the order in which they came.
///
/// # Contract
/// - What was put is durable when the call returns, and stays until it is removed.
/// - The same id in the same tenant with the same fingerprint is kept once; with another fingerprint
///   it is a [`Put::Conflict`].
/// - There is never more in it than the bounds allow: what does not fit is [`Put::Full`], and so is
///   all that comes after it in the same call, so that none overtakes another.
/// - Numbers rise in the order of putting and are never used twice.
/// - After a write that failed in a way of which nothing is known, nothing more is put.
#[async_trait]
pub trait Spool: Send + Sync + 'static {
    /// Puts events behind all that wait, and answers each.
    async fn put(
        &self,
        events: Vec<NewWaiting>,
        bounds: SpoolBounds,
    ) -> Result<Vec<Put>, LocalStoreError>;

    /// The oldest that wait, in order.
    async fn oldest(&self, limit: usize) -> Result<Vec<Waiting>, LocalStoreError>;

    /// The oldest of those that wait behind a number, in order.
    async fn behind(&self, number: u64, limit: usize) -> Result<Vec<Waiting>, LocalStoreError>;

    /// Removes what waits no longer.
    async fn remove(&self, numbers: Vec<u64>) -> Result<(), LocalStoreError>;

    /// How many events wait in which lane.
    async fn lanes(&self) -> Result<Vec<(Lane, u64)>, LocalStoreError>;
}

/// Whose events must stay in order: stands for one stream, and tells nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub [u8; 16]);

/// An event that is to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWaiting {
    /// Whose it is.
    pub tenant: TenantId,
    /// Identifies it.
    pub id: EventId,
    /// The events of one lane stay in order.
    pub lane: Lane,
    /// Tells the same content sent twice from other content under the same id.
    pub fingerprint: [u8; 16],
    /// When it was taken on.
    pub at: Timestamp,
    /// The event, sealed.
    pub sealed: Vec<u8>,
}

impl NewWaiting {
    /// What it takes of the bound.
    pub fn bytes(&self) -> u64 {
        WAITING_BYTES + self.sealed.len() as u64
    }
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place.
    pub number: u64,
    /// Whose it is.
    pub tenant: TenantId,
    /// Identifies it.
    pub id: EventId,
    /// The events of one lane stay in order.
    pub lane: Lane,
    /// When it was taken on.
    pub at: Timestamp,
    /// The event, sealed.
    pub sealed: Vec<u8>,
}

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolBounds {
    /// Events.
    pub events_max: u64,
    /// Bytes of them, and [`WAITING_BYTES`] for each.
    pub bytes_max: u64,
    /// When the oldest was taken on before this moment, nothing more is taken: an outage of that
    /// length is for people.
    pub not_before: Timestamp,
}

/// What became of an event that was to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is durable.
    Kept,
    /// It waits already.
    AlreadyThere,
    /// Another event with its id waits.
    Conflict,
    /// There is no room.
    Full,
}
