//! From the stored form back to the event, as far as the keys still exist.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::StreamName;
use annals_domain::event::{Actor, ActorType, Event, Outcome, Producer, Request};
use annals_domain::time::DateTime;

use crate::compression::{self, DICTIONARIES, Text};
use crate::digest::{SALT_LEN, SEED_LEN, Salted};
use crate::header::{Header, HeaderError, RequestIds};
use crate::keys::{KeyId, PersonKey};
use crate::packing::unpack;
use crate::parts::{PartName, Parts, following_from};
use crate::seal::Binding;
use crate::stored::{Record, SealedGroup, read_varint};

/// An event that was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The event; what could not be opened is absent, or a nameless stand-in.
    pub event: Event,
    /// Names of the parts whose key is gone.
    pub erased: Vec<String>,
}

/// Why a record could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The header cannot be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The record's own fields contradict its header.
    #[error("the record was changed: its {0} is not what its header says")]
    Contradiction(&'static str),
    /// A group does not open: another key, or one bit is not what it was.
    #[error("a sealed group does not open: the key is another one, or the record was changed")]
    NotAuthentic,
    /// A group opened, but holds something else than parts.
    #[error("a sealed group is not readable: {0}")]
    Malformed(&'static str),
    /// The group was written with dictionaries of a newer Annals.
    #[error("dictionaries {0} are not known to this version of Annals; use a newer one")]
    UnknownDictionaries(u8),
    /// A part is not the one whose digest is in the header.
    #[error("the part `{0}` is not the one that the header tells of")]
    WrongDigest(PartName),
    /// The header tells of a part that no group holds.
    #[error("the part `{0}` is missing from the record")]
    MissingPart(PartName),
    /// A part is authentic, but not readable by this version.
    #[error("cannot read the part `{part}`")]
    UnreadablePart {
        /// Which part.
        part: PartName,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// Opens a record with the keys that still exist. `keys` gives `None` for a key that was destroyed;
/// the parts under it are then absent from the event and named in [`Opened::erased`].
///
/// Everything that is returned was verified: each group against the header, each part against its
/// digest in the header.
pub fn open(
    record: &Record,
    keys: &dyn Fn(&KeyId) -> Option<Arc<PersonKey>>,
) -> Result<Opened, OpenError> {
    open_replaced(record, keys, &|_| false)
}

/// The same where some keys are not the first of their id. A person of whom something is recorded after
/// they were erased has another key: what lies under the destroyed one does not open under it, and is
/// erased. `is_replaced` says of which ids a key was destroyed.
pub fn open_replaced(
    record: &Record,
    keys: &dyn Fn(&KeyId) -> Option<Arc<PersonKey>>,
    is_replaced: &dyn Fn(&KeyId) -> bool,
) -> Result<Opened, OpenError> {
    let header = record.header()?;
    check_against(&header, record)?;
    let binding = Binding::new(&record.header, record.groups.iter().map(|group| &group.key));
    let mut parts = Parts::default();
    let mut names = Vec::with_capacity(12);
    let mut key_gone = false;
    for group in &record.groups {
        let Some(key) = keys(&group.key) else {
            key_gone = true;
            continue;
        };
        let opened = open_group(group, &key, &binding, &header, &mut |name, _, json| {
            if names.contains(&name) {
                return Err(OpenError::WrongDigest(name));
            }
            names.push(name);
            parts
                .read(name, json)
                .map_err(|source| OpenError::UnreadablePart { part: name, source })
        });
        match opened {
            Err(OpenError::NotAuthentic) if is_replaced(&group.key) => key_gone = true,
            opened => opened?,
        }
    }
    let missing = header.parts.iter().map(|(name, _)| *name);
    let missing: Vec<_> = missing.filter(|name| !names.contains(name)).collect();
    match missing.first() {
        Some(name) if !key_gone => Err(OpenError::MissingPart(*name)),
        _ => Ok(assemble(header, parts, &missing)),
    }
}

/// The fields that a record repeats from its header, and the pseudonym in its stream's name.
pub(crate) fn check_against(header: &Header<'_>, record: &Record) -> Result<(), OpenError> {
    let Record { id, tenant, stream, event_type, .. } = record;
    let pseudonym_is_key = match pseudonym_in(stream) {
        None => true,
        Some(text) => {
            let stream_key = record.groups.first().map(|group| group.key);
            stream_key.is_some() && KeyId::from_text(text) == stream_key
        }
    };
    let agreements = [
        (header.id == *id, "id"),
        (header.tenant == *tenant, "tenant"),
        (header.stream == *stream, "stream"),
        (header.event_type == *event_type, "type"),
        (pseudonym_is_key, "first key"),
    ];
    match agreements.iter().find(|(agrees, _)| !agrees) {
        Some((_, what)) => Err(OpenError::Contradiction(what)),
        None => Ok(()),
    }
}

/// The pseudonym in the name of a person's or a service's stream.
fn pseudonym_in(stream: &StreamName) -> Option<&str> {
    let name = stream.as_str();
    let named = name.strip_prefix("person-").or_else(|| name.strip_prefix("service-"))?;
    Some(named.split_once('.').map_or("", |(_, pseudonym)| pseudonym))
}

/// Receives the name, the salt and the JSON of a part.
type PartSink<'a> = dyn FnMut(PartName, &[u8; SALT_LEN], &[u8]) -> Result<(), OpenError> + 'a;

/// Decrypts a group and hands over its parts, each verified.
pub(crate) fn open_group(
    group: &SealedGroup,
    key: &PersonKey,
    binding: &Binding,
    header: &Header<'_>,
    each: &mut PartSink<'_>,
) -> Result<(), OpenError> {
    let mut buffer = group.ciphertext.clone();
    let plaintext = key
        .cipher()
        .open_in_place(binding.nonce(), binding.data(), &mut buffer)
        .map_err(|_| OpenError::NotAuthentic)?;
    let cut_off = || OpenError::Malformed("it is cut off");
    let (&dictionaries, rest) = plaintext.split_first().ok_or_else(cut_off)?;
    if dictionaries != DICTIONARIES {
        return Err(OpenError::UnknownDictionaries(dictionaries));
    }
    let (seed, mut rest) = rest.split_first_chunk::<SEED_LEN>().ok_or_else(cut_off)?;
    let raw_len = read_varint(&mut rest).ok_or_else(cut_off)?;
    let (mut raw, frame) = rest.split_at_checked(raw_len).ok_or_else(cut_off)?;
    let template = compression::decompress(Text::Parts, frame)
        .map_err(|_| OpenError::Malformed("it does not decompress"))?;

    let mut salted = Salted::new();
    let mut rest = template.as_slice();
    while !rest.is_empty() {
        let (name, after) = PartName::read_code(rest)
            .ok_or(OpenError::Malformed("it holds a part of an unknown kind"))?;
        rest = unpack(after, &mut raw, None, salted.begin(name, seed))
            .map_err(|_| OpenError::Malformed("it does not unpack"))?;
        if header.parts.get(name) != Some(&salted.digest()) {
            return Err(OpenError::WrongDigest(name));
        }
        each(name, salted.salt(), salted.json())?;
    }
    if !raw.is_empty() {
        return Err(OpenError::Malformed("it has something left over"));
    }
    Ok(())
}

/// The event of what was found; `missing` are the parts whose keys are gone.
fn assemble(header: Header<'_>, parts: Parts, missing: &[PartName]) -> Opened {
    let mut erased: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let subject = match (header.parts.get(PartName::Subject), &parts.actor) {
        (Some(_), _) => parts.subject,
        (None, Some(actor)) => following_from(actor),
        // Without a part of its own, a person's stream tells of the acting person.
        (None, None) => {
            if header.stream.as_str().starts_with("person-") {
                erased.push(PartName::Subject.to_string());
            }
            None
        }
    };
    let principals =
        header.parts.iter().filter(|(name, _)| matches!(name, PartName::OnBehalfOf(_))).count();
    let event = Event {
        id: header.id,
        event_type: header.event_type.into_owned(),
        schema_version: header.schema_version,
        tenant: header.tenant,
        source: header.source.into_owned(),
        environment: header.environment.map(Cow::into_owned),
        app_version: header.app_version.map(Cow::into_owned),
        occurred_at: header.occurred_at,
        received_at: DateTime::utc(header.recorded_at),
        producer: header
            .producer
            .map(|producer| Producer { id: producer.id.into_owned(), seq: producer.seq }),
        operation: header.operation,
        severity: header.severity,
        outcome: Outcome {
            status: header.outcome,
            code: parts.outcome_code,
            reason: parts.outcome_reason,
        },
        description: parts.description,
        actor: parts.actor.unwrap_or_else(nobody),
        on_behalf_of: in_order(parts.on_behalf_of, principals),
        subject,
        targets: parts.targets,
        changes: parts.changes,
        client: parts.client,
        session: parts.session,
        request: header.request.map(request_of).unwrap_or_default(),
        justification: parts.justification,
        metadata: parts.metadata,
        labels: parts.labels,
    };
    Opened { event, erased }
}

fn request_of(ids: RequestIds<'_>) -> Request {
    Request {
        id: ids.id.map(Cow::into_owned),
        correlation_id: ids.correlation_id.map(Cow::into_owned),
        causation_id: ids.causation_id.map(Cow::into_owned),
        traceparent: ids.traceparent.map(Cow::into_owned),
    }
}

/// All principals, with stand-ins for the erased, so that the others keep their places.
fn in_order(mut found: BTreeMap<u8, Actor>, count: usize) -> Vec<Actor> {
    (0..=u8::MAX).take(count).map(|number| found.remove(&number).unwrap_or_else(nobody)).collect()
}

/// Stands for an actor who was erased.
fn nobody() -> Actor {
    Actor {
        actor_type: ActorType::Anonymous,
        id: None,
        name: None,
        email: None,
        roles: Vec::new(),
        alt_ids: BTreeMap::new(),
    }
}
