//! What the roles of a caller come to.

use std::collections::BTreeSet;

use super::masks::Masks;
use super::permission::Permission;
use crate::event::Event;
use crate::filter::{Filter, Scope};
use crate::identifiers::TenantId;

/// What somebody may do and see: all that their roles grant, together.
#[derive(Debug, Default, Clone)]
pub struct Grants {
    permissions: u32,
    reads: Vec<TenantRead>,
    /// The roles whose inboxes they read.
    inboxes: BTreeSet<String>,
}

/// A part of the tenant's events that may be seen.
#[derive(Debug, Clone)]
struct TenantRead {
    filter: Filter,
    masks: Masks,
}

impl Grants {
    /// Whether something is allowed.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions & bit(permission) != 0
    }

    /// What is allowed, in order.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(|permission| self.may(*permission))
    }

    /// Adds a permission.
    pub fn allow(&mut self, permission: Permission) {
        self.permissions |= bit(permission);
    }

    /// Adds the events of the tenant that pass `filter`, seen through `masks`.
    pub fn allow_reading(&mut self, filter: Filter, masks: Masks) {
        self.allow(Permission::ReadTenantEvents);
        self.reads.push(TenantRead { filter, masks });
    }

    /// Adds the inbox of a role.
    pub fn allow_inbox(&mut self, role: &str) {
        self.inboxes.insert(role.to_owned());
    }

    /// The roles whose inboxes may be read, in order.
    pub fn inboxes(&self) -> impl Iterator<Item = &str> {
        self.inboxes.iter().map(String::as_str)
    }

    /// Takes a permission away.
    pub fn withhold(&mut self, permission: Permission) {
        self.permissions &= !bit(permission);
    }

    /// What of `others` goes beyond these, in words; nothing when all of it is held here: every
    /// permission, and every part of the events, with no more of them hidden.
    pub fn lack_of(&self, others: &Self) -> Option<String> {
        if let Some(beyond) = others.permissions().find(|permission| !self.may(*permission)) {
            return Some(format!("the permission `{}`", beyond.as_str()));
        }
        if let Some(beyond) = others.inboxes.difference(&self.inboxes).next() {
            return Some(format!("the inbox `{beyond}`"));
        }
        let held = |part: &TenantRead| {
            self.reads.iter().any(|own| {
                let wide_enough = own.filter == Filter::All || own.filter == part.filter;
                wide_enough && own.masks.shared_with(part.masks) == own.masks
            })
        };
        let all_held = others.reads.iter().all(held);
        (!all_held).then(|| "events, or parts of events, that your own roles do not show".into())
    }

    /// Takes all masks off.
    pub fn unmask(&mut self) {
        self.reads.iter_mut().for_each(|read| read.masks = Masks::default());
    }

    /// The events that `person` may see in `tenant`; nothing when they may see none.
    pub fn scope(&self, tenant: &TenantId, person: &str) -> Option<Scope> {
        let own = self.may(Permission::ReadOwnEvents);
        if self.reads.iter().any(|read| read.filter == Filter::All) {
            return Some(Scope::tenant(tenant.clone()));
        }
        let own = own.then(|| Scope::own(person));
        let mut parts: Vec<Filter> =
            own.into_iter().chain(self.reads.iter().map(|read| read.filter.clone())).collect();
        match parts.len() {
            0 => None,
            1 => parts.pop().map(|part| Scope::within(tenant.clone(), part)),
            _ => Some(Scope::within(tenant.clone(), Filter::Or(parts))),
        }
    }

    /// Everything that is hidden somewhere; what is asked for must not name it. What one grant shows
    /// of all events, no other hides.
    pub fn masks(&self) -> Masks {
        let hidden =
            self.reads.iter().fold(Masks::default(), |all, read| all.joined_with(read.masks));
        let whole = self.reads.iter().filter(|read| read.filter == Filter::All);
        whole.fold(hidden, |hidden, read| hidden.shared_with(read.masks))
    }

    /// Whether every event of the tenant is seen, and nothing of any is hidden.
    pub fn sees_all_of_tenant(&self) -> bool {
        self.reads.iter().any(|read| read.filter == Filter::All && read.masks.is_empty())
    }

    /// The parts of the tenant's events that may be seen, each with what is hidden in it.
    pub fn parts(&self) -> impl Iterator<Item = (&Filter, Masks)> {
        self.reads.iter().map(|read| (&read.filter, read.masks))
    }

    /// What is hidden from `person` in an event they may see: only what every grant that shows it
    /// to them hides.
    pub fn masks_of(&self, event: &Event, person: &str) -> Masks {
        if self.masks().is_empty() {
            return Masks::default();
        }
        let is_own = event.subject.as_ref().is_some_and(|subject| subject.id == person)
            || event.actor.id.as_deref() == Some(person);
        if is_own && self.may(Permission::ReadOwnEvents) {
            return Masks::default();
        }
        let showing = self.reads.iter().filter(|read| read.filter.matches(event));
        showing.map(|read| read.masks).reduce(Masks::shared_with).unwrap_or_else(|| self.masks())
    }
}

fn bit(permission: Permission) -> u32 {
    1 << permission as u32
}
