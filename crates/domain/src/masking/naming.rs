//! Names that tell what the values beside them are: of keys, of pairs, of paths, of flags.

use std::borrow::Cow;

use serde_json::Value;

use super::detectors::assignments::{rule_of, suits};
use super::key_names::{is_word_for_name, is_word_for_value};
use super::path::Path;
use super::spans::holds_marker;
use super::values::{Walk, text_of};
use crate::event::JsonObject;

/// So many steps of a path are looked at; no event is as deep.
const STEPS_MAX: usize = 128;

impl Walk<'_> {
    /// `{"name": "password", "value": ...}`, `{"path": "/password", "value": ...}`: the rule for what
    /// stands under `value`.
    pub(super) fn named_pair(&self, path: &Path<'_>, object: &JsonObject) -> Option<usize> {
        if !object.keys().any(|key| is_word_for_value(key)) {
            return None;
        }
        let names = object.iter().filter(|(key, _)| is_word_for_name(key));
        let mut names = names.filter_map(|(_, name)| name.as_str());
        names.find_map(|name| self.steps_rule(path, name, |_| true))
    }

    /// `--password`, before its value in a list: the rule for what follows.
    pub(super) fn flag_rule(&self, path: &Path<'_>, item: &Value) -> Option<usize> {
        let name = item.as_str()?.strip_prefix('-')?;
        let (rule, _) = rule_of(self.masker, name)?;
        (self.covers(path, rule) && !name.contains(['=', ' '])).then_some(rule)
    }

    /// Whether an item of a list is the value of the flag before it.
    pub(super) fn is_argument(&self, rule: usize, item: &Value) -> bool {
        let is_one = match item {
            Value::String(text) => !text.starts_with('-'),
            item => item.is_number(),
        };
        is_one && suits(self.masker, rule, &text_of(item))
    }

    /// The rule for the value of a key with a telling name.
    pub(super) fn key_rule(
        &self,
        path: &Path<'_>,
        key: &str,
        value: impl FnOnce() -> String,
    ) -> Option<usize> {
        let (rule, _) = rule_of(self.masker, key)?;
        (self.covers(path, rule) && suits(self.masker, rule, &value())).then_some(rule)
    }

    fn covers(&self, path: &Path<'_>, rule: usize) -> bool {
        let fields = &self.masker.rules[rule].fields;
        self.anywhere || fields.is_always() || fields.covers(&path.of_fact())
    }

    /// The rule for what a JSON pointer leads to: what lies inside of a password is one. Some write
    /// such paths with dots.
    pub(super) fn pointer_rule(
        &self,
        path: &Path<'_>,
        pointer: &str,
        value: &Value,
    ) -> Option<usize> {
        self.steps_rule(path, pointer, |rule| suits(self.masker, rule, &text_of(value)))
    }

    fn steps_rule(
        &self,
        path: &Path<'_>,
        pointer: &str,
        suits: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let rule = |name: &str| {
            let (rule, _) = rule_of(self.masker, name)?;
            (self.covers(path, rule) && suits(rule)).then_some(rule)
        };
        pointer.split('/').take(STEPS_MAX).find_map(|step| {
            let step = match step.contains('~') {
                true => Cow::from(step.replace("~1", "/").replace("~0", "~")),
                false => step.into(),
            };
            // The name of a rule in a marker is none of a value.
            if holds_marker(&step) {
                return None;
            }
            let parts = || step.split(['.', '[', ']']).take(STEPS_MAX).find_map(rule);
            rule(&step).or_else(|| if step.contains(['.', '[']) { parts() } else { None })
        })
    }
}
