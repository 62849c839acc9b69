//! Settings of the engine, `[recorder]`, `[projections]`, `[supervision]` and `[delivery]` in
//! config/annals.toml.

use std::time::Duration;

use serde::Deserialize;

use crate::lease::Pace;

/// `[recorder]`: how events are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecorderSettings {
    /// Writers beside each other; each person's stream belongs to one of them.
    pub shards: usize,
    /// Events in one append at most.
    pub batch_events_max: usize,
}

/// `[projections]`: how search, profiles and inboxes follow the log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionSettings {
    /// Newest events kept in memory, opened, for projections, live readers and search.
    pub recent_events_max: usize,
    /// Events applied in one step at most.
    pub batch_events_max: usize,
    /// Milliseconds between two commits of the search index. Newer events are found in memory.
    pub index_commit_ms: u64,
    /// Milliseconds between two commits of the profiles.
    pub profiles_commit_ms: u64,
    /// Milliseconds between two commits of the inboxes.
    pub inbox_commit_ms: u64,
    /// Milliseconds between two checkpoints of the Merkle tree, when there is something new.
    pub tiles_commit_ms: u64,
}

/// `[supervision]`: how faults are met.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupervisionSettings {
    /// Restarts within the time below, before the process gives up and exits with 70.
    pub restarts_max: usize,
    /// Seconds within which restarts are counted.
    pub restarts_within_seconds: u64,
}

impl SupervisionSettings {
    pub(crate) fn restarts_within(&self) -> Duration {
        Duration::from_secs(self.restarts_within_seconds)
    }
}

/// `[delivery]`: how people outside are told, by one node at a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverySettings {
    /// Seconds between two renewals of the lease by the node that delivers.
    pub lease_renew_seconds: u64,
    /// Seconds after which another node takes a lease that was not renewed.
    pub lease_expires_seconds: u64,
    /// How often a delivery is tried before it is given up.
    pub attempts_max: u32,
    /// Deliveries under way at once on each channel.
    pub in_flight_max: usize,
}

/// The settings of delivery make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDelivery {
    /// A lease could run out between two renewals.
    #[error(
        "`lease_renew_seconds` is {renew} and `lease_expires_seconds` is {expires}: renew at least          every second and let the lease expire after three times that or more, at most {EXPIRES_MAX}"
    )]
    Lease {
        /// Seconds between renewals.
        renew: u64,
        /// Seconds until the lease expires.
        expires: u64,
    },
    /// Nothing would be delivered.
    #[error("`attempts_max` and `in_flight_max` must be at least 1")]
    Nothing,
    /// Nodes could not be told apart.
    #[error(
        "the name of this node has {bytes} bytes: give every node a name of its own, of 1 to \
         {NODE_BYTES_MAX} bytes"
    )]
    Node {
        /// The length of the name.
        bytes: usize,
    },
}

/// A lease that stays with a dead node for longer than this helps nobody, seconds.
const EXPIRES_MAX: u64 = 600;
/// No host has a longer name.
const NODE_BYTES_MAX: usize = 255;

impl DeliverySettings {
    /// Checks that the settings go together, and can be used by a node of this name.
    pub fn check(&self, node: &str) -> Result<(), InvalidDelivery> {
        if !(1..=NODE_BYTES_MAX).contains(&node.len()) {
            return Err(InvalidDelivery::Node { bytes: node.len() });
        }
        let (renew, expires) = (self.lease_renew_seconds, self.lease_expires_seconds);
        if renew == 0 || expires > EXPIRES_MAX || renew.saturating_mul(3) > expires {
            return Err(InvalidDelivery::Lease { renew, expires });
        }
        if self.attempts_max == 0 || self.in_flight_max == 0 {
            return Err(InvalidDelivery::Nothing);
        }
        Ok(())
    }

    pub(crate) fn pace(&self) -> Pace {
        Pace {
            renew: Duration::from_secs(self.lease_renew_seconds),
            expires: Duration::from_secs(self.lease_expires_seconds),
        }
    }
}

#[cfg(test)]
mod tests;
