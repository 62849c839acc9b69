//! Older versions of a type, and the steps that bring their metadata into the newest shape.
//!
//! Stored bytes never change. An event of an older version is shown in the newest shape when it is
//! read: each version's steps make its metadata that of the next. Steps are data in the catalogue, work on
//! the keys of the metadata itself (not on what lies deeper), cannot fail, and always give the same answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::EventType;
use crate::event::{Event, JsonObject};

/// A type has at most so many versions.
pub const VERSIONS_MAX: u32 = 64;
/// A version has at most so many steps to the next.
pub const STEPS_MAX: usize = 64;
/// A step `map` lists at most so many values.
pub const MAPPED_VALUES_MAX: usize = 256;
/// A value that a step sets has at most so many bytes as JSON.
pub const VALUE_BYTES_MAX: usize = 1024;
/// A key that a step names has at most so many bytes.
pub const KEY_BYTES_MAX: usize = 128;

/// A version of a type before its newest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// Which version, from 1.
    pub version: u32,
    /// What makes its metadata that of the next version, in order; may be none, but must be told.
    pub steps: Vec<Step>,
    /// JSON Schema of its metadata: events that are sent with this version are held against it.
    #[serde(default = "super::any_object")]
    pub metadata: Value,
}

/// One change of the metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Puts the value of one key under another, unless that one is there: nothing is overwritten.
    Rename {
        /// The key in this version.
        from: String,
        /// The key in the next.
        to: String,
    },
    /// Sets a key that is not there.
    Default {
        /// Which key.
        key: String,
        /// Its value.
        value: Value,
    },
    /// Leaves out a key.
    Remove(String),
    /// Puts other values in place of certain texts.
    Map {
        /// Which key.
        key: String,
        /// The value in place of each text.
        values: BTreeMap<String, Value>,
        /// In place of any text that is not listed; without it such a text stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<Value>,
    },
    /// Writes a number or a truth value as text; anything else stays.
    ToString(String),
    /// Reads a text as a number; one that is none stays.
    ToNumber(String),
}

impl Step {
    /// Takes the step.
    pub fn apply(&self, metadata: &mut JsonObject) {
        match self {
            Self::Rename { from, to } => {
                if !metadata.contains_key(to)
                    && let Some(value) = metadata.remove(from)
                {
                    metadata.insert(to.clone(), value);
                }
            }
            Self::Default { key, value } => {
                if !metadata.contains_key(key) {
                    metadata.insert(key.clone(), value.clone());
                }
            }
            Self::Remove(key) => {
                metadata.remove(key);
            }
            Self::Map { key, values, otherwise } => replace(metadata, key, |value| {
                let text = value.as_str()?;
                values.get(text).or(otherwise.as_ref()).cloned()
            }),
            Self::ToString(key) => replace(metadata, key, |value| match value {
                Value::Number(_) | Value::Bool(_) => Some(Value::String(value.to_string())),
                _ => None,
            }),
            Self::ToNumber(key) => replace(metadata, key, |value| {
                value.as_str()?.parse::<Number>().ok().map(Value::Number)
            }),
        }
    }

    /// The keys it names.
    fn keys(&self) -> Vec<&str> {
        match self {
            Self::Rename { from, to } => vec![from, to],
            Self::Default { key, .. } | Self::Map { key, .. } => vec![key],
            Self::Remove(key) | Self::ToString(key) | Self::ToNumber(key) => vec![key],
        }
    }

    /// The values it sets.
    fn values(&self) -> Vec<&Value> {
        match self {
            Self::Default { value, .. } => vec![value],
            Self::Map { values, otherwise, .. } => values.values().chain(otherwise).collect(),
            _ => Vec::new(),
        }
    }
}

fn replace(metadata: &mut JsonObject, key: &str, with: impl FnOnce(&Value) -> Option<Value>) {
    if let Some(value) = metadata.get_mut(key)
        && let Some(other) = with(value)
    {
        *value = other;
    }
}

/// What is wrong with the earlier versions of a type.
pub(super) fn problem_with(entry: &EventType) -> Option<String> {
    if entry.version > VERSIONS_MAX {
        return Some(format!("has version {}; at most {VERSIONS_MAX} are kept", entry.version));
    }
    let told: Vec<u32> = entry.earlier.iter().map(|earlier| earlier.version).collect();
    let expected: Vec<u32> = (1..entry.version).collect();
    if told != expected {
        return Some(format!(
            "has version {}, so `[[type.earlier]]` must tell of {expected:?} in order, with `steps` to \
             the next; it tells of {told:?}",
            entry.version
        ));
    }
    entry.earlier.iter().find_map(|earlier| {
        problem_with_steps(entry, earlier)
            .map(|problem| format!("version {}: {problem}", earlier.version))
    })
}

fn problem_with_steps(entry: &EventType, earlier: &Earlier) -> Option<String> {
    if earlier.steps.len() > STEPS_MAX {
        return Some(format!("has {} steps; at most {STEPS_MAX}", earlier.steps.len()));
    }
    earlier.steps.iter().zip(1..).find_map(|(step, number)| {
        problem_with_step(entry, step).map(|problem| format!("step {number} {problem}"))
    })
}

fn problem_with_step(entry: &EventType, step: &Step) -> Option<String> {
    if step.keys().iter().any(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
        return Some(format!("needs keys of 1 to {KEY_BYTES_MAX} bytes"));
    }
    if step.values().iter().any(|value| value.to_string().len() > VALUE_BYTES_MAX) {
        return Some(format!("sets a value of more than {VALUE_BYTES_MAX} bytes"));
    }
    match step {
        Step::Map { values, .. } if values.is_empty() || values.len() > MAPPED_VALUES_MAX => {
            Some(format!("must list 1 to {MAPPED_VALUES_MAX} values"))
        }
        Step::Rename { from, to } if from == to => Some("renames a key to itself".into()),
        Step::Rename { from, to } => unguarded(entry, from, to),
        _ => None,
    }
}

/// What is said of a key holds for its older name too: events may still be sent with it, and where both
/// are there, both stay.
fn unguarded(entry: &EventType, from: &str, to: &str) -> Option<String> {
    let lists =
        [("personal", &entry.personal), ("masked", &entry.masked), ("forbidden", &entry.forbidden)];
    let has = |keys: &[String], key: &str| keys.iter().any(|listed| listed == key);
    let (name, _) = lists.into_iter().find(|(_, keys)| has(keys, to) && !has(keys, from))?;
    Some(format!("renames `{from}` to `{to}`, which is in `{name}`: list `{from}` there as well"))
}

/// Brings events of older versions into the newest shape.
#[derive(Debug, Default)]
pub struct Upcasters {
    chains: BTreeMap<String, Chain>,
}

/// The way of one type to its newest version.
#[derive(Debug)]
struct Chain {
    newest: u32,
    /// The steps of version 1 first.
    versions: Vec<Vec<Step>>,
}

impl Upcasters {
    pub(super) fn of<'a>(types: impl Iterator<Item = &'a EventType>) -> Self {
        let with_earlier = types.filter(|entry| !entry.earlier.is_empty());
        let chains = with_earlier.map(|entry| {
            let versions = entry.earlier.iter().map(|earlier| earlier.steps.clone()).collect();
            (entry.name.clone(), Chain { newest: entry.version, versions })
        });
        Self { chains: chains.collect() }
    }

    /// Whether no type has an older version.
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// The event in the newest shape of its type, and the version in which it is stored when that is
    /// another. An event of a type without older versions comes back as it is, and nothing is copied.
    pub fn newest_form(&self, event: Arc<Event>) -> (Arc<Event>, Option<u32>) {
        let stored = event.schema_version;
        let Some(chain) = self.chains.get(&event.event_type) else { return (event, None) };
        if stored == 0 || stored >= chain.newest {
            return (event, None);
        }
        let mut event = Arc::unwrap_or_clone(event);
        let passed = usize::try_from(stored - 1).unwrap_or(usize::MAX);
        for step in chain.versions.iter().skip(passed).flatten() {
            step.apply(&mut event.metadata);
        }
        event.schema_version = chain.newest;
        (Arc::new(event), Some(stored))
    }

    /// All steps as text. What was derived from events is of another form when this is another.
    pub fn text(&self) -> String {
        let told = self.chains.iter().map(|(name, chain)| {
            let steps = serde_json::to_string(&chain.versions).expect("steps are plain data");
            format!("{name} {} {steps}", chain.newest)
        });
        told.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests;
