//! What a query could go on with, by REST and by GraphQL: names and words that are known, and
//! values of events that the caller may see.

use annals_domain::filter::Field;
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query::{self, ChoiceKind, Completion, Lookup};
use annals_domain::statistics::VALUES_SHOWN_MAX;
use annals_engine::CountedValues;

use crate::caller::{Caller, Question};
use crate::context::ApiParts;
use crate::error::ApiError;
use crate::rest::query_context;

/// Offers when the caller names no number.
pub(crate) const OFFERED: usize = 20;

/// What could be written at the cursor. Places are counted in characters, as columns of errors are.
#[derive(Debug)]
pub(crate) struct Completions {
    /// First character that is replaced.
    pub(crate) start: usize,
    /// The character behind the last that is replaced.
    pub(crate) end: usize,
    /// The field whose value is written.
    pub(crate) field: Option<&'static str>,
    /// Best first.
    pub(crate) offers: Vec<Offer>,
    /// Whether all events were counted.
    pub(crate) complete: bool,
}

/// Something that could be written.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) kind: ChoiceKind,
    pub(crate) text: String,
    pub(crate) description: Option<&'static str>,
    /// How many of the events that the rest of the query finds have the value.
    pub(crate) count: Option<u64>,
}

/// Completes the query at the cursor; at its end when there is none.
pub(crate) async fn complete(
    api: &ApiParts,
    caller: &Caller,
    text: &str,
    cursor: Option<usize>,
    limit: Option<usize>,
) -> Result<Completions, ApiError> {
    let limit = limit.unwrap_or(OFFERED);
    if !(1..=VALUES_SHOWN_MAX).contains(&limit) {
        return Err(wrong("limit", format!("must be a number from 1 to {VALUES_SHOWN_MAX}")));
    }
    let bytes_max = api.limits.query.bytes_max;
    if text.len() > bytes_max {
        return Err(wrong("q", format!("is longer than {bytes_max} bytes")));
    }
    let cursor = byte_at(text, cursor.unwrap_or(usize::MAX));
    let completion = query::complete(text, cursor, &query_context(api));
    let counted = match &completion.lookup {
        Some(lookup) => Some(count(api, caller, lookup, limit).await?),
        None => None,
    };
    let complete = counted.as_ref().is_none_or(|counted| counted.complete);
    let column = |byte: usize| text[..byte].chars().count();
    Ok(Completions {
        start: column(completion.replace.start),
        end: column(completion.replace.end),
        field: completion.field,
        offers: offers(completion, counted, limit),
        complete,
    })
}

/// The values that events have which the caller may see. What is hidden from them is not looked at.
async fn count(
    api: &ApiParts,
    caller: &Caller,
    lookup: &Lookup,
    limit: usize,
) -> Result<CountedValues, ApiError> {
    let Question { scope, filter, shape } = caller.asks(api, lookup.rest.clone())?;
    let shown = |Field(path): &&Field| caller.require_field(api, path).is_ok();
    let fields: Vec<Field> = lookup.fields.iter().filter(shown).cloned().collect();
    if fields.is_empty() {
        return Ok(CountedValues { values: Vec::new(), complete: true });
    }
    let names: Vec<&str> = fields.iter().map(|field| field.0.as_str()).collect();
    let shape = format!("{shape} {}:?*", names.join(","));
    let beginning = lookup.prefix.clone();
    let counted = api.queries.completions(&scope, filter.clone(), fields, beginning, limit).await?;
    let found = counted.values.len();
    caller.learns_from(api, "completions", &shape, found, (&scope, filter)).await?;
    Ok(counted)
}

fn offers(completion: Completion, counted: Option<CountedValues>, limit: usize) -> Vec<Offer> {
    let Completion { choices, lookup, .. } = completion;
    let (values, complete) =
        counted.map_or((Vec::new(), true), |counted| (counted.values, counted.complete));
    let count_of = |text: &str| values.iter().find(|value| value.value == text).map(|v| v.count);
    let looked_up = lookup.is_some();
    let known = choices.into_iter().map(|choice| Offer {
        // A word that no event has is offered as well.
        count: count_of(&choice.text).or((looked_up && complete).then_some(0)),
        kind: choice.kind,
        description: Some(choice.description).filter(|description| !description.is_empty()),
        text: choice.text,
    });
    let mut offers: Vec<Offer> = known.collect();
    if let Some(lookup) = lookup.filter(|_| offers.is_empty()) {
        offers.extend(values.iter().map(|value| Offer {
            kind: ChoiceKind::Value,
            text: lookup.written(&value.value),
            description: None,
            count: Some(value.count),
        }));
    }
    offers.sort_by_key(|offer| std::cmp::Reverse(offer.count));
    offers.truncate(limit);
    offers
}

/// The byte at which the character begins.
fn byte_at(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte)
}

fn wrong(parameter: &str, message: String) -> ApiError {
    ApiError::field(FieldError::new(parameter, ErrorCode::OutOfRange, message))
}
