//! An event as readers see it in REST and live streams: the event's own fields and its place.

use annals_domain::highlight::{Highlight, Highlighter};
use annals_domain::sentence::sentence_of;
use annals_domain::{Event, Recorded};
use serde::Serialize;

use crate::context::ApiParts;

/// An event with its place in the log.
#[derive(Serialize)]
pub(crate) struct EventBody<'a> {
    #[serde(flatten)]
    event: &'a Event,
    sentence: String,
    stream: &'a str,
    revision: u64,
    position: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    erased: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_schema_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    highlights: Option<Vec<HighlightBody>>,
}

/// Where something that was asked for stands in an event.
#[derive(Serialize)]
struct HighlightBody {
    field: String,
    path: String,
    fragment: String,
    offset: usize,
    ranges: Vec<RangeBody>,
}

/// In UTF-16 code units; the end is outside.
#[derive(Serialize)]
struct RangeBody {
    start: usize,
    end: usize,
}

impl From<Highlight> for HighlightBody {
    fn from(highlight: Highlight) -> Self {
        let Highlight { field, path, fragment, offset, ranges } = highlight;
        let ranges = ranges.into_iter();
        let ranges = ranges.map(|range| RangeBody { start: range.start, end: range.end }).collect();
        Self { field, path, fragment, offset, ranges }
    }
}

impl<'a> EventBody<'a> {
    /// The event in one sentence.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Its place in the log, as a cursor.
    pub(crate) fn position(&self) -> &str {
        &self.position
    }

    pub(crate) fn new(recorded: &'a Recorded, api: &ApiParts) -> Self {
        Self {
            event: &recorded.event,
            sentence: sentence_of(&recorded.event, &api.catalogue),
            stream: recorded.stream.as_str(),
            revision: recorded.revision.0,
            position: api.cursors.position(recorded.position),
            erased: &recorded.erased,
            stored_schema_version: recorded.stored_schema_version,
            highlights: None,
        }
    }

    /// The event with what was asked for marked, as far as it is shown.
    pub(crate) fn highlighted(self, highlighter: &Highlighter) -> Self {
        let marked = highlighter.highlights(self.event);
        Self { highlights: Some(marked.into_iter().map(HighlightBody::from).collect()), ..self }
    }
}
