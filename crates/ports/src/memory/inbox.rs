//! Inboxes in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use annals_domain::Position;
use annals_domain::notification::{InboxChange, InboxItem, Told};
use annals_domain::profile::PersonRef;
use uuid::Uuid;

use super::locked;
use super::outbox::Rows;
use crate::ReadModelError;
use crate::inbox::InboxStore;

/// An inbox store in memory; it keeps everything, without bounds.
#[derive(Debug, Default)]
pub struct MemoryInbox {
    pub(super) state: Mutex<State>,
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
        state.outbox.change(&told.outbox, &told.kept);
        state.position = position;
        Ok(())
    }

    fn newest(
        &self,
        person: &PersonRef,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError> {
        let state = locked(&self.state);
        let earlier = |item: &&InboxItem| before.is_none_or(|b| item.notification.position < b);
        Ok(state.items(person).rev().filter(earlier).take(limit).cloned().collect())
    }

    fn since(
        &self,
        person: &PersonRef,
        after: Position,
        limit: usize,
    ) -> Result<Vec<InboxItem>, ReadModelError> {
        let state = locked(&self.state);
        let later = |item: &&InboxItem| item.notification.position > after;
        Ok(state.items(person).filter(later).take(limit).cloned().collect())
    }

    fn unread(&self, person: &PersonRef) -> Result<u64, ReadModelError> {
        let state = locked(&self.state);
        Ok(state.items(person).filter(|item| item.read_at.is_none()).count() as u64)
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
                InboxChange::Read { recipient, .. } if !erased.contains(recipient) => {}
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
                    InboxItem { notification: notification.clone(), read_at: None }
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
                let inbox =
                    self.inboxes.get_mut(recipient).into_iter().flat_map(BTreeMap::values_mut);
                for item in inbox.filter(|item| notifications.contains(&item.notification.id)) {
                    item.read_at.get_or_insert(*at);
                }
            }
        }
    }
}
