//! An event as readers see it in REST and live streams: the event's own fields and its place.

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
        }
    }
}
