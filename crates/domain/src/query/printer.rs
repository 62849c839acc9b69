//! Writes a filter down in the query language.

use crate::event::Severity;
use crate::facts::number_text;
use crate::filter::{Bound, Field, Filter, NumberRange, Test, TextTest, TimeRange};

use crate::text::joined;

use super::fields::{self, FieldKind, fields};

/// The query that means `filter`.
///
/// Reading it gives the same filter for every filter that came from a query, and one that holds
/// for the same events for others. It can be longer than the query that was read.
pub fn print(filter: &Filter) -> String {
    match filter {
        Filter::All => String::new(),
        filter => within(filter, Place::Alone),
    }
}

/// What a part of the query stands in, and so whether it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    InOr,
    InAnd,
    InNot,
}

fn within(filter: &Filter, place: Place) -> String {
    match filter {
        Filter::All => "*".into(),
        // Nothing is what everything is not.
        Filter::Or(filters) if filters.is_empty() => "-*".into(),
        Filter::Or(filters) => {
            let parts = alternatives(filters);
            let several = parts.len() > 1;
            let joined = parts.iter().map(Part::to_query).collect::<Vec<_>>().join(" OR ");
            in_parentheses_if(several && matches!(place, Place::InAnd | Place::InNot), joined)
        }
        Filter::And(filters) => match filters.as_slice() {
            [] => "*".into(),
            [filter] => within(filter, place),
            filters => {
                let parts = filters.iter().map(|filter| within(filter, Place::InAnd));
                let joined = parts.collect::<Vec<_>>().join(" ");
                in_parentheses_if(place == Place::InNot, joined)
            }
        },
        Filter::Not(filter) => format!("-{}", within(filter, Place::InNot)),
        leaf => condition(leaf).to_query(),
    }
}

fn in_parentheses_if(wanted: bool, query: String) -> String {
    if wanted { format!("({query})") } else { query }
}

/// A part of a list of alternatives.
enum Part {
    /// `name:value,value`
    Listed { name: String, values: Vec<String> },
    /// Anything else.
    Whole(String),
}

impl Part {
    fn listed(name: impl Into<String>, value: String) -> Self {
        Self::Listed { name: name.into(), values: vec![value] }
    }

    fn to_query(&self) -> String {
        match self {
            Self::Listed { name, values } => format!("{name}:{}", values.join(",")),
            Self::Whole(query) => query.clone(),
        }
    }
}

/// The alternatives, shortened: `actor:ann` for its three fields, `type:a,b` for one field's values.
fn alternatives(filters: &[Filter]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = filters;
    while let Some((first, others)) = rest.split_first() {
        let (part, behind) = match joint_field(rest) {
            Some((part, count)) => (part, &rest[count..]),
            None => (alternative(first), others),
        };
        rest = behind;
        match (parts.last_mut(), part) {
            (
                Some(Part::Listed { name, values }),
                Part::Listed { name: next, values: mut more },
            ) if *name == next => values.append(&mut more),
            (_, part) => parts.push(part),
        }
    }
    parts
}

fn alternative(filter: &Filter) -> Part {
    match filter {
        Filter::Field(..) | Filter::Occurred(_) | Filter::Received(_) => condition(filter),
        filter => Part::Whole(within(filter, Place::InOr)),
    }
}

/// The field that stands for several paths, if the filters begin with the same test on each of
/// them; and how many filters those are.
fn joint_field(filters: &[Filter]) -> Option<(Part, usize)> {
    let Filter::Field(_, test) = filters.first()? else { return None };
    let info = fields().iter().filter(|info| info.paths.len() > 1).find(|info| {
        let tests = filters.iter().zip(info.paths);
        filters.len() >= info.paths.len()
            && tests.clone().all(|(filter, path)| match filter {
                Filter::Field(field, other) => field.0 == *path && other == test,
                _ => false,
            })
    })?;
    let part = match test {
        Test::Exists => Part::listed("has", info.name.into()),
        Test::Equals(text) => Part::listed(info.name, quoted_if_needed(text)),
        Test::Like(pattern) => Part::listed(info.name, pattern_text(pattern)),
        Test::Number(_) | Test::Network(_) => return None,
    };
    Some((part, info.paths.len()))
}

fn condition(filter: &Filter) -> Part {
    match filter {
        Filter::Field(Field(path), test) => field_condition(path, test),
        Filter::Text(test) => Part::Whole(text(test)),
        Filter::Near(near) => Part::Whole(format!("{}~{}", near.word, near.slips)),
        Filter::Occurred(range) => time("occurred", "after", "before", *range),
        Filter::Received(range) => time("recorded", "recorded_after", "recorded_before", *range),
        filter => Part::Whole(within(filter, Place::InNot)),
    }
}

fn field_condition(path: &str, test: &Test) -> Part {
    let name = name(path);
    match test {
        Test::Exists => Part::listed("has", name),
        Test::Equals(text) => Part::listed(name, quoted_if_needed(text)),
        Test::Like(pattern) => Part::listed(name, pattern_text(pattern)),
        Test::Network(network) if network.prefix_len() == network.max_prefix_len() => {
            Part::listed(name, network.addr().to_string())
        }
        Test::Network(network) => Part::listed(name, network.to_string()),
        Test::Number(range) => match severities(path, *range) {
            Some((name, word)) => numbers(name, *range, word),
            None => numbers(name, *range, exact_number),
        },
    }
}

type NumberWriter = fn(f64) -> String;

/// A range of ranks is written with the words for them.
fn severities(path: &str, range: NumberRange) -> Option<(String, NumberWriter)> {
    let known = |bound: Bound<f64>| severity_word(bound.at).is_some();
    let inclusive = |bound: Option<Bound<f64>>| bound.is_none_or(|bound| bound.inclusive);
    let one_sided = range.from.is_some() != range.to.is_some();
    let both = range.from.is_some() && range.to.is_some();
    let writable = one_sided || (both && inclusive(range.from) && inclusive(range.to));
    let words = range.from.is_none_or(known) && range.to.is_none_or(known);
    (path == "severity_rank" && writable && words).then(|| {
        let word: NumberWriter = |at| severity_word(at).unwrap_or_default().to_owned();
        ("severity".to_owned(), word)
    })
}

fn severity_word(rank: f64) -> Option<&'static str> {
    let severity = Severity::ALL.iter().find(|severity| f64::from(**severity as u8) == rank);
    severity.map(|severity| severity.as_str())
}

fn numbers(name: String, range: NumberRange, write: NumberWriter) -> Part {
    let NumberRange { from, to } = range;
    match (from, to) {
        (None, None) => Part::listed(name, "*..*".into()),
        (Some(Bound { at, inclusive }), None) => {
            Part::Whole(format!("{name}{}{}", if inclusive { ">=" } else { ">" }, write(at)))
        }
        (None, Some(Bound { at, inclusive })) => {
            Part::Whole(format!("{name}{}{}", if inclusive { "<=" } else { "<" }, write(at)))
        }
        (Some(from), Some(to)) => {
            let mark = |bound: Bound<f64>| if bound.inclusive { "" } else { "<" };
            let (low, high) = (write(from.at), write(to.at));
            Part::listed(name, format!("{low}{}..{}{high}", mark(from), mark(to)))
        }
    }
}

/// The number as text that is read back as the very same.
fn exact_number(number: f64) -> String {
    let short = number_text(number);
    if short.parse() == Ok(number) { short } else { format!("{number:e}") }
}

fn time(both: &str, since: &str, until: &str, range: TimeRange) -> Part {
    match (range.from, range.until) {
        (None, None) => Part::listed(both, "*".into()),
        (Some(from), None) => Part::listed(since, from.to_string()),
        (None, Some(end)) => Part::listed(until, end.to_string()),
        (Some(from), Some(end)) => Part::listed(both, format!("{from}..{end}")),
    }
}

fn text(test: &TextTest) -> String {
    let star = if test.prefix { "*" } else { "" };
    let text = joined(&test.words);
    match text.contains(' ') || text.is_empty() {
        true => format!("\"{text}\"{star}"),
        false => format!("{text}{star}"),
    }
}

/// How the field with that path is called.
fn name(path: &str) -> String {
    let (info, key) = fields::name_of(path);
    if info.kind == FieldKind::Value && info.name.is_empty() {
        return path.to_owned();
    }
    match info.name.strip_suffix("<key>") {
        None => info.name.to_owned(),
        Some(prefix) if key.chars().all(|c| c.is_alphanumeric() || "_-./@$".contains(c)) => {
            format!("{prefix}{key}")
        }
        Some(prefix) => format!("{prefix}{}", quoted(key)),
    }
}

fn pattern_text(pattern: &str) -> String {
    let parts = pattern.split('*');
    let part = |part: &str| if part.is_empty() { String::new() } else { quoted_if_needed(part) };
    parts.map(part).collect::<Vec<_>>().join("*")
}

/// The value as it is, unless the reader would take something in it for more than a character.
pub(super) fn quoted_if_needed(value: &str) -> String {
    let special = |c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')' | ',' | '*');
    let begins_like_an_operator = value.starts_with(['<', '>', '=']);
    if value.is_empty()
        || begins_like_an_operator
        || value.contains("..")
        || value.chars().any(special)
    {
        return quoted(value);
    }
    value.to_owned()
}

pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
