//! What goes to the server and comes back, in our own words.

use annals_record::Record;
use bytes::Bytes;
use eventstore::{BatchWriteResult, EventData, Position, RecordedEvent};
use uuid::Uuid;

/// A place in the whole server: where an event was committed and where it was prepared. For what is
/// written by way of gRPC the two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) commit: u64,
    pub(crate) prepare: u64,
}

impl Place {
    pub(crate) fn of(event: &RecordedEvent) -> Self {
        Self { commit: event.position.commit, prepare: event.position.prepare }
    }
}

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        Self { commit: place.commit, prepare: place.prepare }
    }
}

/// The record that an event of a stream holds. Of what is no record, or one of another stream, there is
/// none: both the copying of the log and the appending to it pass over that.
pub(crate) fn record_of(stream: &str, event: &RecordedEvent) -> Option<Record> {
    if event.event_type.starts_with('$') {
        return None;
    }
    Record::decode(&event.data).ok().filter(|record| record.stream.as_str() == stream)
}

/// An event to be written. It keeps its id however often it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Proposed {
    id: Uuid,
    data: EventData,
    bytes: usize,
}

impl Proposed {
    pub(crate) fn binary(id: Uuid, event_type: &str, data: Bytes) -> Self {
        let bytes = data.len();
        Self { id, data: EventData::binary(event_type, data).id(id), bytes }
    }

    /// The same event with a word of ours beside what it holds.
    pub(crate) fn marked(self, mark: &'static [u8]) -> Self {
        let data = self.data.metadata(Bytes::from_static(mark));
        Self { data, bytes: self.bytes + mark.len(), ..self }
    }

    /// What the server itself reads must be JSON.
    pub(crate) fn json(
        id: Uuid,
        event_type: &str,
        value: &serde_json::Value,
    ) -> serde_json::Result<Self> {
        let data = EventData::json(event_type, value)?.id(id);
        Ok(Self { id, data, bytes: value.to_string().len() })
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    pub(crate) fn to_event_data(&self) -> EventData {
        self.data.clone()
    }
}

/// Where an append came to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// Revision of its last event.
    pub(crate) last: Option<u64>,
    /// Place of its last event, if the server tells: it does not for all repeated appends.
    pub(crate) place: Option<u64>,
}

impl From<&BatchWriteResult> for Written {
    fn from(result: &BatchWriteResult) -> Self {
        // The client tells (0, 0) for a place that the server does not know.
        let place = result.current_position().filter(|place| place.commit > 0);
        Self { last: result.current_revision(), place: place.map(|place| place.commit) }
    }
}
