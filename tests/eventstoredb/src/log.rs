//! All events in memory, in order, with an index by stream. Pure: no file, no clock.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::access::{Right, subject};
use crate::event::{Event, Expected, METADATA, NewEvent, STREAM_DELETED, TOMBSTONE};
use crate::metadata::{DefaultAcls, StreamMetadata, with_truncate_before};
use crate::refusal::Refusal;

mod check;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use read::StreamPage;

/// Where the first event lies: a real log begins with the server's own records.
const FIRST_POSITION: u64 = 1_159;

/// What lies between two appends.
const GAP: u64 = 37;

/// What a record takes beside the bytes of the event.
const RECORD_OVERHEAD: u64 = 86;

/// The whole log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    events: Vec<Arc<Event>>,
    streams: HashMap<Arc<str>, Stream>,
    metadata: HashMap<String, StreamMetadata>,
    defaults: DefaultAcls,
    /// Indices of what readers of the whole log are not given any more.
    scavenged: BTreeSet<usize>,
}

/// Where the events of a stream lie in the log; revision n is at place n.
#[derive(Debug, Default)]
struct Stream {
    events: Vec<usize>,
    tombstone: Option<usize>,
}

/// What an append came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The stream's last revision after it; none for an empty append to an empty stream.
    pub revision: Option<u64>,
    /// Position of the last event.
    pub position: Option<u64>,
    /// How many events of the log must be durable before the writer may be told.
    pub(crate) needs: usize,
}

impl Log {
    /// Builds the log again from its events, in order.
    pub(crate) fn from_events(events: impl IntoIterator<Item = Arc<Event>>) -> Self {
        let mut log = Self::default();
        for event in events {
            log.push(event);
        }
        log
    }

    pub(crate) fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// Appends as `IndexWriter.CheckCommit` of the real server would let one.
    pub(crate) fn append(
        &mut self,
        now: u64,
        stream: &str,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Written, Refusal> {
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let begun_again = match self.check(stream, expected, &ids)? {
            check::Verdict::Write { begins_again } => begins_again,
            check::Verdict::Repeated(written) => return Ok(written),
        };
        let mut start = self.next_start();
        let first = self.last_revision(stream).map_or(0, |last| last + 1);
        if begun_again && !events.is_empty() {
            start = self.set_truncate_before(now, start, stream, first);
        }
        let name: Arc<str> = self.name_of(stream);
        for (revision, event) in (first..).zip(events) {
            let event = Event {
                id: event.id,
                stream: Arc::clone(&name),
                revision,
                position: start,
                event_type: event.event_type.into(),
                content_type: event.content_type.into(),
                created: now,
                metadata: event.metadata,
                data: event.data,
            };
            start += footprint(&event);
            self.push(Arc::new(event));
        }
        Ok(self.written(stream, self.last_revision(stream)))
    }

    /// Ends a stream for ever.
    pub(crate) fn tombstone(
        &mut self,
        now: u64,
        stream: &str,
        expected: Expected,
    ) -> Result<Written, Refusal> {
        self.check(stream, expected, &[])?;
        let event = Event {
            id: Uuid::new_v4(),
            stream: self.name_of(stream),
            revision: TOMBSTONE,
            position: self.next_start(),
            event_type: STREAM_DELETED.into(),
            content_type: "application/octet-stream".into(),
            created: now,
            metadata: Bytes::new(),
            data: Bytes::new(),
        };
        let position = Some(event.position);
        self.push(Arc::new(event));
        Ok(Written { revision: Some(TOMBSTONE), position, needs: self.events.len() })
    }

    /// Hides all events of a stream; it may begin again.
    pub(crate) fn soft_delete(
        &mut self,
        now: u64,
        stream: &str,
        expected: Expected,
    ) -> Result<Written, Refusal> {
        self.check(stream, expected, &[])?;
        let start = self.next_start();
        self.set_truncate_before(now, start, stream, TOMBSTONE);
        let position = self.events.last().map(|event| event.position);
        Ok(Written { revision: self.last_revision(stream), position, needs: self.events.len() })
    }

    /// Who has a right on a stream.
    pub(crate) fn roles(&self, stream: &str, right: Right) -> Vec<String> {
        let (stream, right) = subject(stream, right);
        let own = self.metadata.get(stream).and_then(|metadata| metadata.acl.roles(right));
        own.map_or_else(|| self.defaults.roles(stream, right), <[String]>::to_vec)
    }

    /// Takes in an event that has its place already.
    fn push(&mut self, event: Arc<Event>) {
        let index = self.events.len();
        let stream = self.streams.entry(Arc::clone(&event.stream)).or_default();
        if event.revision == TOMBSTONE {
            stream.tombstone = Some(index);
        } else {
            stream.events.push(index);
        }
        if let Some(of) = event.stream.strip_prefix("$$") {
            self.metadata.insert(of.to_owned(), StreamMetadata::parse(&event.data));
        } else if &*event.stream == "$settings" {
            self.defaults = DefaultAcls::parse(&event.data);
        }
        self.events.push(event);
    }

    /// Writes the stream's metadata again with another `$tb`; returns where the next event lies.
    fn set_truncate_before(&mut self, now: u64, start: u64, stream: &str, revision: u64) -> u64 {
        let name = self.name_of(&format!("$${stream}"));
        let old = self.streams.get(&name).and_then(|of| of.events.last());
        let json = old.map_or_else(Bytes::new, |index| self.events[*index].data.clone());
        let event = Event {
            id: Uuid::new_v4(),
            revision: self.last_revision(&name).map_or(0, |last| last + 1),
            stream: name,
            position: start,
            event_type: METADATA.into(),
            content_type: "application/json".into(),
            created: now,
            metadata: Bytes::new(),
            data: with_truncate_before(&json, revision).into(),
        };
        let next = start + footprint(&event);
        self.push(Arc::new(event));
        next
    }

    /// Where the next append begins.
    fn next_start(&self) -> u64 {
        self.events.last().map_or(FIRST_POSITION, |last| last.position + footprint(last) + GAP)
    }

    fn last_revision(&self, stream: &str) -> Option<u64> {
        self.streams.get(stream)?.events.len().checked_sub(1).map(|last| last as u64)
    }

    fn written(&self, stream: &str, last: Option<u64>) -> Written {
        let index =
            last.and_then(|last| self.streams.get(stream)?.events.get(usize::try_from(last).ok()?));
        Written {
            revision: last,
            position: index.map(|index| self.events[*index].position),
            needs: index.map_or(0, |index| index + 1),
        }
    }

    /// One copy of a stream's name serves all its events.
    fn name_of(&self, stream: &str) -> Arc<str> {
        let known = self.streams.get_key_value(stream);
        known.map_or_else(|| stream.into(), |(name, _)| Arc::clone(name))
    }
}

/// How far a record reaches in the log.
fn footprint(event: &Event) -> u64 {
    let bytes =
        event.stream.len() + event.event_type.len() + event.metadata.len() + event.data.len();
    RECORD_OVERHEAD + bytes as u64
}
