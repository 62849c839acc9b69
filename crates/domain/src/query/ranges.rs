//! Ranges of numbers and severities in a query.

use super::lexer::{Operator, Word};
use super::suggestions::nearest;
use super::{Problem, shortened};
use crate::event::Severity;
use crate::facts::number_of;
use crate::filter::{Bound, Field, Filter, NumberRange, Test};

/// Splits `a..b`; in quotation marks the dots are text.
fn ends_of_range<'a>(word: &Word<'a>) -> Option<(&'a str, &'a str)> {
    if word.quoted { None } else { word.raw.split_once("..") }
}

pub(super) fn is_comparison(operator: Operator, word: &Word<'_>) -> bool {
    operator != Operator::Is || ends_of_range(word).is_some()
}

/// A range on the ranks of the severities.
pub(super) fn of_severities(operator: Operator, word: &Word<'_>) -> Result<Filter, Problem> {
    let rank = |text: &str| {
        let severity = Severity::from_word(&text.to_ascii_lowercase());
        severity.map(|severity| f64::from(severity as u8)).ok_or_else(|| {
            Problem::new(
                word.at,
                format!("`{}` is no severity", shortened(text)),
                format!("one of {}", Severity::WORDS.join(", ")),
            )
            .suggesting(nearest(text, Severity::WORDS.iter().copied()).map(str::to_owned))
        })
    };
    let range = match ends_of_range(word) {
        Some((from, to)) if operator == Operator::Is => NumberRange {
            from: open_end(from).map(rank).transpose()?.map(inclusive),
            to: open_end(to).map(rank).transpose()?.map(inclusive),
        },
        _ => range_from(operator, rank(word.plain())?),
    };
    Ok(Filter::Field(Field("severity_rank".into()), Test::Number(range)))
}

fn open_end(text: &str) -> Option<&str> {
    Some(text).filter(|text| !matches!(*text, "" | "*"))
}

fn inclusive(at: f64) -> Bound<f64> {
    Bound { at, inclusive: true }
}

fn exclusive(at: f64) -> Bound<f64> {
    Bound { at, inclusive: false }
}

fn range_from(operator: Operator, at: f64) -> NumberRange {
    let open = NumberRange::default();
    match operator {
        Operator::Is => NumberRange { from: Some(inclusive(at)), to: Some(inclusive(at)) },
        Operator::Above => NumberRange { from: Some(exclusive(at)), ..open },
        Operator::AtLeast => NumberRange { from: Some(inclusive(at)), ..open },
        Operator::Below => NumberRange { to: Some(exclusive(at)), ..open },
        Operator::AtMost => NumberRange { to: Some(inclusive(at)), ..open },
    }
}

pub(super) fn comparison(operator: Operator, word: &Word<'_>) -> Result<Test, Problem> {
    let number = number_of(word.plain()).ok_or_else(|| not_a_number(word))?;
    Ok(Test::Number(range_from(operator, number)))
}

pub(super) fn not_a_number(word: &Word<'_>) -> Problem {
    Problem::new(
        word.at,
        format!("`{}` is not a number", shortened(word.raw)),
        "a number such as `100`, `-0.5` or `1e6`, or a range such as `10..20`",
    )
}

/// Whether the word is `10..20`, `10..` and the like. Anything else with two dots is text.
pub(super) fn is_of_numbers(word: &Word<'_>) -> bool {
    let end = |text: &str| open_end(text).is_none_or(|text| number_of(text).is_some());
    ends_of_range(word).is_some_and(|(from, to)| {
        let from = from.strip_suffix('<').unwrap_or(from);
        let to = to.strip_prefix('<').unwrap_or(to);
        (word.raw == "*..*" || open_end(from).is_some() || open_end(to).is_some())
            && end(from)
            && end(to)
    })
}

/// Both ends belong to the range, except where `<` stands between the end and the dots.
pub(super) fn of_numbers(word: &Word<'_>) -> Result<Test, Problem> {
    let (from, to) = ends_of_range(word).ok_or_else(|| not_a_number(word))?;
    let bound = |text: &str, stripped: Option<&str>| {
        let at = number_of(open_end(stripped.unwrap_or(text))?)?;
        Some(Bound { at, inclusive: stripped.is_none() })
    };
    let range = NumberRange {
        from: bound(from, from.strip_suffix('<')),
        to: bound(to, to.strip_prefix('<')),
    };
    if let (Some(from), Some(to)) = (range.from, range.to)
        && from.at > to.at
    {
        return Err(Problem::new(
            word.at,
            "the range ends before it begins",
            "the lesser number before the dots",
        ));
    }
    Ok(Test::Number(range))
}
