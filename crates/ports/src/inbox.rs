//! Where notifications lie until they are read, and messages until they are delivered.

use annals_domain::Position;
use annals_domain::notification::{InboxChange, InboxItem, InboxState, Told};
use annals_domain::profile::PersonRef;

use crate::ReadModelError;
use crate::outbox::Outbox;

/// Keeps inboxes. Blocking: call it off the async threads.
///
/// # Contract
/// The same as of [`crate::ProfileStore`]: changes and position in one transaction, applying twice
/// changes nothing.
pub trait InboxStore: Outbox {
    /// Position up to which the log was applied.
    fn position(&self) -> Result<Position, ReadModelError>;

    /// Applies the changes, in order, of a batch that ends at `position`: those of inboxes, of the outbox
    /// and of what is kept for both.
    fn tell(&self, told: &Told, position: Position) -> Result<(), ReadModelError>;

    /// Applies changes of inboxes alone.
    fn apply(&self, changes: &[InboxChange], position: Position) -> Result<(), ReadModelError> {
        self.tell(&Told { inbox: changes.to_vec(), ..Told::default() }, position)
    }

    /// Messages of a person that stand so, newest first, before `before`. Without a state: all that were not
    /// put away.
    fn newest(
        &self,
        person: &PersonRef,
        state: Option<InboxState>,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError>;

    /// Messages of a person that were not put away, oldest first, after `after`.
    fn since(
        &self,
        person: &PersonRef,
        after: Position,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError>;

    /// How many messages the person has neither read nor put away.
    fn unread(&self, person: &PersonRef) -> Result<u64, ReadModelError>;

    /// Forgets the messages of a person, who was erased, and what they wish.
    fn forget(&self, person: &PersonRef) -> Result<(), ReadModelError>;

    /// Forgets the messages of persons who were erased, then applies changes that their erasure leaves, in
    /// order: to those persons as ever; of others a message that is there gets other words, and nothing
    /// else is done. The position stays. Older words are out of its files when this returns.
    fn retell(&self, erased: &[PersonRef], changes: &[InboxChange]) -> Result<(), ReadModelError>;

    /// Forgets everything, to be filled anew from the log.
    fn clear(&self) -> Result<(), ReadModelError>;
}
