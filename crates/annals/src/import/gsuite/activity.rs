//! Google's own form of an activity, brought to the flat one.

use annals_domain::event::JsonObject;
use serde_json::Value;

/// The events of an activity, each with everything that the activity says about all of them.
///
/// An activity that is flat already is its only event.
pub(super) fn events_of(mut activity: JsonObject) -> Vec<JsonObject> {
    let is_list = activity
        .get("events")
        .and_then(Value::as_array)
        .is_some_and(|events| !events.is_empty() && events.iter().all(Value::is_object));
    if !is_list {
        return vec![activity];
    }
    let Some(Value::Array(events)) = activity.remove("events") else {
        return vec![activity];
    };
    events.into_iter().map(|event| flattened(&activity, event)).collect()
}

fn flattened(activity: &JsonObject, event: Value) -> JsonObject {
    let mut flat = activity.clone();
    let Value::Object(event) = event else { return flat };
    for (name, value) in event {
        let value = if name == "parameters" { named_parameters(value) } else { value };
        flat.insert(name, value);
    }
    flat
}

/// `[{"name": "doc_id", "value": "1a"}]` is `{"doc_id": "1a"}`.
fn named_parameters(parameters: Value) -> Value {
    let Value::Array(list) = parameters else { return parameters };
    let mut named = JsonObject::new();
    for parameter in &list {
        let name = parameter.get("name").and_then(Value::as_str);
        match (name, parameter_value(parameter)) {
            (Some(name), Some(value)) if !named.contains_key(name) => {
                named.insert(name.to_owned(), value);
            }
            // Not of Google's form: kept as it came.
            _ => return Value::Array(list),
        }
    }
    Value::Object(named)
}

fn parameter_value(parameter: &Value) -> Option<Value> {
    let value = ["value", "boolValue", "multiValue", "multiIntValue", "multiBoolValue"]
        .iter()
        .find_map(|kind| parameter.get(*kind))
        .cloned();
    // Google writes 64-bit numbers as text.
    let number = || {
        let number = parameter.get("intValue")?;
        Some(
            number
                .as_str()
                .and_then(|text| text.parse::<i64>().ok())
                .map_or(number.clone(), Value::from),
        )
    };
    let message = || {
        let parts = parameter.get("messageValue")?.get("parameter")?;
        Some(named_parameters(parts.clone()))
    };
    value.or_else(number).or_else(message).or_else(|| parameter.get("multiMessageValue").cloned())
}
