//! `DELETE /api/v1/logs/cleanup`: the retention job, for the caller's tenant.

use std::collections::BTreeMap;

use annals_domain::problem::{ErrorCode, FieldError};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::parameters::pairs;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::lifecycle::cleaning::{self, Cleaned};

const PARAMETERS_MAX: usize = 4;

#[derive(Serialize)]
struct CleanupBody {
    dry_run: bool,
    due: u64,
    removed: u64,
    by_class: BTreeMap<String, u64>,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    more: bool,
    held: u64,
    /// Due, but where the log cannot remove them yet.
    waiting: u64,
    /// The event that tells of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
}

impl From<Cleaned> for CleanupBody {
    fn from(cleaned: Cleaned) -> Self {
        let Cleaned { dry_run, due, removed, by_class, oldest, newest, more, held, waiting, run } =
            cleaned;
        let run = run.map(|run| run.to_string());
        Self { dry_run, due, removed, by_class, oldest, newest, more, held, waiting, run }
    }
}

/// Looks for what is due; removes it when it is no dry run, once that is recorded.
pub(super) async fn run(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let dry_run = is_dry_run(query.as_deref().unwrap_or_default())?;
    let cleaned = cleaning::clean_up(&api, &caller, dry_run).await?;
    Ok(Json(CleanupBody::from(cleaned)).into_response())
}

/// Without the parameter nothing is removed.
fn is_dry_run(query: &str) -> Result<bool, ApiError> {
    let wrong = |name: &str, code, message: &str| {
        Err(ApiError::fields(vec![FieldError::new(name, code, message)]))
    };
    let mut told = None;
    for (name, value) in pairs(query, PARAMETERS_MAX)? {
        match (name.as_str(), value.as_str()) {
            ("dry_run", _) if told.is_some() => {
                let message = "is given twice; there can be only one";
                return wrong("dry_run", ErrorCode::Contradiction, message);
            }
            ("dry_run", "true") => told = Some(true),
            ("dry_run", "false") => told = Some(false),
            ("dry_run", _) => {
                return wrong("dry_run", ErrorCode::Malformed, "must be `true` or `false`");
            }
            (other, _) => {
                return wrong(other, ErrorCode::UnknownField, "is not known; known is dry_run");
            }
        }
    }
    Ok(told.unwrap_or(true))
}
