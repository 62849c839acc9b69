//! The messages that an event makes.

use uuid::Uuid;

use super::recipients::Reach;
use super::{Queued, STANDING_RULE};
use crate::catalogue::Catalogue;
use crate::event::Event;
use crate::notification::outgoing::{Outgoing, Route, delivery_id};
use crate::notification::rule::Rule;
use crate::notification::{Notification, notification_id};
use crate::profile::PersonRef;
use crate::record::Recorded;
use crate::sentence::sentence_of;

/// The language of those who named none.
const LANGUAGE: &str = "en";

/// An event and what is said of it, worded once for all whom it tells.
pub(super) struct Worded<'a> {
    recorded: &'a Recorded,
    title: String,
    body: String,
}

impl<'a> Worded<'a> {
    pub(super) fn of(recorded: &'a Recorded, catalogue: &Catalogue) -> Self {
        let title = title_of(recorded, catalogue);
        Self { recorded, title, body: sentence_of(&recorded.event, catalogue) }
    }
}

/// What arrives in the inbox of somebody.
pub(super) fn arrival(worded: &Worded<'_>, person: String) -> Notification {
    let event = &*worded.recorded.event;
    let recipient = PersonRef { tenant: event.tenant.clone(), id: person };
    Notification {
        id: notification_id(event.id, &recipient),
        recipient,
        kind: event.event_type.clone(),
        title: worded.title.clone(),
        body: worded.body.clone(),
        event: event.id,
        position: worded.recorded.position,
        created_at: event.received_at.timestamp,
    }
}

/// What leaves Annals because of a rule.
pub(super) fn outgoing(worded: &Worded<'_>, rule: &Rule, reach: &Reach) -> Outgoing {
    of_rule(worded, &rule.id, &rule.template, reach)
}

/// What leaves Annals because of what stands for a rule.
pub(super) fn of_rule(worded: &Worded<'_>, rule: &str, template: &str, reach: &Reach) -> Outgoing {
    let event = &*worded.recorded.event;
    let recipient = reach.recipient.as_deref();
    Outgoing {
        id: delivery_id(&event.tenant, event.id, rule, recipient, &reach.route),
        tenant: event.tenant.clone(),
        recipient: reach.recipient.clone(),
        route: reach.route.clone(),
        rule: rule.into(),
        severity: event.severity.as_str().into(),
        template: template.into(),
        locale: reach.language.clone().unwrap_or_else(|| LANGUAGE.into()),
        title: worded.title.clone(),
        body: worded.body.clone(),
        event: event.id,
        event_type: event.event_type.clone(),
        occurred_at: event.occurred_at,
        recorded_at: event.received_at.timestamp,
        position: worded.recorded.position,
        more: Vec::new(),
        is_theirs: recipient.is_some_and(|person| is_theirs(event, person)),
    }
}

/// Whether an event is about somebody, or names them as who acted.
fn is_theirs(event: &Event, person: &str) -> bool {
    let subject = event.subject.as_ref().map(|subject| subject.id.as_str());
    subject == Some(person) || event.actor.id.as_deref() == Some(person)
}

/// What an endpoint of the installation hears of what arrived in an inbox.
pub(super) fn standing(recorded: &Recorded, arrived: &Notification, endpoint: Uuid) -> Queued {
    let event = &*recorded.event;
    let (tenant, recipient) = (&arrived.recipient.tenant, &arrived.recipient.id);
    let route = Route::Endpoint { id: endpoint };
    let message = Outgoing {
        id: delivery_id(tenant, event.id, STANDING_RULE, Some(recipient), &route),
        tenant: tenant.clone(),
        recipient: Some(recipient.clone()),
        route,
        rule: STANDING_RULE.into(),
        severity: event.severity.as_str().into(),
        template: "event".into(),
        locale: LANGUAGE.into(),
        title: arrived.title.clone(),
        body: arrived.body.clone(),
        event: event.id,
        event_type: event.event_type.clone(),
        occurred_at: event.occurred_at,
        recorded_at: event.received_at.timestamp,
        position: recorded.position,
        more: Vec::new(),
        is_theirs: is_theirs(event, recipient),
    };
    let due = event.received_at.timestamp;
    Queued { message, due, held: false, gathered_by: None }
}

fn title_of(recorded: &Recorded, catalogue: &Catalogue) -> String {
    let event_type = &recorded.event.event_type;
    catalogue.find(event_type).map_or_else(|| event_type.clone(), |entry| entry.title.clone())
}
