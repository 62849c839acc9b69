//! The stored form itself, and its bytes.

use annals_domain::{EventId, StreamName, TenantId};

use crate::keys::KeyId;

/// One event as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Identifies the event; also in the header.
    pub id: EventId,
    /// Whose it is; also in the header.
    pub tenant: TenantId,
    /// Its stream; also in the header.
    pub stream: StreamName,
    /// Catalogue entry; also in the header.
    pub event_type: String,
    /// Canonical JSON (RFC 8785), kept verbatim; holds no personal data.
    pub header: Vec<u8>,
    /// Personal data, one group a person.
    pub groups: Vec<SealedGroup>,
    /// Tells the same content sent twice from other content under the same id: HMAC-SHA-256 under
    /// the stream's person key over what the caller sent, first 16 bytes. Without that key it says
    /// nothing about the content.
    pub fingerprint: [u8; 16],
}

/// The parts of an event that concern one person, sealed under that person's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedGroup {
    /// Which key opens it.
    pub key: KeyId,
    /// AES-256-GCM ciphertext with tag.
    pub ciphertext: Vec<u8>,
}

/// Bytes that are not a record.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Cut off or of another make.
    #[error("not a stored record: {0}")]
    Malformed(&'static str),
    /// Written by a newer Annals.
    #[error("stored form version {0} is not known to this version of Annals")]
    UnknownVersion(u8),
}
