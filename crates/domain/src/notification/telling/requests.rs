//! What somebody asks of an endpoint: to be sent a message to see whether it takes one, and to be sent once
//! more what it was sent.

use jiff::Timestamp;
use uuid::Uuid;

use super::message::{self, Worded};
use super::recipients::Reach;
use super::{OutboxChange, Queued, Replay, TEST_RULE, Telling};
use crate::event::Event;
use crate::notification::outgoing::Route;
use crate::record::Recorded;

impl Telling {
    /// One message to exactly that endpoint, if it is there, switched on, and can be carried to. It tells
    /// nobody else, whatever the rules say.
    pub(super) fn test(&self, recorded: &Recorded) -> Option<OutboxChange> {
        let event = &*recorded.event;
        let id: Uuid = text(event, "endpoint")?.parse().ok()?;
        let kept = self.said(&event.tenant)?.endpoint(id)?;
        let endpoint = &kept.endpoint;
        if !endpoint.enabled || !self.carried.channels.contains(&endpoint.kind.channel()) {
            return None;
        }
        let route = Route::Endpoint { id };
        let reach = Reach { recipient: None, route, language: None, preferences: None };
        let worded = Worded::of(recorded, &self.catalogue);
        let message = message::of_rule(&worded, TEST_RULE, "default", &reach);
        let due = event.received_at.timestamp;
        Some(OutboxChange::Queued(Box::new(Queued {
            message,
            due,
            held: false,
            gathered_by: None,
        })))
    }
}

/// The replay that an event asks for.
pub(super) fn replay(recorded: &Recorded) -> Option<OutboxChange> {
    let event = &*recorded.event;
    let time = |key| text(event, key)?.parse::<Timestamp>().ok();
    Some(OutboxChange::Replayed(Replay {
        tenant: event.tenant.clone(),
        endpoint: text(event, "endpoint")?.parse().ok()?,
        from: time("from")?,
        to: time("to")?,
        position: recorded.position,
        at: event.received_at.timestamp,
    }))
}

fn text<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
    event.metadata.get(key)?.as_str()
}
