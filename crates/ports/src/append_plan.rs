//! What an append item does to its stream, decided without touching a store.
//!
//! Stores differ in how they look records up and write them; what is a duplicate, a conflict or a
//! wrong revision must not differ, so it stands here once.

use std::collections::HashMap;

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_record::Record;

use crate::event_log::{AppendError, Appended, Expected};

/// What tells a record from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKey {
    /// Whose it is.
    pub tenant: TenantId,
    /// Identifies the event within the tenant.
    pub id: EventId,
    /// Tells its content from other content under the same id.
    pub fingerprint: [u8; 16],
}

impl From<&Record> for RecordKey {
    fn from(record: &Record) -> Self {
        Self { tenant: record.tenant.clone(), id: record.id, fingerprint: record.fingerprint }
    }
}

/// What the log already holds under a record's tenant and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Place in the whole log.
    pub position: Position,
    /// Place in its stream.
    pub revision: Revision,
    /// Tells its content.
    pub fingerprint: [u8; 16],
}

/// What to do with one record of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write it behind the stream's last record.
    Store,
    /// It lies there already.
    Answer(Appended),
    /// It is the same as an earlier record of the item, by index; answer as for that one.
    Repeat(usize),
}

/// Decides what to do with each record of an item, or why the item is refused as a whole.
///
/// `held[i]` is what the log holds under the id of `keys[i]`. An item of which everything is held
/// is a success whatever is `expected`: it is the same append, sent again.
pub fn plan(
    stream: &StreamName,
    expected: Expected,
    last: Option<Revision>,
    keys: &[RecordKey],
    held: &[Option<Held>],
) -> Result<Vec<Step>, AppendError> {
    let mut earlier = HashMap::<(&TenantId, EventId), usize>::new();
    let mut steps = Vec::with_capacity(keys.len());
    for (index, (key, held)) in keys.iter().zip(held).enumerate() {
        let (fingerprint, step) = match (held, earlier.get(&(&key.tenant, key.id))) {
            (Some(held), _) => (held.fingerprint, answer(held)),
            (None, Some(&first)) => (keys[first].fingerprint, Step::Repeat(first)),
            (None, None) => {
                earlier.insert((&key.tenant, key.id), index);
                (key.fingerprint, Step::Store)
            }
        };
        if fingerprint != key.fingerprint {
            return Err(AppendError::IdempotencyConflict { id: key.id });
        }
        steps.push(step);
    }
    if steps.contains(&Step::Store) && !meets(expected, last) {
        return Err(AppendError::WrongRevision { stream: stream.clone(), expected, actual: last });
    }
    Ok(steps)
}

/// Whether a stream that ends at `last` is as expected.
pub fn meets(expected: Expected, last: Option<Revision>) -> bool {
    match expected {
        Expected::Any => true,
        Expected::Empty => last.is_none(),
        Expected::Last(revision) => last == Some(revision),
    }
}

/// The revision of the record that follows one.
pub fn next_revision(last: Option<Revision>) -> Revision {
    Revision(last.map_or(0, |revision| revision.0 + 1))
}

fn answer(held: &Held) -> Step {
    Step::Answer(Appended { position: held.position, revision: held.revision, duplicate: true })
}

#[cfg(test)]
mod tests;
