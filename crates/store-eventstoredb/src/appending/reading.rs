//! What an append has to read: where its records came to lie, and what others have written.

use annals_domain::{Position, Revision, StreamName};
use annals_ports::append_plan::next_revision;
use eventstore::RecordedEvent;
use tokio::time::Instant;

use super::{Appender, Call};
use crate::ahead::Expecting;
use crate::failure::Failure;
use crate::rounds::Facts;
use crate::wire::{Proposed, Written, record_of};

/// How many events of a stream's end are read at once.
const TAIL_PAGE: usize = 500;

impl Appender {
    /// Where the records of an append lie.
    pub(super) async fn places(
        &self,
        stream: &StreamName,
        first: Revision,
        proposed: &[Proposed],
        written: Written,
        expecting: Option<Expecting<'_>>,
    ) -> Result<Vec<Position>, Failure> {
        let last = first.0 + proposed.len() as u64 - 1;
        if written.last == Some(last) {
            match (expecting, written.place) {
                (None, Some(place)) => return Ok(vec![Position(place)]),
                (None, None) => {}
                (Some(expecting), place) => {
                    if let Some(places) = self.told_by_the_copy(expecting, place).await {
                        return Ok(places);
                    }
                }
            }
        }
        let events =
            self.streams.read_forwards(&self.on_server(stream), first.0, proposed.len()).await?;
        let ours = events.iter().map(|event| event.id).eq(proposed.iter().map(Proposed::id));
        match ours {
            true => Ok(events.iter().map(|event| Position(event.position.commit)).collect()),
            false => Err(Failure::Conflict),
        }
    }

    /// Waits for the copy to tell places, unless it has passed them or is still far from them.
    async fn told_by_the_copy(
        &self,
        mut expecting: Expecting<'_>,
        last: Option<u64>,
    ) -> Option<Vec<Position>> {
        let has_passed = last.is_some_and(|last| Position(last) <= *self.ahead.applied().borrow());
        let known = expecting.known();
        if known.is_some() || has_passed {
            return known;
        }
        let mut caught_up = self.caught_up.clone();
        let is_behind = caught_up.wait_for(|caught_up| !caught_up);
        tokio::select! {
            biased;
            places = expecting.places() => places,
            _ = is_behind => None,
            () = tokio::time::sleep(self.settings.attempt_patience) => None,
        }
    }

    /// Learns what lies in a stream beyond what this node knows.
    pub(super) async fn read_tail(
        &self,
        call: &Call,
        stream: &StreamName,
        facts: &mut Facts,
    ) -> Result<(), Failure> {
        let known = facts.last;
        loop {
            if Instant::now() >= call.deadline {
                return Err(Failure::unknown("the copy of the log is too far behind its streams"));
            }
            let from = next_revision(facts.last);
            let events =
                self.streams.read_forwards(&self.on_server(stream), from.0, TAIL_PAGE).await?;
            self.learn(stream, &events, facts);
            if events.len() < TAIL_PAGE {
                break;
            }
        }
        if facts.last == known
            && let Some(last) = self.streams.read_last(&self.on_server(stream)).await?
        {
            // What lay in between was taken out of the stream.
            facts.last = facts.last.max(Some(Revision(last.revision)));
        }
        Ok(())
    }

    fn learn(&self, stream: &StreamName, events: &[RecordedEvent], facts: &mut Facts) {
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            let (position, revision) = (Position(event.position.commit), Revision(event.revision));
            facts.last = facts.last.max(Some(revision));
            // What is no record takes a revision all the same; the copying of the log reports it.
            if let Some(record) = record_of(stream.as_str(), event) {
                let key = (&record).into();
                facts.learn(&key, position, revision);
                records.push((key, position, revision));
            }
        }
        self.ahead.add(stream, records.into_iter());
    }
}
