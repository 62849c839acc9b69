//! The outbox in memory.

use std::collections::BTreeMap;

use annals_domain::notification::{OutboxChange, Outgoing, Queued, TellingChange, TellingEntry};
use annals_domain::{Position, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use super::inbox::MemoryInbox;
use super::locked;
use crate::ReadModelError;
use crate::outbox::{
    Attempt, AttemptOutcome, Due, Message, MessageState, Outbox, Pending, bucket_of, due_at,
    gather, lane_of,
};

/// What lies in the outbox.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: BTreeMap<(Position, Uuid), Row>,
    kept: BTreeMap<(TenantId, String), TellingEntry>,
    attempts: Vec<Attempt>,
}

#[derive(Debug)]
struct Row {
    message: Outgoing,
    lane: String,
    state: MessageState,
    next: Timestamp,
    tries: u32,
    first_tried: Option<Timestamp>,
    beyond: bool,
}

impl Rows {
    pub(super) fn change(
        &mut self,
        changes: &[OutboxChange],
        kept: &[TellingChange],
        waiting_max: usize,
    ) {
        for change in changes {
            match change {
                OutboxChange::Queued(queued) => self.queue(queued, waiting_max),
                OutboxChange::Settled(settled) => {
                    for row in self.rows.values_mut() {
                        if settled.delivered.contains(&row.message.id) {
                            row.state = MessageState::Delivered;
                        } else if settled.failed.contains(&row.message.id) {
                            row.state = MessageState::GivenUp;
                        }
                    }
                }
            }
        }
        for change in kept {
            let place = (change.tenant.clone(), change.name.clone());
            match &change.entry {
                Some(entry) => drop(self.kept.insert(place, entry.clone())),
                None => drop(self.kept.remove(&place)),
            }
        }
    }

    fn queue(&mut self, queued: &Queued, waiting_max: usize) {
        let untouched = |row: &Row| row.state == MessageState::Waiting && row.tries == 0;
        let digest = self
            .rows
            .values_mut()
            .find(|row| Some(row.message.id) == queued.gathered_by && untouched(row));
        if let Some(digest) = digest {
            return gather(&mut digest.message, &queued.message);
        }
        if self.rows.values().any(|row| row.message.id == queued.message.id) {
            return;
        }
        let (lane, bucket) = (lane_of(queued), bucket_of(&queued.message));
        let waiting = || self.rows.values().filter(|row| row.state == MessageState::Waiting);
        let beyond =
            waiting().filter(|row| bucket_of(&row.message) == bucket).count() >= waiting_max;
        let behind = waiting().filter(|row| row.lane == lane && !beyond).map(|row| row.next).max();
        let next = due_at(queued).max(behind.unwrap_or(Timestamp::MIN));
        let message = queued.message.clone();
        let place = (message.position, message.id);
        let (state, tries, first_tried) = (MessageState::Waiting, 0, None);
        self.rows.insert(place, Row { message, lane, state, next, tries, first_tried, beyond });
    }

    pub(super) fn forget(&mut self, tenant: &TenantId, person: &str) {
        self.rows.retain(|_, row| {
            &row.message.tenant != tenant || row.message.recipient.as_deref() != Some(person)
        });
        self.kept.retain(|(of, _), entry| of != tenant || entry.person() != Some(person));
    }

    pub(super) fn reword(&mut self, event: annals_domain::EventId, title: &str, body: &str) {
        for row in self.rows.values_mut().filter(|row| row.message.event == event) {
            row.message.title = title.into();
            row.message.body = body.into();
        }
    }

    fn waiting(&self, floor: Position) -> impl Iterator<Item = &Row> {
        let waiting = |row: &&Row| row.state == MessageState::Waiting;
        self.rows.values().filter(move |row| row.message.position > floor).filter(waiting)
    }

    fn attempted(&mut self, attempt: &Attempt) {
        self.attempts.push(attempt.clone());
        let Some(row) = self.rows.values_mut().find(|row| row.message.id == attempt.message) else {
            return;
        };
        row.tries += 1;
        row.first_tried.get_or_insert(attempt.at);
        let rests = match attempt.outcome {
            AttemptOutcome::Delivered => return row.state = MessageState::Delivered,
            AttemptOutcome::GivenUp => return row.state = MessageState::GivenUp,
            AttemptOutcome::Again(until) => (row.lane.clone(), until),
        };
        let lane = self.rows.values_mut().filter(|row| row.lane == rests.0);
        for row in lane.filter(|row| row.state == MessageState::Waiting && !row.beyond) {
            row.next = row.next.max(rests.1);
        }
    }
}

impl Outbox for MemoryInbox {
    fn kept(&self) -> Result<Vec<(TenantId, TellingEntry)>, ReadModelError> {
        let state = locked(&self.state);
        let kept = state.outbox.kept.iter();
        Ok(kept.map(|((tenant, _), entry)| (tenant.clone(), entry.clone())).collect())
    }

    fn due(&self, floor: Position, now: Timestamp) -> Result<Due, ReadModelError> {
        let state = locked(&self.state);
        let waiting = || state.outbox.waiting(floor);
        let due = waiting().filter(|row| row.next <= now).map(|row| bucket_of(&row.message));
        let mut buckets: Vec<String> = due.collect();
        buckets.sort();
        buckets.dedup();
        let next = waiting().map(|row| row.next).filter(|next| *next > now).min();
        Ok(Due { buckets, next })
    }

    fn due_of(
        &self,
        bucket: &str,
        floor: Position,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Pending>, ReadModelError> {
        let state = locked(&self.state);
        let due = state.outbox.waiting(floor).filter(|row| row.next <= now);
        let theirs = due.filter(|row| bucket_of(&row.message) == bucket).take(limit);
        Ok(theirs.map(Row::pending).collect())
    }

    fn attempted(&self, attempts: &[Attempt]) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        attempts.iter().for_each(|attempt| state.outbox.attempted(attempt));
        Ok(())
    }

    fn attempts_of(&self, message: Uuid) -> Result<Vec<Attempt>, ReadModelError> {
        let state = locked(&self.state);
        let theirs = state.outbox.attempts.iter().filter(|attempt| attempt.message == message);
        Ok(theirs.cloned().collect())
    }

    fn oldest_waiting(&self, floor: Position) -> Result<Option<Position>, ReadModelError> {
        let state = locked(&self.state);
        Ok(state.outbox.waiting(floor).map(|row| row.message.position).next())
    }

    fn messages(
        &self,
        tenant: &TenantId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Message>, ReadModelError> {
        let state = locked(&self.state);
        let theirs = state.outbox.rows.values().rev().filter(|row| &row.message.tenant == tenant);
        let earlier = theirs.filter(|row| before.is_none_or(|b| row.message.position < b));
        let shown = earlier.take(limit).map(|row| Message {
            message: row.message.clone(),
            state: row.state,
            tries: row.tries,
        });
        Ok(shown.collect())
    }
}

impl Row {
    fn pending(&self) -> Pending {
        Pending {
            message: self.message.clone(),
            lane: self.lane.clone(),
            tries: self.tries,
            first_tried: self.first_tried,
            beyond: self.beyond,
        }
    }
}
