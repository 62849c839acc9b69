//! CloudEvents 1.0 in structured JSON, one a line or as a batch.

use annals_domain::event::{JsonObject, OutcomeStatus};
use annals_domain::input::EventInput;
use serde_json::{Value, json};

use super::draft::{self, Draft};
use super::fields::{take_text, text_at};
use super::{operations, timestamps};

#[cfg(test)]
mod tests;

/// What a CloudEvent says about an event.
pub(crate) enum CloudEvent {
    /// Its data is something of the producer's own.
    Foreign(Box<Draft>),
    /// Its data is an Annals event; the envelope fills what it leaves out.
    Own(JsonObject),
}

/// Maps one CloudEvent.
pub(crate) fn map(mut envelope: JsonObject) -> Result<CloudEvent, String> {
    for attribute in ["specversion", "id", "source", "type"] {
        if text_at(&envelope, &[attribute]).is_none() {
            return Err(format!("has no `{attribute}`, which every CloudEvent must have"));
        }
    }
    match annals_event(&envelope) {
        Some(event) => Ok(CloudEvent::Own(fill(event, envelope))),
        None => Ok(CloudEvent::Foreign(Box::new(foreign(&mut envelope)))),
    }
}

/// The data, if it is an object of nothing but an Annals event's fields.
fn annals_event(envelope: &JsonObject) -> Option<JsonObject> {
    let data = envelope.get("data")?.as_object()?;
    let reads = EventInput::from_json(Value::Object(data.clone()).to_string().as_bytes()).is_ok();
    (reads && !data.is_empty()).then(|| data.clone())
}

/// What the data says stands; the envelope's `type`, `source` and `time` fill the gaps, and the rest
/// of the envelope goes to the metadata.
fn fill(mut event: JsonObject, mut envelope: JsonObject) -> JsonObject {
    envelope.remove("data");
    let event_type = take_text(&mut envelope, "type");
    if !event.contains_key("type") && !event.contains_key("action") {
        event.extend(event_type.map(|event_type| ("type".to_owned(), event_type.into())));
    } else if let Some(event_type) = event_type {
        envelope.insert("type".to_owned(), event_type.into());
    }
    if !event.contains_key("source")
        && let Some(source) = take_text(&mut envelope, "source")
    {
        event.insert("source".to_owned(), source.into());
    }
    if !event.contains_key("occurred_at")
        && !event.contains_key("timestamp")
        && let Some(time) = timestamps::take_first(&mut envelope, &["time"])
    {
        event.insert("occurred_at".to_owned(), time.to_string().into());
    }
    let metadata = event.entry("metadata").or_insert_with(|| json!({}));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("cloudevent".to_owned(), Value::Object(envelope));
    }
    event
}

fn foreign(envelope: &mut JsonObject) -> Draft {
    let event_type = take_text(envelope, "type").unwrap_or_default();
    let source = take_text(envelope, "source").unwrap_or_default();
    let mut draft = Draft::new(event_type, &source);
    draft.vendor_id = text_at(envelope, &["id"]).map(|id| format!("{source} {id}"));
    draft.occurred_at = timestamps::take_first(envelope, &["time"]);
    draft.outcome.status = OutcomeStatus::Unknown;
    let snake_type = super::names::dotted(&draft.event_type);
    let verb = snake_type.rsplit('.').next().unwrap_or_default();
    draft.operation = operations::named_by(verb).unwrap_or(draft.operation);
    draft.actor = actor(envelope);
    draft.targets.extend(take_text(envelope, "subject").map(|id| draft::target("subject", id)));
    draft.request.traceparent = take_text(envelope, "traceparent");
    draft.request.correlation_id = take_text(envelope, "correlationid");
    draft.request.causation_id = take_text(envelope, "causationid");
    draft.metadata = std::mem::take(envelope);
    draft
}

/// The Auth Context extension: `authtype` and `authid`.
fn actor(envelope: &mut JsonObject) -> annals_domain::event::Actor {
    use annals_domain::event::ActorType::{Service, System, User};
    let actor_type = match text_at(envelope, &["authtype"]).as_deref() {
        Some("user" | "app_user") => User,
        Some("service_account" | "api_key") => Service,
        Some("system") => System,
        _ => return draft::anonymous(),
    };
    take_text(envelope, "authid").map_or_else(draft::anonymous, |id| draft::actor(actor_type, id))
}
