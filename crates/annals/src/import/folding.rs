//! Making leftover fields fit the limits of an event without losing any.
//!
//! What is nested too deeply, has too many keys, or has a key that an event cannot have, becomes its
//! own JSON text: still there, still searchable by its words, only no longer by its path. Control
//! characters become their JSON escape (`\u001b`), so that no log line can play with a terminal.

use std::fmt::Write as _;

use annals_domain::event::JsonObject;
use annals_domain::limits::EventLimits;
use serde_json::Value;

#[cfg(test)]
mod tests;

/// Holds the entries whose keys an event cannot have, and those beyond the limit, as one text.
pub(crate) const REMAINDER: &str = "remainder";

/// Which control characters a text may keep.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaks {
    /// None: names, identifiers.
    Escaped,
    /// Line breaks and tabs: texts and metadata.
    Kept,
}

/// Makes `metadata` fit: depth, number of keys, form of the keys.
pub(crate) fn fit_metadata(metadata: &mut JsonObject, limits: &EventLimits) {
    let unfit: Vec<String> = metadata.keys().filter(|key| !fits(key, limits)).cloned().collect();
    move_to_remainder(metadata, unfit);
    for value in metadata.values_mut() {
        // The metadata object itself is the first level.
        fold_deep(value, limits.metadata_depth_max - 1, limits);
    }
    while keys_in(metadata) > limits.metadata_keys_max {
        // An entry with keys below it is the largest sub-object of them.
        let largest = metadata.iter().max_by_key(|(_, value)| keys_below(value));
        match largest.filter(|(_, value)| keys_below(value) > 0).map(|(key, _)| key.clone()) {
            Some(key) => fold(&mut metadata[&key]),
            None => {
                let room = limits.metadata_keys_max - 1;
                let surplus = metadata.keys().skip(room).cloned().collect();
                move_to_remainder(metadata, surplus);
            }
        }
    }
}

/// Makes a value fit that is nested at most `depth_max` levels, counting itself.
pub(crate) fn fold_deep(value: &mut Value, depth_max: usize, limits: &EventLimits) {
    if matches!(value, Value::Object(_) | Value::Array(_)) && depth_max == 0 {
        return fold(value);
    }
    match value {
        Value::Object(object) if object.keys().any(|key| !fits(key, limits)) => fold(value),
        Value::Object(object) => {
            object.values_mut().for_each(|value| fold_deep(value, depth_max - 1, limits));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| fold_deep(item, depth_max - 1, limits));
        }
        _ => {}
    }
}

/// Escapes the control characters of every text in `value`.
pub(crate) fn escape_controls(value: &mut Value, breaks: Breaks) {
    match value {
        Value::String(text) => {
            if let Some(escaped) = escaped(text, breaks) {
                *text = escaped;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| escape_controls(item, breaks)),
        Value::Object(object) => {
            object.values_mut().for_each(|value| escape_controls(value, breaks));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with its control characters escaped; nothing when it has none.
pub(crate) fn escaped(text: &str, breaks: Breaks) -> Option<String> {
    let unwanted =
        |c: char| c.is_control() && !(breaks == Breaks::Kept && matches!(c, '\n' | '\r' | '\t'));
    if !text.chars().any(unwanted) {
        return None;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if unwanted(c) {
            write!(escaped, "\\u{:04x}", c as u32).expect("writing to a string cannot fail");
        } else {
            escaped.push(c);
        }
    }
    Some(escaped)
}

fn fold(value: &mut Value) {
    *value = Value::String(value.to_string());
}

fn move_to_remainder(metadata: &mut JsonObject, keys: Vec<String>) {
    if keys.is_empty() {
        return;
    }
    let moved: JsonObject = keys
        .into_iter()
        .filter_map(|key| metadata.remove(&key).map(|value| (key, value)))
        .collect();
    let mut name = REMAINDER.to_owned();
    while metadata.contains_key(&name) {
        name.push('_');
    }
    metadata.insert(name, Value::String(Value::Object(moved).to_string()));
}

fn fits(key: &str, limits: &EventLimits) -> bool {
    !key.is_empty() && key.len() <= limits.name_bytes_max && !key.chars().any(char::is_control)
}

fn keys_in(object: &JsonObject) -> usize {
    object.len() + object.values().map(keys_below).sum::<usize>()
}

fn keys_below(value: &Value) -> usize {
    match value {
        Value::Object(object) => keys_in(object),
        Value::Array(items) => items.iter().map(keys_below).sum(),
        _ => 0,
    }
}
