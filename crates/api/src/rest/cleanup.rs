//! `DELETE /api/v1/logs/cleanup`: the retention job, for the caller's tenant.

use std::collections::BTreeMap;

use annals_domain::problem::{ErrorCode, FieldError};
use annals_engine::Due;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::parameters::pairs;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::own_facts::{self, Fact};
use crate::self_audit::Read;

/// Tells that events were removed, and why.
const RUN_TYPE: &str = "annals.retention.run";
const PARAMETERS_MAX: usize = 4;

#[derive(Serialize)]
struct CleanupBody {
    dry_run: bool,
    due: usize,
    removed: u64,
    by_class: BTreeMap<String, u64>,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    more: bool,
}

impl CleanupBody {
    fn new(dry_run: bool, due: Due, removed: u64) -> Self {
        let Due { positions, by_class, oldest, newest, more } = due;
        let more = more || (!dry_run && removed < positions.len() as u64);
        Self { dry_run, due: positions.len(), removed, by_class, oldest, newest, more }
    }
}

/// Looks for what is due; removes it when it is no dry run, once that is recorded.
pub(super) async fn run(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let dry_run = is_dry_run(query.as_deref().unwrap_or_default())?;
    api.require_reading()?;
    if !dry_run {
        api.require_recording()?;
    }
    let run = api.retention.begin()?;
    let now = api.clock.now();
    let due = run.look(&caller.principal.tenant, now).await?;
    if dry_run || due.is_empty() {
        note(&caller, &due);
        return Ok(Json(CleanupBody::new(dry_run, due, 0)).into_response());
    }
    run.require_removal().await?;
    let told = own_facts::record(&api, &caller, fact(&due, now)).await?;
    let removed = run.remove(told.id, &due).await?;
    Ok(Json(CleanupBody::new(dry_run, due, removed)).into_response())
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

fn note(caller: &Caller, due: &Due) {
    let returned = due.positions.len();
    caller.reads.note(Read { what: "retention", shape: "due".into(), returned, subject: None });
}

fn fact(due: &Due, now: Timestamp) -> Fact {
    let mut fact = Fact::new(RUN_TYPE);
    let mut tell = |name: &str, value: Value| fact.metadata.insert(name.into(), value);
    tell("due", due.positions.len().into());
    tell("as_of", now.to_string().into());
    let classes = due.by_class.iter().map(|(class, count)| format!("{class}: {count}"));
    tell("classes", classes.map(Value::from).collect());
    for (name, time) in [("oldest", due.oldest), ("newest", due.newest)] {
        if let Some(time) = time {
            tell(name, time.to_string().into());
        }
    }
    tell("more", due.more.into());
    fact
}
