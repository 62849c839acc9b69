//! What of the log is a record, what is a trace of somebody else, and what is missing.

use std::collections::HashMap;

use annals_domain::{Position, Revision, StreamName};
use annals_ports::append_plan::{RecordKey, next_revision};
use annals_ports::{LogEntry, LogError, LogReplica};
use eventstore::RecordedEvent;

use crate::findings::{Finding, FindingKind, Sort, sort};
use crate::marks::{Mark, Marks};
use crate::names::Names;
use crate::rights;
use crate::wire::record_of;

/// Events, sorted.
pub(super) struct Sorted {
    /// The records, in order.
    pub(super) entries: Vec<LogEntry>,
    /// The event of each record.
    pub(super) events: Vec<RecordedEvent>,
    /// What retention cut.
    pub(super) marked: Vec<Marked>,
    pub(super) findings: Vec<Finding>,
}

/// Metadata that Annals wrote.
pub(super) struct Marked {
    pub(super) stream: StreamName,
    pub(super) mark: Mark,
    pub(super) event: RecordedEvent,
}

/// Revisions of a stream that were passed over.
pub(super) struct Gap {
    pub(super) stream: StreamName,
    /// Behind the gap.
    pub(super) revision: Revision,
    /// Index of the event by which it was noticed.
    pub(super) event: usize,
}

pub(super) fn sort_all(names: &Names, marks: &Marks, all: Vec<RecordedEvent>) -> Sorted {
    let (entries, events) = (Vec::new(), Vec::new());
    let mut sorted = Sorted { entries, events, marked: Vec::new(), findings: Vec::new() };
    for event in all {
        match sort(names, &event.stream_id, &event.event_type) {
            Sort::Other => {}
            Sort::Finding(kind) => sorted.findings.push(Finding::new(kind, &event)),
            Sort::Metadata(name) => match marks.read(&names.on_server(name), &event.data) {
                Some(mark) => {
                    let stream = StreamName::from_stored(name);
                    sorted.marked.push(Marked { stream, mark, event });
                }
                None => {
                    sorted.findings.push(Finding::new(FindingKind::MetadataChanged, &event));
                }
            },
            Sort::Rights if rights::protect_records(&event.data) => {}
            Sort::Rights => {
                sorted.findings.push(Finding::new(FindingKind::RightsChanged, &event));
            }
            Sort::Record(name) => match record_of(name, &event) {
                Some(record) => {
                    let (position, revision) =
                        (Position(event.position.commit), Revision(event.revision));
                    sorted.entries.push(LogEntry { position, revision, record });
                    sorted.events.push(event);
                }
                None => sorted.findings.push(Finding::new(FindingKind::ForeignEvent, &event)),
            },
        }
    }
    sorted
}

/// Looks for ids that were used before, and tells where revisions were passed over.
pub(super) async fn check_continuity(
    replica: &dyn LogReplica,
    entries: &[LogEntry],
    events: &[RecordedEvent],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Gap>, LogError> {
    let mut gaps = Vec::new();
    let mut names: Vec<StreamName> =
        entries.iter().map(|entry| entry.record.stream.clone()).collect();
    names.sort();
    names.dedup();
    let ends = replica.last_revisions(&names).await?;
    let mut ends: HashMap<StreamName, Option<Revision>> = names.into_iter().zip(ends).collect();
    let keys: Vec<RecordKey> = entries.iter().map(|entry| RecordKey::from(&entry.record)).collect();
    let held = replica.held(&keys).await?;
    let mut seen = HashMap::new();
    for (index, (entry, event)) in entries.iter().zip(events).enumerate() {
        let end = ends.entry(entry.record.stream.clone()).or_default();
        if next_revision(*end) < entry.revision {
            let stream = entry.record.stream.clone();
            gaps.push(Gap { stream, revision: entry.revision, event: index });
        }
        *end = (*end).max(Some(entry.revision));
        let key = &keys[index];
        let earlier = held[index].map(|held| held.position);
        let earlier = earlier.or_else(|| seen.get(&(&key.tenant, key.id)).copied());
        if earlier.is_some_and(|earlier| earlier < entry.position) {
            findings.push(Finding::new(FindingKind::IdUsedTwice, event));
        }
        seen.entry((&key.tenant, key.id)).or_insert(entry.position);
    }
    Ok(gaps)
}
