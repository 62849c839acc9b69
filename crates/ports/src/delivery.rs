//! Telling people outside of Annals about events on their accounts: webhooks and what comes after them.
//!
//! The engine decides what is to be told, to whom, when it is tried again and when it is given up. A
//! channel only carries one message.

use std::fmt;
use std::time::Duration;

use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, TenantId};
use async_trait::async_trait;
use uuid::Uuid;

/// A way to reach people.
///
/// # Contract
/// - `Ok` means that the receiver has taken the message on.
/// - The same delivery may come again, after a failure or a hand-over between nodes. Its id is then
///   the same, and the channel hands the id on, so that the receiver can tell.
/// - Every call ends within a bounded time. A call that is dropped leaves nothing running.
/// - Neither errors nor logs hold secrets or personal data.
#[async_trait]
pub trait DeliveryChannel: Send + Sync + 'static {
    /// Tells the channels of an installation apart, in ids, logs and metrics. It does not change, and
    /// has no line break.
    fn name(&self) -> &str;

    /// Hands one message over.
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError>;
}

/// One message, to one person, through one channel.
#[derive(Clone, PartialEq)]
pub struct Delivery {
    /// Stable: see [`annals_domain::notification::delivery_id`].
    pub id: Uuid,
    /// Whose person.
    pub tenant: TenantId,
    /// The person's id within the tenant.
    pub recipient: String,
    /// What kind of message.
    pub kind: String,
    /// What happened, in three words; from the catalogue.
    pub title: String,
    /// What happened, in a sentence, which may name people.
    pub body: String,
    /// About which event.
    pub event: EventId,
    /// Type of that event.
    pub event_type: String,
    /// When it happened, by the clock of who reported it.
    pub occurred_at: DateTime,
    /// Where it lies in the log.
    pub position: Position,
}

/// Shows what may stand in a log: nothing that the event holds.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("event", &self.event)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// A message was not taken on, as far as is known.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}")]
pub struct DeliveryError {
    /// What was being done.
    pub doing: &'static str,
    /// Whether trying again is of no use.
    pub permanent: bool,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

#[cfg(test)]
mod tests;
