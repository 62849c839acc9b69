//! Masking one value: a text, JSON, a map.

use std::collections::BTreeMap;

use serde_json::Value;

use super::detectors::assignments::suits;
use super::key_names::is_word_for_value;
use super::path::Path;
use super::rules::{Detector, Masker, Rule};
use super::spans::{is_marker, left_of_whole};
use super::{Masked, Pseudonym};
use crate::event::JsonObject;

/// So much is told of what was masked in one event; the rest is masked all the same.
pub(super) const FOUND_MAX: usize = 256;
/// Digits of numbers that may be card numbers.
const CARD_NUMBERS: std::ops::Range<u64> = 10_u64.pow(13)..10_u64.pow(16);

/// Whether something stays in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    Goes,
}

/// A walk over one event.
pub(super) struct Walk<'a> {
    pub(super) masker: &'a Masker,
    /// Metadata that the catalogue calls masked.
    catalogue: &'a [String],
    /// Whether all is looked at by all rules, whatever its place: what was sent is no event.
    pub(super) anywhere: bool,
    pseudonym: Pseudonym<'a>,
    pub(super) found: Vec<Masked>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        masker: &'a Masker,
        catalogue: &'a [String],
        pseudonym: Pseudonym<'a>,
    ) -> Self {
        Self { masker, catalogue, anywhere: false, pseudonym, found: Vec::new() }
    }

    /// A walk over what was sent and cannot be read as an event.
    pub(super) fn of_unread(
        masker: &'a Masker,
        catalogue: &'a [String],
        pseudonym: Pseudonym<'a>,
    ) -> Self {
        Self { anywhere: true, ..Self::new(masker, catalogue, pseudonym) }
    }

    /// A text of which nothing is known but itself.
    pub(super) fn free_text(&mut self, text: &mut String) {
        let spans = self.masker.spans(text, &|_| true);
        if !spans.is_empty() {
            for span in &spans {
                self.note(&Path::root(""), span.rule, &text[span.start..span.end]);
            }
            *text = self.masker.replace(text, &spans, self.pseudonym);
        }
    }

    /// Free text.
    pub(super) fn text(&mut self, path: &Path<'_>, text: &mut String) -> Fate {
        if let Some(rule) = self.value_rule(path) {
            return self.whole_text(path, text, rule);
        }
        let all = self.anywhere;
        self.text_by(path, text, &|rule| {
            all || rule.fields.is_always() || rule.fields.covers(&path.of_fact())
        })
    }

    /// Text that only some of the rules look at.
    pub(super) fn text_by(
        &mut self,
        path: &Path<'_>,
        text: &mut String,
        covers: &dyn Fn(&Rule) -> bool,
    ) -> Fate {
        let spans = self.masker.spans(text, covers);
        if spans.is_empty() {
            return Fate::Stays;
        }
        for span in &spans {
            self.note(path, span.rule, &text[span.start..span.end]);
        }
        *text = self.masker.replace(text, &spans, self.pseudonym);
        if text.is_empty() { Fate::Goes } else { Fate::Stays }
    }

    pub(super) fn optional(&mut self, path: &Path<'_>, text: &mut Option<String>) {
        if let Some(present) = text
            && self.text(path, present) == Fate::Goes
        {
            *text = None;
        }
    }

    /// Text that must be there, whatever is left of it.
    pub(super) fn required(&mut self, path: &Path<'_>, text: &mut String) {
        if self.text(path, text) == Fate::Goes {
            *text = "[redacted]".into();
        }
    }

    /// Free texts with names.
    pub(super) fn map(&mut self, path: &Path<'_>, map: &mut BTreeMap<String, String>) {
        map.retain(|key, value| {
            let path = path.name(key);
            match self.key_rule(&path, key, || value.clone()) {
                Some(rule) => self.whole_text(&path, value, rule) == Fate::Stays,
                None => self.text(&path, value) == Fate::Stays,
            }
        });
        if map.keys().any(|key| self.is_telling(key)) {
            for (key, value) in std::mem::take(map) {
                let key = self.masked_key(path, key, |key| map.contains_key(key));
                map.insert(key, value);
            }
        }
    }

    /// JSON, whatever is in it.
    pub(super) fn value(&mut self, path: &Path<'_>, value: &mut Value) -> Fate {
        if let Some(rule) = self.value_rule(path) {
            return self.whole(path, value, rule);
        }
        match value {
            Value::String(text) => self.text(path, text),
            Value::Number(number) => {
                let digits = number.as_u64().filter(|number| CARD_NUMBERS.contains(number));
                let Some(digits) = digits.map(|digits| digits.to_string()) else {
                    return Fate::Stays;
                };
                let mut text = digits.clone();
                let fate = self.text(path, &mut text);
                if text != digits {
                    *value = Value::String(text);
                }
                fate
            }
            Value::Array(items) => {
                let mut flag = None;
                for (index, item) in items.iter_mut().enumerate() {
                    let path = path.index(index);
                    let rule = flag.filter(|rule| self.is_argument(*rule, item));
                    flag = self.flag_rule(&path, item);
                    let fate = match rule {
                        Some(rule) => self.whole(&path, item, rule),
                        None => self.value(&path, item),
                    };
                    if fate == Fate::Goes {
                        *item = Value::Null;
                    }
                }
                Fate::Stays
            }
            Value::Object(object) => {
                self.object(path, object);
                Fate::Stays
            }
            Value::Null | Value::Bool(_) => Fate::Stays,
        }
    }

    pub(super) fn object(&mut self, path: &Path<'_>, object: &mut JsonObject) {
        let named = self.named_pair(path, object);
        object.retain(|key, value| {
            let inside = path.name(key);
            let rule = named.filter(|rule| {
                is_word_for_value(key) && suits(self.masker, *rule, &text_of(value))
            });
            match rule.or_else(|| self.key_rule(&inside, key, || text_of(value))) {
                Some(rule) => self.whole(&inside, value, rule) == Fate::Stays,
                None => self.value(&inside, value) == Fate::Stays,
            }
        });
        if object.keys().any(|key| self.is_telling(key)) {
            for (key, value) in std::mem::take(object) {
                let key = self.masked_key(path, key, |key| object.contains_key(key));
                object.insert(key, value);
            }
        }
    }

    /// What a change is of tells what its values are.
    pub(super) fn changed(&mut self, path: &Path<'_>, pointer: &str, value: &mut Value) {
        let rule = self.pointer_rule(path, pointer, value);
        let fate = match rule {
            Some(rule) => self.whole(path, value, rule),
            None => self.value(path, value),
        };
        if fate == Fate::Goes {
            *value = Value::Null;
        }
    }

    /// The rule for the whole value of a field.
    pub(super) fn value_rule(&self, path: &Path<'_>) -> Option<usize> {
        if self.catalogue.is_empty() && !self.masker.has_values {
            return None;
        }
        if self.anywhere && self.catalogue.iter().any(|key| path.ends_with(key)) {
            return Some(self.masker.catalogue);
        }
        if self.anywhere && !self.masker.has_values {
            return None;
        }
        let fact = path.of_fact();
        if is_masked_by(self.catalogue, &fact) {
            return Some(self.masker.catalogue);
        }
        self.masker.value_rule(&fact)
    }

    pub(super) fn whole_text(&mut self, path: &Path<'_>, text: &mut String, rule: usize) -> Fate {
        if is_marker(text) || text.is_empty() {
            return Fate::Stays;
        }
        self.note(path, rule, text);
        let rule = &self.masker.rules[rule];
        *text = left_of_whole(rule, &path.of_fact(), text, self.pseudonym);
        if text.is_empty() { Fate::Goes } else { Fate::Stays }
    }

    /// A yes or no is no secret, and neither is nothing; everything else goes as a whole.
    fn whole(&mut self, path: &Path<'_>, value: &mut Value, rule: usize) -> Fate {
        if matches!(value, Value::Null | Value::Bool(_)) {
            return Fate::Stays;
        }
        if value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(JsonObject::is_empty)
        {
            return Fate::Stays;
        }
        let mut text = text_of(value);
        let fate = self.whole_text(path, &mut text, rule);
        *value = Value::String(text);
        fate
    }

    /// Whether a key itself holds what a detector finds.
    fn is_telling(&self, key: &str) -> bool {
        !self.masker.spans(key, &|rule| self.anywhere || rule.fields.is_everywhere()).is_empty()
    }

    /// The key without what a detector finds in it; numbered when there is such a key already.
    fn masked_key(
        &mut self,
        path: &Path<'_>,
        key: String,
        is_taken: impl Fn(&str) -> bool,
    ) -> String {
        let spans = self.masker.spans(&key, &|rule| self.anywhere || rule.fields.is_everywhere());
        if spans.is_empty() {
            return key;
        }
        for span in &spans {
            self.note(path, span.rule, &key[span.start..span.end]);
        }
        let masked = self.masker.replace(&key, &spans, self.pseudonym);
        let mut numbered = masked.clone();
        let mut number = 2;
        while is_taken(&numbered) {
            numbered = format!("{masked} {number}");
            number += 1;
        }
        numbered
    }

    fn note(&mut self, path: &Path<'_>, rule: usize, hidden: &str) {
        if self.found.len() >= FOUND_MAX {
            return;
        }
        let first = hidden.chars().next().unwrap_or_default();
        let hint = format!("{first}... ({})", hidden.chars().count());
        let rule = self.masker.rules[rule].name.clone();
        let path = path.to_string();
        // Keys hold secrets as well, until they are masked themselves.
        let spans = self.masker.spans(&path, &|_| true);
        let path = self.masker.replace(&path, &spans, &|_, _| String::new());
        self.found.push(Masked { path, rule, hint });
    }
}

impl Masker {
    /// The rule for the whole value of the field at that path, written as in queries.
    pub(super) fn value_rule(&self, fact: &str) -> Option<usize> {
        let covers = |rule: &Rule| rule.detector == Detector::Value && rule.fields.covers(fact);
        self.rules.iter().position(covers)
    }
}

/// Whether a path is of metadata that is masked, or inside of it.
pub(super) fn is_masked_by(keys: &[String], fact: &str) -> bool {
    let Some(path) = fact.strip_prefix("metadata.") else { return false };
    keys.iter().any(|key| {
        path.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}
