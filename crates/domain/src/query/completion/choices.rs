//! What could be written, as far as it is known without looking at events.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Choice, ChoiceKind, Place};
use crate::query::classes::ClassInfo;
use crate::query::fields::{FieldInfo, FieldKind, fields, find};

/// Beginnings of conditions, and the words between them.
pub(super) fn conditions(place: &Place, text: &str) -> Vec<Choice> {
    let prefix = place.prefix.as_str();
    let has_operator = text[place.replace.end..].starts_with([':', '=', '<', '>']);
    let mut choices = Vec::new();
    if !prefix.is_empty() || !has_operator {
        for (name, info) in matching(prefix) {
            let text = match name.strip_suffix("<key>") {
                Some(beginning) => beginning.to_owned(),
                None if has_operator => name.to_owned(),
                None => format!("{name}:"),
            };
            choices.push(Choice { kind: ChoiceKind::Field, text, description: info.description });
        }
    }
    if !has_operator {
        choices.extend(operators(prefix));
        choices.extend(keywords(place));
    }
    choices
}

/// Names of fields behind `has:`.
pub(super) fn names(prefix: &str) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (name, info) in matching(prefix).into_iter().filter(|(_, info)| !info.paths.is_empty()) {
        let text = name.strip_suffix("<key>").unwrap_or(name).to_owned();
        choices.push(Choice { kind: ChoiceKind::Field, text, description: info.description });
    }
    choices
}

/// The fields that may be meant: those whose name begins so, then other names that do, then fields
/// of whose name a later part does.
fn matching(prefix: &str) -> Vec<(&'static str, &'static FieldInfo)> {
    let begins =
        |name: &str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    let inside = |name: &str| name.match_indices('.').any(|(dot, _)| begins(&name[dot + 1..]));
    let own = |info: &'static FieldInfo| (info.name, info);
    let mut found: Vec<_> = fields().iter().filter(|info| begins(info.name)).map(own).collect();
    // Without a beginning every field is named once.
    if prefix.is_empty() {
        return found;
    }
    for info in fields().iter().filter(|info| !begins(info.name)) {
        let other = info.aliases.iter().find(|alias| begins(alias));
        found.extend(other.map(|alias| (*alias, info)));
    }
    let inside = fields().iter().filter(|info| inside(info.name));
    let unnamed: Vec<_> =
        inside.filter(|info| !found.iter().any(|(_, named)| named.name == info.name)).collect();
    found.extend(unnamed.into_iter().map(own));
    found
}

/// What else than `:` can stand behind a name that is complete.
fn operators(name: &str) -> Vec<Choice> {
    use FieldKind::{Number, Severity, Time, Value};
    let compares = |info: &FieldInfo| matches!(info.kind, Number | Severity | Time(_) | Value);
    if !find(name).is_some_and(|named| compares(named.info)) {
        return Vec::new();
    }
    let operators = [(">=", "at least"), ("<=", "at most"), (">", "more"), ("<", "less")];
    let choice = |(operator, description): (&str, _)| Choice {
        kind: ChoiceKind::Operator,
        text: format!("{name}{operator}"),
        description,
    };
    operators.into_iter().map(choice).collect()
}

fn keywords(place: &Place) -> Vec<Choice> {
    let keywords = [
        ("AND", "both hold, as without it", true),
        ("OR", "one of both holds", true),
        ("NOT", "the next does not hold", false),
    ];
    let fits = |(word, _, joins): &(&str, &str, bool)| {
        (place.goes_on || !joins) && !place.in_group && word.starts_with(place.prefix.as_str())
    };
    let choice = |(word, description, _): (&str, _, _)| Choice {
        kind: ChoiceKind::Keyword,
        text: word.to_owned(),
        description,
    };
    keywords.into_iter().filter(fits).map(choice).collect()
}

fn value(text: impl Into<String>, description: &'static str) -> Choice {
    Choice { kind: ChoiceKind::Value, text: text.into(), description }
}

/// The words that a field has as values.
pub(super) fn words(words: &[&str], prefix: &str) -> Vec<Choice> {
    let prefix = prefix.to_ascii_lowercase();
    let begin = words.iter().filter(|word| word.starts_with(&prefix));
    begin.map(|word| value(*word, "")).collect()
}

/// Classes of events.
pub(super) fn classes(classes: &'static [ClassInfo], prefix: &str) -> Vec<Choice> {
    let prefix = prefix.to_ascii_lowercase();
    let begin = classes.iter().filter(|class| class.name.starts_with(&prefix));
    begin.map(|class| value(class.name, class.description)).collect()
}

/// Times that are often asked for.
pub(super) fn times(prefix: &str, now: Timestamp) -> Vec<Choice> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let mut times = vec![
        value("-PT1H", "an hour ago"),
        value("-P1D", "a day ago"),
        value("-P7D", "a week ago"),
        value("-P30D", "thirty days ago"),
        value(today.to_string(), "today, UTC"),
    ];
    times.retain(|choice| choice.text.starts_with(prefix));
    times
}
