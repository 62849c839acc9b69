//! Messages on their way out of Annals. They lie beside the inboxes, in the same transactions.

use annals_domain::notification::{Outgoing, Queued, Replay, Route, TellingEntry};
use annals_domain::{Position, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::ReadModelError;

/// Messages of one tenant that may wait for one receiver. What comes on top is given up at once, and that is
/// recorded.
pub const WAITING_MAX: usize = 100_000;
/// Events that a digest lists beside the first.
pub const GATHERED_MAX: usize = 100;
/// Messages that are done are still shown until there are so many newer ones.
pub const DONE_KEPT_MAX: usize = 100_000;
/// Messages that one request may have sent once more; those that are beyond stay as they are.
pub const REPLAY_MAX: usize = 10_000;
/// What waits for a digest or the end of quiet hours is taken so much later, seconds, so that what
/// happened before is gathered.
pub const HELD_GRACE_SECONDS: u64 = 10;

/// Keeps what is to be delivered. Blocking: call it off the async threads.
///
/// # Contract
/// - Messages of one lane ([`lane_of`]) become due in the order in which they came: none overtakes another.
/// - What is not held is due at once.
/// - A message that is known is not queued again, and one that is done stays done, until a replay has it wait
///   again: with its id, its attempts, and a schedule of retries from the beginning. Then it lies behind the
///   event that asked for it, so that no `floor` from before passes over it.
/// - An outcome that the log tells of after a replay, and that an attempt before it had, does not count
///   for the replay.
pub trait Outbox: Send + Sync + 'static {
    /// What [`annals_domain::notification::Telling`] kept.
    fn kept(&self) -> Result<Vec<(TenantId, TellingEntry)>, ReadModelError>;

    /// Receivers for whom something after `floor` is due, and when the next thing is.
    fn due(&self, floor: Position, now: Timestamp) -> Result<Due, ReadModelError>;

    /// What is due for a receiver after `floor`, in order of position, but for the lanes `without`.
    fn due_of(
        &self,
        bucket: &str,
        floor: Position,
        now: Timestamp,
        without: &[String],
        limit: usize,
    ) -> Result<Vec<Pending>, ReadModelError>;

    /// Writes down what came of attempts. A lane whose first message failed rests as a whole, but for what
    /// is to be given up.
    fn attempted(&self, attempts: &[Attempt]) -> Result<(), ReadModelError>;

    /// What attempts of this node have done with and the log has not told of, up to `limit`.
    fn untold(&self, limit: usize) -> Result<Vec<Untold>, ReadModelError>;

    /// Whether a receiver took something since a time, as far as this node knows.
    fn took_since(&self, bucket: &str, since: Timestamp) -> Result<bool, ReadModelError>;

    /// The attempts at a message, oldest first.
    fn attempts_of(&self, message: Uuid) -> Result<Vec<Attempt>, ReadModelError>;

    /// Position of the oldest message after `floor` that is not done; of one that waits again, that of the
    /// event that asked for it.
    fn oldest_waiting(&self, floor: Position) -> Result<Option<Position>, ReadModelError>;

    /// Messages of a tenant that are asked for, newest first, with what became of them.
    fn page(
        &self,
        tenant: &TenantId,
        asked: &MessagesAsked,
        limit: usize,
    ) -> Result<Vec<Message>, ReadModelError>;

    /// The message of an id, if it is of this tenant.
    fn message(&self, tenant: &TenantId, id: Uuid) -> Result<Option<Message>, ReadModelError>;

    /// How many messages a replay would have wait again; counts no further than `limit`.
    fn replayable(&self, replay: &Replay, limit: usize) -> Result<usize, ReadModelError>;
}

/// Which messages are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessagesAsked {
    /// To this endpoint alone.
    pub endpoint: Option<Uuid>,
    /// Only those that stand there.
    pub state: Option<MessageState>,
    /// Only those before this one.
    pub before: Option<(Position, Uuid)>,
}

/// What is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Receivers, as [`bucket_of`] names them.
    pub buckets: Vec<String>,
    /// When something becomes due that is not yet.
    pub next: Option<Timestamp>,
}

/// A message that may be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The message.
    pub message: Outgoing,
    /// Its lane.
    pub lane: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it was tried first.
    pub first_tried: Option<Timestamp>,
    /// Too much waited for this receiver already when it came: it is to be given up.
    pub beyond: bool,
}

/// One attempt, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// At which message.
    pub message: Uuid,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// The code of the receiver's answer, if there was one.
    pub code: Option<u16>,
    /// Why it failed; without secrets or personal data.
    pub cause: Option<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver took it on.
    Delivered,
    /// It is tried again, not before this time.
    Again(Timestamp),
    /// It is tried no more.
    GivenUp,
}

/// A message that is done, of which the log has not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub message: Uuid,
    /// Why it was given up; none: it was taken on.
    pub failed: Option<String>,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// It waits, or is on its way.
    Waiting,
    /// It was taken on.
    Delivered,
    /// It was given up.
    GivenUp,
}

/// A message, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The message.
    pub message: Outgoing,
    /// Where it stands.
    pub state: MessageState,
    /// How often it was tried.
    pub tries: u32,
}

/// Who takes a message on: an endpoint, all of mail, or the syslog. A receiver that hangs holds up no other.
pub fn bucket_of(message: &Outgoing) -> String {
    match &message.route {
        Route::Email { .. } => "email".into(),
        Route::Syslog => "syslog".into(),
        Route::Endpoint { id } => endpoint_bucket(&message.tenant, *id),
    }
}

/// An endpoint as [`bucket_of`] names it.
pub fn endpoint_bucket(tenant: &TenantId, endpoint: Uuid) -> String {
    format!("endpoint:{tenant}/{endpoint}")
}

/// Messages to one person by one route go one after the other. What waits for a digest or for the end of
/// quiet hours has a lane for each rule.
pub fn lane_of(queued: &Queued) -> String {
    let Outgoing { tenant, recipient, route, rule, .. } = &queued.message;
    let held = if queued.held { rule.as_str() } else { "" };
    let recipient = recipient.as_deref().unwrap_or_default();
    format!("{tenant}\n{held}\n{}\n{recipient}", route.key())
}

/// From when on a message may be taken: at once unless it is held. Its time is not asked then: another node's
/// clock has told it, or this one's before it was set back.
pub fn due_at(queued: &Queued) -> Timestamp {
    if !queued.held {
        return Timestamp::UNIX_EPOCH;
    }
    let grace = jiff::SignedDuration::from_secs(HELD_GRACE_SECONDS as i64);
    queued.due.checked_add(grace).unwrap_or(queued.due)
}

/// Adds an event to a digest that is not on its way yet.
pub fn gather(digest: &mut Outgoing, message: &Outgoing) {
    if digest.more.len() < GATHERED_MAX && digest.event != message.event {
        digest.more.push(message.event);
    }
}
