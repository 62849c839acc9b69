//! `GET /api/v1/logs/complete`: what a query could go on with.

use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query::ChoiceKind;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::parameters::pairs;
use crate::caller::Caller;
use crate::completing::{self, Completions, Offer};
use crate::context::Api;
use crate::error::ApiError;

/// `q`, `cursor` and `limit`, each once.
const PARAMETERS_MAX: usize = 3;

#[derive(Serialize)]
struct CompletionsBody {
    start: usize,
    end: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    offers: Vec<OfferBody>,
    complete: bool,
}

#[derive(Serialize)]
struct OfferBody {
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

/// `GET /api/v1/logs/complete`
pub(super) async fn complete(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    api.require_reading()?;
    let (mut text, mut cursor, mut limit) = (String::new(), None, None);
    for (name, value) in pairs(query.as_deref().unwrap_or_default(), PARAMETERS_MAX)? {
        match name.as_str() {
            "q" | "query" => text = value,
            "cursor" => cursor = Some(number(&name, &value)?),
            "limit" => limit = Some(number(&name, &value)?),
            _ => {
                let message = "is no parameter; known are q, cursor and limit";
                return Err(wrong(&name, ErrorCode::UnknownField, message));
            }
        }
    }
    let found = completing::complete(&api, &caller, &text, cursor, limit).await?;
    let Completions { start, end, field, offers, complete } = found;
    let offers = offers.into_iter().map(offer).collect();
    Ok(Json(CompletionsBody { start, end, field, offers, complete }).into_response())
}

fn offer(Offer { kind, text, description, count }: Offer) -> OfferBody {
    let kind = match kind {
        ChoiceKind::Field => "field",
        ChoiceKind::Operator => "operator",
        ChoiceKind::Keyword => "keyword",
        ChoiceKind::Value => "value",
    };
    OfferBody { kind, text, description, count }
}

fn number(name: &str, text: &str) -> Result<usize, ApiError> {
    text.parse().map_err(|_| wrong(name, ErrorCode::Malformed, "must be a number"))
}

fn wrong(parameter: &str, code: ErrorCode, message: &str) -> ApiError {
    ApiError::field(FieldError::new(parameter, code, message))
}
