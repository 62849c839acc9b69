//! The contracts of the ports as test suites: every implementation runs them.
//!
//! A suite panics, saying which line of the contract is broken. The one of the event log can run on
//! a log that is shared and already holds records: it uses fresh tenants and looks only behind the
//! head it began at.

pub mod event_log;
pub mod inbox;
pub mod key_store;
pub mod profiles;
pub mod registers;
mod records;

pub use records::{fresh_tenant, item, person, record};
