//! Which records of a stream go into its next append, decided without the server.

use std::collections::{HashMap, HashSet};

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_ports::append_plan::{Held, RecordKey, Step, next_revision, plan};
use annals_ports::{AppendError, AppendItem, Appended, Expected};
use bytes::Bytes;
use uuid::Uuid;

use crate::ahead::Seen;
use crate::wire::Proposed;

/// An item that is to be appended, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    /// Which answer of the batch it is.
    pub(crate) index: usize,
    pub(crate) expected: Expected,
    pub(crate) keys: Vec<RecordKey>,
    pub(crate) proposed: Vec<Proposed>,
}

impl Pending {
    /// Makes an item ready, or tells why it cannot be stored.
    pub(crate) fn prepare(
        index: usize,
        item: &AppendItem,
        record_bytes_max: usize,
    ) -> Result<Self, AppendError> {
        let mut proposed = Vec::with_capacity(item.records.len());
        for record in &item.records {
            let data = Bytes::from(record.encode());
            if data.len() > record_bytes_max {
                let (id, bytes) = (record.id, data.len());
                return Err(AppendError::TooLarge { id, bytes, bytes_max: record_bytes_max });
            }
            // Other content under the same id is another event to the server: it must never take
            // the one for the other sent again.
            let id = Uuid::new_v5(&record.id.0, &record.fingerprint);
            proposed.push(Proposed::binary(id, &record.event_type, data));
        }
        let keys = item.records.iter().map(RecordKey::from).collect();
        Ok(Self { index, expected: item.expected, keys, proposed })
    }
}

/// What is known of a stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) last: Option<Revision>,
    pub(crate) held: HashMap<(TenantId, EventId), Held>,
}

impl Facts {
    pub(crate) fn learn(&mut self, key: &RecordKey, position: Position, revision: Revision) {
        let held = Held { position, revision, fingerprint: key.fingerprint };
        // The first that used an id counts.
        self.held.entry((key.tenant.clone(), key.id)).or_insert(held);
        self.last = self.last.max(Some(revision));
    }

    /// Adds what lies ahead of the copy. The end of the stream that lies there counts only if it goes on
    /// where the known part ends: else an id in between would not be known.
    pub(crate) fn add<'a>(&mut self, seen: Seen, keys: impl Iterator<Item = &'a RecordKey>) {
        if let Some((first, last)) = seen.run
            && first <= next_revision(self.last)
        {
            self.last = self.last.max(Some(last));
        }
        for (key, held) in keys.zip(seen.held) {
            if let Some(held) = held {
                self.held.entry((key.tenant.clone(), key.id)).or_insert(held);
            }
        }
    }

    fn held(&self, keys: &[RecordKey]) -> Vec<Option<Held>> {
        keys.iter().map(|key| self.held.get(&(key.tenant.clone(), key.id)).copied()).collect()
    }
}

/// How much goes into one append.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoundLimits {
    pub(crate) records_max: usize,
    pub(crate) bytes_max: usize,
}

/// The items that are answered by the next append.
#[derive(Debug)]
pub(crate) struct Round {
    /// One for each item, in order, from the first on.
    pub(crate) outcomes: Vec<Result<Vec<Step>, AppendError>>,
    /// How many records are to be stored.
    pub(crate) records: usize,
}

/// Takes as many items as one append may hold. An item whose ids occur in an item before it waits for
/// the next round, when it is known where that one came to lie.
pub(crate) fn plan_round(
    stream: &StreamName,
    items: &[Pending],
    facts: &Facts,
    limits: RoundLimits,
) -> Round {
    let mut round = Round { outcomes: Vec::new(), records: 0 };
    let mut stored = HashSet::new();
    let mut bytes = 0;
    let mut last = facts.last;
    for item in items {
        if item.keys.iter().any(|key| stored.contains(&(&key.tenant, key.id))) {
            break;
        }
        let outcome = plan(stream, item.expected, last, &item.keys, &facts.held(&item.keys));
        let steps = outcome.as_deref().unwrap_or_default();
        let new = || steps.iter().enumerate().filter(|(_, step)| **step == Step::Store);
        let (new_records, new_bytes) =
            (new().count(), new().map(|(i, _)| item.proposed[i].len()).sum::<usize>());
        let full = round.records + new_records > limits.records_max
            || bytes + new_bytes > limits.bytes_max;
        if full && round.records > 0 && new_records > 0 {
            break;
        }
        for (index, _) in new() {
            let key = &item.keys[index];
            stored.insert((&key.tenant, key.id));
            last = Some(next_revision(last));
        }
        round.records += new_records;
        bytes += new_bytes;
        round.outcomes.push(outcome);
    }
    round
}

impl Round {
    /// What is sent to the server, and under which keys.
    pub(crate) fn to_store<'a>(
        &'a self,
        items: &'a [Pending],
    ) -> impl Iterator<Item = (&'a RecordKey, &'a Proposed)> {
        self.outcomes.iter().zip(items).flat_map(|(outcome, item)| {
            let steps = outcome.as_deref().unwrap_or_default();
            let new = steps.iter().enumerate().filter(|(_, step)| **step == Step::Store);
            new.map(|(index, _)| (&item.keys[index], &item.proposed[index]))
        })
    }

    /// The answers, once it is known where the records came to lie, from a revision on. A place that is
    /// not beyond what was known before the append is that of the same append, sent earlier.
    pub(crate) fn answers(
        self,
        first: Revision,
        places: &[Position],
        known: Position,
    ) -> Vec<Result<Vec<Appended>, AppendError>> {
        let mut stored = places.iter().zip(first.0..).map(|(position, revision)| Appended {
            position: *position,
            revision: Revision(revision),
            duplicate: *position <= known,
        });
        let answer = |outcome: Result<Vec<Step>, AppendError>| {
            let mut answers: Vec<Appended> = Vec::new();
            for step in outcome? {
                answers.push(match step {
                    Step::Answer(appended) => appended,
                    Step::Repeat(index) => Appended { duplicate: true, ..answers[index] },
                    Step::Store => stored.next().expect("there is a place for each record"),
                });
            }
            Ok(answers)
        };
        self.outcomes.into_iter().map(answer).collect()
    }
}

#[cfg(test)]
mod tests;
