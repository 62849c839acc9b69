//! Annals watches itself: it takes readings, and tells when something is wrong and when it is right again.
//!
//! When that is decided by [`annals_domain::watching`]. What is raised and cleared stands in the operations
//! log, in the metrics, on `/api/v1/health/conditions`, and in the log of the tenant `system`, each once: what
//! was told is kept in the data directory, also over restarts.

mod certificates;
mod keeping;
mod numbers;
mod reading;
mod settings;
mod telling;

use std::path::Path;
use std::time::{Duration, Instant};

use annals_api::{Api, Shown};
use annals_domain::event::Severity;
use annals_domain::watching::{Change, Condition, Moment, Standings, Thresholds, judge};
use jiff::Timestamp;
use tracing::{error, info, warn};

use self::keeping::Keeper;
pub(crate) use self::keeping::forget_poison;
use self::reading::Reader;
pub(crate) use self::settings::AlertSettings;
use crate::configuration::Settings;
use crate::installation::Installation;

/// Begins to watch, if the settings want that.
pub(crate) fn start(
    api: &Api,
    settings: &Settings,
    data_dir: &Path,
    installation: &Installation,
) -> anyhow::Result<()> {
    let alerts = &settings.alerts;
    let thresholds = alerts.thresholds()?;
    let Some(interval) = alerts.interval()? else { return Ok(()) };
    let watcher = Watcher {
        api: Api::clone(api),
        reader: Reader::new(api, settings, data_dir, interval),
        keeper: Keeper::new(installation.own_registers()?, installation.node_name(settings)?),
        thresholds,
        interval,
        grace: Duration::from_secs(alerts.grace_seconds),
        began: Instant::now(),
        standings: Standings::default(),
    };
    tokio::spawn(watcher.run());
    Ok(())
}

struct Watcher {
    api: Api,
    reader: Reader,
    keeper: Keeper,
    thresholds: Thresholds,
    interval: Duration,
    /// After the start nothing is raised for so long.
    grace: Duration,
    began: Instant,
    standings: Standings,
}

impl Watcher {
    async fn run(mut self) {
        self.standings = self.keeper.restore().await;
        self.reader.carry_poison(self.keeper.has_poison());
        let stopping = self.api.stopping.clone();
        while !stopping.is_cancelled() {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.round() => {}
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(self.interval) => {}
            }
        }
    }

    /// Takes readings, judges them, and tells what changed.
    async fn round(&mut self) {
        let now = Moment { steady: self.began.elapsed(), wall: Timestamp::now() };
        let readings = self.reader.read(now).await;
        if now.steady >= self.grace {
            let (standings, changes) = judge(&self.standings, &self.thresholds, &readings, now);
            self.standings = standings;
            for change in &changes {
                log(change);
                let threshold = self.thresholds.get(&change.condition).map(|at| at.bad());
                self.keeper.add(change, threshold.unwrap_or_default(), now.wall);
            }
        }
        for condition in Condition::ALL {
            let (name, raised) = (condition.as_str(), self.standings.find(*condition).is_some());
            metrics::gauge!("annals_health_condition", "condition" => name)
                .set(f64::from(u8::from(raised)));
            if let Some(reading) = readings.get(condition) {
                metrics::gauge!("annals_health_reading", "condition" => name).set(*reading);
            }
        }
        self.api.health.show(Shown {
            checked_at: Some(now.wall),
            readings,
            standings: self.standings.clone(),
            thresholds: self.thresholds.clone(),
        });
        self.keeper.keep(&self.standings).await;
        telling::tell(&self.api, &mut self.keeper, &self.standings).await;
    }
}

fn log(change: &Change) {
    let definition = change.condition.definition();
    let (condition, reading, unit) = (definition.id, change.reading, definition.unit);
    let (means, remedy) = (definition.means, definition.remedy);
    match (change.is_raised, definition.severity) {
        (false, _) => info!(condition, reading, unit, "Annals is well again"),
        (true, Severity::Error | Severity::Critical) => {
            error!(condition, reading, unit, remedy, "something is wrong with Annals: {means}");
        }
        (true, _) => {
            warn!(condition, reading, unit, remedy, "something is wrong with Annals: {means}");
        }
    }
}

#[cfg(test)]
mod tests;
