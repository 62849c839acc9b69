//! From an event to its stored form.

use std::borrow::Cow;
use std::sync::Arc;

use annals_domain::StreamName;
use annals_domain::event::Event;
use annals_domain::json::check_depth;
use annals_domain::time::DateTime;
use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::compression::{self, DICTIONARIES, TEXT_LEN_MAX, Text};
use crate::digest::{SEED_LEN, Salted, sha256};
use crate::header::{Header, ProducerSeq, RequestIds, VERSION};
use crate::keys::{KeyId, PersonKey, TAG_LEN};
use crate::owners::{Owner, owners, stream_name};
use crate::packing::pack;
use crate::parts::{PartDigests, PartName, parts_of, write_part};
use crate::stored::{Record, SealedGroup, write_varint};

/// Nesting of a part's JSON; the reader refuses more than 127 levels, and what cannot be read must
/// not be stored.
const DEPTH_MAX: usize = 120;
const DAY_SECONDS: i32 = 24 * 60 * 60;
/// The most principals that an event may act for.
const PRINCIPALS_MAX: usize = 255;

/// Finds an owner's key and the key's id.
pub type OwnerKeys<'a> = dyn Fn(&Owner<'_>) -> Option<(KeyId, Arc<PersonKey>)> + 'a;

/// Why an event could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No key was given for one of [`owners`].
    #[error("no key was given for {whose}; make the keys of all owners before sealing")]
    NoKey {
        /// What kind of owner; never who, for that is personal.
        whose: &'static str,
    },
    /// Two owners were given one key, which would seal twice with one nonce.
    #[error("two owners of the event were given the same key; each owner has its own")]
    SharedKey,
    /// The operating system gave no random numbers.
    #[error("cannot get random numbers for sealing from the operating system")]
    NoRandomness,
    /// More than the stored form can hold.
    #[error("the event is too large to be stored: {0}")]
    TooLarge(&'static str),
    /// A part could not be written as JSON.
    #[error("cannot write the part `{part}` as JSON")]
    Unwritable {
        /// Which part, or `header`.
        part: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The compressor failed.
    #[error("cannot compress the parts of the event")]
    Compression(#[source] std::io::Error),
    /// The cipher failed.
    #[error("cannot encrypt the parts of the event")]
    Encryption,
}

/// Seals an event: every part under the key of its owner, and a header without personal data.
///
/// `keys` must know every one of [`owners`]. `fingerprint_content` is the [`crate::content_digest`]
/// of what the caller sent. `received_at` is kept to the millisecond, in UTC, and the offset of
/// `occurred_at` in whole minutes; an event whose times are so comes back from [`crate::open`]
/// exactly as it was.
pub fn seal(
    event: &Event,
    retention: &str,
    fingerprint_content: &[u8; 32],
    keys: &OwnerKeys<'_>,
) -> Result<Record, SealError> {
    let mut random =
        |bytes: &mut [u8]| aws_lc_rs::rand::fill(bytes).map_err(|_| SealError::NoRandomness);
    seal_with(event, retention, fingerprint_content, keys, &mut random)
}

/// [`seal`] with the random bytes given: first the header's nonce, then a seed for each group.
pub(crate) fn seal_with(
    event: &Event,
    retention: &str,
    fingerprint_content: &[u8; 32],
    keys: &OwnerKeys<'_>,
    random: &mut dyn FnMut(&mut [u8]) -> Result<(), SealError>,
) -> Result<Record, SealError> {
    if event.on_behalf_of.len() > PRINCIPALS_MAX {
        return Err(SealError::TooLarge("it acts for more than 255 principals"));
    }
    let owners = owners(event);
    let keys = keys_of(&owners, keys)?;
    let mut bytes = vec![0; 32 + SEED_LEN * owners.len()];
    random(&mut bytes)?;
    let (nonce, seeds) = bytes.split_first_chunk().expect("32 bytes and the seeds were filled");
    let (seeds, _) = seeds.as_chunks::<SEED_LEN>();

    let parts = parts_of(event);
    let mut digests = Vec::with_capacity(parts.len());
    let mut plaintexts = Vec::with_capacity(owners.len());
    let mut room = Room::new();
    for (owner, seed) in owners.iter().zip(seeds) {
        let names = parts.iter().filter(|(_, whose)| whose == owner).map(|(name, _)| *name);
        plaintexts.push(plaintext(event, names, seed, &mut digests, &mut room)?);
    }

    let (stream_key, fingerprint_key) = &keys[0];
    let stream = stream_name(&event.tenant, &owners[0], stream_key);
    let header = header_of(event, &stream, retention, *nonce, PartDigests::new(digests));
    let header = serde_json::to_vec(&header)
        .map_err(|source| SealError::Unwritable { part: "header".into(), source })?;
    if header.len() > TEXT_LEN_MAX {
        return Err(SealError::TooLarge("its header has more than 1 MiB"));
    }

    let binding = Binding::new(&header, keys.iter().map(|(id, _)| id));
    let groups = plaintexts
        .into_iter()
        .zip(&keys)
        .map(|(plaintext, (id, key))| encrypt(plaintext, *id, key, &binding))
        .collect::<Result<_, _>>()?;
    Ok(Record {
        id: event.id,
        tenant: event.tenant.clone(),
        stream,
        event_type: event.event_type.clone(),
        header,
        groups,
        fingerprint: *fingerprint_key
            .mac(fingerprint_content)
            .as_ref()
            .first_chunk()
            .expect("HMAC-SHA-256 gives 32 bytes"),
    })
}

/// The owners' keys, in the same order, no two alike.
fn keys_of(
    owners: &[Owner<'_>],
    keys: &OwnerKeys<'_>,
) -> Result<Vec<(KeyId, Arc<PersonKey>)>, SealError> {
    let mut found: Vec<(KeyId, Arc<PersonKey>)> = Vec::with_capacity(owners.len());
    for owner in owners {
        let (id, key) = keys(owner).ok_or(SealError::NoKey {
            whose: match owner {
                Owner::Person(_) => "a person",
                Owner::Service(_) => "a service",
                Owner::Tenant => "the tenant",
            },
        })?;
        if found.iter().any(|(held, other)| *held == id || other.is_same(&key)) {
            return Err(SealError::SharedKey);
        }
        found.push((id, key));
    }
    Ok(found)
}

/// Buffers that one group after another is made in.
struct Room {
    salted: Salted,
    template: Vec<u8>,
    raw: Vec<u8>,
}

impl Room {
    fn new() -> Self {
        Self {
            salted: Salted::new(),
            template: Vec::with_capacity(1024),
            raw: Vec::with_capacity(128),
        }
    }
}

/// What a group says before it is encrypted; adds the digests of its parts.
fn plaintext(
    event: &Event,
    names: impl Iterator<Item = PartName>,
    seed: &[u8; SEED_LEN],
    digests: &mut Vec<(PartName, [u8; 32])>,
    room: &mut Room,
) -> Result<Vec<u8>, SealError> {
    let Room { salted, template, raw } = room;
    template.clear();
    raw.clear();
    for name in names {
        write_part(event, name, salted.begin(name, seed))
            .map_err(|source| SealError::Unwritable { part: name.to_string(), source })?;
        if matches!(name, PartName::Metadata | PartName::Changes) {
            check_depth(salted.json(), DEPTH_MAX)
                .map_err(|_| SealError::TooLarge("it is nested deeper than 120 levels"))?;
        }
        digests.push((name, salted.digest()));
        name.write_code(template);
        pack(salted.json(), None, template, raw);
    }
    if template.len() > TEXT_LEN_MAX {
        return Err(SealError::TooLarge("one person's parts have more than 1 MiB"));
    }
    let mut plaintext = Vec::with_capacity(64 + raw.len() + template.len());
    plaintext.push(DICTIONARIES);
    plaintext.extend_from_slice(seed);
    write_varint(raw.len(), &mut plaintext);
    plaintext.extend_from_slice(raw);
    compression::compress(Text::Parts, template, &mut plaintext).map_err(SealError::Compression)?;
    plaintext.reserve_exact(TAG_LEN);
    Ok(plaintext)
}

fn header_of<'a>(
    event: &'a Event,
    stream: &StreamName,
    retention: &'a str,
    nonce: [u8; 32],
    parts: PartDigests,
) -> Header<'a> {
    let borrowed = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
    let request = &event.request;
    Header {
        app_version: borrowed(&event.app_version),
        environment: borrowed(&event.environment),
        id: event.id,
        nonce,
        occurred_at: in_whole_minutes(event.occurred_at),
        operation: event.operation,
        outcome: event.outcome.status,
        parts,
        producer: event
            .producer
            .as_ref()
            .map(|producer| ProducerSeq { id: Cow::Borrowed(&producer.id), seq: producer.seq }),
        recorded_at: to_the_millisecond(event.received_at.timestamp),
        request: (!request.is_empty()).then(|| RequestIds {
            causation_id: borrowed(&request.causation_id),
            correlation_id: borrowed(&request.correlation_id),
            id: borrowed(&request.id),
            traceparent: borrowed(&request.traceparent),
        }),
        retention: Cow::Borrowed(retention),
        schema_version: event.schema_version,
        severity: event.severity,
        source: Cow::Borrowed(&event.source),
        stream: stream.clone(),
        tenant: event.tenant.clone(),
        event_type: Cow::Borrowed(&event.event_type),
        v: VERSION,
    }
}

/// RFC 3339 has no seconds in an offset, and less than a day of hours; the instant stays the same.
fn in_whole_minutes(time: DateTime) -> DateTime {
    let seconds = time.offset.seconds();
    match Offset::from_seconds(seconds - seconds % 60) {
        Ok(offset) if seconds.abs() < DAY_SECONDS => DateTime { offset, ..time },
        _ => DateTime::utc(time.timestamp),
    }
}

fn to_the_millisecond(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

/// What ties the groups to their header and to each other.
///
/// The nonce of the cipher is taken from the header's digest. It is never used twice with one key:
/// every header holds 256 random bits, so its digest is its own, and in one record each key seals
/// one group. The digest of the header and the ids of all the record's keys are associated data, so
/// a group opens only under its own header and among its own neighbours.
pub(crate) struct Binding {
    nonce: [u8; NONCE_LEN],
    data: Vec<u8>,
}

impl Binding {
    pub(crate) fn new<'a>(header: &[u8], keys: impl Iterator<Item = &'a KeyId>) -> Self {
        let digest = sha256(header);
        let nonce = *digest.first_chunk().expect("a digest is longer than a nonce");
        let mut data = Vec::with_capacity(32 + 2 * 20);
        data.extend_from_slice(&digest);
        keys.for_each(|id| data.extend_from_slice(&id.0));
        Self { nonce, data }
    }

    pub(crate) fn nonce(&self) -> Nonce {
        Nonce::assume_unique_for_key(self.nonce)
    }

    pub(crate) fn data(&self) -> Aad<&[u8]> {
        Aad::from(self.data.as_slice())
    }
}

fn encrypt(
    plaintext: Vec<u8>,
    key_id: KeyId,
    key: &PersonKey,
    binding: &Binding,
) -> Result<SealedGroup, SealError> {
    let mut ciphertext = plaintext;
    key.cipher()
        .seal_in_place_append_tag(binding.nonce(), binding.data(), &mut ciphertext)
        .map_err(|_| SealError::Encryption)?;
    Ok(SealedGroup { key: key_id, ciphertext })
}
