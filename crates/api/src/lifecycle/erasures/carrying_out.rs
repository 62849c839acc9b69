//! Carrying out what was agreed on: each erasure is told to begin, with what the ledger needs, before any key
//! is destroyed, and certified when it is done.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_domain::access::state::{
    ERASURE_COMPLETED, ERASURE_REFUSED, ERASURE_STARTED, TenantLifecycle,
};
use annals_domain::event::{JsonObject, Justification};
use annals_domain::lifecycle::{Erasure, ErasureClearance, ErasureStatus, NoHold};
use annals_domain::{EventId, TenantId};
use annals_engine::Named;
use serde_json::{Value, json};
use tracing::{error, warn};

use super::forbidding::{StillFree, joined, no_hold, obligations};
use crate::context::{Api, ApiParts};
use crate::error::{ApiError, Code};
use crate::lifecycle::certificates;
use crate::own_facts::{self, Fact};

/// Persons that are erased in one go.
const TOGETHER_MAX: usize = annals_engine::PERSONS_MAX;
/// What a certificate is about.
const CERTIFICATE: &str = "erasure";
/// What was done, where it is known who the person was.
const METHOD: &str = "the key was destroyed, for every node; on the node that carried this out, the spool, quarantine, \
                      read models, search index and exports were cleared; nothing is said here of what \
                      other nodes derived; records, leaves and proofs stay as they were";
/// What was done, where that was known to nobody any more.
const METHOD_UNKNOWN: &str = "the key was destroyed before, for every node, and with it who the person was; on the node that \
                              carried this out, the search index and exports were cleared of what lies under \
                              the key; profiles, inboxes, quarantine and spool, which go by the id of a \
                              person, were not searched; nothing is said here of what other nodes derived; \
                              records, leaves and proofs stay as they were";
/// How long is waited until what was recorded is in effect.
const EFFECT_PATIENCE: Duration = Duration::from_secs(10);

/// An erasure that goes on.
struct Ready {
    erasure: Erasure,
    /// None: its key is gone, and who it was is known to nobody any more. Its end is still to be told.
    no_hold: Option<NoHold>,
}

/// Carries out all erasures that were agreed on. What fails is tried again by the next call.
pub(in crate::lifecycle) async fn carry_out_open(api: &Api) {
    let state = api.credentials.view().now();
    let tenants: Vec<TenantId> = state.tenants().cloned().collect();
    for tenant in tenants {
        if let Err(error) = carry_out_of(api, &tenant).await {
            warn!(%tenant, error = error.message, "an erasure is not carried out yet; it is tried again");
            failed();
        }
    }
}

/// Every one of them once: what cannot be done now must not hold up the rest, nor be tried without end.
async fn carry_out_of(api: &Api, tenant: &TenantId) -> Result<(), ApiError> {
    let approved: Vec<EventId> =
        approved_of(&lifecycle_of(api, tenant)).map(|one| one.event).collect();
    for batch in approved.chunks(TOGETHER_MAX) {
        let lifecycle = lifecycle_of(api, tenant);
        let open: Vec<Erasure> =
            approved_of(&lifecycle).filter(|one| batch.contains(&one.event)).cloned().collect();
        carry_out(api, tenant, &lifecycle, open).await?;
    }
    Ok(())
}

fn lifecycle_of(api: &ApiParts, tenant: &TenantId) -> TenantLifecycle {
    let state = api.credentials.view().now();
    state.tenant(tenant).map(|tenant| tenant.lifecycle().clone()).unwrap_or_default()
}

fn approved_of(lifecycle: &TenantLifecycle) -> impl Iterator<Item = &Erasure> {
    lifecycle.erasures().filter(|one| one.status() == ErasureStatus::Approved)
}

async fn carry_out(
    api: &Api,
    tenant: &TenantId,
    lifecycle: &TenantLifecycle,
    batch: Vec<Erasure>,
) -> Result<(), ApiError> {
    let mut ready = Vec::with_capacity(batch.len());
    for erasure in batch {
        ready.extend(ready_one(api, tenant, lifecycle, erasure).await?);
    }
    let names = begin(api, tenant, &ready).await?;
    // A hold may have been placed while all that was done: then it is the next round that looks again.
    let lifecycle = lifecycle_of(api, tenant);
    let mut cleared = Vec::with_capacity(ready.len());
    for Ready { erasure, no_hold } in ready {
        match no_hold.map(|no_hold| lifecycle.clear_erasure(tenant, erasure.event, &no_hold)) {
            None => cleared.push((erasure, None)),
            Some(Ok(clearance)) => cleared.push((erasure, Some(clearance))),
            Some(Err(why)) => {
                warn!(%tenant, erasure = %erasure.event, "an erasure that has begun waits: {why}");
            }
        }
    }
    finish(api, tenant, &cleared, names).await
}

/// An erasure that may go on. One that a hold or a law forbids is refused as long as it has not begun; one that has
/// begun stays open until the hold is released, for part of it may be done already.
async fn ready_one(
    api: &Api,
    tenant: &TenantId,
    lifecycle: &TenantLifecycle,
    erasure: Erasure,
) -> Result<Option<Ready>, ApiError> {
    let has_begun = erasure.started.is_some();
    let why = match &erasure.person {
        None if has_begun => return Ok(Some(Ready { erasure, no_hold: None })),
        None => "who it was is not known any more: the key was destroyed before".to_owned(),
        Some(person) => {
            // What a law has kept was looked at before it began; from then on only a hold stops it.
            let laws = match has_begun {
                true => Vec::new(),
                false => obligations(api, tenant, lifecycle, person).await?,
            };
            match no_hold(api, tenant, lifecycle, person).await? {
                Ok(no_hold) if laws.is_empty() => {
                    return Ok(Some(Ready { erasure, no_hold: Some(no_hold) }));
                }
                Ok(_) => joined(&laws),
                Err(refused) => refused.to_string(),
            }
        }
    };
    if has_begun {
        error!(
            %tenant, erasure = %erasure.event,
            "an erasure that has begun is not finished: {why}; it goes on when they are released"
        );
        failed();
        return Ok(None);
    }
    error!(%tenant, erasure = %erasure.event, "an approved erasure is refused: {why}");
    let mut fact = Fact::new(ERASURE_REFUSED);
    fact.metadata.insert("about".into(), erasure.event.to_string().into());
    fact.justification = Some(Justification { reason: Some(why), ticket: None, legal_basis: None });
    record(api, tenant, fact).await?;
    Ok(None)
}

fn failed() {
    metrics::counter!("annals_erasure_failures_total").increment(1);
}

/// Tells of each that has not begun that it does; answers what the ledger is to say of each.
async fn begin(
    api: &Api,
    tenant: &TenantId,
    ready: &[Ready],
) -> Result<BTreeMap<EventId, Named>, ApiError> {
    let known = || ready.iter().filter_map(|one| Some((one.erasure.event, one.person()?)));
    let persons: Vec<String> = known().map(|(_, person)| person.to_owned()).collect();
    let named = api.eraser.name(tenant, &persons).await?;
    let mut names: BTreeMap<EventId, Named> = known().map(|(event, _)| event).zip(named).collect();
    for Ready { erasure, .. } in ready {
        match (&erasure.started, names.get(&erasure.event)) {
            // What was told to begin counts: after a restart the key may be gone already.
            (Some(begun), _) => {
                let (pseudonym, key_check) = (begun.person.clone(), begun.key_check.clone());
                names.insert(erasure.event, Named { pseudonym, key_check });
            }
            (None, Some(named)) => {
                record(api, tenant, about(ERASURE_STARTED, erasure.event, named)).await?;
            }
            (None, None) => {}
        }
    }
    Ok(names)
}

impl Ready {
    fn person(&self) -> Option<&str> {
        self.no_hold.as_ref().and(self.erasure.person.as_deref())
    }
}

/// Erases those that were cleared, and certifies the end of all.
async fn finish(
    api: &Api,
    tenant: &TenantId,
    cleared: &[(Erasure, Option<ErasureClearance>)],
    names: BTreeMap<EventId, Named>,
) -> Result<(), ApiError> {
    let mut events = erase(api, tenant, cleared).await?;
    events.extend(erase_unknown(api, tenant, cleared).await?);
    for (erasure, clearance) in cleared {
        let Some(named) = names.get(&erasure.event) else { continue };
        let count = events.get(&erasure.event).copied().unwrap_or_default();
        let method = if clearance.is_some() { METHOD } else { METHOD_UNKNOWN };
        let fact = completed(api, tenant, erasure, named, (count, method))?;
        record(api, tenant, fact).await?;
        metrics::counter!("annals_persons_erased_total").increment(1);
    }
    Ok(())
}

/// Erases those that were cleared; tells for each how many events have a part of theirs.
async fn erase(
    api: &Api,
    tenant: &TenantId,
    cleared: &[(Erasure, Option<ErasureClearance>)],
) -> Result<BTreeMap<EventId, u64>, ApiError> {
    let mut events = BTreeMap::new();
    let (begun, fresh): (Vec<_>, Vec<_>) =
        cleared.iter().partition(|(erasure, _)| erasure.started.is_some());
    let fresh: Vec<ErasureClearance> =
        fresh.into_iter().filter_map(|(_, one)| one.clone()).collect();
    let done = api.eraser.erase(tenant, &fresh, &StillFree(api)).await?;
    let counts = done.persons.iter().map(|person| person.events);
    events.extend(fresh.iter().map(ErasureClearance::request).zip(counts));
    // Of these only the key that was named goes: the person may have got another one since.
    let begun: Vec<(ErasureClearance, Option<String>)> = begun
        .into_iter()
        .filter_map(|(erasure, one)| Some((one.clone()?, erasure.started.clone()?.key_check)))
        .collect();
    let done = api.eraser.resume(tenant, &begun, &StillFree(api)).await?;
    let counts = done.persons.iter().map(|person| person.events);
    events.extend(begun.iter().map(|(one, _)| one.request()).zip(counts));
    Ok(events)
}

/// Clears what can be cleared of those who are known to nobody any more; tells of each how many events have a part of
/// theirs.
async fn erase_unknown(
    api: &Api,
    tenant: &TenantId,
    cleared: &[(Erasure, Option<ErasureClearance>)],
) -> Result<BTreeMap<EventId, u64>, ApiError> {
    let unknown = cleared.iter().filter(|(_, clearance)| clearance.is_none());
    let named = |(erasure, _): &(Erasure, _)| {
        let begun = erasure.started.clone()?;
        Some((erasure.event, Named { pseudonym: begun.person, key_check: begun.key_check }))
    };
    let (requests, named): (Vec<EventId>, Vec<Named>) = unknown.filter_map(named).unzip();
    if named.is_empty() {
        return Ok(BTreeMap::new());
    }
    error!(
        %tenant, erasures = named.len(),
        "erasures are finished of which nobody knows any more who the persons were: run `annals rebuild profiles` \
         and `annals rebuild inbox`, and look through the quarantine"
    );
    let done = api.eraser.resume_unknown(tenant, &named).await?;
    Ok(requests.into_iter().zip(done.persons.iter().map(|person| person.events)).collect())
}

fn about(event_type: &'static str, request: EventId, named: &Named) -> Fact {
    let mut metadata = JsonObject::new();
    metadata.insert("about".into(), request.to_string().into());
    metadata.insert("person".into(), named.pseudonym.as_str().into());
    if let Some(check) = &named.key_check {
        metadata.insert("key_check".into(), check.as_str().into());
    }
    Fact { metadata, ..Fact::new(event_type) }
}

fn completed(
    api: &ApiParts,
    tenant: &TenantId,
    erasure: &Erasure,
    named: &Named,
    (events, method): (u64, &str),
) -> Result<Fact, ApiError> {
    let statement: Value = json!({
        "tenant": tenant.as_str(),
        "request": erasure.event.to_string(),
        "person": named.pseudonym,
        "key_check": named.key_check,
        "requested_at": erasure.requested.at.to_string(),
        "approved_at": erasure.approved.as_ref().map(|approved| approved.at.to_string()),
        "completed_at": api.clock.now().to_string(),
        "events": events,
        "method": method,
    });
    let mut fact = about(ERASURE_COMPLETED, erasure.event, named);
    fact.metadata.insert("events".into(), events.into());
    let certificate = certificates::certify(api, CERTIFICATE, &statement)?;
    fact.metadata.insert(certificates::KEY.into(), certificate.into());
    Ok(fact)
}

/// Records a fact of Annals itself and waits until it is in effect here.
async fn record(api: &ApiParts, tenant: &TenantId, fact: Fact) -> Result<(), ApiError> {
    let receipt = own_facts::record_as_annals(api, tenant, fact).await?;
    let in_effect = api.credentials.view().wait_for(receipt.position, EFFECT_PATIENCE).await;
    match in_effect {
        true => Ok(()),
        false => {
            Err(ApiError::new(Code::Unavailable, "what was recorded is not in effect here yet"))
        }
    }
}
