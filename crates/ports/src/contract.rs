//! The contracts of the ports as test suites: every implementation runs them.
//!
//! A suite panics, saying which line of the contract is broken. The one of the event log can run on
//! a log that is shared and already holds records: it uses fresh tenants and looks only behind the
//! head it began at.

pub mod access_store;
pub mod archive;
pub mod detection;
pub mod event_log;
pub mod inbox;
pub mod key_store;
pub mod nodes;
pub mod outbox;
pub mod profiles;
pub mod quarantine;
pub mod rate_limits;
mod records;
pub mod registers;
pub mod replica;
pub mod spool;
pub mod stream_ends;
pub mod trees;

use std::pin::Pin;

pub use records::{dated_record, fresh_tenant, item, person, record, removable};

/// One line of a contract: what must be so, and the test of it.
pub struct Case {
    /// A sentence, in the letters of an identifier.
    pub name: &'static str,
    /// Panics when it is not so.
    pub run: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Makes a [`Case`] of each function that is named, for one store.
macro_rules! cases {
    ($store:expr; $($module:ident::$case:ident),+ $(,)?) => {
        vec![$($crate::contract::Case {
            name: stringify!($case),
            run: Box::pin($module::$case(std::sync::Arc::clone($store))),
        }),+]
    };
    ($store:expr; $($case:ident),+ $(,)?) => {
        vec![$($crate::contract::Case {
            name: stringify!($case),
            run: Box::pin($case(std::sync::Arc::clone($store))),
        }),+]
    };
}
use cases;
