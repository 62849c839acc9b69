//! One condition: what a field and a value mean together.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use uuid::Uuid;

use super::fields::{self, FieldKind, Named, Recorded};
use super::lexer::{Operator, Word};
use super::moments::{self, Moment, WrongRange};
use super::near;
use super::parser::unknown_field;
use super::suggestions::nearest;
use super::{Problem, QueryContext, classes, ranges, shortened};
use crate::event::Severity;
use crate::facts::number_of;
use crate::filter::{Field, Filter, Test, TextTest, TimeRange, canonical_network};
use crate::limits::QueryLimits;
use crate::text;

/// At least one of the filters; a list inside the list becomes part of it.
pub(super) fn any_of(filters: Vec<Filter>) -> Filter {
    let mut flat = Vec::with_capacity(filters.len());
    for filter in filters {
        match filter {
            Filter::Or(inner) => flat.extend(inner),
            filter => flat.push(filter),
        }
    }
    if flat.len() > 1 {
        return Filter::Or(flat);
    }
    flat.pop().unwrap_or(Filter::Or(Vec::new()))
}

/// How much a condition counts towards the limit: every test, and every word of a phrase.
pub(super) fn terms_in(filter: &Filter) -> usize {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().map(terms_in).sum(),
        Filter::Text(test) => test.words.len(),
        _ => 1,
    }
}

/// A word or phrase without a field, looked for in the texts of an event.
pub(super) fn text(word: &Word<'_>, limits: &QueryLimits) -> Result<Filter, Problem> {
    if word.raw == "*" {
        return Ok(Filter::All);
    }
    if let Some(near) = near::word(word)? {
        return Ok(Filter::Near(near));
    }
    if word.stars.iter().any(|at| *at < word.text.len()) {
        return Err(Problem::new(
            word.at,
            "in text `*` can only end a word",
            "the beginning of a word and `*`, such as `refund*`, or a field before a pattern, such \
             as `type:*.deleted`",
        ));
    }
    let words = text::words(&word.text);
    if words.is_empty() {
        return Err(Problem::new(
            word.at,
            "this holds no letter or digit, so there is nothing to look for",
            "a word, a phrase in quotation marks, or a condition such as `type:user.*`",
        ));
    }
    // `refund*` goes on with the word; behind `example.*` a new word would begin.
    let goes_on = || text::words(&format!("{}x", word.text)).len() == words.len();
    let prefix = !word.stars.is_empty() && goes_on();
    let least = limits.prefix_letters_min;
    if prefix && words.last().is_some_and(|begun| begun.chars().count() < least) {
        return Err(Problem::new(
            word.at,
            "too many words begin so",
            format!("at least {least} letters or digits before `*`"),
        ));
    }
    Ok(Filter::Text(TextTest { words, prefix }))
}

/// What `name:value` means.
pub(super) fn condition(
    field: &Named,
    operator: Operator,
    word: &Word<'_>,
    context: &QueryContext<'_>,
) -> Result<Filter, Problem> {
    let now = context.now;
    match field.info.kind {
        FieldKind::Time(clock) => time(clock, operator, word, now),
        FieldKind::Since(clock) | FieldKind::Until(clock) => {
            bound(field, clock, operator, word, now)
        }
        FieldKind::Has => present(operator, word),
        FieldKind::Class => classes::members(operator, word, context.catalogue),
        FieldKind::Severity if ranges::is_comparison(operator, word) => {
            ranges::of_severities(operator, word)
        }
        _ => value_test(field, operator, word).map(|test| on_any_path(&field.paths, &test)),
    }
}

fn on_any_path(paths: &[String], test: &Test) -> Filter {
    any_of(paths.iter().map(|path| Filter::Field(Field(path.clone()), test.clone())).collect())
}

fn value_test(field: &Named, operator: Operator, word: &Word<'_>) -> Result<Test, Problem> {
    // `field:*` asks whether there is a value at all.
    if operator == Operator::Is && word.text.is_empty() && !word.stars.is_empty() {
        return Ok(Test::Exists);
    }
    match field.info.kind {
        FieldKind::Number | FieldKind::Value if operator != Operator::Is => {
            ranges::comparison(operator, word)
        }
        FieldKind::Number | FieldKind::Value if ranges::is_of_numbers(word) => {
            ranges::of_numbers(word)
        }
        _ if operator != Operator::Is => Err(Problem::new(
            word.at,
            format!("`{}` does not rise or fall", field.info.name),
            "`:` before the value; only numbers, times and the severity can be compared",
        )),
        FieldKind::Address => address(word),
        FieldKind::EventId => event_id(word),
        FieldKind::Flag => one_of(field, word, &["true", "false"]),
        FieldKind::OneOf(words) => one_of(field, word, words),
        FieldKind::Severity => one_of(field, word, Severity::WORDS),
        FieldKind::Number => match number_of(word.plain()) {
            Some(_) => Ok(equals(word)),
            None => Err(ranges::not_a_number(word)),
        },
        FieldKind::Presence => Err(Problem::new(
            word.at,
            format!("`{}` is free text and is not compared as a whole", field.info.name),
            format!("`has:{}`, or the words looked for without a field", field.info.name),
        )),
        _ => pattern_or_text(word),
    }
}

fn equals(word: &Word<'_>) -> Test {
    Test::Equals(word.text.clone())
}

fn pattern_or_text(word: &Word<'_>) -> Result<Test, Problem> {
    if word.stars.is_empty() {
        return Ok(equals(word));
    }
    if word.text.contains('*') {
        return Err(Problem::new(
            word.at,
            "a pattern cannot look for the character `*` itself",
            "either quotation marks around the whole value, or `*` outside of them only",
        ));
    }
    let mut pattern = String::with_capacity(word.text.len() + word.stars.len());
    let mut done = 0;
    for at in &word.stars {
        pattern.push_str(&word.text[done..*at]);
        // Two stars mean what one means.
        if !pattern.ends_with('*') {
            pattern.push('*');
        }
        done = *at;
    }
    pattern.push_str(&word.text[done..]);
    Ok(Test::Like(pattern))
}

fn one_of(field: &Named, word: &Word<'_>, words: &'static [&'static str]) -> Result<Test, Problem> {
    if !word.stars.is_empty() {
        return pattern_or_text(word);
    }
    let wanted = word.text.to_ascii_lowercase();
    if words.contains(&wanted.as_str()) {
        return Ok(Test::Equals(wanted));
    }
    Err(Problem::new(
        word.at,
        format!("`{}` is no value of `{}`", shortened(&word.text), field.info.name),
        format!("one of {}", words.join(", ")),
    )
    .suggesting(nearest(&wanted, words.iter().copied()).map(str::to_owned)))
}

fn event_id(word: &Word<'_>) -> Result<Test, Problem> {
    if !word.stars.is_empty() {
        return pattern_or_text(&Word { text: word.text.to_ascii_lowercase(), ..word.clone() });
    }
    match Uuid::try_parse(&word.text) {
        Ok(id) => Ok(Test::Equals(id.hyphenated().to_string())),
        Err(_) => Err(Problem::new(
            word.at,
            format!("`{}` is not the id of an event", shortened(&word.text)),
            "a UUID such as `0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b`, or its beginning and `*`",
        )),
    }
}

fn address(word: &Word<'_>) -> Result<Test, Problem> {
    let network = word.text.parse::<IpAddr>().map(IpNet::from).ok();
    let network = network.or_else(|| word.text.parse().ok()).filter(|_| word.stars.is_empty());
    match network {
        Some(network) => Ok(Test::Network(canonical_network(network))),
        None => Err(Problem::new(
            word.at,
            format!("`{}` is not an address", shortened(word.raw)),
            "an IPv4 or IPv6 address, or a network such as `10.0.0.0/8`",
        )
        .suggesting(network_of_pattern(word))),
    }
}

/// `10.0.*` means `10.0.0.0/16`.
fn network_of_pattern(word: &Word<'_>) -> Option<String> {
    let parts = word.raw.trim_end_matches(['*', '.']).split('.');
    let parts: Vec<u8> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let mut octets = [0; 4];
    octets.get_mut(..parts.len())?.copy_from_slice(&parts);
    let pattern = word.raw.ends_with('*') && parts.len() < 4;
    pattern.then(|| format!("{}/{}", IpAddr::from(octets), 8 * parts.len()))
}

fn present(operator: Operator, word: &Word<'_>) -> Result<Filter, Problem> {
    if operator != Operator::Is || !word.stars.is_empty() {
        return Err(Problem::new(word.at, "`has:` takes a field name", "such as `has:session`"));
    }
    match fields::find(&word.text) {
        Some(field) if !field.paths.is_empty() => Ok(on_any_path(&field.paths, &Test::Exists)),
        Some(_) => Err(Problem::new(
            word.at,
            format!("`{}` cannot be absent", shortened(&word.text)),
            "a field that an event may lack, such as `has:session`",
        )),
        None => match fields::find_group(&word.text) {
            Some(group) => Ok(Filter::Field(Field(group), Test::Exists)),
            None => Err(unknown_field(word.at, &word.text)),
        },
    }
}

fn on_clock(clock: Recorded, range: TimeRange) -> Filter {
    match clock {
        Recorded::No => Filter::Occurred(range),
        Recorded::Yes => Filter::Received(range),
    }
}

fn time(
    clock: Recorded,
    operator: Operator,
    word: &Word<'_>,
    now: Timestamp,
) -> Result<Filter, Problem> {
    let open = TimeRange::default();
    if operator == Operator::Is {
        let range = moments::range(word.plain(), now);
        return range.map(|range| on_clock(clock, range)).map_err(|wrong| match wrong {
            WrongRange::NoTime => not_a_time(word),
            WrongRange::Empty => Problem::new(
                word.at,
                "no time lies in this range: its end does not belong to it",
                "the earlier time before the dots, and behind them the first that is too late",
            ),
        });
    }
    let moment = Moment::read(word.plain(), now).ok_or_else(|| not_a_time(word))?;
    Ok(on_clock(
        clock,
        match operator {
            Operator::Above => TimeRange { from: Some(moment.end), ..open },
            Operator::AtLeast => TimeRange { from: Some(moment.start), ..open },
            Operator::Below => TimeRange { until: Some(moment.start), ..open },
            Operator::AtMost | Operator::Is => TimeRange { until: Some(moment.end), ..open },
        },
    ))
}

/// `after:` and `before:`.
fn bound(
    field: &Named,
    clock: Recorded,
    operator: Operator,
    word: &Word<'_>,
    now: Timestamp,
) -> Result<Filter, Problem> {
    if operator != Operator::Is {
        return Err(Problem::new(
            word.at,
            format!("`{}` compares already", field.info.name),
            format!("`:`, such as `{}`", field.info.example),
        ));
    }
    let moment = Moment::read(word.plain(), now).ok_or_else(|| not_a_time(word))?;
    let open = TimeRange::default();
    let range = match field.info.kind {
        FieldKind::Since(_) => TimeRange { from: Some(moment.start), ..open },
        _ => TimeRange { until: Some(moment.start), ..open },
    };
    Ok(on_clock(clock, range))
}

fn not_a_time(word: &Word<'_>) -> Problem {
    Problem::new(word.at, format!("`{}` is not a time", shortened(word.raw)), moments::EXPECTED)
}
