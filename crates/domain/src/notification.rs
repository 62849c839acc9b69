//! Telling people about significant events on their accounts (requirement V-03).
//!
//! The inbox is a projection like any other: notifications follow from the events, and having been
//! read is itself an event, [`READ_TYPE`].

mod endpoint;
mod outgoing;
mod preferences;
mod rule;
pub(crate) mod state;
mod telling;
mod windows;

use jiff::Timestamp;
use uuid::Uuid;

pub use endpoint::{
    ENDPOINTS_MAX, Endpoint, EndpointKind, Payload, SEALED_URL_BYTES_MAX, SignatureKind,
    URL_CHARS_MAX,
};
pub use outgoing::{Channel, Outgoing, Route, delivery_id};
pub use preferences::{ADDRESS_BYTES_MAX, ADDRESSES_MAX, Address, Preferences, QuietHours};
pub use rule::{
    AUDIENCE_MAX, Audience, DIGEST_SECONDS, Dedupe, Digest, InvalidAudience, KEY_FIELDS_MAX,
    RULE_ID_CHARS_MAX, RULE_NAME_CHARS_MAX, RULES_MAX, Rule, RuleError, SHIPPED, THROTTLE_MAX,
    Throttle, WINDOW_SECONDS_MAX, is_role_inbox, is_role_name, read_rules, role_inbox,
    shipped_rules,
};
pub use state::{
    ADDRESS_ADDED, ADDRESS_REMOVED, ADDRESS_VERIFIED, DELIVERED, DISPUTE_RAISED, DISPUTES_MAX,
    Dispute, ENDPOINT_DISABLED, ENDPOINT_REMOVED, ENDPOINT_ROTATED, ENDPOINT_SET, ENDPOINT_TESTED,
    FAILED, KeptEndpoint, NOTIFICATION_TYPES, NotificationEntry, PREFERENCES_MAX, PREFERENCES_SET,
    REPLAY_REQUESTED, RULE_REMOVED, RULE_SET, SetPreferences, SetRule, TenantNotifications,
};
pub use telling::{
    CHANGED_ADDRESSES_MAX, Carried, INBOXES_PER_EVENT_MAX, OUTCOMES_MAX, OutboxChange, Queued,
    Replay, STANDING_RULE, Settled, TEST_RULE, Telling, TellingChange, TellingEntry, Told, Trial,
    VERIFICATION_RULE, VERIFICATIONS_MAX, may_stand, trial,
};
pub use windows::{WINDOWS_MAX, Window};

use crate::catalogue::Catalogue;
use crate::event::Event;
use crate::identifiers::{EventId, Position};
use crate::profile::PersonRef;
use crate::record::Recorded;
use crate::sentence::sentence_of;

/// Type of the event that marks notifications as read; `metadata.notifications` lists their ids.
pub const READ_TYPE: &str = "annals.notification.read";
/// Type of the event that puts notifications away; `metadata.notifications` lists their ids.
pub const ARCHIVED_TYPE: &str = "annals.notification.archived";

/// Namespace of notification ids, so that the same event always makes the same notification.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0d_5c1e_8a35_4be7_9c11_d26a_7b90_4e52);

/// A message to a person about one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Stable: made from the event and the recipient.
    pub id: Uuid,
    /// To whom.
    pub recipient: PersonRef,
    /// Type of the event.
    pub kind: String,
    /// What happened, in three words.
    pub title: String,
    /// What happened, in a sentence.
    pub body: String,
    /// About which event.
    pub event: EventId,
    /// Position of that event; the order and the cursor of the inbox.
    pub position: Position,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// A change to somebody's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxChange {
    /// A message arrived.
    Arrived(Notification),
    /// The person has read these.
    Read {
        /// Whose inbox.
        recipient: PersonRef,
        /// Which messages; unknown ones are passed over.
        notifications: Vec<Uuid>,
        /// When.
        at: Timestamp,
    },
    /// These were put away.
    Archived {
        /// Whose inbox.
        recipient: PersonRef,
        /// Which messages; unknown ones are passed over.
        notifications: Vec<Uuid>,
        /// When.
        at: Timestamp,
    },
    /// Messages about an event get other words, wherever they lie: somebody whom they named was erased.
    Reworded {
        /// About which event.
        event: EventId,
        /// What happened, in three words.
        title: String,
        /// What happened, in a sentence.
        body: String,
    },
}

/// A message as it lies in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxItem {
    /// The message.
    pub notification: Notification,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
}

/// Where a message stands in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxState {
    /// Neither read nor put away.
    Unread,
    /// Read, and not put away.
    Read,
    /// Put away, read or not.
    Archived,
}

impl InboxItem {
    /// Where it stands.
    pub fn state(&self) -> InboxState {
        match (self.archived_at, self.read_at) {
            (Some(_), _) => InboxState::Archived,
            (None, Some(_)) => InboxState::Read,
            (None, None) => InboxState::Unread,
        }
    }
}

/// What an event does to inboxes.
pub fn inbox_change(recorded: &Recorded, catalogue: &Catalogue) -> Option<InboxChange> {
    let event = &recorded.event;
    if is_mark(&event.event_type) {
        return mark_change(event);
    }
    let subject = event.subject.as_ref()?;
    let entry = catalogue.find(&event.event_type)?;
    if !entry.significant {
        return None;
    }
    let recipient = PersonRef { tenant: event.tenant.clone(), id: subject.id.clone() };
    Some(InboxChange::Arrived(Notification {
        id: notification_id(event.id, &recipient),
        recipient,
        kind: event.event_type.clone(),
        title: entry.title.clone(),
        body: sentence_of(event, catalogue),
        event: event.id,
        position: recorded.position,
        created_at: event.received_at.timestamp,
    }))
}

/// The id of what tells somebody of an event.
fn notification_id(event: EventId, recipient: &PersonRef) -> Uuid {
    let name = format!("{}\n{event}\n{}", recipient.tenant, recipient.id);
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// Whether events of the type tell what became of notifications in their inbox.
fn is_mark(event_type: &str) -> bool {
    [READ_TYPE, ARCHIVED_TYPE].contains(&event_type)
}

/// Of the inbox of a role the metadata says so; any other is its subject's.
fn mark_change(event: &Event) -> Option<InboxChange> {
    let id = match event.metadata.get("inbox") {
        Some(role) => role_inbox(role.as_str()?),
        None => event.subject.as_ref()?.id.clone(),
    };
    let recipient = PersonRef { tenant: event.tenant.clone(), id };
    let ids = event.metadata.get("notifications")?.as_array()?;
    let notifications = ids.iter().filter_map(|id| id.as_str()?.parse().ok()).collect();
    let at = event.received_at.timestamp;
    Some(match event.event_type.as_str() {
        READ_TYPE => InboxChange::Read { recipient, notifications, at },
        _ => InboxChange::Archived { recipient, notifications, at },
    })
}

#[cfg(test)]
mod tests;
