//! Refused events for those who look after them: listed, shown, replayed, discarded. The same way for
//! REST and GraphQL.
//!
//! What somebody does with a refused event is itself an event, and recorded before it is done.

use annals_domain::event::Target;
use annals_domain::{EventId, Receipt};
use annals_engine::{Permit, Quarantined, RecordError, Role};
use annals_ports::RefusalReason;
use bytes::Bytes;
use uuid::Uuid;

use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::ingest;
use crate::own_facts::{self, Fact};
use crate::roles;
use crate::self_audit::Read;

const REPLAYED_TYPE: &str = "annals.quarantine.replayed";
const DISCARDED_TYPE: &str = "annals.quarantine.discarded";
/// Ids of events that brought none are made of that of their entry, so that replaying twice records
/// once.
const NAME_SPACE: Uuid = Uuid::from_u128(0x2f0e_7a54_9b3c_4d17_8a61_c5d2_90fb_63e8);

/// A page of entries.
pub(crate) struct Page {
    pub(crate) entries: Vec<Quarantined>,
    /// Where the next page begins.
    pub(crate) next: Option<Uuid>,
}

/// Refused events of the caller's tenant, newest first.
pub(crate) async fn list(
    api: &Api,
    caller: &Caller,
    reason: Option<RefusalReason>,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Page, ApiError> {
    let tenant = &caller.principal.tenant;
    let mut entries = api.quarantine.list(tenant, reason, before, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    note(caller, "list", entries.len());
    let next = entries.last().filter(|_| more).map(|entry| entry.id);
    Ok(Page { entries, next })
}

/// A refused event with what was sent.
pub(crate) async fn one(
    api: &Api,
    caller: &Caller,
    id: Uuid,
) -> Result<(Quarantined, Vec<u8>), ApiError> {
    let found = api.quarantine.entry(&caller.principal.tenant, id).await?;
    let found = found.ok_or_else(not_found)?;
    note(caller, "id:?", 1);
    Ok(found)
}

/// Records a refused event after all, as it was sent or as it was corrected, in the name of who sent
/// it first. It leaves the quarantine once it is in the log.
pub(crate) async fn replay(
    api: &Api,
    caller: &Caller,
    id: Uuid,
    corrected: Option<Bytes>,
    permit: Permit,
) -> Result<Receipt, ApiError> {
    let principal = &caller.principal;
    api.require_recording()?;
    let found = api.quarantine.entry(&principal.tenant, id).await?;
    let (entry, content) = found.ok_or_else(not_found)?;
    api.rate_limits.take_events(principal, 1, &caller.usage).await?;
    let is_corrected = corrected.is_some();
    let bytes = corrected.unwrap_or_else(|| content.into());
    let fresh_id = EventId(Uuid::new_v5(&NAME_SPACE, id.as_bytes()));
    let sender = &entry.facts.sender;
    let admitted = ingest::check_replayed(api, caller, sender, fresh_id, &bytes)?;
    let mut fact = fact(REPLAYED_TYPE, &entry, Some(admitted.event.id));
    fact.metadata.insert("corrected".into(), is_corrected.into());
    own_facts::record(api, caller, fact).await?;
    let mut recorded = api.recorder.record(&principal.tenant, vec![admitted], permit).await;
    let receipt = recorded.pop().unwrap_or(Err(RecordError::Unavailable))?.into_inner();
    // What cannot be removed now is there to be replayed again, which records nothing twice.
    api.quarantine.remove(&principal.tenant, id).await?;
    Ok(receipt)
}

/// Removes a refused event for good.
pub(crate) async fn discard(api: &Api, caller: &Caller, id: Uuid) -> Result<(), ApiError> {
    roles::require(api.roles, Role::Ingest)?;
    let tenant = &caller.principal.tenant;
    let (entry, _) = api.quarantine.entry(tenant, id).await?.ok_or_else(not_found)?;
    own_facts::record(api, caller, fact(DISCARDED_TYPE, &entry, entry.facts.event)).await?;
    api.quarantine.remove(tenant, id).await?;
    Ok(())
}

fn fact(event_type: &'static str, entry: &Quarantined, event: Option<EventId>) -> Fact {
    let mut fact = Fact::new(event_type);
    fact.metadata.insert("entry".into(), entry.id.to_string().into());
    fact.metadata.insert("reason".into(), entry.reason.as_str().into());
    fact.metadata.insert("sender".into(), entry.facts.sender.as_str().into());
    fact.targets.extend(event.map(|event| Target {
        target_type: "event".into(),
        id: Some(event.to_string()),
        name: None,
        owner: None,
    }));
    fact
}

fn note(caller: &Caller, shape: &str, returned: usize) {
    let (what, shape) = ("quarantine", shape.to_owned());
    caller.reads.note(Read { what, shape, returned, subject: None });
}

fn not_found() -> ApiError {
    ApiError::not_found("refused event")
}
