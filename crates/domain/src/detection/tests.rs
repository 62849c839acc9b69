//! Each kind of rule at its edge and one past it, memory that stays bounded, and restarts.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::catalogue::Catalogue;
use crate::event::Event;
use crate::examples::event;

mod bounds;
mod hours_and_rates;
mod reading;
mod routing;
mod shipped;
mod steps;
mod values;

/// What a rule needs beside what a test is about.
pub(super) const COMMON: &str = r#"
[[rule]]
id = "tried"
title = "Tried"
why = "It is tried."
severity = "warning"
"#;

/// A rule of which these lines are the filter, the key and the kind.
pub(super) fn rule(lines: &str) -> DetectionRule {
    let text = format!("{COMMON}\n{lines}");
    RuleSet::read([("tried.toml", text.as_str())], &Catalogue::default())
        .unwrap_or_else(|error| panic!("{error}: {lines}"))
        .into_rules()
        .remove(0)
}

pub(super) fn detector(lines: &str) -> Detector {
    Detector::new(vec![rule(lines)])
}

pub(super) fn start() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

/// An event so many seconds after the start, recorded when it happened.
pub(super) fn at(seconds: i64, mut json: Value) -> Event {
    let time = start() + SignedDuration::from_secs(seconds);
    json["id"] = id(seconds, &json).into();
    let mut event = event(json);
    event.occurred_at.timestamp = time;
    event.received_at.timestamp = time;
    event
}

/// The same for the same event.
fn id(seconds: i64, json: &Value) -> String {
    let name = format!("{seconds} {json}");
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// Somebody fails to sign in.
pub(super) fn failure(seconds: i64, person: &str, ip: &str) -> Event {
    at(
        seconds,
        json!({
            "type": "user.login.failed", "actor": {"id": person}, "outcome": "failure", "client": {"ip": ip}
        }),
    )
}

/// Somebody signs in.
pub(super) fn login(seconds: i64, person: &str, client: Value) -> Event {
    at(seconds, json!({"type": "user.login.succeeded", "actor": {"id": person}, "client": client}))
}

/// Places of the events, from 1, at which something was found.
pub(super) fn found(detector: &mut Detector, events: &[Event]) -> Vec<usize> {
    let tell = |(place, event): (usize, &Event)| vec![place + 1; detector.take(event).len()];
    events.iter().enumerate().flat_map(tell).collect()
}
