//! "This wasn't me": a person says of something on their account that it was not them. It is recorded
//! once, and the shipped rule tells security.

use annals_domain::event::JsonObject;
use annals_domain::filter::Scope;
use annals_domain::notification::{DISPUTE_RAISED, Dispute};
use annals_domain::{EventId, Recorded, TenantId};

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::ApiError;
use crate::notifying::{person, said, subject};
use crate::own_facts::Fact;

/// How somebody said so.
const BY_LINK: &str = "link";
const BY_INBOX: &str = "inbox";

/// The disputes of the caller's tenant that are known, the newest first.
pub(crate) fn list(api: &ApiParts, caller: &Caller) -> Result<Vec<Dispute>, ApiError> {
    said(api, &caller.principal.tenant, |said| said.disputes().cloned().collect())
}

/// The caller says that an event of theirs was not them. Tells whether that is new.
pub(crate) async fn raise(
    api: &ApiParts,
    caller: &Caller,
    about: EventId,
) -> Result<bool, ApiError> {
    api.require_reading()?;
    let (person, tenant) = (person(caller)?, &caller.principal.tenant);
    disputable(api, tenant, &person.id, about)
        .await?
        .ok_or_else(|| ApiError::not_found("event"))?;
    let _turn = api.credentials.turn().await;
    if is_raised(api, tenant, &person.id, about)? {
        return Ok(false);
    }
    credentials::record(api, caller, fact(&person.id, about, BY_INBOX)).await?;
    Ok(true)
}

/// Whoever has the link says so for the person to whom it was sent. Tells whether that is new.
pub(crate) async fn raise_by_link(
    api: &ApiParts,
    tenant: &TenantId,
    person: &str,
    about: EventId,
) -> Result<bool, ApiError> {
    let _turn = api.credentials.turn().await;
    if is_raised(api, tenant, person, about)? {
        return Ok(false);
    }
    credentials::record_as_annals(api, tenant, fact(person, about, BY_LINK)).await?;
    Ok(true)
}

/// Whether a person has said so of an event already.
pub(crate) fn is_raised(
    api: &ApiParts,
    tenant: &TenantId,
    person: &str,
    about: EventId,
) -> Result<bool, ApiError> {
    said(api, tenant, |said| said.is_disputed(about, person))
}

/// The event, if it is about this person's account or names them as who acted.
pub(crate) async fn disputable(
    api: &ApiParts,
    tenant: &TenantId,
    person: &str,
    about: EventId,
) -> Result<Option<Recorded>, ApiError> {
    let scope = Scope::person(tenant.clone(), person);
    Ok(api.queries.event(&scope, about).await?)
}

fn fact(person: &str, about: EventId, via: &str) -> Fact {
    let mut metadata = JsonObject::new();
    metadata.insert("about".into(), about.to_string().into());
    metadata.insert("via".into(), via.into());
    Fact { subject: Some(subject(person)), metadata, ..Fact::new(DISPUTE_RAISED) }
}
