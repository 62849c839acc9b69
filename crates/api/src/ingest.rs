//! From the bytes of a request to recorded events: the same way for REST and GraphQL.
//!
//! Here alone events are taken on, spooled or refused.

mod refused;

use annals_domain::admission::{Admission, admit};
use annals_domain::catalogue::{Catalogue, IngestMode};
use annals_domain::input::EventInput;
use annals_domain::json::{check_depth, count_values};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::{EventId, Receipt};
use annals_engine::{Admitted, Offered, Permit, RecordError, Spooled, Taken};
use bytes::Bytes;
use uuid::Uuid;

use self::refused::Refused;
use crate::auth::{Permission, Principal};
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::error::ApiError;
use crate::masking::Masking;

/// More events than this are read and checked off the async threads.
const INLINE_MAX: usize = 8;

/// What became of an event that was taken on; each is true only of what lies on disk.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// It is in the log.
    Recorded(Receipt),
    /// It waits until the log takes events again.
    Spooled(Spooled),
    /// It is of a type that is not known, and waits for somebody to look at it.
    Quarantined { id: Uuid, event: Option<EventId> },
}

/// What becomes of one event of a request.
pub(crate) type Outcome = Result<Accepted, ApiError>;

/// An event as a request brings it.
pub(crate) enum Incoming {
    /// JSON, not yet read.
    Json(Bytes),
    /// JSON, not yet read, with an id for when it brings none.
    Keyed(Bytes, EventId),
    /// Read already.
    Input(Box<EventInput>),
    /// It cannot even be taken out of the request; with what was sent, if that can be told.
    Refused(FieldError, Option<Bytes>),
}

impl Incoming {
    fn json(&self) -> Option<&[u8]> {
        match self {
            Self::Json(bytes) | Self::Keyed(bytes, _) => Some(bytes),
            Self::Input(_) | Self::Refused(..) => None,
        }
    }
}

/// An event that passed all checks, and what was sent.
struct Checked {
    offered: Offered,
    sent: Bytes,
}

/// Takes the events on and answers each, in order.
///
/// # Errors
/// When the caller may not record at all, or not that much now, or nobody can.
pub(crate) async fn record(
    api: &Api,
    caller: &Caller,
    incoming: Vec<Incoming>,
    permit: Permit,
) -> Result<Vec<Outcome>, ApiError> {
    let Caller { principal, usage, .. } = caller;
    let masking = Masking::of(api, caller);
    principal.require(Permission::RecordEvents)?;
    api.require_intake()?;
    // Reading and checking them is work, whatever comes of it.
    api.rate_limits.take_events(principal, incoming.len(), usage).await?;
    let jsons = incoming.iter().filter_map(Incoming::json);
    let _weight = crate::weight::take(api, &principal.tenant, jsons)?;
    let turn = api.recorder.permits.turn(&principal.tenant, incoming.len()).await;
    let _turn = turn.ok_or_else(ApiError::busy)?;
    let mut outcomes: Vec<Option<Outcome>> =
        std::iter::repeat_with(|| None).take(incoming.len()).collect();
    let (mut offered, mut sent, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (index, result) in check(api, principal, &masking, incoming).await.into_iter().enumerate() {
        match result {
            Ok(checked) => {
                sent.push((index, checked.offered.admitted.event.id, checked.sent));
                offered.push(checked.offered);
            }
            Err(refusal) => refused.push((index, refusal)),
        }
    }
    if !offered.is_empty() {
        metrics::counter!("annals_events_admitted_total").increment(offered.len() as u64);
        let taken = api.recorder.take_on(&principal.tenant, offered, permit).await;
        for ((index, event, sent), taken) in sent.into_iter().zip(taken) {
            match taken {
                Ok(Taken::Recorded(receipt)) => {
                    outcomes[index] = Some(Ok(Accepted::Recorded(receipt.into_inner())));
                }
                Ok(Taken::Spooled(spooled)) => {
                    outcomes[index] = Some(Ok(Accepted::Spooled(spooled.into_inner())));
                }
                Err(error @ RecordError::IdempotencyConflict(_)) => {
                    refused.push((index, Refused::conflict(error.into(), sent, event)));
                }
                Err(error) => outcomes[index] = Some(Err(error.into())),
            }
        }
    }
    for (index, outcome) in refused::keep(api, principal, &masking, refused).await {
        outcomes[index] = Some(outcome);
    }
    let answered = outcomes.into_iter();
    Ok(answered.map(|outcome| outcome.expect("every event is taken or refused")).collect())
}

async fn check(
    api: &Api,
    principal: &Principal,
    masking: &Masking,
    incoming: Vec<Incoming>,
) -> Vec<Result<Checked, Refused>> {
    if incoming.len() <= INLINE_MAX {
        return incoming.into_iter().map(|one| check_one(api, principal, masking, one)).collect();
    }
    let (api, principal, masking) = (api.clone(), principal.clone(), masking.clone());
    let checking = tokio::task::spawn_blocking(move || {
        incoming.into_iter().map(|one| check_one(&api, &principal, &masking, one)).collect()
    });
    checking.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn check_one(
    api: &ApiParts,
    principal: &Principal,
    masking: &Masking,
    incoming: Incoming,
) -> Result<Checked, Refused> {
    let (input, sent) = match incoming {
        Incoming::Json(bytes) => (read(api, &bytes), bytes),
        Incoming::Keyed(bytes, id) => {
            let keyed = |mut input: EventInput| {
                input.id.get_or_insert(id);
                input
            };
            (read(api, &bytes).map(keyed), bytes)
        }
        Incoming::Input(input) => {
            let sent = input.canonical_json().into();
            (Ok(*input), sent)
        }
        Incoming::Refused(error, sent) => {
            return Err(Refused::malformed(ApiError::field(error), sent));
        }
    };
    let input = input.map_err(|error| Refused::malformed(error, Some(sent.clone())))?;
    let event = input.id;
    let fresh_id = EventId(Uuid::now_v7());
    let source = principal.own_source();
    let admitted = admitted(api, principal, masking, source, fresh_id, input);
    let admitted = admitted.map_err(|error| Refused::invalid(error, sent.clone(), event))?;
    let ingest = ingest_of(&api.catalogue, &admitted.event.event_type);
    Ok(Checked { offered: Offered { admitted, ingest }, sent })
}

/// Checks an event that is sent again from the quarantine, in the name of who sent it first.
pub(crate) fn check_replayed(
    api: &ApiParts,
    caller: &Caller,
    sender: &str,
    fresh_id: EventId,
    bytes: &[u8],
) -> Result<Admitted, ApiError> {
    let masking = Masking::of(api, caller);
    let input = read(api, bytes).map_err(|error| masking.error(error))?;
    let admitted = admitted(api, &caller.principal, &masking, sender, fresh_id, input);
    admitted.map_err(|error| masking.error(error))
}

fn admitted(
    api: &ApiParts,
    principal: &Principal,
    masking: &Masking,
    source: &str,
    fresh_id: EventId,
    input: EventInput,
) -> Result<Admitted, ApiError> {
    let sent = input.canonical_json();
    let admission = Admission {
        catalogue: &api.catalogue,
        limits: &api.limits.event,
        tenant: &principal.tenant,
        source,
        now: api.clock.now(),
        fresh_id,
        unknown_types: api.unknown_types,
        own_facts: false,
    };
    let mut event = admit(input, &admission).map_err(ApiError::invalid_event)?;
    if !principal.may_record_for(&event.source) {
        let message = "is not one of those that the API key is for";
        return Err(ApiError::field(FieldError::new("source", ErrorCode::Forbidden, message)));
    }
    let secrets = masking.secrets_in_identifiers(&event);
    if !secrets.is_empty() {
        return Err(ApiError::invalid_event(secrets));
    }
    let content_digest = masking.event(&mut event, &sent);
    api.enricher.enrich(&mut event);
    let retention = retention_of(&api.catalogue, &event.event_type);
    Ok(Admitted { event, content_digest, retention })
}

fn read(api: &ApiParts, bytes: &[u8]) -> Result<EventInput, ApiError> {
    let limits = &api.limits.event;
    if bytes.len() > limits.bytes_max {
        let (bytes, max) = (bytes.len(), limits.bytes_max);
        let message = format!("the event has {bytes} bytes; at most {max}");
        return Err(ApiError {
            code: crate::error::Code::TooLarge,
            ..ApiError::field(FieldError::new("", ErrorCode::TooLarge, message))
        });
    }
    check_depth(bytes, limits.json_depth_max).map_err(ApiError::field)?;
    // A value takes a byte at least, so most events need not be counted.
    if bytes.len() > limits.json_values_max && count_values(bytes) > limits.json_values_max {
        let message = format!("the event holds more than {} values", limits.json_values_max);
        return Err(ApiError::field(FieldError::new("", ErrorCode::TooLarge, message)));
    }
    EventInput::from_json(bytes).map_err(ApiError::field)
}

pub(crate) fn retention_of(catalogue: &Catalogue, event_type: &str) -> String {
    catalogue.find(event_type).map_or_else(|| "standard".into(), |entry| entry.retention.clone())
}

/// What the type says is done when its events cannot be recorded at once.
fn ingest_of(catalogue: &Catalogue, event_type: &str) -> IngestMode {
    catalogue.find(event_type).map(|entry| entry.ingest).unwrap_or_default()
}
