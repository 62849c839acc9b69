//! The service makes backups by itself, and tells of them in the log and by metrics.

use std::path::{Path, PathBuf};
use std::time::Duration;

use annals_api::Api;
use annals_archive::backup::{Kind, Made, Repository, is_due};
use annals_archive::objects::{Access, Place};
use annals_domain::event::{JsonObject, OutcomeStatus};
use annals_record::RootKey;
use jiff::{SignedDuration, Timestamp};
use tracing::{error, info, warn};

use super::{damaged, make_one};
use crate::configuration::Settings;
use crate::{root_key, traces};

const MADE: &str = "annals.backup.made";
const FAILED: &str = "annals.backup.failed";
/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_secs(5);
/// After a failure there is some peace.
const REST: Duration = Duration::from_secs(300);

/// Makes backups until the service stops, if the settings say where.
pub(crate) fn serve(api: &Api, settings: &Settings, dir: &Path, root: &RootKey) {
    if settings.backup.to.is_empty() {
        return;
    }
    if !settings.store.is_embedded() {
        warn!(
            "`backup.to` is for an embedded log; this one is kept on a server, and not backed up"
        );
        return;
    }
    let backups = Backups {
        api: Api::clone(api),
        settings: settings.clone(),
        dir: dir.to_owned(),
        root: RootKey::from_bytes(*root.expose()),
    };
    tokio::spawn(backups.run());
}

struct Backups {
    api: Api,
    settings: Settings,
    dir: PathBuf,
    root: RootKey,
}

impl Backups {
    async fn run(self) {
        let stopping = self.api.stopping.clone();
        let mut wait = LOOK;
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = tokio::select! {
                () = stopping.cancelled() => return,
                outcome = self.make_if_due() => match outcome {
                    Ok(()) => LOOK,
                    Err(reason) => {
                        self.tell_failure(&reason).await;
                        REST
                    }
                }
            };
        }
    }

    async fn make_if_due(&self) -> anyhow::Result<()> {
        let interval = i64::try_from(self.settings.backup.interval_seconds).unwrap_or(i64::MAX);
        let interval = SignedDuration::from_secs(interval.max(1));
        let last = self.last().await?;
        if let Some(last) = last {
            metrics::gauge!("annals_backup_last_success_timestamp_seconds")
                .set(last.as_second() as f64);
        }
        if !is_due(last, interval, Timestamp::now()) {
            return Ok(());
        }
        let (settings, how) = (&self.settings, self.settings.backup.of_service());
        // Not by the master key once more: it may have been exchanged since, or its keeper be away.
        let root = (RootKey::from_bytes(*self.root.expose()), root_key::stored_in(&self.dir)?);
        let made = make_one(&self.dir, settings, root, &settings.backup.to, &how).await?;
        for key in &made.damaged_keys {
            error!("{}", damaged(key));
        }
        metrics::gauge!("annals_backup_last_success_timestamp_seconds")
            .set(made.snapshot.made_at.as_second() as f64);
        info!(snapshot = made.snapshot.name, records = made.records, "a backup was made");
        let event = traces::event_of(&self.api, MADE, self.metadata(&made))?;
        traces::record(&self.api, event).await
    }

    /// When the newest backup began, whoever made it.
    async fn last(&self) -> anyhow::Result<Option<Timestamp>> {
        let place = Place::open(&self.settings.backup.to, Access::Write)?;
        match Repository::open(place, &self.root).await {
            Ok(repository) => Ok(repository.newest_at().await?),
            Err(annals_archive::backup::RepositoryError::None(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn tell_failure(&self, reason: &anyhow::Error) {
        metrics::counter!("annals_backup_failures_total").increment(1);
        error!(error = &**reason as &dyn std::error::Error, "no backup was made; trying again");
        let mut metadata = JsonObject::new();
        metadata.insert("place".into(), self.place().into());
        metadata.insert("reason".into(), format!("{reason:#}").into());
        let told = async {
            let mut event = traces::event_of(&self.api, FAILED, metadata)?;
            event.outcome.status = OutcomeStatus::Failure;
            traces::record(&self.api, event).await
        };
        if let Err(error) = told.await {
            warn!(error = &*error as &dyn std::error::Error, "the failure is not recorded");
        }
    }

    fn metadata(&self, made: &Made) -> JsonObject {
        let kind = match made.snapshot.kind {
            Kind::Full => "full",
            Kind::Incremental => "incremental",
        };
        let mut metadata = JsonObject::new();
        metadata.insert("snapshot".into(), made.snapshot.name.as_str().into());
        metadata.insert("place".into(), self.place().into());
        metadata.insert("kind".into(), kind.into());
        metadata.insert("position".into(), made.snapshot.head().0.into());
        metadata.insert("records".into(), made.records.into());
        metadata.insert("bytes".into(), made.bytes.into());
        metadata.insert("deleted".into(), made.deleted.into());
        metadata.insert("cleansed".into(), made.cleansed.into());
        metadata.insert("renewed".into(), made.renewed.into());
        metadata.insert("damaged_keys".into(), made.damaged_keys.len().into());
        metadata
    }

    fn place(&self) -> String {
        let place = Place::open(&self.settings.backup.to, Access::Write);
        place.map_or_else(|_| String::new(), |place| place.url().to_owned())
    }
}
