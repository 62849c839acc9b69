//! What a stream sends at once.

use async_graphql::SimpleObject;

use super::event::AuditEvent;
use super::inbox::Notification;

/// Events as they come. An empty batch is a heartbeat.
#[derive(SimpleObject)]
pub(super) struct AuditEventBatch {
    /// In the order as recorded.
    pub(super) events: Vec<AuditEvent>,
    /// Give it as `after` to go on from here: nothing is missed and nothing comes twice.
    pub(super) cursor: String,
    /// How many positions of the log are still to be looked at.
    pub(super) backlog: u64,
}

/// Messages as they come. An empty batch tells that some were read or put away.
#[derive(SimpleObject)]
pub(super) struct NotificationBatch {
    /// Oldest first.
    pub(super) notifications: Vec<Notification>,
    /// Give it as `after` to go on from here.
    pub(super) cursor: String,
    /// How many of the inbox are neither read nor put away.
    pub(super) unread_count: u64,
}
