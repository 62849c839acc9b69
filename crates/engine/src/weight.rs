//! How much memory an event takes, in ordinary events.
//!
//! Events in memory are bounded by number, and most are alike. One that takes the room of several
//! counts as several, so that a flood of the largest events cannot take more memory than was meant.

use annals_domain::Event;
use serde_json::Value;

/// The room of an ordinary event; each further such room counts as another event.
const ROOM_BYTES: usize = 4096;
/// What a name, an address or another short text takes with what is around it.
const SHORT_BYTES: usize = 64;

/// How many ordinary events the event counts for; at least one.
pub(crate) fn weight(event: &Event) -> usize {
    1 + bytes_beyond_the_ordinary(event) / ROOM_BYTES
}

/// What can be large in an event. All else is short, and there is one of each.
fn bytes_beyond_the_ordinary(event: &Event) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let reason = event.justification.as_ref().map_or(0, |held| length(&held.reason));
    let texts = length(&event.description)
        + length(&event.outcome.reason)
        + length(&event.client.user_agent)
        + reason;
    let principals = event.on_behalf_of.iter().chain([&event.actor]);
    let names: usize = principals.map(|actor| 4 + actor.roles.len() + actor.alt_ids.len()).sum();
    let alt_ids = event.subject.as_ref().map_or(0, |subject| subject.alt_ids.len());
    let short = names + alt_ids + 4 * event.targets.len() + event.labels.len();
    let changes: usize = event
        .changes
        .iter()
        .map(|change| change.path.len() + value_bytes(&change.before) + value_bytes(&change.after))
        .sum();
    let metadata: usize =
        event.metadata.iter().map(|(key, value)| key.len() + value_bytes(value)).sum();
    texts + short * SHORT_BYTES + changes + metadata
}

/// Recurses as deep as the value is nested, which admission has bounded.
fn value_bytes(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(value_bytes).sum(),
            Value::Object(object) => {
                object.iter().map(|(key, value)| SHORT_BYTES + key.len() + value_bytes(value)).sum()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}
