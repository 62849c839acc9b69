//! Whose data each part of an event is, and so under whose key it lies.

use annals_domain::event::{Actor, ActorType, Event};
use annals_domain::{StreamName, TenantId};

use crate::keys::KeyId;

/// Whose data something is. Each owner has one key within a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner<'a> {
    /// A person, by id.
    Person(&'a str),
    /// A program, by its id or by the source it reports as.
    Service(&'a str),
    /// The tenant itself: Annals' own facts about it.
    Tenant,
}

/// Whose key seals the event's main part; it decides the stream as well.
///
/// The subject's; without a subject the tenant's for what was decided for all of it, and else the acting
/// person's; without any of them the tenant's for Annals' own facts, and the source's for all else.
///
/// Reading goes by what a record says of itself and not by this, so records of older versions, in which
/// decisions lie under the key of the person who took them, open as ever.
pub fn stream_owner(event: &Event) -> Owner<'_> {
    if let Some(subject) = &event.subject {
        return Owner::Person(&subject.id);
    }
    match &event.actor {
        _ if event.is_decision_of_tenant() => Owner::Tenant,
        Actor { actor_type: ActorType::User, id: Some(id), .. } => Owner::Person(id),
        _ if event.event_type.starts_with("annals.") => Owner::Tenant,
        _ => Owner::Service(&event.source),
    }
}

/// Everybody whose key is needed to seal the event, each once, the stream's owner first.
pub fn owners(event: &Event) -> Vec<Owner<'_>> {
    let mut owners = Vec::with_capacity(2 + event.on_behalf_of.len());
    owners.push(stream_owner(event));
    for actor in std::iter::once(&event.actor).chain(&event.on_behalf_of) {
        let owner = owner_of(actor, event);
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    owners
}

/// The stream that the owner's events lie in; `key` is the owner's pseudonym.
pub fn stream_name(tenant: &TenantId, owner: &Owner<'_>, key: &KeyId) -> StreamName {
    match owner {
        Owner::Person(_) => StreamName::person(tenant, &key.as_text()),
        Owner::Service(_) => StreamName::service(tenant, &key.as_text()),
        Owner::Tenant => StreamName::tenant(tenant),
    }
}

/// Whose data an acting being's description is. The nameless are described in the stream's part.
pub(crate) fn owner_of<'a>(actor: &'a Actor, event: &'a Event) -> Owner<'a> {
    match (actor.actor_type, &actor.id) {
        (ActorType::Anonymous, _) | (ActorType::User, None) => stream_owner(event),
        (ActorType::User, Some(id)) => Owner::Person(id),
        (ActorType::Service | ActorType::Agent | ActorType::System, Some(id)) => Owner::Service(id),
        (ActorType::Service | ActorType::Agent | ActorType::System, None) => {
            Owner::Service(&event.source)
        }
    }
}
