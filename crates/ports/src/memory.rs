//! Every store port in memory: for tests, and to see what a contract means.
//!
//! They keep to the same contracts as the real stores, but for durability.

mod access_store;
mod archive;
mod delivery;
mod detection;
mod event_log;
mod inbox;
mod key_store;
mod outbox;
mod profiles;
mod quarantine;
mod registers;
mod spool;
mod trees;

pub use access_store::MemoryAccess;
pub use archive::MemoryArchive;
pub use delivery::MemoryChannel;
pub use detection::MemoryDetection;
pub use event_log::{LogErrorKind, MemoryEventLog};
pub use inbox::MemoryInbox;
pub use key_store::MemoryKeyStore;
pub use profiles::MemoryProfiles;
pub use quarantine::MemoryQuarantine;
pub use registers::MemoryRegisters;
pub use spool::MemorySpool;
pub use trees::MemoryTrees;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks what a test may have left by a panic: each change here is whole before anything panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
