//! Inboxes in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use annals_domain::Position;
use annals_domain::notification::{InboxChange, InboxItem, InboxState, Told};
use annals_domain::profile::PersonRef;
use uuid::Uuid;

use super::locked;
use super::outbox::Rows;
use crate::ReadModelError;
use crate::inbox::InboxStore;
use crate::outbox::WAITING_MAX;

/// An inbox store in memory; it keeps everything, without bounds but for what may wait for a receiver.
#[derive(Debug)]
pub struct MemoryInbox {
    pub(super) state: Mutex<State>,
    pub(super) waiting_max: usize,
}

impl Default for MemoryInbox {
    fn default() -> Self {
        Self::with_waiting_max(WAITING_MAX)
    }
}

impl MemoryInbox {
    /// An empty store in which so many messages may wait for one receiver.
    pub fn with_waiting_max(waiting_max: usize) -> Self {
        Self { state: Mutex::default(), waiting_max }
    }

    /// How many messages may wait for one receiver.
    pub fn waiting_max(&self) -> usize {
        self.waiting_max
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) outbox: Rows,
    position: Position,
    inboxes: HashMap<PersonRef, BTreeMap<(Position, Uuid), InboxItem>>,
}

impl InboxStore for MemoryInbox {
    fn position(&self) -> Result<Position, ReadModelError> {
        Ok(locked(&self.state).position)
    }

    fn tell(&self, told: &Told, position: Position) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        if position <= state.position {
            return Ok(());
        }
        for change in &told.inbox {
            state.apply(change);
        }
        state.outbox.change(&told.outbox, &told.kept, self.waiting_max);
        state.position = position;
        Ok(())
    }

    fn newest(
        &self,
        person: &PersonRef,
        state: Option<InboxState>,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError> {
        let stands = |item: &&InboxItem| match state {
            Some(state) => item.state() == state,
            None => item.archived_at.is_none(),
        };
        let state = locked(&self.state);
        let earlier = |item: &&InboxItem| before.is_none_or(|b| item.notification.position < b);
        let items = state.items(person).rev().filter(stands).filter(earlier);
        Ok(items.take(limit).cloned().collect())
    }

    fn since(
        &self,
        person: &PersonRef,
        after: Position,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError> {
        let state = locked(&self.state);
        let later =
            |item: &&InboxItem| item.notification.position > after && item.archived_at.is_none();
        Ok(state.items(person).filter(later).take(limit).cloned().collect())
    }

    fn unread(&self, person: &PersonRef) -> Result<u64, ReadModelError> {
        let state = locked(&self.state);
        Ok(state.items(person).filter(|item| item.state() == InboxState::Unread).count() as u64)
    }

    fn forget(&self, person: &PersonRef) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        state.inboxes.remove(person);
        state.outbox.forget(&person.tenant, &person.id);
        Ok(())
    }

    fn retell(&self, erased: &[PersonRef], changes: &[InboxChange]) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        for person in erased {
            state.inboxes.remove(person);
            state.outbox.forget(&person.tenant, &person.id);
        }
        for change in changes {
            match change {
                InboxChange::Arrived(told) if !erased.contains(&told.recipient) => {
                    let inbox = state.inboxes.get_mut(&told.recipient);
                    let place = (told.position, told.id);
                    if let Some(item) = inbox.and_then(|inbox| inbox.get_mut(&place)) {
                        item.notification = told.clone();
                    }
                }
                InboxChange::Read { recipient, .. } | InboxChange::Archived { recipient, .. }
                    if !erased.contains(recipient) => {}
                change => state.apply(change),
            }
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        *locked(&self.state) = State::default();
        Ok(())
    }
}

impl State {
    fn items(&self, person: &PersonRef) -> impl DoubleEndedIterator<Item = &InboxItem> {
        self.inboxes.get(person).into_iter().flat_map(BTreeMap::values)
    }

    fn apply(&mut self, change: &InboxChange) {
        match change {
            InboxChange::Arrived(notification) => {
                let inbox = self.inboxes.entry(notification.recipient.clone()).or_default();
                inbox.entry((notification.position, notification.id)).or_insert_with(|| {
                    let notification = notification.clone();
                    InboxItem { notification, read_at: None, archived_at: None }
                });
            }
            InboxChange::Reworded { event, title, body } => {
                let items = self.inboxes.values_mut().flat_map(BTreeMap::values_mut);
                for item in items.filter(|item| item.notification.event == *event) {
                    item.notification.title.clone_from(title);
                    item.notification.body.clone_from(body);
                }
                self.outbox.reword(*event, title, body);
            }
            InboxChange::Read { recipient, notifications, at } => {
                for item in self.named(recipient, notifications) {
                    item.read_at.get_or_insert(*at);
                }
            }
            InboxChange::Archived { recipient, notifications, at } => {
                for item in self.named(recipient, notifications) {
                    item.archived_at.get_or_insert(*at);
                }
            }
        }
    }

    /// These messages of a person, as far as they are there.
    fn named(&mut self, person: &PersonRef, ids: &[Uuid]) -> impl Iterator<Item = &mut InboxItem> {
        let items = self.inboxes.get_mut(person).into_iter().flat_map(BTreeMap::values_mut);
        items.filter(|item| ids.contains(&item.notification.id))
    }
}
