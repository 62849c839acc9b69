//! Checking that every record opens and holds what its header says.

use std::fmt;
use std::sync::Arc;

use annals_domain::{Position, Revision, StreamName, TenantId};
use annals_ports::{EventLog, KeyStore, KeyStoreError, LogEntry};
use annals_record::{KeyId, RootKey};

use crate::key_ring::{KeyRing, KeyRingError};
use crate::opening::{Opener, ReadError};
use crate::projection::with_causes;
use crate::reading::{Stretch, entries_after};

/// Records opened in one step.
const STEP: usize = 1024;
/// More findings are only counted.
const FINDINGS_MAX: usize = 1000;

/// What was found.
#[derive(Debug, Default)]
pub struct OpeningReport {
    /// How many records were opened.
    pub records: u64,
    /// What is wrong, at most a thousand: where, and how it shows.
    pub findings: Vec<String>,
    /// How much is wrong.
    pub findings_total: u64,
}

/// Opens every record of the log with its keys and compares each part with its digest in the
/// header. A key that is not there must be one of which `was_destroyed` says so: it would else be lost,
/// and with it what it seals. Tells `progress` the position it has come to.
pub async fn open_every_record(
    log: Arc<dyn EventLog>,
    keys: Arc<dyn KeyStore>,
    root: RootKey,
    was_destroyed: impl Fn(&TenantId, &KeyId) -> Result<bool, KeyStoreError>,
    mut progress: impl FnMut(Position),
) -> Result<OpeningReport, ReadError> {
    let ring = Arc::new(KeyRing::new(Arc::clone(&keys), root));
    // What is checked is what is stored.
    let opener = Opener { keys: ring, fresh: Arc::default(), upcasters: Arc::default() };
    let mut report = OpeningReport::default();
    let mut position = Position::START;
    loop {
        let Stretch { entries, end, damaged } = entries_after(&*log, position, STEP).await?;
        if end == position {
            return Ok(report);
        }
        position = end;
        let places: Vec<Place> = entries.iter().map(Place::of).collect();
        for (result, place) in opener.open(entries).await?.into_iter().zip(places) {
            report.records += 1;
            match result {
                Ok(opened) if opened.erased.is_empty() => {}
                Ok(_) => {
                    if place.has_lost_key(&*keys, &was_destroyed).await? {
                        report.add(format!("{place}: a key is gone that nobody destroyed"));
                    }
                }
                Err(error) => report.add(format!("{place}: {}", with_causes(&error))),
            }
        }
        if let Some(damaged) = damaged {
            report.records += 1;
            report.add(with_causes(&damaged));
        }
        progress(position);
    }
}

/// Where a record lies, and which keys it needs.
struct Place {
    tenant: TenantId,
    stream: StreamName,
    revision: Revision,
    keys: Vec<KeyId>,
}

impl Place {
    fn of(entry: &LogEntry) -> Self {
        let LogEntry { record, revision, .. } = entry;
        let keys = record.groups.iter().map(|group| group.key).collect();
        let (tenant, stream) = (record.tenant.clone(), record.stream.clone());
        Self { tenant, stream, revision: *revision, keys }
    }

    /// Whether one of its keys is not there and was not destroyed.
    async fn has_lost_key(
        &self,
        keys: &dyn KeyStore,
        was_destroyed: &impl Fn(&TenantId, &KeyId) -> Result<bool, KeyStoreError>,
    ) -> Result<bool, ReadError> {
        let stored =
            keys.person_keys(&self.tenant, &self.keys).await.map_err(KeyRingError::from)?;
        for (id, _) in self.keys.iter().zip(stored).filter(|(_, wrapped)| wrapped.is_none()) {
            if !was_destroyed(&self.tenant, id).map_err(KeyRingError::from)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {}, revision {}", self.stream, self.revision)
    }
}

impl OpeningReport {
    fn add(&mut self, finding: String) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}
