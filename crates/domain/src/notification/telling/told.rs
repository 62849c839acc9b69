//! What is told: messages, what became of them, and what is kept to know whom to tell.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::Event;
use crate::identifiers::TenantId;
use crate::notification::InboxChange;
use crate::notification::outgoing::{Channel, Outgoing};
use crate::notification::state::{DELIVERED, NotificationEntry};
use crate::notification::windows::Window;

/// Deliveries that one event of outcomes may tell of.
pub const OUTCOMES_MAX: usize = 500;

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

/// A change to what is to be delivered.
#[derive(Debug, Clone, PartialEq)]
pub enum OutboxChange {
    /// A message more.
    Queued(Box<Queued>),
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

impl Settled {
    /// As an event of outcomes tells.
    pub(super) fn by(event: &Event) -> Self {
        let list = event.metadata.get("deliveries").and_then(serde_json::Value::as_array);
        let list = list.into_iter().flatten().take(OUTCOMES_MAX);
        let ids = list.filter_map(|id| id.as_str()?.parse().ok()).collect();
        match event.event_type.as_str() {
            DELIVERED => Self { delivered: ids, failed: Vec::new() },
            _ => Self { delivered: Vec::new(), failed: ids },
        }
    }
}

/// The name of a window among the entries of a tenant.
pub(super) fn window_name(key: Uuid) -> String {
    format!("window/{key}")
}
