//! Annals' own events, as `POST /api/v1/logs` takes them: sent as they are.

use annals_domain::event::JsonObject;
use annals_domain::input::EventInput;
use serde_json::Value;

#[cfg(test)]
mod tests;

/// Checks that the line is an event. The server checks it again, with its own limits and catalogue.
pub(crate) fn map(event: JsonObject) -> Result<JsonObject, String> {
    let input = EventInput::from_json(Value::Object(event.clone()).to_string().as_bytes())
        .map_err(|error| format!("is not an event: {error}"))?;
    if input.event_type.is_none() {
        return Err("has no `type`: no act is told".to_owned());
    }
    Ok(event)
}
