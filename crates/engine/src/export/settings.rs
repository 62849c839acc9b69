//! `[export]`: how much exports may take.

use std::time::Duration;

use serde::Deserialize;

/// `[export]`: how much exports may take.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportSettings {
    /// Seconds for which a finished file can be downloaded.
    pub expires_seconds: u64,
    /// Jobs written at once on this node.
    pub running_max: usize,
    /// Jobs of one tenant written at once.
    pub running_per_tenant_max: usize,
    /// Jobs of one tenant that wait or are written.
    pub waiting_per_tenant_max: usize,
    /// Finished files of one tenant that are kept at once.
    pub kept_per_tenant_max: usize,
    /// Direct answers written at once on this node.
    pub direct_max: usize,
    /// Direct answers of one tenant written at once.
    pub direct_per_tenant_max: usize,
    /// Seconds that a direct answer may take.
    pub direct_seconds_max: u64,
    /// Bytes of all files of exports.
    pub bytes_max: u64,
    /// Bytes that exports leave free on their disk.
    pub free_bytes_min: u64,
}

impl ExportSettings {
    pub(crate) fn expires(&self) -> Duration {
        Duration::from_secs(self.expires_seconds)
    }

    pub(crate) fn direct_max_duration(&self) -> Duration {
        Duration::from_secs(self.direct_seconds_max)
    }
}
