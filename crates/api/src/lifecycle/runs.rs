//! Runs of the retention job: told first, then done, then certified.

use std::collections::BTreeMap;

use annals_domain::event::JsonObject;
use annals_domain::{EventId, Receipt, TenantId};
use annals_engine::{Due, Gone, Pacing, RetentionRun};
use annals_ports::Removal;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::certificates;
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::ApiError;
use crate::own_facts::{self, Fact};

/// Tells that events are about to be removed, and why.
const RUN_TYPE: &str = "annals.retention.run";
/// Tells that they were, with the certificate.
const COMPLETED_TYPE: &str = "annals.retention.completed";
/// What a certificate of a run is about.
const CERTIFICATE: &str = "deletion";

/// What became of a run.
pub(super) struct Ran {
    pub(super) due: Due,
    pub(super) removed: u64,
    /// The event that tells of it, when anything was due.
    pub(super) run: Option<EventId>,
    /// What ended it early. What was removed before is certified, unless it is that which failed.
    pub(super) failed: Option<ApiError>,
}

/// What is due of the caller's tenant.
pub(super) async fn look(
    api: &ApiParts,
    tenant: &TenantId,
    run: &RetentionRun,
) -> Result<Due, ApiError> {
    let now = api.retention_now().await;
    let mut found = run.look(Some(tenant), now, Pacing::AtOnce).await?;
    Ok(found.remove(tenant).unwrap_or_default())
}

/// Removes what is due of a tenant. Without a caller Annals itself does.
pub(super) async fn remove(
    api: &ApiParts,
    caller: Option<&Caller>,
    tenant: &TenantId,
    run: &RetentionRun,
    due: Due,
) -> Result<Ran, ApiError> {
    if due.is_empty() {
        return Ok(Ran { due, removed: 0, run: None, failed: None });
    }
    run.require_removal().await?;
    let now = api.retention_now().await;
    let told = record(api, caller, tenant, run_fact(&due, now.expiry)).await?;
    let gone = run.remove(tenant, told.id, &due, now).await;
    let completed = completed_fact(api, tenant, told.id, &gone, &due, now.expiry)?;
    let certified = record(api, caller, tenant, completed).await;
    let Gone { removed, failed, .. } = gone;
    let failed = failed.map(ApiError::from).or(certified.err());
    Ok(Ran { due, removed, run: Some(told.id), failed })
}

/// What removing means.
fn method(removal: Removal) -> &'static str {
    match removal {
        Removal::Each => "records overwritten, pages freed, index segments written anew",
        Removal::Beginnings => {
            "streams cut on the server, whose files hold what was cut off until each of its nodes was \
             scavenged; index segments written anew; other nodes forget it when they read of it"
        }
    }
}

async fn record(
    api: &ApiParts,
    caller: Option<&Caller>,
    tenant: &TenantId,
    fact: Fact,
) -> Result<Receipt, ApiError> {
    match caller {
        Some(caller) => own_facts::record(api, caller, fact).await,
        None => own_facts::record_as_annals(api, tenant, fact).await,
    }
}

fn run_fact(due: &Due, now: Timestamp) -> Fact {
    let mut fact = Fact::new(RUN_TYPE);
    let mut tell = |name: &str, value: Value| fact.metadata.insert(name.into(), value);
    tell("due", due.events.len().into());
    tell("as_of", now.to_string().into());
    let classes = due.by_class.iter().map(|(class, count)| format!("{class}: {count}"));
    tell("classes", classes.map(Value::from).collect());
    for (name, time) in [("oldest", due.oldest), ("newest", due.newest)] {
        if let Some(time) = time {
            tell(name, time.to_string().into());
        }
    }
    tell("more", due.more.into());
    tell("held", due.held.into());
    if due.waiting > 0 {
        tell("waiting", due.waiting.into());
    }
    fact
}

fn completed_fact(
    api: &ApiParts,
    tenant: &TenantId,
    run: EventId,
    gone: &Gone,
    due: &Due,
    now: Timestamp,
) -> Result<Fact, ApiError> {
    let Gone { removed, told, .. } = gone;
    let first = told.events.first().map(|event| api.cursors.position(event.position()));
    let last = told.events.last().map(|event| api.cursors.position(event.position()));
    let statement = json!({
        "tenant": tenant.as_str(),
        "run": run.to_string(),
        "as_of": now.to_string(),
        "completed_at": api.clock.now().to_string(),
        "removed": removed,
        "left": (due.events.len() as u64).saturating_sub(*removed),
        "by_class": told.by_class.iter().collect::<BTreeMap<_, _>>(),
        "held": due.held,
        "waiting": due.waiting,
        "oldest_received_at": told.oldest.map(|time| time.to_string()),
        "newest_received_at": told.newest.map(|time| time.to_string()),
        "first_position": first,
        "last_position": last,
        "method": method(api.retention.removal()),
    });
    let mut metadata = JsonObject::new();
    metadata.insert("about".into(), run.to_string().into());
    metadata.insert("removed".into(), (*removed).into());
    let certificate = certificates::certify(api, CERTIFICATE, &statement)?;
    metadata.insert(certificates::KEY.into(), certificate.into());
    Ok(Fact { metadata, ..Fact::new(COMPLETED_TYPE) })
}
