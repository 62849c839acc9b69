//! What an export is to hold, as parameters or as JSON: the same names and meanings in both, and the
//! same filters as of `GET /api/v1/logs`.

use annals_domain::Position;
use annals_domain::filter::Filter;
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query::filter_from_parameters;
use annals_engine::Form;
use annals_export::Format;
use serde_json::Value;

use super::super::parameters::{context, pairs, parse_query};
use crate::context::ApiParts;
use crate::error::ApiError;

/// What was asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) form: Form,
    pub(super) filter: Filter,
    pub(super) min_position: Option<Position>,
}

impl Asked {
    /// Reads a query string.
    pub(super) fn of_query(text: &str, api: &ApiParts) -> Result<Self, ApiError> {
        Self::of(pairs(text, api.limits.query.terms_max)?, api)
    }

    /// Reads a JSON object of texts.
    pub(super) fn of_json(bytes: &[u8], api: &ApiParts) -> Result<Self, ApiError> {
        let object: serde_json::Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| {
                ApiError::bad_request(
                    "send a JSON object, such as {\"format\": \"csv\", \"query\": \"actor:ann\"}",
                )
            })?;
        let max = api.limits.query.terms_max;
        if object.len() > max {
            return Err(ApiError::bad_request(format!("more than {max} fields")));
        }
        let text = |(name, value): (String, Value)| match value {
            Value::Bool(flag) if name == "bom" => Ok((name, flag.to_string())),
            _ if name == "bom" => Err(wrong(&name, "must be `true` or `false`")),
            Value::String(text) => Ok((name, text)),
            _ => Err(wrong(&name, "must be a text")),
        };
        let pairs: Result<Vec<_>, _> = object.into_iter().map(text).collect();
        Self::of(pairs?, api)
    }

    fn of(pairs: Vec<(String, String)>, api: &ApiParts) -> Result<Self, ApiError> {
        let (mut form, mut bom) = (None, false);
        let (mut filter, mut min_position) = (Filter::All, None);
        let mut rest = Vec::new();
        for (name, value) in pairs {
            match name.as_str() {
                "format" => {
                    form = Some(Form::parse(&value).map_err(|error| wrong(&name, error))?);
                }
                "bom" => bom = flag(&name, &value)?,
                "q" | "query" => filter = filter.and(parse_query(&value, api)?),
                "min_position" => min_position = Some(api.cursors.read(&value)?.position()),
                _ => rest.push((name, value)),
            }
        }
        let form = form.unwrap_or(Format::Ndjson.into());
        let form = form.with_bom(bom).map_err(|error| wrong("bom", error))?;
        let parameters = filter_from_parameters(&rest, &context(api)).map_err(ApiError::fields)?;
        Ok(Self { form, filter: filter.and(parameters), min_position })
    }
}

fn flag(name: &str, value: &str) -> Result<bool, ApiError> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(wrong(name, "must be `true` or `false`")),
    }
}

fn wrong(name: &str, message: &str) -> ApiError {
    ApiError::field(FieldError::new(name, ErrorCode::Malformed, message))
}
