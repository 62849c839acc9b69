//! Messages to a person about significant events on their account.

mod marking;

use annals_domain::Recorded;
use annals_domain::filter::Scope;
use annals_domain::notification::{InboxItem, InboxState};
use async_graphql::{Enum, ID, Object, Result, SimpleObject};

pub(super) use self::marking::{
    ArchiveNotificationsInput, ArchiveNotificationsPayload, MarkNotificationsReadInput,
    MarkNotificationsReadPayload, archive, mark_read,
};
use super::connection::{PageInfo, Window};
use super::event::AuditEvent;
use super::failure::failed;
use super::scalars::DateTime;
use crate::caller::Caller;
use crate::context::Api;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::inboxes::Inbox;

/// A message.
pub(super) struct Notification {
    api: Api,
    caller: Caller,
    inbox: Inbox,
    item: InboxItem,
}

/// Where a message stands in its inbox.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotificationState {
    /// Neither read nor put away.
    Unread,
    /// Read, and not put away.
    Read,
    /// Put away, read or not.
    Archived,
}

/// A message to a person about an event of theirs.
#[Object]
impl Notification {
    /// Stable: the same event makes the same message.
    async fn id(&self) -> ID {
        ID(self.item.notification.id.to_string())
    }

    /// Type of the event.
    async fn kind(&self) -> &str {
        &self.item.notification.kind
    }

    /// What happened, in a few words.
    async fn title(&self) -> &str {
        &self.item.notification.title
    }

    /// What happened, in a sentence.
    async fn body(&self) -> &str {
        &self.item.notification.body
    }

    /// The event; null where the caller does not see it.
    #[graphql(complexity = "5 + child_complexity")]
    async fn event(&self) -> Result<Option<AuditEvent>> {
        let (api, id) = (&self.api, self.item.notification.event);
        let scope = match self.inbox.shape() {
            None => {
                let person = &self.inbox.person;
                Scope::person(person.tenant.clone(), &person.id)
            }
            // Of what a role is told, its people see the events that they see elsewhere.
            Some(_) => match self.caller.principal.scope() {
                Ok(scope) => scope,
                Err(_) => return Ok(None),
            },
        };
        let event = api.queries.event(&scope, id).await.map_err(failed)?;
        let event = event.map(|event| self.seen(event));
        Ok(event.map(|recorded| AuditEvent { recorded, api: api.clone() }))
    }

    /// When it was read.
    async fn read_at(&self) -> Option<DateTime> {
        self.item.read_at.map(DateTime::from)
    }

    /// When it was put away.
    async fn archived_at(&self) -> Option<DateTime> {
        self.item.archived_at.map(DateTime::from)
    }

    /// When the event was recorded.
    async fn created_at(&self) -> DateTime {
        self.item.notification.created_at.into()
    }
}

impl Notification {
    pub(super) fn new(api: &Api, caller: &Caller, inbox: &Inbox, item: InboxItem) -> Self {
        Self { api: api.clone(), caller: caller.clone(), inbox: inbox.clone(), item }
    }

    /// The event as the caller sees it. That they look at an inbox of others is noted already.
    fn seen(&self, event: Recorded) -> Recorded {
        let mut events = [event];
        if self.inbox.shape().is_some() {
            self.caller.mask(&self.api, &mut events);
        }
        let [event] = events;
        event
    }
}

impl From<NotificationState> for InboxState {
    fn from(state: NotificationState) -> Self {
        match state {
            NotificationState::Unread => Self::Unread,
            NotificationState::Read => Self::Read,
            NotificationState::Archived => Self::Archived,
        }
    }
}

/// A page of messages.
#[derive(SimpleObject)]
pub(super) struct NotificationConnection {
    /// Messages with their cursors.
    edges: Vec<NotificationEdge>,
    /// Messages alone.
    nodes: Vec<Notification>,
    /// Where the page lies.
    page_info: PageInfo,
    /// How many of the inbox are neither read nor put away.
    unread_count: u64,
}

/// A message with its cursor.
#[derive(SimpleObject)]
pub(super) struct NotificationEdge {
    /// Where to go on.
    cursor: String,
    /// The message.
    node: Notification,
}

pub(super) async fn notifications(
    api: &Api,
    caller: &Caller,
    inbox: Inbox,
    state: Option<NotificationState>,
    window: Window,
) -> Result<NotificationConnection, ApiError> {
    let (limit, cursor, _) = window.checked(api)?;
    let before = cursor.map(|cursor| api.cursors.read(cursor)).transpose()?;
    let before = before.map(Cursor::position);
    let (person, state) = (inbox.person.clone(), state.map(InboxState::from));
    let unread_count = api.queries.unread(person.clone()).await?;
    let mut items = api.queries.inbox(person, state, before, limit + 1).await?;
    let has_next_page = items.len() > limit;
    items.truncate(limit);
    inbox.is_seen(caller, items.len());
    let cursors: Vec<String> =
        items.iter().map(|item| api.cursors.position(item.notification.position)).collect();
    let node = |item| Notification::new(api, caller, &inbox, item);
    Ok(NotificationConnection {
        page_info: PageInfo {
            has_next_page,
            has_previous_page: before.is_some(),
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        },
        nodes: items.iter().cloned().map(node).collect(),
        edges: cursors
            .into_iter()
            .zip(items)
            .map(|(cursor, item)| NotificationEdge { cursor, node: node(item) })
            .collect(),
        unread_count,
    })
}
