//! From the bytes of a request to recorded events: the same way for REST and GraphQL.

use annals_domain::admission::{Admission, admit};
use annals_domain::catalogue::Catalogue;
use annals_domain::input::EventInput;
use annals_domain::json::{check_depth, count_values};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::{EventId, Receipt};
use annals_engine::{Admitted, Permit};
use annals_record::content_digest;

use crate::auth::{Permission, Principal};
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::error::ApiError;

/// More events than this are read and checked off the async threads.
const INLINE_MAX: usize = 8;

/// What becomes of one event of a request.
pub(crate) type Outcome = Result<Receipt, ApiError>;

/// An event as a request brings it.
pub(crate) enum Incoming {
    /// JSON, not yet read.
    Json(bytes::Bytes),
    /// Read already.
    Input(Box<EventInput>),
    /// It cannot even be taken out of the request.
    Refused(FieldError),
}

impl Incoming {
    fn json(&self) -> Option<&[u8]> {
        match self {
            Self::Json(bytes) => Some(bytes),
            Self::Input(_) | Self::Refused(_) => None,
        }
    }
}

/// Records the events and answers each, in order.
///
/// # Errors
/// When the caller may not record at all, or not that much now, or nobody can.
pub(crate) async fn record(
    api: &Api,
    caller: &Caller,
    incoming: Vec<Incoming>,
    permit: Permit,
) -> Result<Vec<Outcome>, ApiError> {
    let Caller { principal, usage } = caller;
    principal.require(Permission::RecordEvents)?;
    api.require_recording()?;
    // Reading and checking them is work, whatever comes of it.
    api.rate_limits.take_events(principal, incoming.len(), usage).await?;
    let _weight = crate::weight::take(api, incoming.iter().filter_map(Incoming::json))?;
    let checked = check(api, principal, incoming).await;
    let mut outcomes = Vec::with_capacity(checked.len());
    let mut admitted = Vec::with_capacity(checked.len());
    for result in checked {
        outcomes.push(result.map(|event| admitted.push(event)));
    }
    if !admitted.is_empty() {
        metrics::counter!("annals_events_admitted_total").increment(admitted.len() as u64);
    }
    let mut recorded = match admitted.is_empty() {
        true => Vec::new(),
        false => api.recorder.record(&principal.tenant, admitted, permit).await,
    }
    .into_iter();
    let answer = |outcome: Result<(), ApiError>| {
        outcome?;
        let recorded = recorded.next().expect("the recorder answers every event");
        Ok(recorded?.into_inner())
    };
    Ok(outcomes.into_iter().map(answer).collect())
}

async fn check(
    api: &Api,
    principal: &Principal,
    incoming: Vec<Incoming>,
) -> Vec<Result<Admitted, ApiError>> {
    if incoming.len() <= INLINE_MAX {
        return incoming.into_iter().map(|one| check_one(api, principal, one)).collect();
    }
    let (api, principal) = (api.clone(), principal.clone());
    let checking = tokio::task::spawn_blocking(move || {
        incoming.into_iter().map(|one| check_one(&api, &principal, one)).collect()
    });
    checking.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn check_one(
    api: &ApiParts,
    principal: &Principal,
    incoming: Incoming,
) -> Result<Admitted, ApiError> {
    let input = match incoming {
        Incoming::Json(bytes) => read(api, &bytes)?,
        Incoming::Input(input) => *input,
        Incoming::Refused(error) => return Err(ApiError::field(error)),
    };
    let content_digest = content_digest(&input.canonical_json());
    let admission = Admission {
        catalogue: &api.catalogue,
        limits: &api.limits.event,
        tenant: &principal.tenant,
        source: &principal.id,
        now: api.clock.now(),
        fresh_id: EventId(uuid::Uuid::now_v7()),
        unknown_types: api.unknown_types,
        own_facts: false,
    };
    let mut event = admit(input, &admission).map_err(ApiError::invalid_event)?;
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
