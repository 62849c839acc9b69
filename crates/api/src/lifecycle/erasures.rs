//! Erasing a person: asked for by one, agreed on by another, refused where something forbids it, carried out,
//! certified.

mod carrying_out;
mod forbidding;

use annals_domain::EventId;
use annals_domain::access::state::{ERASURE_APPROVED, ERASURE_REFUSED, ERASURE_REQUESTED};
use annals_domain::event::{Justification, Subject};
use annals_domain::lifecycle::{ERASURES_MAX, Erasure, ErasureStatus};
use serde::Deserialize;

use self::forbidding::{joined, no_hold, obligations};
use super::paging::{Page, page_of};
use super::{REASON_MAX, conflict, decide, require_person, require_second_person};
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::credentials;
use crate::error::ApiError;
use crate::own_facts::Fact;

pub(super) use carrying_out::carry_out_open;

/// A request to erase somebody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) person: String,
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) legal_basis: Option<String>,
}

/// Asks for the erasure of a person.
pub(crate) async fn request(
    api: &ApiParts,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Erasure, ApiError> {
    require_person(caller)?;
    let person = credentials::text("person", &wanted.person, 1, 256)?;
    let reason = credentials::text("reason", &wanted.reason, 3, REASON_MAX)?;
    let legal_basis = wanted
        .legal_basis
        .map(|basis| credentials::text("legal_basis", &basis, 1, 200))
        .transpose()?;
    let _turn = api.credentials.turn().await;
    let lifecycle = api.lifecycle_of(caller)?;
    if let Some(open) = lifecycle.open_erasure(&person) {
        let message = format!("the erasure of this person is asked for already, by {}", open.event);
        return Err(conflict(&message));
    }
    if !lifecycle.takes_erasure() {
        let message = format!("{ERASURES_MAX} requests are open; decide on some of them first");
        return Err(conflict(&message));
    }
    // In the person's own stream, sealed under their key: once they are erased it tells nobody who they were.
    let subject = Some(Subject { id: person, name: None, alt_ids: Default::default() });
    let justification = Some(Justification { reason: Some(reason), ticket: None, legal_basis });
    let fact = Fact { subject, justification, ..Fact::new(ERASURE_REQUESTED) };
    let (receipt, _) = credentials::record(api, caller, fact).await?;
    find(api, caller, receipt.id)
}

/// Agrees, as a second person, to an erasure. Where something forbids it, it is refused with the reasons.
pub(crate) async fn approve(
    api: &Api,
    caller: &Caller,
    id: EventId,
    reason: &str,
) -> Result<Erasure, ApiError> {
    let _turn = api.credentials.turn().await;
    let erasure = find(api, caller, id)?;
    if erasure.status() != ErasureStatus::Requested {
        return Err(conflict("the request does not wait for anybody to agree"));
    }
    require_second_person(caller, &erasure.requested)?;
    let person = erasure.person.clone().unwrap_or_default();
    let tenant = &caller.principal.tenant;
    let lifecycle = api.lifecycle_of(caller)?;
    let mut reasons = match no_hold(api, tenant, &lifecycle, &person).await? {
        Ok(_) => Vec::new(),
        Err(refused) => vec![refused.to_string()],
    };
    reasons.extend(obligations(api, tenant, &lifecycle, &person).await?);
    if !reasons.is_empty() {
        let why = joined(&reasons);
        decide(api, caller, ERASURE_REFUSED, id, &why).await?;
        return Err(conflict(&format!("the person is not erased: {why}")));
    }
    decide(api, caller, ERASURE_APPROVED, id, reason).await?;
    api.lifecycle.work.notify_one();
    find(api, caller, id)
}

/// Refuses a request, or takes it back, as long as it is not carried out.
pub(crate) async fn refuse(
    api: &ApiParts,
    caller: &Caller,
    id: EventId,
    reason: &str,
) -> Result<Erasure, ApiError> {
    require_person(caller)?;
    let _turn = api.credentials.turn().await;
    let erasure = find(api, caller, id)?;
    if !erasure.is_open() || erasure.started.is_some() {
        return Err(conflict("the request is being carried out, or was decided on already"));
    }
    decide(api, caller, ERASURE_REFUSED, id, reason).await?;
    find(api, caller, id)
}

/// Requests that are known, newest first: those that stand there, behind the one of an id. That somebody looked
/// is noted.
pub(crate) fn page(
    api: &ApiParts,
    caller: &Caller,
    status: Option<ErasureStatus>,
    after: Option<EventId>,
    limit: usize,
) -> Result<Page<Erasure>, ApiError> {
    let page = api.with_lifecycle_of(caller, |lifecycle| {
        let asked = lifecycle.erasures().filter(|one| {
            status.is_none_or(|status| one.status() == status || Some(one.event) == after)
        });
        page_of(asked, |one| one.event, after, limit)
            .map(|page| Page { items: page.items.into_iter().cloned().collect(), more: page.more })
    })??;
    caller.sees_access("erasures", page.items.len());
    Ok(page)
}

/// The request of an id, for somebody to look at.
pub(crate) fn one(api: &ApiParts, caller: &Caller, id: EventId) -> Result<Erasure, ApiError> {
    let erasure = find(api, caller, id)?;
    caller.sees_access("erasures", 1);
    Ok(erasure)
}

fn find(api: &ApiParts, caller: &Caller, id: EventId) -> Result<Erasure, ApiError> {
    let found = api.with_lifecycle_of(caller, |lifecycle| lifecycle.erasure(id).cloned())?;
    found.ok_or_else(|| ApiError::not_found("erasure"))
}
