//! What an event tells whom: the one place where rules, preferences, addresses and endpoints meet.
//!
//! It reads no clock: windows and quiet hours go by when events were recorded. So the same events in the
//! same order make the same messages with the same ids, on every node and after every rebuild.

mod compiled;
mod message;
mod recipients;
mod requests;
mod throttling;
mod trial;
mod verification;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::compiled::Compiled;
pub use self::compiled::may_stand;
use self::message::{Worded, arrival};
pub use self::recipients::CHANGED_ADDRESSES_MAX;
use self::recipients::Reach;
pub use self::trial::{Trial, trial};
pub use self::verification::{VERIFICATION_RULE, VERIFICATIONS_MAX};
use super::outgoing::{Channel, Outgoing};
use super::rule::Rule;
use super::state::{
    Changed, DELIVERED, ENDPOINT_TESTED, FAILED, NOTIFICATION_TYPES, NotificationEntry,
    REPLAY_REQUESTED, TenantNotifications,
};
use super::windows::{Window, Windows};
use super::{ARCHIVED_TYPE, InboxChange, READ_TYPE, inbox_change, is_mark};
use crate::catalogue::Catalogue;
use crate::event::Event;
use crate::filter::EventView;
use crate::identifiers::{Position, TenantId};
use crate::limits::QueryLimits;
use crate::record::Recorded;

/// The rule that tells the endpoints of the installation.
pub const STANDING_RULE: &str = "significant";
/// Stands for the rule of a message that somebody asked for to see whether an endpoint takes it.
pub const TEST_RULE: &str = "test";
/// Deliveries that one event of outcomes may tell of.
pub const OUTCOMES_MAX: usize = 500;
/// Inboxes that one event arrives in. Its subject's comes first, then those of shipped rules that cannot be
/// switched off; what is beyond is left out, so that no tenant's rules hold up all others.
pub const INBOXES_PER_EVENT_MAX: usize = 100;

/// What this installation can carry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    /// Through which channels messages leave; what is not here is not queued.
    pub channels: BTreeSet<Channel>,
    /// Endpoints of the installation itself: told of every significant event of every tenant.
    pub standing: Vec<Uuid>,
}

/// A message to be delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    /// The message.
    pub message: Outgoing,
    /// Not before this time.
    pub due: Timestamp,
    /// Whether it waits for a digest or for the end of quiet hours. What waits has a lane of its own, so
    /// that what does not is not held up.
    pub held: bool,
    /// The message of a digest that gathers it, unless that is on its way already.
    pub gathered_by: Option<Uuid>,
}

/// What became of messages, as an event tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// These were taken on.
    pub delivered: Vec<Uuid>,
    /// These were given up.
    pub failed: Vec<Uuid>,
}

/// Messages to an endpoint that were done are to be sent once more, with the same ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Whose endpoint.
    pub tenant: TenantId,
    /// Which.
    pub endpoint: Uuid,
    /// About events that were recorded from then on,
    pub from: Timestamp,
    /// and before this time.
    pub to: Timestamp,
    /// Where the event lies that asks for it.
    pub position: Position,
    /// When it was recorded.
    pub at: Timestamp,
}

/// A change to what is to be delivered.
#[derive(Debug, Clone, PartialEq)]
pub enum OutboxChange {
    /// A message more.
    Queued(Box<Queued>),
    /// A message that was done before the outbox was filled anew: it is known, and not sent.
    Past(Box<Queued>),
    /// Messages that wait again.
    Replayed(Replay),
    /// Messages that are done, wherever that was.
    Settled(Settled),
}

/// Something that [`Telling`] keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kept", rename_all = "snake_case")]
pub enum TellingEntry {
    /// What a tenant said.
    Said(NotificationEntry),
    /// What was told a moment ago.
    Window {
        /// Its key.
        key: Uuid,
        /// The window.
        window: Window,
    },
}

/// A change to what is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct TellingChange {
    /// Whose.
    pub tenant: TenantId,
    /// Tells the entries of a tenant apart.
    pub name: String,
    /// As it is now; none: it is kept no longer.
    pub entry: Option<TellingEntry>,
}

/// What events changed, to be kept in one transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// In inboxes.
    pub inbox: Vec<InboxChange>,
    /// In the outbox.
    pub outbox: Vec<OutboxChange>,
    /// In the state.
    pub kept: Vec<TellingChange>,
}

/// Knows whom to tell of what. What it knows follows from the events that it was given, in order.
#[derive(Debug)]
pub struct Telling {
    carried: Carried,
    limits: QueryLimits,
    catalogue: Arc<Catalogue>,
    /// The rules of tenants that have none of their own.
    shipped: Arc<Compiled>,
    tenants: BTreeMap<TenantId, OfTenant>,
}

/// What is known of one tenant.
#[derive(Debug, Default)]
struct OfTenant {
    said: TenantNotifications,
    windows: Windows,
    /// None: the shipped ones.
    rules: Option<Arc<Compiled>>,
}

impl TellingEntry {
    /// Tells the entries of a tenant apart.
    pub fn name(&self) -> String {
        match self {
            Self::Said(entry) => entry.name(),
            Self::Window { key, .. } => window_name(*key),
        }
    }

    /// The person whose it is, and who takes it along when they are erased.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Said(entry) => entry.person(),
            Self::Window { .. } => None,
        }
    }

    /// As stores keep it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, times and maps by text are JSON")
    }

    /// Reads what [`TellingEntry::to_json`] wrote.
    ///
    /// # Errors
    /// When it is not that.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

fn window_name(key: Uuid) -> String {
    format!("window/{key}")
}

impl Telling {
    /// Knows the shipped rules, and nothing of any tenant.
    pub fn new(catalogue: Arc<Catalogue>, limits: QueryLimits, carried: Carried) -> Self {
        let shipped = Arc::new(Compiled::shipped(&catalogue, &limits));
        Self { carried, limits, catalogue, shipped, tenants: BTreeMap::new() }
    }

    /// Knows what was kept, and nothing else.
    pub fn restore(&mut self, entries: impl IntoIterator<Item = (TenantId, TellingEntry)>) {
        self.tenants.clear();
        for (tenant, entry) in entries {
            let of_tenant = self.tenants.entry(tenant).or_default();
            match entry {
                TellingEntry::Said(entry) => of_tenant.said.keep(entry),
                TellingEntry::Window { key, window } => of_tenant.windows.keep(key, window),
            }
        }
        for of_tenant in self.tenants.values_mut() {
            of_tenant.compile(&self.shipped, &self.catalogue, &self.limits);
        }
    }

    /// What a tenant said, if anything.
    pub fn said(&self, tenant: &TenantId) -> Option<&TenantNotifications> {
        self.tenants.get(tenant).map(|of_tenant| &of_tenant.said)
    }

    /// Forgets what is a person's, who was erased.
    pub fn forget(&mut self, tenant: &TenantId, person: &str) {
        if let Some(of_tenant) = self.tenants.get_mut(tenant) {
            of_tenant.said.forget(person);
        }
    }

    /// Takes in an event: what it changes, and whom it tells of what.
    pub fn tell(&mut self, recorded: &Recorded) -> Told {
        let event = &*recorded.event;
        let mut told = Told::default();
        if event.source == "annals" && event.event_type.starts_with("annals.notification.") {
            match event.event_type.as_str() {
                DELIVERED | FAILED => {
                    told.outbox.push(OutboxChange::Settled(settled(event)));
                    return told;
                }
                ENDPOINT_TESTED => {
                    told.outbox.extend(self.test(recorded));
                    return told;
                }
                REPLAY_REQUESTED => told.outbox.extend(requests::replay(recorded)),
                READ_TYPE | ARCHIVED_TYPE => {}
                _ => self.fold(event, &mut told),
            }
        }
        told.inbox.extend(inbox_change(recorded, &self.catalogue));
        // What tells of reading and of outcomes tells nobody, or it would never end.
        if is_mark(&event.event_type) {
            return told;
        }
        self.tell_standing(recorded, &mut told);
        self.tell_by_rules(recorded, &mut told);
        self.ask_to_verify(recorded, &mut told);
        told
    }

    fn fold(&mut self, event: &Event, told: &mut Told) {
        if !NOTIFICATION_TYPES.contains(&event.event_type.as_str()) {
            return;
        }
        let of_tenant = self.tenants.entry(event.tenant.clone()).or_default();
        let Changed { put, removed } = of_tenant.said.apply(event);
        let rules = put.iter().any(|entry| matches!(entry, NotificationEntry::Rule(_)));
        if rules || removed.iter().any(|name| name.starts_with("rule/")) {
            of_tenant.compile(&self.shipped, &self.catalogue, &self.limits);
        }
        let change = |name, entry| TellingChange { tenant: event.tenant.clone(), name, entry };
        told.kept.extend(removed.into_iter().map(|name| change(name, None)));
        let put = put.into_iter().map(TellingEntry::Said);
        told.kept.extend(put.map(|entry| change(entry.name(), Some(entry))));
    }

    /// The endpoints of the installation hear what people find in their inboxes.
    fn tell_standing(&self, recorded: &Recorded, told: &mut Told) {
        let Some(InboxChange::Arrived(arrived)) = told.inbox.first() else { return };
        let standing = self.carried.standing.iter();
        let queued = standing.map(|id| message::standing(recorded, arrived, *id));
        told.outbox.extend(queued.map(|queued| OutboxChange::Queued(Box::new(queued))));
    }

    fn tell_by_rules(&mut self, recorded: &Recorded, told: &mut Told) {
        let event = &*recorded.event;
        let of_tenant = self.tenants.get_mut(&event.tenant);
        let rules = of_tenant.as_ref().and_then(|it| it.rules.as_ref()).unwrap_or(&self.shipped);
        let rules = Arc::clone(rules);
        let view = EventView::of(event);
        let matching = rules.matching(&view);
        if matching.is_empty() {
            return;
        }
        let of_tenant = match of_tenant {
            Some(of_tenant) => of_tenant,
            None => self.tenants.entry(event.tenant.clone()).or_default(),
        };
        let worded = Worded::of(recorded, &self.catalogue);
        // Nobody hears of one event twice in the same inbox or through the same route, however many rules say
        // so. A message that its rule holds back was not heard: another rule may tell.
        let mut inboxes: BTreeSet<String> = told.inbox.iter().filter_map(arrived_in).collect();
        let mut told_already = BTreeSet::new();
        for rule in matching {
            let reached = recipients::of(rule, event, &of_tenant.said, &self.carried);
            for person in reached.inboxes {
                if inboxes.len() < INBOXES_PER_EVENT_MAX && inboxes.insert(person.clone()) {
                    told.inbox.push(InboxChange::Arrived(arrival(&worded, person)));
                }
            }
            for reach in reached.routes {
                let way = (reach.recipient.clone(), reach.route.clone());
                if told_already.contains(&way) {
                    continue;
                }
                let message = message::outgoing(&worded, rule, &reach);
                if of_tenant.send(rule, event, &reach, message, told) {
                    told_already.insert(way);
                }
            }
        }
    }
}

impl OfTenant {
    /// Puts a message into the outbox, unless the rule holds it back. Tells whether it is there.
    fn send(
        &mut self,
        rule: &Rule,
        event: &Event,
        reach: &Reach,
        message: Outgoing,
        told: &mut Told,
    ) -> bool {
        let passed = throttling::pass(self, rule, event, reach, message);
        told.kept.extend(passed.kept.into_iter().map(|(key, window)| TellingChange {
            tenant: event.tenant.clone(),
            name: window_name(key),
            entry: window.map(|window| TellingEntry::Window { key, window }),
        }));
        let queued = passed.queued.map(|queued| OutboxChange::Queued(Box::new(queued)));
        let is_sent = queued.is_some();
        told.outbox.extend(queued);
        is_sent
    }

    fn compile(&mut self, shipped: &Compiled, catalogue: &Catalogue, limits: &QueryLimits) {
        let own = self.said.rules().next().is_some();
        self.rules = own.then(|| Arc::new(shipped.with(&self.said, catalogue, limits)));
    }
}

/// Whose inbox a message arrives in.
fn arrived_in(change: &InboxChange) -> Option<String> {
    match change {
        InboxChange::Arrived(arrived) => Some(arrived.recipient.id.clone()),
        _ => None,
    }
}

fn settled(event: &Event) -> Settled {
    let ids = |key: &str| {
        let list = event.metadata.get(key).and_then(serde_json::Value::as_array);
        let list = list.into_iter().flatten().take(OUTCOMES_MAX);
        list.filter_map(|id| id.as_str()?.parse().ok()).collect()
    };
    match event.event_type.as_str() {
        DELIVERED => Settled { delivered: ids("deliveries"), failed: Vec::new() },
        _ => Settled { delivered: Vec::new(), failed: ids("deliveries") },
    }
}

#[cfg(test)]
mod tests;
