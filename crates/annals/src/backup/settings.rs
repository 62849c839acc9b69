//! `[backup]`: what the running service backs up by itself.

use annals_archive::backup::{KeepRules, MakeSettings, READ_AGAIN_DAYS};
use serde::Deserialize;

/// `[backup]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupSettings {
    /// Where to; empty: none is made.
    pub(crate) to: String,
    /// Seconds from the beginning of one to the next.
    pub(crate) interval_seconds: u64,
    /// Records a second at most; 0: as fast as it goes.
    pub(crate) records_per_second: u64,
    /// So many of the newest are kept.
    pub(crate) keep_last: usize,
    /// The newest of each of so many days.
    pub(crate) keep_daily: usize,
    /// The newest of each of so many weeks.
    pub(crate) keep_weekly: usize,
    /// The newest of each of so many months.
    pub(crate) keep_monthly: usize,
    /// The newest of each of so many years.
    pub(crate) keep_yearly: usize,
}

impl BackupSettings {
    /// How the service makes them: each adds what is new.
    pub(crate) fn of_service(&self) -> MakeSettings {
        let keep = KeepRules {
            last: self.keep_last,
            daily: self.keep_daily,
            weekly: self.keep_weekly,
            monthly: self.keep_monthly,
            yearly: self.keep_yearly,
        };
        MakeSettings {
            full: false,
            verify: true,
            keep,
            records_per_second: self.records_per_second,
            read_again_days: READ_AGAIN_DAYS,
        }
    }
}
