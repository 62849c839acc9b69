//! Legal holds of a tenant.

use annals_domain::EventId;
use annals_domain::access::state::{HOLD_APPROVED, HOLD_PLACED, HOLD_RELEASE_ASKED, HOLD_RELEASED};
use annals_domain::event::{JsonObject, Target};
use annals_domain::lifecycle::{HOLDS_MAX, Hold, HoldStatus};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query;
use serde::Deserialize;

use super::paging::{Page, page_of};
use super::{conflict, decide, justified, require_person, require_second_person};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::ApiError;
use crate::own_facts::Fact;
use crate::rest::query_context;

/// A hold that somebody wants.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) matter: String,
    /// Empty: every event of the tenant.
    pub(crate) query: String,
    pub(crate) reason: String,
}

/// Places a hold; it is in force when this returns.
pub(crate) async fn place(
    api: &ApiParts,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Hold, ApiError> {
    require_person(caller)?;
    let matter = credentials::text("matter", &wanted.matter, 1, 200)?;
    let justification = justified(&wanted.reason)?;
    let query = written_out(api, &wanted.query)?;
    let _turn = api.credentials.turn().await;
    if !api.lifecycle_of(caller)?.takes_hold() {
        let message = format!("{HOLDS_MAX} holds are in force; release one of them first");
        return Err(conflict(&message));
    }
    let mut metadata = JsonObject::new();
    metadata.insert("matter".into(), matter.as_str().into());
    metadata.insert("query".into(), query.into());
    let targets =
        vec![Target { target_type: "matter".into(), id: Some(matter), name: None, owner: None }];
    let fact = Fact { justification, metadata, targets, ..Fact::new(HOLD_PLACED) };
    // What is being removed is removed before the hold is there, or sees it.
    let _deciding = api.credentials.view().deciding().await;
    let (receipt, in_effect) = credentials::record(api, caller, fact).await?;
    if !in_effect {
        let message =
            "the hold is recorded, and this node does not go by it yet; look again shortly";
        return Err(ApiError::new(crate::error::Code::Unavailable, message));
    }
    find(api, caller, receipt.id)
}

/// The query as it is kept: what is relative counts from now, and stays so. It can be longer than it was, and
/// must be understood as long as the hold is in force.
fn written_out(api: &ApiParts, query: &str) -> Result<String, ApiError> {
    let wrong = |code, message| ApiError::field(FieldError::new("query", code, message));
    let parsed = query::parse(query, &query_context(api))
        .map_err(|error| wrong(ErrorCode::Malformed, error.to_string()))?;
    let written = query::print(&parsed);
    query::parse(&written, &query_context(api)).map_err(|error| {
        let message = format!("the query cannot be kept as it is written out in full: {error}");
        wrong(ErrorCode::OutOfRange, message)
    })?;
    Ok(written)
}

/// Agrees, as a second person, that a hold is right.
pub(crate) async fn approve(
    api: &ApiParts,
    caller: &Caller,
    id: EventId,
    reason: &str,
) -> Result<Hold, ApiError> {
    let _turn = api.credentials.turn().await;
    let hold = find(api, caller, id)?;
    if hold.approved.is_some() || !hold.is_in_force() {
        return Err(conflict("the hold does not wait for anybody to agree"));
    }
    require_second_person(caller, &hold.placed)?;
    decide(api, caller, HOLD_APPROVED, id, reason).await?;
    find(api, caller, id)
}

/// Asks for the end of a hold, or ends it when another person has asked.
pub(crate) async fn release(
    api: &ApiParts,
    caller: &Caller,
    id: EventId,
    reason: &str,
) -> Result<Hold, ApiError> {
    require_person(caller)?;
    let _turn = api.credentials.turn().await;
    let hold = find(api, caller, id)?;
    let event_type = match (&hold.release_asked, hold.status()) {
        (_, HoldStatus::Released) => return Err(conflict("the hold was released already")),
        (None, _) => HOLD_RELEASE_ASKED,
        (Some(asked), _) => {
            require_second_person(caller, asked)?;
            HOLD_RELEASED
        }
    };
    decide(api, caller, event_type, id, reason).await?;
    find(api, caller, id)
}

/// Holds that are known, newest first, behind the one of an id. That somebody looked is noted.
pub(crate) fn page(
    api: &ApiParts,
    caller: &Caller,
    after: Option<EventId>,
    limit: usize,
) -> Result<Page<Hold>, ApiError> {
    let page = api.with_lifecycle_of(caller, |lifecycle| {
        page_of(lifecycle.holds().cloned(), |one| one.event, after, limit)
    })??;
    caller.sees_access("holds", page.items.len());
    Ok(page)
}

/// The hold of an id, for somebody to look at.
pub(crate) fn one(api: &ApiParts, caller: &Caller, id: EventId) -> Result<Hold, ApiError> {
    let hold = find(api, caller, id)?;
    caller.sees_access("holds", 1);
    Ok(hold)
}

fn find(api: &ApiParts, caller: &Caller, id: EventId) -> Result<Hold, ApiError> {
    let found = api.with_lifecycle_of(caller, |lifecycle| lifecycle.hold(id).cloned())?;
    found.ok_or_else(|| ApiError::not_found("hold"))
}
