//! How the event log on `EventStoreDB` works; every bound of it.

use std::time::Duration;

use serde::Deserialize;

/// Bounds and patience.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Before the names of all streams; empty where the server is Annals' own.
    pub namespace: String,
    /// How long an append is tried, with its retries, before the caller is told that its outcome is
    /// not known.
    pub append_patience: Duration,
    /// How long one try may take.
    pub attempt_patience: Duration,
    /// How long a read may take.
    pub read_patience: Duration,
    /// Appends sent and not answered yet; further ones wait.
    pub in_flight_appends_max: usize,
    /// Bytes of the appends sent and not answered yet.
    pub in_flight_bytes_max: usize,
    /// Records that are put into one append, unless one item has more.
    pub append_records_max: usize,
    /// Bytes that are put into one append, unless one item has more.
    pub append_bytes_max: usize,
    /// The largest record, in its stored form. Servers before 25.1 take 1 MiB an append.
    pub record_bytes_max: usize,
    /// Appended records that have not come back by the subscription yet; further appends wait.
    pub ahead_records_max: usize,
    /// The shortest and the longest pause before a connection is tried again.
    pub reconnect_pause: (Duration, Duration),
    /// Events that may wait between the subscription and the copy.
    pub copy_queue_max: usize,
    /// Records that the copy takes in one step.
    pub copy_batch_max: usize,
    /// Whether a scavenge is started when retention has removed something.
    pub scavenge: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespace: String::new(),
            append_patience: Duration::from_secs(8),
            attempt_patience: Duration::from_secs(3),
            read_patience: Duration::from_secs(5),
            in_flight_appends_max: 4096,
            in_flight_bytes_max: 32 << 20,
            append_records_max: 500,
            append_bytes_max: 512 << 10,
            record_bytes_max: 768 << 10,
            ahead_records_max: 200_000,
            reconnect_pause: (Duration::from_millis(200), Duration::from_secs(2)),
            copy_queue_max: 4096,
            copy_batch_max: 2048,
            scavenge: false,
        }
    }
}
