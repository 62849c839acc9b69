//! Reading and taking fields of a vendor's object.
//!
//! What finds a place in the event is *taken*; what is left over becomes metadata. A value of an
//! unexpected kind is not taken, so nothing is lost by a surprise.

use std::net::IpAddr;

use annals_domain::event::JsonObject;
use serde_json::Value;

/// Gives the fields that `names` lists the vendor's own spelling, whatever their case: some
/// pipelines lower every key (`eventname`). A field that is there in both spellings stays.
pub(crate) fn respell(object: &mut JsonObject, names: &[&str]) {
    let keys: Vec<String> = object.keys().cloned().collect();
    for key in keys {
        let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(&key)) else {
            continue;
        };
        if !object.contains_key(*name)
            && let Some(value) = object.remove(&key)
        {
            object.insert((*name).to_owned(), value);
        }
    }
}

/// A value as one text: a string that is not blank, trimmed, or a number.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The text at a path of keys, left in place.
pub(crate) fn text_at(object: &JsonObject, path: &[&str]) -> Option<String> {
    value_at(object, path).and_then(as_text)
}

/// The value at a path of keys, left in place.
pub(crate) fn value_at<'a>(object: &'a JsonObject, path: &[&str]) -> Option<&'a Value> {
    let (last, parents) = path.split_last()?;
    let mut object = object;
    for key in parents {
        object = object.get(*key)?.as_object()?;
    }
    object.get(*last)
}

/// The list at a path of keys, left in place; empty when there is none.
pub(crate) fn list_at<'a>(object: &'a JsonObject, path: &[&str]) -> &'a [Value] {
    value_at(object, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Takes a text out of the object.
pub(crate) fn take_text(object: &mut JsonObject, name: &str) -> Option<String> {
    let text = as_text(object.get(name)?)?;
    object.remove(name);
    Some(text)
}

/// Takes an object out of the object.
pub(crate) fn take_object(object: &mut JsonObject, name: &str) -> Option<JsonObject> {
    if !object.get(name)?.is_object() {
        return None;
    }
    match object.remove(name) {
        Some(Value::Object(inner)) => Some(inner),
        _ => None,
    }
}

/// Takes a field that is an IP address; a host name or a placeholder stays.
pub(crate) fn take_ip(object: &mut JsonObject, name: &str) -> Option<IpAddr> {
    let ip = object.get(name)?.as_str()?.trim().parse().ok()?;
    object.remove(name);
    Some(ip)
}

/// Whether a value says yes: `true` or the word, as logs mix both.
pub(crate) fn is_true(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(word) if ["true", "yes"].iter().any(|w| word.eq_ignore_ascii_case(w)) => {
            Some(true)
        }
        Value::String(word) if ["false", "no"].iter().any(|w| word.eq_ignore_ascii_case(w)) => {
            Some(false)
        }
        _ => None,
    }
}

/// A text unless it is one of the words that vendors write for "nothing".
pub(crate) fn known(text: Option<String>) -> Option<String> {
    text.filter(|text| {
        !["unknown", "null", "none", "-"].iter().any(|w| text.eq_ignore_ascii_case(w))
    })
}

/// The text if it has the form of an e-mail address.
pub(crate) fn email(text: &str) -> Option<String> {
    let (name, domain) = text.split_once('@')?;
    let well_formed = !name.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    well_formed.then(|| text.to_owned())
}
