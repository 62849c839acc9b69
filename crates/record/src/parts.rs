//! The parts of an event: whose each is, and its JSON.

use std::collections::BTreeMap;

use annals_domain::event::{
    Actor, Change, Client, Event, JsonObject, Justification, Session, Subject, Target,
};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::owners::{Owner, owner_of, stream_owner};

mod digests;
mod name;

pub use digests::PartDigests;
pub use name::{PartName, UnknownPart};

/// The parts that the event has, each with its owner.
///
/// The first 256 principals at most: the caller has refused an event with more.
pub(crate) fn parts_of(event: &Event) -> Vec<(PartName, Owner<'_>)> {
    let acting = owner_of(&event.actor, event);
    let main = stream_owner(event);
    let mut parts = Vec::with_capacity(12 + event.on_behalf_of.len());
    let mut add = |name, owner, present: bool| {
        if present {
            parts.push((name, owner));
        }
    };
    add(PartName::Actor, acting, true);
    add(PartName::Client, acting, !event.client.is_empty());
    add(PartName::Session, acting, event.session.is_some());
    for (number, principal) in (0..=u8::MAX).zip(&event.on_behalf_of) {
        add(PartName::OnBehalfOf(number), owner_of(principal, event), true);
    }
    let cause = event.outcome.code.is_some() || event.outcome.reason.is_some();
    add(PartName::Subject, main, !follows_from(&event.actor, event.subject.as_ref()));
    add(PartName::Targets, main, !event.targets.is_empty());
    add(PartName::Changes, main, !event.changes.is_empty());
    add(PartName::Metadata, main, !event.metadata.is_empty());
    add(PartName::Labels, main, !event.labels.is_empty());
    add(PartName::Description, main, event.description.is_some());
    add(PartName::Outcome, main, cause);
    add(PartName::Justification, main, event.justification.is_some());
    parts
}

/// Whether the subject is the one that an absent part `subject` stands for: the acting person, or
/// nobody when no person acts. This rule is part of the stored form and never changes.
fn follows_from(actor: &Actor, subject: Option<&Subject>) -> bool {
    match (subject, actor.id.as_deref().filter(|_| actor.is_person())) {
        (Some(subject), Some(id)) => {
            subject.id == id && subject.name == actor.name && subject.alt_ids == actor.alt_ids
        }
        (None, None) => true,
        _ => false,
    }
}

/// The subject that an absent part `subject` stands for.
pub(crate) fn following_from(actor: &Actor) -> Option<Subject> {
    let id = actor.id.clone().filter(|_| actor.is_person())?;
    Some(Subject { id, name: actor.name.clone(), alt_ids: actor.alt_ids.clone() })
}

/// Appends the JSON of a part.
pub(crate) fn write_part(
    event: &Event,
    name: PartName,
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    use serde_json::to_writer;
    match name {
        PartName::Actor => to_writer(out, &event.actor),
        PartName::Changes => to_writer(out, &event.changes),
        PartName::Client => to_writer(out, &event.client),
        PartName::Description => to_writer(out, &event.description),
        PartName::Justification => to_writer(out, &event.justification),
        PartName::Labels => to_writer(out, &event.labels),
        PartName::Metadata => to_writer(out, &event.metadata),
        PartName::OnBehalfOf(number) => {
            to_writer(out, &event.on_behalf_of.get(usize::from(number)))
        }
        PartName::Outcome => to_writer(
            out,
            &Cause { code: event.outcome.code.as_ref(), reason: event.outcome.reason.as_ref() },
        ),
        PartName::Session => to_writer(out, &event.session),
        PartName::Subject => to_writer(out, &event.subject),
        PartName::Targets => to_writer(out, &event.targets),
    }
}

/// The part `outcome`; the status is in the header.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cause<T> {
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    code: Option<T>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    reason: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}

/// Checks once for all that the bytes are text; the reader then need not, string by string.
pub(crate) fn text_of(json: &[u8]) -> serde_json::Result<&str> {
    std::str::from_utf8(json).map_err(serde_json::Error::custom)
}

/// The parts that could be opened; the others are as in an event that has none.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) actor: Option<Actor>,
    pub(crate) changes: Vec<Change>,
    pub(crate) client: Client,
    pub(crate) description: Option<String>,
    pub(crate) justification: Option<Justification>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) metadata: JsonObject,
    pub(crate) on_behalf_of: BTreeMap<u8, Actor>,
    pub(crate) outcome_code: Option<String>,
    pub(crate) outcome_reason: Option<String>,
    pub(crate) session: Option<Session>,
    pub(crate) subject: Option<Subject>,
    pub(crate) targets: Vec<Target>,
}

impl Parts {
    /// Reads the JSON of a part.
    pub(crate) fn read(&mut self, name: PartName, json: &[u8]) -> serde_json::Result<()> {
        use serde_json::from_str;
        let json = text_of(json)?;
        match name {
            PartName::Actor => self.actor = Some(from_str(json)?),
            PartName::Changes => self.changes = from_str(json)?,
            PartName::Client => self.client = from_str(json)?,
            PartName::Description => self.description = from_str(json)?,
            PartName::Justification => self.justification = from_str(json)?,
            PartName::Labels => self.labels = from_str(json)?,
            PartName::Metadata => self.metadata = from_str(json)?,
            PartName::OnBehalfOf(number) => {
                self.on_behalf_of.insert(number, from_str(json)?);
            }
            PartName::Outcome => {
                let cause: Cause<String> = from_str(json)?;
                self.outcome_code = cause.code;
                self.outcome_reason = cause.reason;
            }
            PartName::Session => self.session = from_str(json)?,
            PartName::Subject => self.subject = from_str(json)?,
            PartName::Targets => self.targets = from_str(json)?,
        }
        Ok(())
    }
}
