//! An event as it waits: complete, with what is needed to record it, sealed under a key of its tenant.

use annals_domain::{Event, TenantId};
use annals_ports::spool::{Lane, NewWaiting, Waiting};
use annals_record::{EnvelopeKey, KeyError, Owner, stream_owner};
use serde::{Deserialize, Serialize};

use crate::sealing::Admitted;

/// An event could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    #[error("an event that waits cannot be sealed or opened")]
    Sealing(#[from] KeyError),
    #[error("an event that waits cannot be written or read")]
    Json(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct Written<'a> {
    event: &'a Event,
    content_digest: &'a [u8; 32],
    retention: &'a str,
}

#[derive(Deserialize)]
struct Read {
    event: Event,
    content_digest: [u8; 32],
    retention: String,
}

/// The lane of the stream that the event will lie in. The stream's name itself may need a key that
/// cannot be had at this moment.
pub(super) fn lane_of(key: &EnvelopeKey, event: &Event) -> Lane {
    Lane(match stream_owner(event) {
        Owner::Person(id) => key.name("person", id.as_bytes()),
        Owner::Service(id) => key.name("service", id.as_bytes()),
        Owner::Tenant => key.name("tenant", b""),
    })
}

pub(super) fn sealed(
    key: &EnvelopeKey,
    tenant: &TenantId,
    admitted: &Admitted,
) -> Result<NewWaiting, FormError> {
    let Admitted { event, content_digest, retention } = admitted;
    let json = serde_json::to_vec(&Written { event, content_digest, retention })?;
    Ok(NewWaiting {
        tenant: tenant.clone(),
        id: event.id,
        lane: lane_of(key, event),
        fingerprint: key.name("content", content_digest),
        at: event.received_at.timestamp,
        sealed: key.seal(event.id.0.as_bytes(), &json)?,
    })
}

pub(super) fn opened(key: &EnvelopeKey, waiting: &Waiting) -> Result<Admitted, FormError> {
    let json = key.open(waiting.id.0.as_bytes(), &waiting.sealed)?;
    let Read { event, content_digest, retention } = serde_json::from_slice(&json)?;
    Ok(Admitted { event, content_digest, retention })
}

/// The event as a caller might have sent it, so that it can be corrected and replayed.
pub(super) fn as_sent(event: &Event) -> Vec<u8> {
    let mut json = serde_json::to_value(event).unwrap_or_default();
    if let Some(fields) = json.as_object_mut() {
        fields.remove("received_at");
    }
    json.to_string().into_bytes()
}
