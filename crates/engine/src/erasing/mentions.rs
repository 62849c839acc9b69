//! Whether something that was sent names one of some persons.

use std::collections::HashSet;

use serde_json::Value;

/// Persons who may be named.
pub(super) struct Mentions<'a> {
    persons: &'a HashSet<String>,
}

impl<'a> Mentions<'a> {
    pub(super) fn of(persons: &'a HashSet<String>) -> Self {
        Self { persons }
    }

    /// Whether one of them is named, as a whole text of JSON or as a word in any text. What is not JSON is
    /// one text.
    pub(super) fn are_in(&self, content: &[u8]) -> bool {
        match serde_json::from_slice::<Value>(content) {
            Ok(json) => self.are_in_json(&json),
            Err(_) => self.are_in_text(&String::from_utf8_lossy(content)),
        }
    }

    fn are_in_json(&self, json: &Value) -> bool {
        match json {
            Value::String(text) => self.are_in_text(text),
            Value::Array(items) => items.iter().any(|item| self.are_in_json(item)),
            Value::Object(fields) => {
                fields.iter().any(|(name, value)| self.are_in_text(name) || self.are_in_json(value))
            }
            Value::Number(number) => self.persons.contains(&number.to_string()),
            Value::Null | Value::Bool(_) => false,
        }
    }

    fn are_in_text(&self, text: &str) -> bool {
        self.persons.contains(text) || self.persons.iter().any(|person| is_word_in(person, text))
    }
}

/// Whether a name stands in a text with nothing before and behind it that could belong to a longer one.
fn is_word_in(name: &str, text: &str) -> bool {
    let belongs = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !name.is_empty()
        && text.match_indices(name).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            let behind = text[start + name.len()..].chars().next();
            !before.is_some_and(belongs) && !behind.is_some_and(belongs)
        })
}

#[cfg(test)]
mod tests;
