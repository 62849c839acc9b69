//! The keys that an issuer publishes, as a JSON Web Key Set (RFC 7517).
//!
//! What a published set yields is decided here, and how long it is good for; fetching it is for the
//! binary, which speaks HTTP.

mod gate;
mod issuer_keys;
mod key_set;

pub use issuer_keys::IssuerKeys;
pub(super) use issuer_keys::KeysInUse;
pub use key_set::{KEY_SET_BYTES_MAX, KeySet, KeySetError, PassedOver};
