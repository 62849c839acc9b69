//! The header: what anybody may read of a record, and what the proofs are about.
//!
//! Its fields stand in the order that RFC 8785 demands, so that writing it as JSON gives the
//! canonical form at once.

use std::borrow::Cow;
use std::fmt;

use annals_domain::event::{Operation, OutcomeStatus, Severity};
use annals_domain::time::DateTime;
use annals_domain::{EventId, StreamName, TenantId};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::parts::{PartDigests, text_of};
use crate::stored::Record;

/// Version of the stored form.
pub(crate) const VERSION: u8 = 1;

/// The header of a record, version 1. It holds no personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header<'a> {
    /// Version of the reporting application.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<Cow<'a, str>>,
    /// Such as `production`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Cow<'a, str>>,
    /// Identifies the event.
    pub id: EventId,
    /// Random; no two headers are alike, even of the same event.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub nonce: [u8; 32],
    /// When it happened, by the caller's clock, with the caller's offset in whole minutes.
    pub occurred_at: DateTime,
    /// What kind of act.
    pub operation: Operation,
    /// How it ended.
    pub outcome: OutcomeStatus,
    /// Digests of the parts.
    pub parts: PartDigests,
    /// Numbering by the producer.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<ProducerSeq<'a>>,
    /// When Annals took it on, to the millisecond.
    #[serde(serialize_with = "write_milliseconds", deserialize_with = "read_timestamp")]
    pub recorded_at: Timestamp,
    /// In which request.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestIds<'a>>,
    /// Which retention policy applies.
    #[serde(borrow)]
    pub retention: Cow<'a, str>,
    /// Version of the catalogue entry.
    pub schema_version: u32,
    /// How much attention it deserves.
    pub severity: Severity,
    /// URI of the application or component that reported it.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// Its stream.
    pub stream: StreamName,
    /// Whose log it belongs to.
    pub tenant: TenantId,
    /// Catalogue entry.
    #[serde(borrow, rename = "type")]
    pub event_type: Cow<'a, str>,
    /// Version of the stored form.
    pub v: u8,
}

/// The header's `producer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProducerSeq<'a> {
    /// Names the producing process.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// A decimal number in a string: canonical JSON has no integers beyond 2⁵³.
    #[serde(serialize_with = "write_decimal", deserialize_with = "read_decimal")]
    pub seq: u64,
}

/// The header's `request`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestIds<'a> {
    /// What caused the event.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<Cow<'a, str>>,
    /// The business operation.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Cow<'a, str>>,
    /// The request.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// W3C trace context.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Cow<'a, str>>,
}

/// A record's header is not one that this version reads.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// Not JSON, or not with the fields of a header.
    #[error("cannot read the header of the record")]
    Unreadable(#[source] serde_json::Error),
    /// Written by a newer Annals.
    #[error("header version {0} is not known to this version of Annals; use a newer one")]
    UnknownVersion(u8),
}

impl Record {
    /// The header, read.
    pub fn header(&self) -> Result<Header<'_>, HeaderError> {
        let header: Header<'_> = text_of(&self.header)
            .and_then(serde_json::from_str)
            .map_err(HeaderError::Unreadable)?;
        if header.v != VERSION {
            return Err(HeaderError::UnknownVersion(header.v));
        }
        Ok(header)
    }
}

fn write_milliseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

fn read_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn write_decimal<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn read_decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn write_bytes<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = [0; 43];
    BASE64URL_NOPAD.encode_mut(bytes, &mut text);
    serializer.serialize_str(std::str::from_utf8(&text).expect("base64url is ASCII"))
}

fn read_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    Bytes32::deserialize(deserializer).map(|bytes| bytes.0)
}

/// 32 bytes, written as base64url without padding.
pub(crate) struct Bytes32(pub(crate) [u8; 32]);

impl<'de> Deserialize<'de> for Bytes32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Bytes32Visitor)
    }
}

struct Bytes32Visitor;

impl Visitor<'_> for Bytes32Visitor {
    type Value = Bytes32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 bytes as base64url without padding")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Bytes32, E> {
        let mut bytes = [0; 32];
        let wrong = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
        if text.len() != 43 {
            return Err(wrong());
        }
        BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| wrong())?;
        Ok(Bytes32(bytes))
    }
}
