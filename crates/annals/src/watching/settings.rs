//! `[alerts]`: what is looked at, and from where on it is wrong.

use std::path::PathBuf;
use std::time::Duration;

use annals_domain::watching::{Condition, Threshold, Thresholds};
use anyhow::{Context, ensure};
use serde::Deserialize;

/// The longest time between two looks.
const INTERVAL_SECONDS_MAX: u64 = 3600;
/// So many files with certificates are looked at.
const CERTIFICATES_MAX: usize = 64;
/// A low disk is well again when so much more is free than must be.
const DISK_ROOM: f64 = 1.25;

/// `[alerts]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertSettings {
    /// Seconds between two looks; 0: never.
    pub(crate) interval_seconds: u64,
    /// Seconds after the start in which nothing is raised.
    pub(crate) grace_seconds: u64,
    /// How long some conditions must last until they are raised.
    pub(crate) for_seconds: u64,
    /// How long all must be well until one is cleared.
    pub(crate) clear_seconds: u64,
    /// How old what a projection lacks may be.
    pub(crate) projection_behind_seconds: u64,
    /// Bytes that must be free; 0: not looked at.
    pub(crate) disk_free_bytes_min: u64,
    /// Files whose ends are looked at.
    pub(crate) certificates: Vec<PathBuf>,
    /// Days before its end in which a certificate is to be renewed.
    pub(crate) certificate_days_min: u64,
    /// How many of a hundred attempts to deliver may fail.
    pub(crate) delivery_failed_percent: u64,
    /// How late a run of the retention job and a backup may be.
    pub(crate) overdue_seconds: u64,
    /// By how much the clock may move.
    pub(crate) clock_jump_seconds: u64,
}

impl AlertSettings {
    /// The time between two looks; none: there are no looks.
    pub(crate) fn interval(&self) -> anyhow::Result<Option<Duration>> {
        let seconds = self.interval_seconds;
        ensure!(
            seconds <= INTERVAL_SECONDS_MAX,
            "`alerts.interval_seconds` is {seconds}; give at most {INTERVAL_SECONDS_MAX}, or 0 to turn it off"
        );
        Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
    }

    /// From where on what is wrong.
    pub(crate) fn thresholds(&self) -> anyhow::Result<Thresholds> {
        let count = self.certificates.len();
        ensure!(
            count <= CERTIFICATES_MAX,
            "`alerts.certificates` names {count} files; at most {CERTIFICATES_MAX} are looked at"
        );
        ensure!(
            (1..=100).contains(&self.delivery_failed_percent),
            "`alerts.delivery_failed_percent` is {}; give 1 to 100",
            self.delivery_failed_percent
        );
        let lasts = Duration::from_secs(self.for_seconds);
        let mut thresholds = Thresholds::new();
        let mut add = |condition: Condition, bad: f64, good: f64, after: Duration| {
            let name = condition.as_str();
            let threshold = Threshold::new(bad, good)
                .with_context(|| format!("the settings in `[alerts]` make no sense for {name}"))?;
            let clear_after = Duration::from_secs(self.clear_seconds);
            thresholds.insert(condition, threshold.raised_after(after).cleared_after(clear_after));
            anyhow::Ok(())
        };
        let at_once = Duration::ZERO;
        let behind = self.projection_behind_seconds as f64;
        let failed = self.delivery_failed_percent as f64;
        let days = self.certificate_days_min as f64;
        add(Condition::IngestRefused, 1.0, 0.0, lasts)?;
        add(Condition::ProjectionLag, behind, behind / 4.0, at_once)?;
        add(Condition::PoisonEvents, 1.0, 0.0, at_once)?;
        add(Condition::IntegrityFinding, 1.0, 0.0, at_once)?;
        add(Condition::RetentionNotRun, self.overdue_seconds as f64, 0.0, at_once)?;
        add(Condition::DeliveryFailing, failed, failed / 4.0, lasts)?;
        add(Condition::BackupOverdue, self.overdue_seconds as f64, 0.0, at_once)?;
        add(Condition::ClockJumped, self.clock_jump_seconds as f64, 0.0, at_once)?;
        if self.disk_free_bytes_min > 0 {
            let free = self.disk_free_bytes_min as f64;
            add(Condition::DiskLow, free, free * DISK_ROOM, lasts)?;
        }
        if count > 0 {
            add(Condition::CertificateNearEnd, days, days + 1.0, at_once)?;
        }
        Ok(thresholds)
    }
}
