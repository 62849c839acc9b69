//! Requests to where tenants say: to public addresses, and to nothing inside of the house.
//!
//! The name is resolved here, its addresses are checked, and the connection goes to one of those that were
//! checked; so a name that changes its mind between check and use gains nothing. Redirects are not
//! followed and no proxy is asked, which would resolve the name again.

mod address;
mod client;
mod guard;
mod names;

use serde::Deserialize;

pub use address::{Reach, reach};
pub use client::{OutgoingError, OutgoingHttp};
pub use guard::{Forbidden, InvalidAllowance};

/// `[outgoing]`: where endpoints of tenants may be, and how long they may take.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutgoingSettings {
    /// Networks that may be reached although they are not public.
    pub allow_networks: Vec<String>,
    /// Hosts that may be private, and be spoken to over plain HTTP.
    pub allow_hosts: Vec<String>,
    /// How long connecting may take, the name's resolution included, seconds.
    pub connect_seconds: u64,
    /// How long one attempt may take, seconds.
    pub timeout_seconds: u64,
}

#[cfg(test)]
mod tests;
