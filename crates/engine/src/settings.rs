//! Settings of the engine, `[recorder]`, `[projections]` and `[supervision]` in config/annals.toml.

use std::time::Duration;

use serde::Deserialize;

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
