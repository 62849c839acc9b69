//! The stored form of an event, version 1: header, sealed parts, fingerprint, leaf (DESIGN 5).
//!
//! - [`seal`] turns an event into a [`Record`], [`open`] turns it back as far as the keys still exist.
//! - [`keys`] holds the hierarchy master key → tenant key → person key.
//!
//! Pure but for the random numbers that [`seal`] and key making are given.

#![warn(missing_docs)]

pub mod keys;
mod stored;

pub use keys::{KeyId, MasterKey, PersonKey, TenantKey, WrappedKey};
pub use stored::{DecodeError, Record, SealedGroup};
