//! Samples of metadata that a schema takes, by which the steps of older versions are tried.

use serde_json::{Value, json};

use super::{Catalogue, EventType};
use crate::event::JsonObject;

/// At most so many samples are made of a schema.
pub const SAMPLES_MAX: usize = 512;
/// Lists and objects in a sample nest at most so deep; what lies deeper is left empty.
const DEPTH_MAX: usize = 8;

/// Samples of what a schema describes: all keys, only the required ones, and each word of each list of
/// words. Patterns and formats are not followed, so a sample may be one that the schema refuses.
pub fn samples_of(schema: &Value) -> Vec<JsonObject> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return vec![JsonObject::new()];
    };
    let value = |of: &Value| values_of(of, DEPTH_MAX).into_iter().next().unwrap_or(Value::Null);
    let full: JsonObject =
        properties.iter().map(|(key, schema)| (key.clone(), value(schema))).collect();
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice);
    let required = required.unwrap_or_default();
    let mut least = full.clone();
    least.retain(|key, _| required.iter().any(|required| required == key));
    let mut samples = vec![full.clone(), least];
    for (key, schema) in properties {
        for value in values_of(schema, DEPTH_MAX).into_iter().skip(1) {
            let mut other = full.clone();
            other.insert(key.clone(), value);
            samples.push(other);
        }
    }
    samples.truncate(SAMPLES_MAX);
    samples
}

/// Values that a schema takes, at least one.
fn values_of(schema: &Value, depth: usize) -> Vec<Value> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array).filter(|it| !it.is_empty()) {
        return words.clone();
    }
    if let Some(only) = schema.get("const") {
        return vec![only.clone()];
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    let bound = |name: &str| schema.get(name).cloned();
    match kind {
        Some("integer" | "number") => {
            let least = bound("minimum").unwrap_or_else(|| bound("maximum").unwrap_or(json!(1)));
            let most = bound("maximum").filter(|most| *most != least);
            [Some(least), most].into_iter().flatten().collect()
        }
        Some("boolean") => vec![json!(true), json!(false)],
        Some("null") => vec![Value::Null],
        Some("array") if depth > 0 => {
            let item = schema.get("items").map(|items| values_of(items, depth - 1));
            vec![json!([]), Value::Array(item.into_iter().flatten().take(1).collect())]
        }
        Some("array") => vec![json!([])],
        Some("object") if depth > 0 => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let first = |schema| values_of(schema, depth - 1).into_iter().next();
            let filled = properties.into_iter().flatten();
            let filled = filled.filter_map(|(key, schema)| Some((key.clone(), first(schema)?)));
            vec![Value::Object(filled.collect())]
        }
        Some("object") => vec![json!({})],
        _ => vec![text(schema)],
    }
}

/// A text of a permitted length: a number, as steps may read it as one.
fn text(schema: &Value) -> Value {
    let length = |name: &str| schema.get(name).and_then(Value::as_u64);
    let least = length("minLength").unwrap_or(1).clamp(1, 1024);
    Value::String("1".repeat(usize::try_from(least).unwrap_or(1)))
}

/// Older metadata that the steps do not bring into a shape which the newest schema takes: the type, and what
/// is wrong with the result.
pub fn badly_upcast(catalogue: &Catalogue) -> Vec<(String, String)> {
    catalogue.types().flat_map(|entry| badly_upcast_of(catalogue, entry)).collect()
}

fn badly_upcast_of(catalogue: &Catalogue, entry: &EventType) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (number, earlier) in entry.earlier.iter().enumerate() {
        for mut metadata in samples_of(&earlier.metadata) {
            let sample = Value::Object(metadata.clone());
            if !catalogue.check_metadata(&entry.name, earlier.version, &sample).is_empty() {
                continue;
            }
            entry.earlier[number..]
                .iter()
                .flat_map(|earlier| &earlier.steps)
                .for_each(|step| step.apply(&mut metadata));
            let result = Value::Object(metadata);
            let wrong = catalogue.check_metadata(&entry.name, entry.version, &result);
            if let Some((path, message)) = wrong.first() {
                problems.push((
                    entry.name.clone(),
                    format!(
                        "version {}: {sample} becomes {result}, where `{path}` {message}",
                        earlier.version
                    ),
                ));
                break;
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests;
