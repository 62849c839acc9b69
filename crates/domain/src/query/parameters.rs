//! Filters given as parameters of a REST request: `?type=user.*&severity=error,critical`.

use super::conditions::{self, any_of};
use super::fields;
use super::lexer::{Operator, Word};
use super::moments::{self, Moment};
use super::{QueryContext, shortened};
use crate::filter::{Filter, TimeRange};
use crate::problem::{ErrorCode, FieldError};

/// The parameters, each named like a field of the query language.
pub const PARAMETERS: &[&str] = &[
    "user_id",
    "actor",
    "subject",
    "action",
    "type",
    "resource_type",
    "resource_id",
    "severity",
    "outcome",
    "ip",
    "session_id",
    "request_id",
    "from",
    "to",
];

/// The filter that the parameters mean: all of them must hold.
///
/// Values separated by commas, or given under the same name again, are alternatives; `*` makes a
/// pattern, as in the query language. `user_id` is the actor's id. `from` and `to` are dates or
/// instants of `occurred_at`; what happened at `from` is included, what happened at `to` is not.
pub fn filter_from_parameters(
    pairs: &[(String, String)],
    context: &QueryContext<'_>,
) -> Result<Filter, Vec<FieldError>> {
    check_size(pairs, context).map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let mut conditions: Vec<(&str, Vec<Filter>)> = Vec::new();
    let mut range = TimeRange::default();
    for (name, text) in pairs {
        let outcome = match name.as_str() {
            "from" => set_time(name, text, &mut range.from, context),
            "to" => set_time(name, text, &mut range.until, context),
            _ => alternatives(name, text, context).map(|filters| {
                match conditions.iter_mut().find(|(known, _)| known == name) {
                    Some((_, known)) => known.extend(filters),
                    None => conditions.push((name, filters)),
                }
            }),
        };
        errors.extend(outcome.err());
    }
    if let TimeRange { from: Some(from), until: Some(until) } = range
        && from >= until
    {
        errors.push(FieldError::new(
            "to",
            ErrorCode::OutOfRange,
            "must lie after `from`: what happened at `to` itself is not included",
        ));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let times = if range == TimeRange::default() { Filter::All } else { Filter::Occurred(range) };
    let filters = conditions.into_iter().map(|(_, filters)| any_of(filters));
    let filter = filters.fold(times, Filter::and);
    check_terms(&filter, context).map_err(|error| vec![error])?;
    Ok(filter)
}

fn check_size(pairs: &[(String, String)], context: &QueryContext<'_>) -> Result<(), FieldError> {
    let bytes: usize = pairs.iter().map(|(name, text)| name.len() + text.len()).sum();
    let bytes_max = context.limits.bytes_max;
    if bytes > bytes_max {
        let message = format!("the parameters are {bytes} bytes long; at most {bytes_max}");
        return Err(FieldError::new("", ErrorCode::TooLarge, message));
    }
    Ok(())
}

fn check_terms(filter: &Filter, context: &QueryContext<'_>) -> Result<(), FieldError> {
    let terms = conditions::terms_in(filter);
    let terms_max = context.limits.terms_max;
    if terms > terms_max {
        let message = format!("the parameters make {terms} conditions; at most {terms_max}");
        return Err(FieldError::new("", ErrorCode::TooLarge, message));
    }
    Ok(())
}

fn alternatives(
    name: &str,
    text: &str,
    context: &QueryContext<'_>,
) -> Result<Vec<Filter>, FieldError> {
    let field = PARAMETERS.contains(&name).then(|| fields::find(name)).flatten();
    let field = field.ok_or_else(|| {
        let message = format!("is no parameter; known are {}", PARAMETERS.join(", "));
        FieldError::new(shortened(name), ErrorCode::UnknownField, message)
    })?;
    text.split(',')
        .map(|value| {
            let value = value.trim();
            if value.is_empty() {
                let message = "has an empty value; leave the parameter out, or the comma";
                return Err(FieldError::new(name, ErrorCode::Required, message));
            }
            conditions::condition(&field, Operator::Is, &Word::unquoted(value), context).map_err(
                |problem| {
                    let message = format!("must be {}", problem.expected);
                    FieldError::new(name, ErrorCode::Malformed, message)
                },
            )
        })
        .collect()
}

fn set_time(
    name: &str,
    text: &str,
    place: &mut Option<jiff::Timestamp>,
    context: &QueryContext<'_>,
) -> Result<(), FieldError> {
    if place.is_some() {
        let message = "is given twice; there can be only one";
        return Err(FieldError::new(name, ErrorCode::Contradiction, message));
    }
    let moment = Moment::read(text.trim(), context.now).ok_or_else(|| {
        FieldError::new(name, ErrorCode::Malformed, format!("must be {}", moments::EXPECTED))
    })?;
    *place = Some(moment.start);
    Ok(())
}
