//! What detectors find in one text, and what is left of the text.

use std::borrow::Cow;

use super::Pseudonym;
use super::detectors::{self, Glance, assignments};
use super::rules::{Action, Detector, Masker, NAME_MAX, Rule};
use crate::facts::is_folded;

/// Before the name of the rule in a marker.
const REDACTED: &str = "[redacted:";
/// Before what stands for a value.
const PSEUDONYM: &str = "pseudonym:";
/// Letters of a pseudonym: 16 bytes in base32.
const PSEUDONYM_LEN: usize = 26;

/// A part of a text that a rule hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Index of the rule.
    pub(super) rule: usize,
}

impl Masker {
    /// What the rules find in a text, in order, none over another. `covers` tells whether the rule
    /// looks at the text at all.
    pub(super) fn spans(&self, text: &str, covers: &dyn Fn(&Rule) -> bool) -> Vec<Span> {
        let glance = Glance::of(text.as_bytes());
        if glance.is_plain() {
            return Vec::new();
        }
        let mut spans = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let mut add = |start: usize, end: usize| {
                if start < end && !is_marker(&text[start..end]) && covers(rule) {
                    spans.push(Span { start, end, rule: index });
                }
            };
            match rule.detector {
                Detector::Value | Detector::Key | Detector::Entropy => {}
                detector => detectors::find(detector, text, &glance, &mut add),
            }
        }
        if glance.assigns() {
            assignments::find(self, text, &mut |start, end, rule| {
                let hidden = &text[start..end];
                if !is_marker(hidden) && covers(&self.rules[rule]) {
                    spans.push(Span { start, end, rule });
                }
            });
        }
        without_overlaps(spans)
    }

    /// The text with each span replaced by what its rule leaves.
    pub(super) fn replace(&self, text: &str, spans: &[Span], pseudonym: Pseudonym<'_>) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut done = 0;
        for span in spans {
            masked.push_str(&text[done..span.start]);
            let rule = &self.rules[span.rule];
            let normal = || detectors::normal(rule.detector, &text[span.start..span.end]);
            masked.push_str(&left_of(rule, normal, pseudonym));
            done = span.end;
        }
        masked.push_str(&text[done..]);
        masked
    }
}

/// What a rule leaves of what it hides; empty for [`Action::Drop`].
fn left_of<'t>(
    rule: &Rule,
    normal: impl FnOnce() -> Cow<'t, str>,
    pseudonym: Pseudonym<'_>,
) -> String {
    match rule.action {
        Action::Drop => String::new(),
        Action::Redact => format!("{REDACTED}{}]", rule.name),
        Action::Pseudonym => format!("{PSEUDONYM}{}", pseudonym(&rule.name, &normal())),
    }
}

/// What a rule leaves of the whole value of a field. Identifiers are compared as they are, all else
/// without regard to case.
pub(super) fn left_of_whole(
    rule: &Rule,
    fact: &str,
    value: &str,
    pseudonym: Pseudonym<'_>,
) -> String {
    let normal = || match is_folded(fact) {
        true => detectors::normal(rule.detector, value),
        false => value.into(),
    };
    left_of(rule, normal, pseudonym)
}

/// Whether the text ends where a marker goes on with a name.
pub(super) fn ends_in_marker(text: &str) -> bool {
    text.ends_with(REDACTED) || text.ends_with(PSEUDONYM)
}

/// Whether a marker begins anywhere in the text.
pub(super) fn holds_marker(text: &str) -> bool {
    text.contains(REDACTED) || text.contains(PSEUDONYM)
}

/// Where the marker ends that begins at `from`, if one does.
pub(super) fn marker_end(text: &str, from: usize) -> Option<usize> {
    let rest = &text.as_bytes()[from..];
    let end = match rest.starts_with(REDACTED.as_bytes()) {
        true => {
            let name = &rest[REDACTED.len()..];
            let bracket = name.iter().take(NAME_MAX + 1).position(|byte| *byte == b']')?;
            from + REDACTED.len() + bracket + 1
        }
        false => from + PSEUDONYM.len() + PSEUDONYM_LEN,
    };
    text.get(from..end).is_some_and(is_marker).then_some(end)
}

/// Whether the text is what a rule left, and nothing else.
pub(super) fn is_marker(text: &str) -> bool {
    if let Some(name) = text.strip_prefix(REDACTED).and_then(|rest| rest.strip_suffix(']')) {
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        return !name.is_empty() && name.bytes().all(good);
    }
    let base32 = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
    text.strip_prefix(PSEUDONYM)
        .is_some_and(|name| name.len() == PSEUDONYM_LEN && name.bytes().all(base32))
}

/// Spans that touch each other's text become one, which the first rule of them names: nothing of
/// either is left.
fn without_overlaps(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match apart.last_mut() {
            Some(last) if span.start < last.end => {
                last.end = last.end.max(span.end);
                last.rule = last.rule.min(span.rule);
            }
            _ => apart.push(span),
        }
    }
    apart
}
