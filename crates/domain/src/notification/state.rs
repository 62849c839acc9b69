//! What a tenant said about telling people: rules, preferences, addresses, endpoints, disputes. Folded
//! from the events that tell of it, so it is the same on every node and after every rebuild.

mod folding;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::preferences::{Address, Preferences};
use super::rule::Rule;
use crate::identifiers::EventId;

/// A rule was made or changed.
pub const RULE_SET: &str = "annals.notification.rule_set";
/// A rule was taken away.
pub const RULE_REMOVED: &str = "annals.notification.rule_removed";
/// A person, or somebody for the tenant, said what is told and how.
pub const PREFERENCES_SET: &str = "annals.notification.preferences_set";
/// A person named an address.
pub const ADDRESS_ADDED: &str = "annals.notification.address_added";
/// A person proved that an address is theirs.
pub const ADDRESS_VERIFIED: &str = "annals.notification.address_verified";
/// An address is told nothing any more.
pub const ADDRESS_REMOVED: &str = "annals.notification.address_removed";
/// An endpoint was made or changed.
pub const ENDPOINT_SET: &str = "annals.notification.endpoint_set";
/// An endpoint was switched off.
pub const ENDPOINT_DISABLED: &str = "annals.notification.endpoint_disabled";
/// An endpoint was taken away.
pub const ENDPOINT_REMOVED: &str = "annals.notification.endpoint_removed";
/// An endpoint got a new secret.
pub const ENDPOINT_ROTATED: &str = "annals.notification.endpoint_rotated";
/// Somebody wants to see whether an endpoint takes messages.
pub const ENDPOINT_TESTED: &str = "annals.notification.endpoint_tested";
/// Messages to an endpoint are to be sent once more.
pub const REPLAY_REQUESTED: &str = "annals.notification.replay_requested";
/// Somebody says that it was not them.
pub const DISPUTE_RAISED: &str = "annals.notification.dispute_raised";
/// Messages were taken on by those to whom they were sent.
pub const DELIVERED: &str = "annals.notification.delivered";
/// Messages were given up.
pub const FAILED: &str = "annals.notification.failed";

/// Every type of event that changes this state.
pub const NOTIFICATION_TYPES: &[&str] = &[
    RULE_SET,
    RULE_REMOVED,
    PREFERENCES_SET,
    ADDRESS_ADDED,
    ADDRESS_VERIFIED,
    ADDRESS_REMOVED,
    ENDPOINT_SET,
    ENDPOINT_DISABLED,
    ENDPOINT_REMOVED,
    ENDPOINT_ROTATED,
    DISPUTE_RAISED,
];

/// People of a tenant who said what they wish.
pub const PREFERENCES_MAX: usize = 100_000;
/// Disputes that are known, of a tenant; the oldest makes way.
pub const DISPUTES_MAX: usize = 1000;

/// One thing that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum NotificationEntry {
    /// A rule.
    Rule(SetRule),
    /// What somebody wishes.
    Preferences(SetPreferences),
    /// An address.
    Address(Address),
    /// An endpoint.
    Endpoint(KeptEndpoint),
    /// Somebody's "this wasn't me".
    Dispute(Dispute),
}

/// A rule of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRule {
    /// The rule.
    pub rule: Rule,
    /// When it was set; moments in its filter count from here.
    pub set_at: Timestamp,
    /// The event that set it.
    pub event: EventId,
}

/// What a person wishes, or a tenant for all who said nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPreferences {
    /// Whose; none: the tenant's.
    pub person: Option<String>,
    /// What they wish.
    pub preferences: Preferences,
}

/// An endpoint and its secrets as they lie in the log: sealed, and opened by whoever delivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptEndpoint {
    /// What it is.
    pub endpoint: Endpoint,
    /// The secret that signs, sealed, as text.
    pub secret: String,
    /// Its URL, sealed, as text; none: it holds no secret, and stands in the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_url: Option<String>,
    /// The one before, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_secret: Option<String>,
}

/// Somebody's "this wasn't me".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The event that tells of it.
    pub event: EventId,
    /// What they say was not them.
    pub about: EventId,
    /// Who says so.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// What a tenant said about telling people.
#[derive(Debug, Clone, Default)]
pub struct TenantNotifications {
    rules: BTreeMap<String, Arc<SetRule>>,
    defaults: Option<Arc<Preferences>>,
    preferences: BTreeMap<String, Arc<Preferences>>,
    /// By person and id.
    addresses: BTreeMap<(String, Uuid), Address>,
    endpoints: BTreeMap<Uuid, Arc<KeptEndpoint>>,
    disputes: BTreeMap<(Timestamp, EventId), Dispute>,
}

/// What an event changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub(crate) put: Vec<NotificationEntry>,
    pub(crate) removed: Vec<String>,
}

impl NotificationEntry {
    /// Tells the entries of a tenant apart.
    pub fn name(&self) -> String {
        match self {
            Self::Rule(set) => format!("rule/{}", set.rule.id),
            Self::Preferences(set) => match &set.person {
                Some(person) => format!("preferences/of/{person}"),
                None => "preferences".into(),
            },
            Self::Address(address) => address_name(&address.person, address.id),
            Self::Endpoint(kept) => format!("endpoint/{}", kept.endpoint.id),
            Self::Dispute(dispute) => format!("dispute/{}", dispute.event),
        }
    }

    /// The person whose it is, and who takes it along when they are erased.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Preferences(set) => set.person.as_deref(),
            Self::Address(address) => Some(&address.person),
            Self::Dispute(dispute) => Some(&dispute.person),
            Self::Rule(_) | Self::Endpoint(_) => None,
        }
    }
}

fn address_name(person: &str, id: Uuid) -> String {
    format!("address/{id}/of/{person}")
}

impl TenantNotifications {
    /// The tenant's own rule of an id.
    pub fn rule(&self, id: &str) -> Option<&Arc<SetRule>> {
        self.rules.get(id)
    }

    /// Rules of the tenant's own, by id.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<SetRule>> {
        self.rules.values()
    }

    /// What a person said, if anything.
    pub fn preferences_of(&self, person: &str) -> Option<&Arc<Preferences>> {
        self.preferences.get(person)
    }

    /// Whether what a person says can be kept.
    pub fn has_room_for(&self, person: &str) -> bool {
        self.preferences.contains_key(person) || self.preferences.len() < PREFERENCES_MAX
    }

    /// What holds for all who said nothing.
    pub fn defaults(&self) -> Option<&Arc<Preferences>> {
        self.defaults.as_ref()
    }

    /// The addresses of a person, also those that are not verified.
    pub fn addresses_of<'a>(&'a self, person: &'a str) -> impl Iterator<Item = &'a Address> {
        let from = (person.to_owned(), Uuid::nil());
        let theirs = self.addresses.range(from..).take_while(move |((of, _), _)| of == person);
        theirs.map(|(_, address)| address)
    }

    /// The endpoints, by id.
    pub fn endpoints(&self) -> impl Iterator<Item = &Arc<KeptEndpoint>> {
        self.endpoints.values()
    }

    /// The endpoint of an id.
    pub fn endpoint(&self, id: Uuid) -> Option<&Arc<KeptEndpoint>> {
        self.endpoints.get(&id)
    }

    /// Disputes, newest first.
    pub fn disputes(&self) -> impl Iterator<Item = &Dispute> {
        self.disputes.values().rev()
    }

    /// Whether a person has disputed an event already.
    pub fn is_disputed(&self, about: EventId, person: &str) -> bool {
        self.disputes.values().any(|one| one.about == about && one.person == person)
    }

    /// All of it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = NotificationEntry> {
        let rules = self.rules.values().map(|set| NotificationEntry::Rule((**set).clone()));
        let preferences = |person: Option<&String>, preferences: &Arc<Preferences>| {
            let preferences = (**preferences).clone();
            NotificationEntry::Preferences(SetPreferences { person: person.cloned(), preferences })
        };
        let defaults = self.defaults.iter().map(move |held| preferences(None, held));
        let own = self.preferences.iter().map(move |(who, held)| preferences(Some(who), held));
        let addresses = self.addresses.values().cloned().map(NotificationEntry::Address);
        let endpoints =
            self.endpoints.values().map(|kept| NotificationEntry::Endpoint((**kept).clone()));
        let disputes = self.disputes.values().cloned().map(NotificationEntry::Dispute);
        rules.chain(defaults).chain(own).chain(addresses).chain(endpoints).chain(disputes)
    }

    /// Takes back what was kept.
    pub(crate) fn keep(&mut self, entry: NotificationEntry) {
        match entry {
            NotificationEntry::Rule(set) => {
                self.rules.insert(set.rule.id.clone(), Arc::new(set));
            }
            NotificationEntry::Preferences(set) => match set.person {
                Some(person) => {
                    self.preferences.insert(person, Arc::new(set.preferences));
                }
                None => self.defaults = Some(Arc::new(set.preferences)),
            },
            NotificationEntry::Address(address) => {
                self.addresses.insert((address.person.clone(), address.id), address);
            }
            NotificationEntry::Endpoint(kept) => {
                self.endpoints.insert(kept.endpoint.id, Arc::new(kept));
            }
            NotificationEntry::Dispute(dispute) => {
                self.disputes.insert((dispute.at, dispute.event), dispute);
            }
        }
    }

    /// Forgets what is a person's, who was erased.
    pub(crate) fn forget(&mut self, person: &str) {
        self.preferences.remove(person);
        self.addresses.retain(|(of, _), _| of != person);
        self.disputes.retain(|_, dispute| dispute.person != person);
    }
}

#[cfg(test)]
pub(crate) mod tests;
