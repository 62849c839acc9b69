//! What readers see. They are told how many events are durable, and see no other.

use std::ops::Range;
use std::sync::Arc;

use super::Log;
use crate::event::{Event, TOMBSTONE};
use crate::metadata::StreamMetadata;

/// Part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StreamPage {
    /// There is no such stream, or it was deleted softly.
    Missing,
    /// It is tombstoned.
    Deleted,
    /// It has these events, and `last` is its last revision.
    Events { events: Vec<Arc<Event>>, last: u64 },
}

impl Log {
    /// Reads a stream from a revision (inclusive), in either direction.
    pub(crate) fn read_stream(
        &self,
        stream: &str,
        from: u64,
        backwards: bool,
        max: usize,
        durable: usize,
        now: u64,
    ) -> StreamPage {
        let Some(of) = self.streams.get(stream) else { return StreamPage::Missing };
        if of.tombstone.is_some_and(|index| index < durable) {
            return StreamPage::Deleted;
        }
        let count = of.events.partition_point(|index| *index < durable);
        let settings = self.settings_of(stream);
        if count == 0 || settings.soft_deleted() {
            return StreamPage::Missing;
        }
        let first = first_readable(&settings, count as u64).min(count as u64) as usize;
        let oldest = settings.max_age.map_or(0, |seconds| now.saturating_sub(seconds * 10_000_000));
        let readable = |index: &usize| -> Option<Arc<Event>> {
            let event = &self.events[*index];
            (event.created >= oldest).then(|| Arc::clone(event))
        };
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let events: Vec<Arc<Event>> = if backwards {
            let end = from.saturating_add(1).min(count).max(first);
            of.events[first..end].iter().rev().filter_map(readable).take(max).collect()
        } else {
            let begin = from.max(first).min(count);
            of.events[begin..count].iter().filter_map(readable).take(max).collect()
        };
        StreamPage::Events { events, last: count as u64 - 1 }
    }

    /// What is set for a stream; of metadata only the newest counts.
    fn settings_of(&self, stream: &str) -> StreamMetadata {
        if stream.starts_with("$$") {
            return StreamMetadata { max_count: Some(1), ..StreamMetadata::default() };
        }
        self.metadata.get(stream).cloned().unwrap_or_default()
    }

    /// Index of the first event at or behind a position.
    pub(crate) fn index_at(&self, position: u64, durable: usize) -> usize {
        self.events[..durable].partition_point(|event| event.position < position)
    }

    /// Index of the first event behind a position.
    pub(crate) fn index_after(&self, position: u64, durable: usize) -> usize {
        self.events[..durable].partition_point(|event| event.position <= position)
    }

    /// The events between two indices, as readers of the whole log see them.
    pub(crate) fn in_all(&self, indices: Range<usize>) -> Vec<Arc<Event>> {
        let there = indices.filter(|index| !self.scavenged.contains(index));
        there.map(|index| Arc::clone(&self.events[index])).collect()
    }

    /// Takes out of the whole log what its streams do not show; tells how many events that were.
    pub(crate) fn scavenge(&mut self, durable: usize) -> usize {
        let before = self.scavenged.len();
        let mut hidden = Vec::new();
        for (name, stream) in &self.streams {
            let count = stream.events.partition_point(|index| *index < durable);
            let first = first_readable(&self.settings_of(name), count as u64);
            let kept = usize::try_from(first).unwrap_or(usize::MAX).min(count.saturating_sub(1));
            hidden.extend_from_slice(&stream.events[..kept]);
        }
        self.scavenged.extend(hidden);
        self.scavenged.len() - before
    }

    /// Whether a position lies inside of the log but not at the beginning of an event.
    pub(crate) fn is_inside_a_record(&self, position: u64, durable: usize) -> bool {
        let index = self.index_at(position, durable);
        position > 0 && index < durable && self.events[index].position != position
    }
}

fn first_readable(settings: &StreamMetadata, count: u64) -> u64 {
    let kept = settings.max_count.map_or(0, |max| count.saturating_sub(max));
    kept.max(settings.truncate_before.filter(|revision| *revision != TOMBSTONE).unwrap_or(0))
}
