//! Checking that every record opens and holds what its header says.

use std::sync::Arc;

use annals_domain::Position;
use annals_ports::{EventLog, KeyStore};
use annals_record::MasterKey;

use crate::key_ring::KeyRing;
use crate::opening::{Opener, ReadError};
use crate::projection::with_causes;
use crate::reading::{Stretch, entries_after};
use crate::sealing::Fresh;

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
/// header. Tells `progress` the position it has come to.
pub async fn open_every_record(
    log: Arc<dyn EventLog>,
    keys: Arc<dyn KeyStore>,
    master: MasterKey,
    mut progress: impl FnMut(Position),
) -> Result<OpeningReport, ReadError> {
    let keys = Arc::new(KeyRing::new(keys, master));
    let opener = Opener { keys, fresh: Arc::new(Fresh::default()) };
    let mut report = OpeningReport::default();
    let mut position = Position::START;
    loop {
        let Stretch { entries, end, damaged } = entries_after(&*log, position, STEP).await?;
        if end == position {
            return Ok(report);
        }
        position = end;
        let places: Vec<_> =
            entries.iter().map(|e| (e.record.stream.clone(), e.revision)).collect();
        for (result, (stream, revision)) in opener.open(entries).await?.into_iter().zip(places) {
            report.records += 1;
            if let Err(error) = result {
                let cause = with_causes(&error);
                report.add(format!("stream {stream}, revision {revision}: {cause}"));
            }
        }
        if let Some(damaged) = damaged {
            report.records += 1;
            report.add(with_causes(&damaged));
        }
        progress(position);
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
