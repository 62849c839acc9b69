//! The stores of one machine, on `SQLite`: event log, keys, profiles and inbox; and the copy of a log
//! that is kept elsewhere.
//!
//! | file | holds | when it is lost |
//! |---|---|---|
//! | `events.db` | the event log: the only truth | restore a backup |
//! | `keys.db` | wrapped keys | restore a backup, or nobody's data can be read |
//! | `profiles.db`, `inbox.db` | read models | `annals rebuild profiles` |
//! | `access.db` | read model | nothing to do: it is made anew |
//! | `detection.db` | what detection has learned | nothing to do: it is learned anew |
//! | `registers.db` | progress of jobs that all nodes share | restore a backup, or delivery begins with what comes |
//! | `quarantine.db` | refused events | nothing of the log is lost; refused events are |
//! | `spool.db` | events acknowledged with 202 that wait for a log elsewhere | restore a backup, or they are lost |
//! | `replica.db` | a copy of a log that is kept elsewhere | nothing to do: it is copied anew |
//!
//! `SQLite`'s file format is promised for decades, and any auditor can open it with the tools they
//! have. The read models hold what events hold, opened: they lie on disk under `SQLCipher`. Only one process at a time may use a data directory; [`DataDir`] sees to that.

#![warn(missing_docs)]

mod access_store;
mod copying;
mod data_dir;
mod detection;
mod event_log;
mod file;
mod filling;
#[cfg(test)]
mod golden;
mod inbox;
mod key_store;
mod local_file;
mod log_file;
mod pool;
mod profiles;
mod quarantine;
mod read_model;
mod registers;
mod replica;
mod spool;
mod trees;
mod verify;

pub use access_store::SqliteAccess;
pub use copying::{
    AllKeys, CopyError, DataDirCopy, Stored, StoredKey, StoredRegister, StoredRow, StoredTree,
};
pub use data_dir::{DataDir, DataDirError};
pub use detection::SqliteDetection;
pub use event_log::{EventLogSettings, SqliteEventLog};
pub use file::OpenError;
pub use filling::{FillError, FillingDir};
pub use inbox::{INBOX_MESSAGES_MAX, SqliteInbox};
pub use key_store::{KeyCounts, SqliteKeyStore};
pub use profiles::{PROFILE_ENTRIES_MAX, SqliteProfiles};
pub use quarantine::SqliteQuarantine;
pub use registers::SqliteRegisters;
pub use replica::SqliteReplica;
pub use spool::SqliteSpool;
pub use trees::SqliteTrees;
pub use verify::{Finding, Problem, Progress, Report, VerifyError, verify, verify_trees};
