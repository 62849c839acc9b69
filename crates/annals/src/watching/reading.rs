//! Takes readings from the running service: the number that each condition goes by.

mod deliveries;

use std::path::{Path, PathBuf};
use std::time::Duration;

use annals_api::Api;
use annals_domain::watching::{Behind, ClockJumps, Condition, Increase, Moment, Readings};
use annals_engine::Role;
use jiff::Timestamp;
use tracing::warn;

use self::deliveries::Deliveries;
use super::certificates::{self, End};
use super::numbers::Numbers;
use crate::configuration::Settings;

/// Refusals within so many seconds, or two looks, are one spell of refusing.
const REFUSALS_WINDOW: Duration = Duration::from_secs(15);
/// For so long a clock that was set is told of.
const JUMPS_WINDOW: Duration = Duration::from_secs(3600);
/// How long disk and certificates may take; then they are not known.
const FILES_PATIENCE: Duration = Duration::from_secs(10);
const DAY_SECONDS: f64 = 86_400.0;
const LAST_RETENTION: &str = "annals_retention_last_success_timestamp_seconds";
const LAST_BACKUP: &str = "annals_backup_last_success_timestamp_seconds";

/// Takes readings.
pub(super) struct Reader {
    api: Api,
    data_dir: PathBuf,
    certificates: Vec<PathBuf>,
    /// Certificates that could not be read the last time: told once.
    unreadable: Vec<PathBuf>,
    /// Seconds between two runs of each; none: there are no runs.
    retention_interval: Option<u64>,
    backup_interval: Option<u64>,
    audits: bool,
    /// Whether events were parked before this start.
    carries_poison: bool,
    started: Timestamp,
    refused: Increase,
    deliveries: Deliveries,
    behind: Behind,
    jumps: ClockJumps,
}

impl Reader {
    pub(super) fn new(api: &Api, settings: &Settings, data_dir: &Path, interval: Duration) -> Self {
        let (retention, backup) = (settings.lifecycle.interval_seconds, &settings.backup);
        let backs_up = !backup.to.is_empty() && settings.store.is_embedded();
        Self {
            api: Api::clone(api),
            data_dir: data_dir.to_owned(),
            certificates: settings.alerts.certificates.clone(),
            unreadable: Vec::new(),
            retention_interval: (retention > 0).then_some(retention),
            backup_interval: backs_up.then_some(backup.interval_seconds),
            audits: api.tiles.is_some() && settings.integrity.audit_interval_seconds > 0,
            carries_poison: false,
            started: Timestamp::now(),
            refused: Increase::over(REFUSALS_WINDOW.max(interval * 2)),
            deliveries: Deliveries::default(),
            behind: Behind::default(),
            jumps: ClockJumps::within(JUMPS_WINDOW),
        }
    }

    /// Events were parked before this start: what a projection does not tell of is not well for that.
    pub(super) fn carry_poison(&mut self, carries: bool) {
        self.carries_poison = carries;
    }

    /// All readings that are known.
    pub(super) async fn read(&mut self, now: Moment) -> Readings {
        let numbers = Numbers::read(self.api.metrics.render());
        let (free, ends) = self.files().await;
        let readings = [
            (Condition::IngestRefused, self.ingest(now, &numbers)),
            (Condition::ProjectionLag, Some(self.projections(now))),
            (Condition::PoisonEvents, self.poison()),
            (Condition::IntegrityFinding, self.integrity(&numbers)),
            (Condition::RetentionNotRun, self.retention(now, &numbers)),
            (Condition::DiskLow, free),
            (Condition::CertificateNearEnd, self.certificates(now, &ends)),
            (Condition::DeliveryFailing, Some(self.deliveries.failed_percent(now, &numbers))),
            (Condition::BackupOverdue, self.backups(now, &numbers)),
            (Condition::ClockJumped, Some(self.clock(now))),
        ];
        readings.into_iter().filter_map(|(condition, read)| Some((condition, read?))).collect()
    }

    /// 1 while events are refused, or wait in the spool.
    fn ingest(&mut self, now: Moment, numbers: &Numbers) -> Option<f64> {
        let refused =
            numbers.sum("annals_recording_refused_total") + numbers.sum("annals_spool_full_total");
        let refused = self.refused.tell(now.steady, refused);
        if !self.api.roles.has(Role::Ingest) {
            return None;
        }
        let takes = self.api.log.health().trouble.is_none() && self.api.recorder.is_taking();
        Some(f64::from(u8::from(!takes || refused > 0.0)))
    }

    /// For how many seconds the slowest projection has lacked something.
    fn projections(&mut self, now: Moment) -> f64 {
        let queries = &self.api.queries;
        let head = queries.head().0;
        self.behind.see(now.steady, head);
        let (mut slowest, mut all_have) = (Duration::ZERO, head);
        for progress in queries.progress() {
            let position = progress.position().0;
            let behind = match queries.lag(progress) {
                0 => Duration::ZERO,
                _ => {
                    all_have = all_have.min(position);
                    self.behind.since(now.steady, position)
                }
            };
            metrics::gauge!("annals_projection_behind_seconds", "projection" => progress.name())
                .set(behind.as_secs_f64());
            slowest = slowest.max(behind);
        }
        self.behind.forget(all_have);
        slowest.as_secs_f64()
    }

    /// How many events are left aside. After a restart nobody knows of earlier ones.
    fn poison(&self) -> Option<f64> {
        let parked: usize = self.api.queries.progress().iter().map(|one| one.parked().len()).sum();
        (parked > 0 || !self.carries_poison).then_some(parked as f64)
    }

    /// How much is not what it should be. Before the first audit that is not known.
    fn integrity(&self, numbers: &Numbers) -> Option<f64> {
        let audited = numbers.find("annals_integrity_findings");
        let found = audited.unwrap_or_default()
            + numbers.sum("annals_integrity_findings_total")
            + numbers.sum("annals_tiles_refused_to_sign_total")
            + numbers.sum("annals_damaged_records_total");
        (found > 0.0 || audited.is_some() || !self.audits).then_some(found)
    }

    /// For how many seconds a run has been due.
    fn retention(&self, now: Moment, numbers: &Numbers) -> Option<f64> {
        Some(self.overdue(now, numbers.find(LAST_RETENTION), self.retention_interval?))
    }

    /// For how many seconds a backup has been missing, one interval after it was due.
    fn backups(&self, now: Moment, numbers: &Numbers) -> Option<f64> {
        let interval = self.backup_interval?.saturating_mul(2);
        Some(self.overdue(now, numbers.find(LAST_BACKUP), interval))
    }

    /// What has not been done since the start has time from then on.
    fn overdue(&self, now: Moment, last: Option<f64>, interval: u64) -> f64 {
        let last = last.unwrap_or_default().max(self.started.as_second() as f64);
        (now.wall.as_second() as f64 - last - interval as f64).max(0.0)
    }

    /// By how many seconds the clock jumped, or is behind what the log was told before.
    fn clock(&mut self, now: Moment) -> f64 {
        let jumped = self.jumps.tell(now);
        let ahead = self.api.clock.now().as_second() - Timestamp::now().as_second();
        let seconds = jumped.max(if ahead > 1 { ahead as f64 } else { 0.0 });
        metrics::gauge!("annals_clock_jump_seconds").set(seconds);
        seconds
    }

    /// Bytes that are free, and when certificates end.
    async fn files(&self) -> (Option<f64>, Vec<End>) {
        let (dir, files) = (self.data_dir.clone(), self.certificates.clone());
        let looking = tokio::task::spawn_blocking(move || {
            (rustix::fs::statvfs(&dir), certificates::ends(&files))
        });
        let Ok(Ok((disk, ends))) = tokio::time::timeout(FILES_PATIENCE, looking).await else {
            warn!("the disk does not answer: neither its room nor certificates are known");
            return (None, Vec::new());
        };
        let Ok(disk) = disk else { return (None, ends) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize) as f64;
        metrics::gauge!("annals_disk_free_bytes").set(free);
        let size = disk.f_blocks.saturating_mul(disk.f_frsize) as f64;
        metrics::gauge!("annals_disk_size_bytes").set(size);
        (Some(free), ends)
    }

    /// Days until the first certificate ends. One that cannot be read counts as one that has ended.
    fn certificates(&mut self, now: Moment, ends: &[End]) -> Option<f64> {
        let known = std::mem::take(&mut self.unreadable);
        let mut first: Option<f64> = None;
        for (file, end) in ends {
            let end = match end {
                Ok(end) => end.as_second(),
                Err(error) => {
                    if !known.contains(file) {
                        let cause = format!("{error:#}");
                        warn!(file = %file.display(), cause, "a certificate cannot be looked at");
                    }
                    self.unreadable.push(file.clone());
                    0
                }
            };
            let name = file.display().to_string();
            metrics::gauge!("annals_certificate_end_timestamp_seconds", "file" => name)
                .set(end as f64);
            let days = (end - now.wall.as_second()) as f64 / DAY_SECONDS;
            first = Some(first.map_or(days, |first| first.min(days)));
        }
        first
    }
}
