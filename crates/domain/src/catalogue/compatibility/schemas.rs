//! Comparing two JSON Schemas: does the new one refuse what the old one took?
//!
//! Only keywords that catalogues use are understood. A change of any other counts as one that refuses.

use serde_json::{Map, Value};

/// Keywords that only describe.
const ANNOTATIONS: &[&str] =
    &["description", "title", "examples", "default", "$comment", "deprecated", "$schema"];
/// Keywords where a greater number refuses more.
const LEAST: &[&str] =
    &["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"];
/// Keywords where a smaller number refuses more.
const MOST: &[&str] =
    &["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"];
/// Schemas are compared at most so deep; what differs deeper counts as one that refuses.
const DEPTH_MAX: usize = 16;

/// What is not as it was, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Refuses what was taken.
    pub(super) narrowed: Vec<String>,
    /// May refuse what nobody should have sent.
    pub(super) told: Vec<String>,
}

pub(super) fn changes(then: &Value, now: &Value) -> Changes {
    let mut changes = Changes::default();
    changes.compare("metadata", then, now, DEPTH_MAX);
    changes
}

impl Changes {
    fn narrow(&mut self, path: &str, what: impl std::fmt::Display) {
        self.narrowed.push(format!("`{path}` {what}"));
    }

    fn compare(&mut self, path: &str, then: &Value, now: &Value, depth: usize) {
        if then == now || *now == Value::Bool(true) {
            return;
        }
        if *now == Value::Bool(false) {
            return self.narrow(path, "takes nothing any more");
        }
        let nothing = Map::new();
        let old = if *then == Value::Bool(true) { Some(&nothing) } else { then.as_object() };
        let (Some(old), Some(new), Some(depth)) = (old, now.as_object(), depth.checked_sub(1))
        else {
            return self.narrow(path, "changed beyond comparison");
        };
        for (keyword, value) in
            new.iter().filter(|(keyword, value)| old.get(*keyword) != Some(value))
        {
            self.keyword(path, keyword, (old, value), depth);
        }
        // A property is held against `additionalProperties` once it is not listed any more.
        let closed = new.get("additionalProperties").is_some_and(|more| *more != Value::Bool(true));
        let missing = old.keys().filter(|keyword| !new.contains_key(*keyword));
        for keyword in missing.filter(|keyword| *keyword == "properties" && closed) {
            self.narrow(path, format_args!("no longer lists `{keyword}`"));
        }
    }

    /// A keyword that is new, or has another value.
    fn keyword(
        &mut self,
        path: &str,
        keyword: &str,
        (old, now): (&Map<String, Value>, &Value),
        depth: usize,
    ) {
        let then = old.get(keyword);
        match keyword {
            _ if ANNOTATIONS.contains(&keyword) => {}
            "properties" => self.properties(path, (old, now), depth),
            "items" | "additionalProperties" => {
                self.compare(&format!("{path}[]"), then.unwrap_or(&Value::Bool(true)), now, depth);
            }
            "required" => {
                for key in entries(Some(now)).iter().filter(|key| !entries(then).contains(key)) {
                    self.narrow(path, format_args!("requires {key}"));
                }
            }
            "enum" => self.words(path, then, now),
            "type" => {
                let (then, now) = (entries(then), entries(Some(now)));
                if then.is_empty() || !then.iter().all(|kind| takes(&now, kind)) {
                    self.narrow(path, format_args!("is of another type: {}", in_words(&now)));
                }
            }
            "uniqueItems" if *now == Value::Bool(false) => {}
            _ if LEAST.contains(&keyword) && number(then) >= number(Some(now)) => {}
            _ if MOST.contains(&keyword) && then.is_some() && number(then) <= number(Some(now)) => {
            }
            _ => self.narrow(path, format_args!("is held against another `{keyword}`: {now}")),
        }
    }

    fn words(&mut self, path: &str, then: Option<&Value>, now: &Value) {
        let now = entries(Some(now));
        let Some(then) = then else {
            return self.narrow(path, format_args!("takes only {}", in_words(&now)));
        };
        for word in entries(Some(then)).iter().filter(|word| !now.contains(word)) {
            self.narrow(path, format_args!("no longer takes {word}"));
        }
    }

    fn properties(&mut self, path: &str, (old, now): (&Map<String, Value>, &Value), depth: usize) {
        let then = old.get("properties").and_then(Value::as_object);
        let Some(now) = now.as_object() else { return };
        for (key, schema) in now {
            let below = format!("{path}.{key}");
            match then.and_then(|then| then.get(key)) {
                Some(before) => self.compare(&below, before, schema, depth),
                // A schema that was closed refused it.
                None if old.get("additionalProperties") == Some(&Value::Bool(false)) => {}
                None if *schema != Value::Bool(true) => {
                    self.told.push(format!("`{below}` is new and has a schema of its own"));
                }
                None => {}
            }
        }
        let closed = old.get("additionalProperties").is_some_and(|more| *more != Value::Bool(true));
        for key in then.into_iter().flatten().map(|(key, _)| key) {
            if closed && !now.contains_key(key) {
                self.narrow(path, format_args!("no longer lists `{key}`"));
            }
        }
    }
}

/// A list, or the one value that stands for it.
fn entries(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries.iter().collect(),
        Some(one) => vec![one],
    }
}

/// Every integer is a number.
fn takes(kinds: &[&Value], kind: &Value) -> bool {
    kinds.contains(&kind) || kind == "integer" && kinds.iter().any(|kind| *kind == "number")
}

fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::as_f64)
}

fn in_words(values: &[&Value]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
