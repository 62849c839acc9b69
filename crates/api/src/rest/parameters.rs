//! The query parameters of `GET /api/v1/logs` and of the live stream.

use annals_domain::Position;
use annals_domain::access::state::ViewOrder;
use annals_domain::filter::{Filter, Order};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query::{self, QueryContext};

use crate::context::ApiParts;
use crate::cursor::Cursor;
use crate::error::{ApiError, Code};

/// What was asked.
#[derive(Debug)]
pub(super) struct ListParameters {
    pub(super) filter: Filter,
    pub(super) limit: usize,
    pub(super) cursor: Option<Cursor>,
    pub(super) order: Option<Order>,
    pub(super) min_position: Option<Position>,
    /// How far to count, when a count was asked for.
    pub(super) count: Option<u64>,
    /// Whether what was asked for is marked in the events.
    pub(super) highlight: bool,
    /// The saved view whose conditions hold, too.
    pub(super) view: Option<String>,
    /// Whether what only the archive has is looked for, too.
    pub(super) include_archived: bool,
}

impl ListParameters {
    /// Reads the query string. Unknown parameters are refused: a misspelt filter would find too
    /// much.
    pub(super) fn read(text: &str, api: &ApiParts) -> Result<Self, ApiError> {
        let limits = &api.limits.query;
        let mut asked = Self {
            filter: Filter::All,
            limit: limits.page_default,
            cursor: None,
            order: None,
            min_position: None,
            count: None,
            highlight: false,
            view: None,
            include_archived: false,
        };
        let mut rest = Vec::new();
        for (name, value) in pairs(text, limits.terms_max)? {
            match name.as_str() {
                "q" | "query" => asked.filter = asked.filter.and(parse_query(&value, api)?),
                "limit" => asked.limit = number(&name, &value, limits.page_max)?,
                "cursor" | "after" => asked.cursor = Some(api.cursors.read(&value)?),
                "min_position" => asked.min_position = Some(api.cursors.read(&value)?.position()),
                "order" => asked.order = Some(order(&value)?),
                "highlight" => asked.highlight = flag(&name, &value)?,
                "include_archived" => asked.include_archived = flag(&name, &value)?,
                "view" => asked.view = Some(value),
                "count" => asked.count = flag(&name, &value)?.then_some(limits.count_max),
                _ => rest.push((name, value)),
            }
        }
        let parameters =
            query::filter_from_parameters(&rest, &context(api)).map_err(ApiError::fields)?;
        asked.filter = asked.filter.and(parameters);
        Ok(asked)
    }
}

/// Reads a text query.
pub(crate) fn parse_query(text: &str, api: &ApiParts) -> Result<Filter, ApiError> {
    query::parse(text, &context(api)).map_err(|error| {
        let field = FieldError::new("q", ErrorCode::Malformed, error.to_string());
        ApiError { code: Code::BadUserInput, ..ApiError::field(field) }
    })
}

pub(crate) fn context(api: &ApiParts) -> QueryContext<'_> {
    QueryContext { limits: &api.limits.query, now: api.clock.now(), catalogue: &api.catalogue }
}

/// The names and values of a query string, of which there may be so many.
pub(crate) fn pairs(text: &str, max: usize) -> Result<Vec<(String, String)>, ApiError> {
    let mut pairs = Vec::new();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        pairs.push((decoded(name)?, decoded(value)?));
        if pairs.len() > max {
            return Err(ApiError::bad_request(format!("more than {max} parameters")));
        }
    }
    Ok(pairs)
}

/// Undoes percent-encoding and `+` for a blank.
fn decoded(text: &str) -> Result<String, ApiError> {
    let malformed = || ApiError::bad_request("the query string is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || Some((rest.next()? as char).to_digit(16)? as u8);
                let (high, low) = (digit(), digit());
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or_else(malformed)?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

fn number(name: &str, value: &str, max: usize) -> Result<usize, ApiError> {
    value.parse().ok().filter(|number| (1..=max).contains(number)).ok_or_else(|| {
        let message = format!("must be a number from 1 to {max}");
        ApiError::field(FieldError::new(name, ErrorCode::OutOfRange, message))
    })
}

fn flag(name: &str, value: &str) -> Result<bool, ApiError> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => {
            let message = "must be `true` or `false`";
            Err(ApiError::field(FieldError::new(name, ErrorCode::Malformed, message)))
        }
    }
}

fn order(value: &str) -> Result<Order, ApiError> {
    ViewOrder::from_word(value).map(Order::from).ok_or_else(|| {
        let words: Vec<&str> = ViewOrder::ALL.iter().map(|order| order.as_str()).collect();
        let message = format!("must be one of {}", words.join(", "));
        ApiError::field(FieldError::new("order", ErrorCode::Malformed, message))
    })
}

#[cfg(test)]
mod tests;
