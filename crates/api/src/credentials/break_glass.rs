//! Emergency access: a person sees everything of their tenant for a short time, for a reason that is
//! written down, and somebody else is told at once.
//!
//! It opens reading and nothing else. What they could take out of the log as files they cannot while
//! it is open: files would outlast it.

use annals_domain::EventId;
use annals_domain::access::Masks;
use annals_domain::access::state::{
    AccessState, BREAK_GLASS_CLOSED, BREAK_GLASS_MINUTES_MAX, BREAK_GLASS_OPENED, BreakGlass,
};
use annals_domain::event::{JsonObject, Justification, Subject};
use annals_domain::filter::Filter;
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::profile::PersonRef;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::record;
use crate::auth::{Credential, OpenBreakGlass, Permission, Principal};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::own_facts::Fact;

/// Lets the caller see everything while their emergency access is open.
pub(super) fn open_for(state: &AccessState, principal: &mut Principal, now: Timestamp) {
    let Some(tenant) = state.tenant(&principal.tenant) else { return };
    let Some(opened) = tenant.open_break_glass(&principal.id, now) else { return };
    principal.break_glass = Some(OpenBreakGlass { id: opened.event, until: opened.until });
    principal.grants.allow_reading(Filter::All, Masks::default());
    principal.grants.allow(Permission::ReadProfiles);
    principal.grants.unmask();
    principal.grants.withhold(Permission::ExportEvents);
}

/// Whether the emergency access by which a caller sees what they see is still open.
pub(super) fn is_open(
    state: &AccessState,
    principal: &Principal,
    glass: &OpenBreakGlass,
    now: Timestamp,
) -> bool {
    let tenant = state.tenant(&principal.tenant);
    let open = tenant.and_then(|tenant| tenant.open_break_glass(&principal.id, now));
    open.is_some_and(|open| open.event == glass.id)
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    reason: String,
    #[serde(default)]
    ticket: Option<String>,
    minutes: i64,
    witness: String,
}

/// Opens emergency access for the caller.
pub(crate) async fn open(
    api: &ApiParts,
    caller: &Caller,
    wanted: Wanted,
) -> Result<BreakGlass, ApiError> {
    let principal = &caller.principal;
    if !matches!(principal.credential, Credential::Token { .. }) {
        return Err(ApiError::forbidden("only a person opens emergency access, no API key"));
    }
    let reason = super::text("reason", &wanted.reason, 10, 1000)?;
    let ticket = wanted.ticket.map(|ticket| super::text("ticket", &ticket, 1, 200)).transpose()?;
    if !(1..=BREAK_GLASS_MINUTES_MAX).contains(&wanted.minutes) {
        let message = format!("is 1 to {BREAK_GLASS_MINUTES_MAX}");
        return Err(wrong("minutes", ErrorCode::OutOfRange, &message));
    }
    // Before the witness is looked for: who knows that they will be refused could try out names.
    require_may_open(api, principal)?;
    let witness = witness(api, principal, &wanted.witness).await?;
    let _turn = api.credentials.turn().await;
    require_may_open(api, principal)?;
    let now = api.clock.now();
    let until = now + SignedDuration::from_mins(wanted.minutes);
    let mut metadata = JsonObject::new();
    metadata.insert("until".into(), until.to_string().into());
    let justification = Some(Justification { reason: Some(reason), ticket, legal_basis: None });
    let subject = Some(witness);
    let fact = Fact { subject, justification, metadata, ..Fact::new(BREAK_GLASS_OPENED) };
    let (receipt, _) = record(api, caller, fact).await?;
    find(api, caller, receipt.id)?.ok_or_else(|| {
        ApiError::new(Code::Conflict, "another node has opened emergency access for you meanwhile")
    })
}

/// Refuses whoever has emergency access already, or had it too often.
fn require_may_open(api: &ApiParts, principal: &Principal) -> Result<(), ApiError> {
    let (state, now) = (api.access_state()?, api.clock.now());
    let tenant = state.tenant(&principal.tenant);
    let may = tenant.map_or(Ok(()), |tenant| tenant.may_break_glass(&principal.id, now));
    may.map_err(|refused| ApiError::new(Code::Conflict, refused.to_string()))
}

/// Closes emergency access before its time: one's own, or as somebody who takes access away.
pub(crate) async fn close(api: &ApiParts, caller: &Caller, id: EventId) -> Result<(), ApiError> {
    let _turn = api.credentials.turn().await;
    let principal = &caller.principal;
    let found = find(api, caller, id)?;
    let may = |opened: &BreakGlass| {
        opened.person == principal.id || principal.may(Permission::RevokeAccess)
    };
    // Whoever may not close it need not know of it.
    let opened = found.filter(may).ok_or_else(|| ApiError::not_found("emergency access"))?;
    if !opened.is_open(api.clock.now()) {
        return Ok(());
    }
    let mut metadata = JsonObject::new();
    metadata.insert("break_glass".into(), id.to_string().into());
    let subject = opened.witness.map(|id| Subject { id, name: None, alt_ids: Default::default() });
    record(api, caller, Fact { subject, metadata, ..Fact::new(BREAK_GLASS_CLOSED) }).await?;
    Ok(())
}

/// The newest emergency accesses of the caller's tenant, open and past.
pub(crate) fn list(
    api: &ApiParts,
    caller: &Caller,
    limit: usize,
) -> Result<Vec<BreakGlass>, ApiError> {
    let state = api.access_state()?;
    let all = state.tenant(&caller.principal.tenant).into_iter().flat_map(|t| t.break_glasses());
    Ok(all.take(limit).cloned().collect())
}

fn find(api: &ApiParts, caller: &Caller, id: EventId) -> Result<Option<BreakGlass>, ApiError> {
    let state = api.access_state()?;
    let tenant = state.tenant(&caller.principal.tenant);
    Ok(tenant.and_then(|tenant| tenant.break_glasses().find(|opened| opened.event == id)).cloned())
}

/// Somebody else, whom the log knows: a name that nobody has would hear of nothing.
async fn witness(api: &ApiParts, principal: &Principal, named: &str) -> Result<Subject, ApiError> {
    let id = super::text("witness", named, 1, 256)?;
    if id == principal.id {
        return Err(wrong("witness", ErrorCode::OutOfRange, "is another person than you"));
    }
    api.require_reading()?;
    let person = PersonRef { tenant: principal.tenant.clone(), id: id.clone() };
    if api.queries.profile(person, 1).await?.is_none() {
        let message = "is a person of whom the log knows something; of this one it knows nothing";
        return Err(wrong("witness", ErrorCode::OutOfRange, message));
    }
    Ok(Subject { id, name: None, alt_ids: Default::default() })
}

fn wrong(field: &str, code: ErrorCode, message: &str) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, code, message)])
}
