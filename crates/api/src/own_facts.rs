//! Annals' own facts about what callers do: events like any other, of types `annals.*`
//! (DESIGN 1.2).

use annals_domain::access::Permission;
use annals_domain::catalogue::IngestMode;
use annals_domain::event::{
    Actor, ActorType, Change, Event, JsonObject, Justification, Request, Subject, Target,
};
use annals_domain::time::DateTime;
use annals_domain::{EventId, Receipt, TenantId};
use annals_engine::RecordError;

use crate::auth::Credential;
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::ApiError;

/// How often a fact is tried while too much is under way, and how long lies between.
const ATTEMPTS: u32 = 20;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// What a caller did with Annals itself.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// Id of the event.
    pub(crate) id: EventId,
    /// Type of the event.
    pub(crate) event_type: &'static str,
    /// Whom it concerns.
    pub(crate) subject: Option<Subject>,
    /// What was acted upon.
    pub(crate) targets: Vec<Target>,
    /// What changed.
    pub(crate) changes: Vec<Change>,
    /// Why.
    pub(crate) justification: Option<Justification>,
    /// The rest.
    pub(crate) metadata: JsonObject,
}

impl Fact {
    /// A fact of a type of the catalogue, of which nothing else is said.
    pub(crate) fn new(event_type: &'static str) -> Self {
        Self {
            id: EventId(uuid::Uuid::now_v7()),
            event_type,
            subject: None,
            targets: Vec::new(),
            changes: Vec::new(),
            justification: None,
            metadata: JsonObject::new(),
        }
    }
}

/// Records that the caller did something. It is durable when this returns.
pub(crate) async fn record(
    api: &ApiParts,
    caller: &Caller,
    fact: Fact,
) -> Result<Receipt, ApiError> {
    let (event, digest) = event_of(api, caller, fact);
    let receipt = patiently(|| api.recorder.record_own(event.clone(), digest)).await?;
    Ok(receipt.into_inner())
}

/// Records that Annals itself did something to a tenant. It is durable when this returns.
pub(crate) async fn record_as_annals(
    api: &ApiParts,
    tenant: &TenantId,
    fact: Fact,
) -> Result<Receipt, ApiError> {
    let (event, digest) = event_by(api, tenant, Actor::annals(), None, fact);
    let receipt = patiently(|| api.recorder.record_own(event.clone(), digest)).await?;
    Ok(receipt.into_inner())
}

/// Takes on that the caller did something: recorded, or spooled when the log takes no events and the
/// type allows it. It is on disk when this returns.
pub(crate) async fn take(api: &ApiParts, caller: &Caller, fact: Fact) -> Result<(), ApiError> {
    let ingest = api.catalogue.find(fact.event_type).map_or(IngestMode::Block, |e| e.ingest);
    let (event, digest) = event_of(api, caller, fact);
    patiently(|| api.recorder.take_own(event.clone(), digest, ingest)).await?;
    Ok(())
}

/// Tries again while too much is under way: a flood of events must not keep people from reading what
/// concerns others.
async fn patiently<T, Attempt>(attempt: impl Fn() -> Attempt) -> Result<T, RecordError>
where
    Attempt: Future<Output = Result<T, RecordError>>,
{
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(RecordError::Busy) => tokio::time::sleep(PAUSE).await,
            done => return done,
        }
    }
    attempt().await
}

/// The event of a fact, and the digest of what it says.
fn event_of(api: &ApiParts, caller: &Caller, fact: Fact) -> (Event, [u8; 32]) {
    event_by(api, &caller.principal.tenant, actor_of(caller), caller.request_id.clone(), fact)
}

fn event_by(
    api: &ApiParts,
    tenant: &TenantId,
    actor: Actor,
    request: Option<String>,
    fact: Fact,
) -> (Event, [u8; 32]) {
    let now = DateTime::utc(api.clock.now());
    let event = Event {
        actor,
        subject: fact.subject,
        targets: fact.targets,
        changes: fact.changes,
        request: Request { id: request, ..Request::default() },
        justification: fact.justification,
        metadata: fact.metadata,
        ..Event::of_annals(&api.catalogue, fact.event_type, tenant.clone(), fact.id, now)
    };
    let content = serde_json::to_vec(&event).unwrap_or_default();
    (event, annals_record::content_digest(&content))
}

/// The caller as an event names them. Whoever may not see what concerns themselves is no person.
fn actor_of(caller: &Caller) -> Actor {
    let principal = &caller.principal;
    let is_person = principal.may(Permission::ReadOwnEvents)
        && !matches!(principal.credential, Credential::ApiKey { .. });
    Actor {
        actor_type: if is_person { ActorType::User } else { ActorType::Service },
        id: Some(principal.id.clone()),
        name: None,
        email: None,
        roles: principal.roles.clone(),
        alt_ids: Default::default(),
    }
}
