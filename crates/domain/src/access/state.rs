//! What changes who may come in, what they find, and what is kept: API keys, revoked tokens, emergency access,
//! saved views, retention policies, legal holds, erasures, and what tenants said about telling people. Folded
//! from the events that tell of it, so it is the same on every node and after every rebuild (DESIGN 1.2).
//!
//! Only Annals writes these types, and what could not be is passed over here as well: the rules hold
//! also when two nodes record at the same moment. What was erased tells no more than that it was; of
//! a revocation that is taken as the revocation of everything before it.

mod api_key;
mod break_glass;
mod configuration;
mod lifecycle;
mod revocation;
mod saved_view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use api_key::{ApiKey, FormerSecret, KEYS_MAX};
pub use break_glass::{
    BREAK_GLASS_A_DAY_MAX, BREAK_GLASS_MINUTES_MAX, BreakGlass, BreakGlassRefused,
};
pub use configuration::{Configuration, ConfigurationDigests, Differences};
pub use lifecycle::{
    ERASURE_APPROVED, ERASURE_COMPLETED, ERASURE_REFUSED, ERASURE_REQUESTED, ERASURE_STARTED,
    HOLD_APPROVED, HOLD_PLACED, HOLD_RELEASE_ASKED, HOLD_RELEASED, POLICY_APPROVED, POLICY_ENDED,
    POLICY_PROPOSED, TenantLifecycle,
};
pub use revocation::{REVOCATIONS_MAX, Revocation, Revoked, RevokedToken};
pub use saved_view::{
    DefaultView, SavedView, VIEW_DEFAULT_SET, VIEW_DELETED, VIEW_SAVED, VIEWS_MAX,
    VIEWS_OF_PERSON_MAX, VIEWS_SHARED_MAX, ViewOrder, whole_query,
};

use crate::event::Event;
use crate::identifiers::TenantId;
use crate::lifecycle::{ErasedKey, Erasure, Hold, Proposal};
use crate::notification::state as telling;
use crate::notification::state::{NotificationEntry, TenantNotifications};
use crate::record::Recorded;
use api_key::ApiKeys;
use break_glass::BreakGlasses;
use revocation::Revocations;
use saved_view::SavedViews;

/// An API key was made.
pub const KEY_CREATED: &str = "annals.api_key.created";
/// An API key got a new secret.
pub const KEY_ROTATED: &str = "annals.api_key.rotated";
/// An API key was taken away.
pub const KEY_REVOKED: &str = "annals.api_key.revoked";
/// Tokens were revoked.
pub const ACCESS_REVOKED: &str = "annals.access.revoked";
/// Somebody opened emergency access.
pub const BREAK_GLASS_OPENED: &str = "annals.break_glass.opened";
/// Emergency access was closed before its time.
pub const BREAK_GLASS_CLOSED: &str = "annals.break_glass.closed";
/// A node came up with another configuration.
pub const CONFIGURATION_LOADED: &str = "annals.configuration.loaded";
/// Every type of event that this state is made of, but for what is kept and forgotten: that does not change
/// when somebody is erased.
pub const STATE_TYPES: &[&str] = &[
    KEY_CREATED,
    KEY_ROTATED,
    KEY_REVOKED,
    ACCESS_REVOKED,
    BREAK_GLASS_OPENED,
    BREAK_GLASS_CLOSED,
    VIEW_SAVED,
    VIEW_DELETED,
    VIEW_DEFAULT_SET,
    CONFIGURATION_LOADED,
    telling::RULE_SET,
    telling::RULE_REMOVED,
    telling::PREFERENCES_SET,
    telling::ADDRESS_ADDED,
    telling::ADDRESS_VERIFIED,
    telling::ADDRESS_REMOVED,
    telling::ENDPOINT_SET,
    telling::ENDPOINT_DISABLED,
    telling::ENDPOINT_REMOVED,
    telling::ENDPOINT_ROTATED,
    telling::DISPUTE_RAISED,
];
/// Whose log tells of the installation itself.
pub const SYSTEM_TENANT: &str = "system";

/// Everything that the log says about access. Cheap to clone: tenants are shared until they change.
#[derive(Debug, Clone, Default)]
pub struct AccessState {
    tenants: BTreeMap<TenantId, Arc<TenantAccess>>,
    /// Whose key it is, by the key's public id.
    key_owners: Arc<HashMap<String, TenantId>>,
    configuration: Option<Arc<Configuration>>,
}

/// What concerns one tenant.
#[derive(Debug, Clone, Default)]
pub struct TenantAccess {
    keys: ApiKeys,
    revocations: Revocations,
    break_glasses: BreakGlasses,
    views: SavedViews,
    lifecycle: TenantLifecycle,
    notifications: TenantNotifications,
}

/// One thing that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AccessEntry {
    /// An API key.
    ApiKey(ApiKey),
    /// A revocation.
    Revocation(Revocation),
    /// Emergency access.
    BreakGlass(BreakGlass),
    /// A saved view.
    SavedView(SavedView),
    /// The view that somebody begins with.
    DefaultView(DefaultView),
    /// The configuration that was loaded last.
    Configuration(Configuration),
    /// A retention policy that somebody wants, or that is in force.
    RetentionProposal(Proposal),
    /// A legal hold.
    Hold(Hold),
    /// A request to erase a person.
    Erasure(Erasure),
    /// A key that was destroyed.
    ErasedKey(ErasedKey),
    /// What somebody said about telling people.
    Notification(NotificationEntry),
}

impl AccessEntry {
    /// Tells the entries of a tenant apart.
    pub fn name(&self) -> String {
        match self {
            Self::ApiKey(key) => format!("api_key/{}", key.id),
            Self::Revocation(revocation) => format!("revocation/{}", revocation.event),
            Self::BreakGlass(opened) => format!("break_glass/{}", opened.event),
            Self::SavedView(view) => saved_view::view_name(&view.id),
            Self::DefaultView(chosen) => saved_view::default_name(chosen.person.as_deref()),
            Self::Configuration(_) => "configuration".into(),
            Self::RetentionProposal(proposal) => lifecycle::proposal_name(proposal.event),
            Self::Hold(hold) => format!("hold/{}", hold.event),
            Self::Erasure(erasure) => format!("erasure/{}", erasure.event),
            Self::ErasedKey(erased) => format!("erased_key/{}", erased.event),
            Self::Notification(entry) => notification_name(&entry.name()),
        }
    }

    /// As stores keep it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, times and maps by text are JSON")
    }

    /// Reads what [`AccessEntry::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// What an event changed.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessChange {
    /// Whose.
    pub tenant: TenantId,
    /// Name of the entry.
    pub name: String,
    /// As it is now; none: it is kept no longer.
    pub entry: Option<AccessEntry>,
}

/// The events' rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccessRules {
    /// How long a token holds at most; none: nobody knows. Revocations that are older have nothing
    /// left to refuse.
    pub token_lifetime_max: Option<SignedDuration>,
}

impl AccessState {
    /// The state that these entries were kept of.
    pub fn restored(entries: impl IntoIterator<Item = (TenantId, AccessEntry)>) -> Self {
        let mut state = Self::default();
        for (tenant, entry) in entries {
            state.keep(&tenant, entry);
        }
        state
    }

    /// Takes an event in; tells what it changed.
    pub fn apply(&mut self, recorded: &Recorded, rules: AccessRules) -> Vec<AccessChange> {
        let event = &*recorded.event;
        // Most events end here.
        if !event.event_type.starts_with("annals.") || event.source != "annals" {
            return Vec::new();
        }
        match event.event_type.as_str() {
            KEY_CREATED => self.key_created(event),
            KEY_ROTATED => self.in_tenant(event, |tenant| tenant.keys.rotated(event)),
            KEY_REVOKED => self.in_tenant(event, |tenant| tenant.keys.revoked(event)),
            ACCESS_REVOKED => self.in_tenant(event, |tenant| tenant.revocations.add(event, rules)),
            BREAK_GLASS_OPENED => {
                self.in_tenant(event, |tenant| tenant.break_glasses.opened(event))
            }
            BREAK_GLASS_CLOSED => {
                self.in_tenant(event, |tenant| tenant.break_glasses.closed(event))
            }
            VIEW_SAVED => self.in_tenant(event, |tenant| tenant.views.saved(event)),
            VIEW_DELETED => self.in_tenant(event, |tenant| tenant.views.deleted(event)),
            VIEW_DEFAULT_SET => self.in_tenant(event, |tenant| tenant.views.default_set(event)),
            CONFIGURATION_LOADED => self.configuration_loaded(event),
            POLICY_PROPOSED | POLICY_APPROVED | POLICY_ENDED | HOLD_PLACED | HOLD_APPROVED
            | HOLD_RELEASE_ASKED | HOLD_RELEASED | ERASURE_REQUESTED | ERASURE_APPROVED
            | ERASURE_REFUSED | ERASURE_STARTED | ERASURE_COMPLETED => {
                self.in_tenant(event, |tenant| tenant.lifecycle.apply(event))
            }
            about_telling if telling::NOTIFICATION_TYPES.contains(&about_telling) => self
                .in_tenant(event, |tenant| {
                    let telling::Changed { put, removed } = tenant.notifications.apply(event);
                    Kept {
                        put: put.into_iter().map(AccessEntry::Notification).collect(),
                        removed: removed.iter().map(|name| notification_name(name)).collect(),
                    }
                }),
            _ => Vec::new(),
        }
    }

    /// Which tenants something is known of.
    pub fn tenants(&self) -> impl Iterator<Item = &TenantId> {
        self.tenants.keys()
    }

    /// What is kept and forgotten of a tenant, as entries.
    pub fn lifecycle_of(&self, tenant: &TenantId) -> Vec<AccessEntry> {
        self.tenant(tenant).map(|tenant| tenant.lifecycle.entries()).unwrap_or_default()
    }

    /// What is kept and forgotten of a tenant without who decided it, where that is one of these persons; none:
    /// none of them decided anything.
    pub fn lifecycle_without(
        &self,
        tenant: &TenantId,
        persons: &BTreeSet<String>,
    ) -> Option<Vec<AccessEntry>> {
        let mut entries = self.lifecycle_of(tenant);
        let forget = |entry: &mut AccessEntry| TenantLifecycle::forget_deciders(entry, persons);
        let forgotten = entries.iter_mut().filter_map(|entry| forget(entry).then_some(())).count();
        (forgotten > 0).then_some(entries)
    }

    /// What is kept of a tenant of those types ([`STATE_TYPES`]).
    pub fn entries_of(&self, tenant: &TenantId) -> Vec<AccessEntry> {
        let configuration = self.configuration().filter(|_| tenant.as_str() == SYSTEM_TENANT);
        let configuration = configuration.cloned().map(AccessEntry::Configuration);
        let held = self.tenant(tenant).into_iter().flat_map(TenantAccess::entries);
        held.chain(configuration).collect()
    }

    /// Puts these entries in the place of all that was kept of a tenant.
    pub fn replace(&mut self, tenant: &TenantId, entries: impl IntoIterator<Item = AccessEntry>) {
        self.tenants.remove(tenant);
        Arc::make_mut(&mut self.key_owners).retain(|_, owner| owner != tenant);
        if tenant.as_str() == SYSTEM_TENANT {
            self.configuration = None;
        }
        entries.into_iter().for_each(|entry| self.keep(tenant, entry));
    }

    /// What concerns a tenant, if anything does.
    pub fn tenant(&self, tenant: &TenantId) -> Option<&TenantAccess> {
        self.tenants.get(tenant).map(|tenant| &**tenant)
    }

    /// The key of a public id, and whose it is.
    pub fn key(&self, id: &str) -> Option<(&TenantId, &ApiKey)> {
        let tenant = self.key_owners.get(id)?;
        Some((tenant, self.tenant(tenant)?.key(id)?))
    }

    /// The configuration that was loaded last.
    pub fn configuration(&self) -> Option<&Configuration> {
        self.configuration.as_deref()
    }

    fn keep(&mut self, tenant: &TenantId, entry: AccessEntry) {
        if let AccessEntry::Configuration(configuration) = entry {
            self.configuration = Some(Arc::new(configuration));
            return;
        }
        let access = Arc::make_mut(self.tenants.entry(tenant.clone()).or_default());
        match entry {
            AccessEntry::ApiKey(key) => {
                Arc::make_mut(&mut self.key_owners).insert(key.id.clone(), tenant.clone());
                access.keys.keep(key);
            }
            AccessEntry::Revocation(revocation) => access.revocations.keep(revocation),
            AccessEntry::BreakGlass(opened) => access.break_glasses.keep(opened),
            AccessEntry::SavedView(view) => access.views.keep(view),
            AccessEntry::DefaultView(chosen) => access.views.keep_default(chosen),
            AccessEntry::Configuration(_) => {}
            AccessEntry::RetentionProposal(proposal) => {
                access.lifecycle.keep_proposal(proposal);
            }
            AccessEntry::Hold(hold) => access.lifecycle.keep_hold(hold),
            AccessEntry::Erasure(erasure) => access.lifecycle.keep_erasure(erasure),
            AccessEntry::ErasedKey(erased) => access.lifecycle.keep_erased(erased),
            AccessEntry::Notification(entry) => access.notifications.keep(entry),
        }
    }

    fn key_created(&mut self, event: &Event) -> Vec<AccessChange> {
        let Some(id) = text(event, "key").map(str::to_owned) else { return Vec::new() };
        // An id of somebody else stays theirs.
        if self.key_owners.contains_key(&id) {
            return Vec::new();
        }
        let changes = self.in_tenant(event, |tenant| tenant.keys.created(event));
        let owners = Arc::make_mut(&mut self.key_owners);
        for change in &changes {
            match &change.entry {
                Some(AccessEntry::ApiKey(key)) => {
                    owners.insert(key.id.clone(), event.tenant.clone());
                }
                _ => {
                    owners.remove(change.name.trim_start_matches("api_key/"));
                }
            }
        }
        changes
    }

    fn in_tenant(
        &mut self,
        event: &Event,
        change: impl FnOnce(&mut TenantAccess) -> Kept,
    ) -> Vec<AccessChange> {
        let access = Arc::make_mut(self.tenants.entry(event.tenant.clone()).or_default());
        let Kept { put, removed } = change(access);
        let put = put.into_iter().map(|entry| (entry.name(), Some(entry)));
        let removed = removed.into_iter().map(|name| (name, None));
        let named = |(name, entry)| AccessChange { tenant: event.tenant.clone(), name, entry };
        removed.chain(put).map(named).collect()
    }

    fn configuration_loaded(&mut self, event: &Event) -> Vec<AccessChange> {
        let Some(configuration) = Configuration::of(event) else { return Vec::new() };
        let entry = AccessEntry::Configuration(configuration);
        self.keep(&event.tenant, entry.clone());
        vec![AccessChange { tenant: event.tenant.clone(), name: entry.name(), entry: Some(entry) }]
    }
}

/// What a part of the state keeps from now on, and no more.
#[derive(Debug, Default)]
struct Kept {
    put: Vec<AccessEntry>,
    removed: Vec<String>,
}

impl Kept {
    fn put(entry: AccessEntry) -> Self {
        Self { put: vec![entry], removed: Vec::new() }
    }
}

impl TenantAccess {
    /// What is kept and forgotten of it.
    pub fn lifecycle(&self) -> &TenantLifecycle {
        &self.lifecycle
    }

    /// What it said about telling people.
    pub fn notifications(&self) -> &TenantNotifications {
        &self.notifications
    }

    fn entries(&self) -> impl Iterator<Item = AccessEntry> {
        let notifications = self.notifications.entries().map(AccessEntry::Notification);
        let keys = self.keys.iter().cloned().map(AccessEntry::ApiKey);
        let revocations = self.revocations.iter().cloned().map(AccessEntry::Revocation);
        let opened = self.break_glasses.iter().cloned().map(AccessEntry::BreakGlass);
        let views = self.views.iter().map(|view| AccessEntry::SavedView((**view).clone()));
        let defaults = self.views.defaults().map(AccessEntry::DefaultView);
        keys.chain(revocations).chain(opened).chain(views).chain(defaults).chain(notifications)
    }

    /// Its keys, oldest first, also those that hold no longer.
    pub fn keys(&self) -> impl Iterator<Item = &ApiKey> {
        self.keys.iter()
    }

    /// The key of a public id.
    pub fn key(&self, id: &str) -> Option<&ApiKey> {
        self.keys.find(id)
    }

    /// How many keys hold at that time.
    pub fn live_keys(&self, now: jiff::Timestamp) -> usize {
        self.keys.iter().filter(|key| key.is_live(now)).count()
    }

    /// Its revocations, newest first.
    pub fn revocations(&self) -> impl Iterator<Item = &Revocation> {
        self.revocations.iter()
    }

    /// Whether one more can be kept at that time.
    pub fn takes_revocation(
        &self,
        what: &Revoked,
        now: jiff::Timestamp,
        rules: AccessRules,
    ) -> bool {
        self.revocations.takes(what, now, rules)
    }

    /// Whether a token was revoked.
    pub fn is_revoked(&self, token: &RevokedToken<'_>) -> bool {
        self.revocations.refuse(token)
    }

    /// The views that a person may see: their own and those that are shared.
    pub fn views_of(&self, person: &str) -> impl Iterator<Item = &Arc<SavedView>> {
        self.views.iter().filter(move |view| view.is_seen_by(person))
    }

    /// The view of an id, if the person may see it.
    pub fn view(&self, id: &str, person: &str) -> Option<&Arc<SavedView>> {
        self.views.find(id).filter(|view| view.is_seen_by(person))
    }

    /// Whether one more view can be kept: one of that person, or a shared one.
    pub fn takes_view(&self, owner: &str, shared: bool) -> bool {
        self.views.takes(owner, shared)
    }

    /// The id of the view that the person chose to begin with; of the tenant when nobody is named.
    pub fn default_view(&self, person: Option<&str>) -> Option<&str> {
        self.views.default_of(person)
    }

    /// Emergency access, open and past, newest first.
    pub fn break_glasses(&self) -> impl Iterator<Item = &BreakGlass> {
        self.break_glasses.iter()
    }

    /// Emergency access that is open for a person at that time.
    pub fn open_break_glass(&self, person: &str, now: jiff::Timestamp) -> Option<&BreakGlass> {
        self.break_glasses.open_of(person, now)
    }

    /// Whether a person may open emergency access at that time.
    pub fn may_break_glass(
        &self,
        person: &str,
        now: jiff::Timestamp,
    ) -> Result<(), BreakGlassRefused> {
        self.break_glasses.may_open(person, now)
    }
}

/// Name of the entry of something said about telling people.
fn notification_name(name: &str) -> String {
    format!("notification/{name}")
}

/// A text in the metadata.
fn text<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
    event.metadata.get(key)?.as_str()
}

/// A time in the metadata.
fn time(event: &Event, key: &str) -> Option<jiff::Timestamp> {
    text(event, key)?.parse().ok()
}

/// Texts in the metadata.
fn texts(event: &Event, key: &str) -> Vec<String> {
    let list = event.metadata.get(key).and_then(serde_json::Value::as_array);
    list.into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests;
