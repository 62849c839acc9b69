//! Which messages are sent, which wait, and which are told already.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::recipients::Reach;
use super::{OfTenant, Queued};
use crate::event::{Event, Severity};
use crate::facts::{self, Fact};
use crate::notification::outgoing::Outgoing;
use crate::notification::rule::Rule;
use crate::notification::windows::{Window, after, key_of};

/// What became of a message.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// To be sent; none: it was told already, or there were too many.
    pub(super) queued: Option<Queued>,
    /// Windows that changed; none: closed, or never held.
    pub(super) kept: Vec<(Uuid, Option<Window>)>,
}

pub(super) fn pass(
    of_tenant: &mut OfTenant,
    rule: &Rule,
    event: &Event,
    reach: &Reach,
    message: Outgoing,
) -> Passed {
    let mut passed = Passed::default();
    let now = event.received_at.timestamp;
    let (recipient, route) = (reach.recipient.clone().unwrap_or_default(), reach.route.key());
    let dedupe = rule.dedupe.as_ref().map(|dedupe| {
        let values = values_of(event, &dedupe.key);
        let key = key_of(&["dedupe", &rule.id, &recipient, &route, &values]);
        (key, dedupe.window_seconds, 1)
    });
    let throttle = rule.throttle.map(|throttle| {
        let key = key_of(&["throttle", &rule.id, &recipient, &route]);
        (key, throttle.window_seconds, throttle.messages)
    });
    // What must be told is told each time, also by rules that were set when they could say otherwise.
    let limits = [dedupe, throttle].into_iter().flatten().filter(|_| !rule.mandatory);
    let mut counted = Vec::new();
    for (key, seconds, max) in limits {
        counted.push(match of_tenant.windows.at(key, now) {
            Some(window) if window.count >= max => return passed,
            Some(window) => (key, Window { count: window.count + 1, ..window }),
            None => (key, Window { until: after(now, seconds), count: 1, message: None }),
        });
    }
    // A message that one of them holds back counts for none of them: it was not told.
    for (key, window) in counted {
        passed.kept.extend(of_tenant.windows.put(key, window, now));
    }
    let waits = !rule.mandatory && event.severity < Severity::Critical;
    let wishes = reach.preferences.as_deref().filter(|_| waits);
    let gathers = rule.digest.map(|digest| digest.every_seconds);
    let gathers = gathers.max(wishes.and_then(|wishes| wishes.digest_seconds)).filter(|_| waits);
    let mut queued = Queued { message, due: now, held: false, gathered_by: None };
    if let Some(seconds) = gathers {
        let key = key_of(&["digest", &rule.id, &recipient, &route]);
        match of_tenant.windows.at(key, now) {
            Some(window) => {
                queued.due = window.until;
                queued.gathered_by = window.message;
            }
            None => {
                queued.due = after(now, seconds);
                let window =
                    Window { until: queued.due, count: 1, message: Some(queued.message.id) };
                passed.kept.extend(of_tenant.windows.put(key, window, now));
            }
        }
        queued.held = true;
    }
    let quiet = wishes.and_then(|wishes| wishes.quiet.as_ref()).filter(|_| rule.quiet);
    if let Some(end) = quiet.and_then(|quiet| quiet.end_at(queued.due)) {
        queued.due = end;
        queued.held = true;
    }
    passed.queued = Some(queued);
    passed
}

/// What the event has in the fields, as one text.
fn values_of(event: &Event, fields: &[String]) -> String {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    facts::facts_of(event, &mut |path: &str, fact: Fact<'_>| {
        let Some(field) = fields.iter().find(|field| *field == path) else { return };
        let text = match fact {
            Fact::Exact(text) => text.to_owned(),
            Fact::Folded(text) => facts::fold(text),
            Fact::Number(number) => facts::number_text(number),
            Fact::Flag(flag) => flag.to_string(),
            Fact::Address(address) => address.to_string(),
            Fact::Present => String::new(),
        };
        found.entry(field).or_default().push(text);
    });
    let parts = found.iter().flat_map(|(field, values)| {
        values.iter().map(move |value| format!("{field}={}:{value}\n", value.len()))
    });
    parts.collect()
}
