//! The outbox in memory.

use std::collections::BTreeMap;

use annals_domain::notification::{
    OutboxChange, Outgoing, Queued, Replay, TellingChange, TellingEntry,
};
use annals_domain::{Position, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use super::inbox::MemoryInbox;
use super::locked;
use crate::ReadModelError;
use crate::outbox::{
    Attempt, AttemptOutcome, Due, Message, MessageState, MessagesAsked, Outbox, Pending,
    REPLAY_MAX, Untold, bucket_of, due_at, endpoint_bucket, gather, lane_of,
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
    /// Tries before it waited again.
    tries_before: u32,
    first_tried: Option<Timestamp>,
    beyond: bool,
    /// What is done up to there does not tell of it.
    released: Position,
    /// The log has told that it is done.
    settled: bool,
    /// The log has yet to tell of an outcome from before it waited again.
    unheard: bool,
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
                OutboxChange::Queued(queued) => {
                    self.queue(queued, MessageState::Waiting, waiting_max);
                }
                OutboxChange::Past(queued) => {
                    self.queue(queued, MessageState::Delivered, waiting_max);
                }
                OutboxChange::Replayed(replay) => self.replay(replay),
                OutboxChange::Settled(settled) => {
                    for row in self.rows.values_mut() {
                        if settled.delivered.contains(&row.message.id) {
                            row.settle(MessageState::Delivered);
                        } else if settled.failed.contains(&row.message.id) {
                            row.settle(MessageState::GivenUp);
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

    fn queue(&mut self, queued: &Queued, state: MessageState, waiting_max: usize) {
        let untouched = |row: &Row| row.state == MessageState::Waiting && row.tries == 0;
        if let Some(digest) = queued.gathered_by {
            let digest = self.rows.values_mut().find(|row| row.message.id == digest);
            match digest {
                Some(digest) if untouched(digest) => {
                    return gather(&mut digest.message, &queued.message);
                }
                // What is past went out with its digest.
                Some(_) if state != MessageState::Waiting => return,
                _ => {}
            }
        }
        if self.rows.contains_key(&(queued.message.position, queued.message.id)) {
            return;
        }
        let (lane, bucket) = (lane_of(queued), bucket_of(&queued.message));
        let waiting = || self.rows.values().filter(|row| row.state == MessageState::Waiting);
        let beside = |row: &&Row| {
            bucket_of(&row.message) == bucket && row.message.tenant == queued.message.tenant
        };
        let beyond = waiting().filter(beside).count() >= waiting_max;
        let behind = waiting().filter(|row| row.lane == lane && !beyond).map(|row| row.next).max();
        let next = due_at(queued).max(behind.unwrap_or(Timestamp::MIN));
        let message = queued.message.clone();
        let place = (message.position, message.id);
        let released = message.position;
        let row = Row {
            message,
            lane,
            state,
            next,
            tries: 0,
            tries_before: 0,
            first_tried: None,
            beyond,
            released,
            settled: false,
            unheard: false,
        };
        self.rows.insert(place, row);
    }

    fn replay(&mut self, replay: &Replay) {
        let places: Vec<_> = self.replayable(replay).take(REPLAY_MAX).collect();
        let mut behind: BTreeMap<String, Timestamp> = BTreeMap::new();
        for row in self.rows.values().filter(|row| row.state == MessageState::Waiting) {
            let rests = behind.entry(row.lane.clone()).or_insert(row.next);
            *rests = row.next.max(*rests);
        }
        for place in places {
            let Some(row) = self.rows.get_mut(&place) else { continue };
            row.state = MessageState::Waiting;
            row.next = behind.get(&row.lane).map_or(replay.at, |rests| replay.at.max(*rests));
            row.tries_before = row.tries;
            row.first_tried = None;
            row.beyond = false;
            row.released = replay.position;
            row.unheard = !row.settled;
            row.settled = false;
        }
    }

    /// What a replay has wait again, oldest first.
    fn replayable(&self, replay: &Replay) -> impl Iterator<Item = (Position, Uuid)> {
        let bucket = endpoint_bucket(&replay.tenant, replay.endpoint);
        let range = replay.from..replay.to;
        let position = replay.position;
        let done = self.rows.iter().filter(move |(_, row)| {
            row.state != MessageState::Waiting
                && row.released < position
                && bucket_of(&row.message) == bucket
                && range.contains(&row.message.recorded_at)
        });
        done.map(|(place, _)| *place)
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
        self.rows.values().filter(move |row| row.released > floor).filter(waiting)
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
        without: &[String],
        limit: usize,
    ) -> Result<Vec<Pending>, ReadModelError> {
        let state = locked(&self.state);
        let due = state.outbox.waiting(floor).filter(|row| row.next <= now);
        let theirs = due.filter(|row| bucket_of(&row.message) == bucket);
        let theirs = theirs.filter(|row| !without.contains(&row.lane)).take(limit);
        Ok(theirs.map(Row::pending).collect())
    }

    fn attempted(&self, attempts: &[Attempt]) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        attempts.iter().for_each(|attempt| state.outbox.attempted(attempt));
        Ok(())
    }

    fn untold(&self, limit: usize) -> Result<Vec<Untold>, ReadModelError> {
        let state = locked(&self.state);
        let done = state.outbox.rows.values().filter(|row| {
            row.state != MessageState::Waiting && !row.settled && row.tries > row.tries_before
        });
        let untold = done.map(|row| {
            let attempts = &state.outbox.attempts;
            let last = attempts.iter().rfind(|attempt| attempt.message == row.message.id);
            let cause = || last.and_then(|last| last.cause.clone()).unwrap_or_default();
            Untold {
                tenant: row.message.tenant.clone(),
                message: row.message.id,
                failed: (row.state == MessageState::GivenUp).then(cause),
            }
        });
        Ok(untold.take(limit).collect())
    }

    fn took_since(&self, bucket: &str, since: Timestamp) -> Result<bool, ReadModelError> {
        let state = locked(&self.state);
        let took =
            |attempt: &Attempt| attempt.outcome == AttemptOutcome::Delivered && attempt.at >= since;
        let mut theirs = state.outbox.rows.values().filter(|row| bucket_of(&row.message) == bucket);
        Ok(theirs.any(|row| {
            let newer = row.state == MessageState::Delivered && row.message.recorded_at >= since;
            let attempts = &state.outbox.attempts;
            newer || attempts.iter().any(|one| one.message == row.message.id && took(one))
        }))
    }

    fn attempts_of(&self, message: Uuid) -> Result<Vec<Attempt>, ReadModelError> {
        let state = locked(&self.state);
        let theirs = state.outbox.attempts.iter().filter(|attempt| attempt.message == message);
        Ok(theirs.cloned().collect())
    }

    fn oldest_waiting(&self, floor: Position) -> Result<Option<Position>, ReadModelError> {
        let state = locked(&self.state);
        Ok(state.outbox.waiting(floor).map(|row| row.released).min())
    }

    fn page(
        &self,
        tenant: &TenantId,
        asked: &MessagesAsked,
        limit: usize,
    ) -> Result<Vec<Message>, ReadModelError> {
        let state = locked(&self.state);
        let bucket = asked.endpoint.map(|endpoint| endpoint_bucket(tenant, endpoint));
        let rows = state.outbox.rows.iter().rev();
        let earlier = rows.filter(|(place, _)| asked.before.is_none_or(|before| **place < before));
        let theirs = earlier.map(|(_, row)| row).filter(|row| {
            &row.message.tenant == tenant
                && asked.state.is_none_or(|state| row.state == state)
                && bucket.as_ref().is_none_or(|bucket| &bucket_of(&row.message) == bucket)
        });
        Ok(theirs.take(limit).map(Row::shown).collect())
    }

    fn message(&self, tenant: &TenantId, id: Uuid) -> Result<Option<Message>, ReadModelError> {
        let state = locked(&self.state);
        let mut rows = state.outbox.rows.values();
        let found = rows.find(|row| row.message.id == id && &row.message.tenant == tenant);
        Ok(found.map(Row::shown))
    }

    fn replayable(&self, replay: &Replay, limit: usize) -> Result<usize, ReadModelError> {
        Ok(locked(&self.state).outbox.replayable(replay).take(limit).count())
    }
}

impl Row {
    fn pending(&self) -> Pending {
        Pending {
            message: self.message.clone(),
            lane: self.lane.clone(),
            tries: self.tries - self.tries_before,
            first_tried: self.first_tried,
            beyond: self.beyond,
        }
    }

    fn shown(&self) -> Message {
        Message { message: self.message.clone(), state: self.state, tries: self.tries }
    }

    /// The log tells what became of it; what it told first stays.
    fn settle(&mut self, state: MessageState) {
        if self.unheard {
            self.unheard = false;
        } else if !self.settled {
            self.state = state;
            self.settled = true;
        }
    }
}
