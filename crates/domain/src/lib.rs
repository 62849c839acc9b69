//! What an audit log is: events, catalogue, filters, profiles and notifications.
//!
//! Pure: no clock, no I/O, no async. The domain is told the time.

#![warn(missing_docs)]

pub mod access;
pub mod admission;
pub mod catalogue;
pub mod detection;
pub mod event;
pub mod facts;
pub mod filter;
pub mod highlight;
pub mod identifiers;
pub mod input;
pub mod json;
pub mod lifecycle;
pub mod limits;
pub mod masking;
pub mod notification;
pub mod problem;
pub mod profile;
pub mod query;
pub mod record;
pub mod retention;
pub mod sentence;
pub mod statistics;
pub mod text;
pub mod time;
pub mod watching;

pub use event::Event;
pub use filter::Filter;
pub use identifiers::{EventId, Position, Revision, StreamName, TenantId};
pub use record::{Receipt, Recorded};

#[cfg(test)]
mod examples;
