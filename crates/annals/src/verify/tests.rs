//! Attacks on a data directory, each of which `annals verify` must tell of.

mod damage;
pub(crate) mod directory;
mod dump;
mod events;
mod flips;
mod log_changes;
mod random;
mod tampering;
mod tree_changes;
