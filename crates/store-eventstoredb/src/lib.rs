//! The event log, the key store and the registers on `EventStoreDB` or `KurrentDB`.
//!
//! The client library has traps (see docs/eventstoredb.md); each is met in one place here:
//! connection strings in `address`, clients that die or stay with a dead leader in `connection` and
//! `generation`, subscriptions that spin in `isolation`, batch sessions that end with their first
//! refused append in `generation`, retries that must not store twice in `streams`, metadata in the
//! wrong unit in `key_store` and `rights`.

#![warn(missing_docs)]

mod address;
mod ahead;
mod appending;
mod connection;
mod copying;
mod cutting;
mod diagnosis;
mod event_log;
mod failure;
mod findings;
mod generation;
mod isolation;
mod key_store;
mod marks;
mod names;
mod registers;
pub mod rights;
mod rounds;
mod sandbox;
mod settings;
mod sockets;
mod streams;
mod wire;

pub use address::{Address, AddressError};
pub use connection::Refusal;
pub use event_log::EventStoreLog;
pub use findings::{Finding, FindingKind};
pub use key_store::EventStoreKeys;
pub use registers::EventStoreRegisters;
pub use sandbox::Sandbox;
pub use settings::Settings;
