//! Messages to a person about significant events on their account.

use annals_domain::filter::Scope;
use annals_domain::notification::InboxItem;
use annals_domain::profile::PersonRef;
use async_graphql::{ID, Object, Result, SimpleObject};

use super::connection::{PageInfo, Window};
use super::event::AuditEvent;
use super::failure::failed;
use super::scalars::DateTime;
use crate::context::Api;
use crate::cursor::Cursor;
use crate::error::ApiError;

/// A message.
pub(super) struct Notification {
    api: Api,
    item: InboxItem,
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

    /// The event.
    #[graphql(complexity = "5 + child_complexity")]
    async fn event(&self) -> Result<Option<AuditEvent>> {
        let notification = &self.item.notification;
        let person = &notification.recipient;
        let scope = Scope::person(person.tenant.clone(), &person.id);
        let event = self.api.queries.event(&scope, notification.event).await.map_err(failed)?;
        Ok(event.map(|recorded| AuditEvent { recorded, api: self.api.clone() }))
    }

    /// When the person read it.
    async fn read_at(&self) -> Option<DateTime> {
        self.item.read_at.map(DateTime::from)
    }

    /// When the event was recorded.
    async fn created_at(&self) -> DateTime {
        self.item.notification.created_at.into()
    }
}

impl Notification {
    pub(super) fn new(api: &Api, item: InboxItem) -> Self {
        Self { api: api.clone(), item }
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
    /// How many the person has not read.
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
    person: PersonRef,
    window: Window,
) -> Result<NotificationConnection, ApiError> {
    let (limit, cursor, _) = window.checked(api)?;
    let before = cursor.map(|cursor| api.cursors.read(cursor)).transpose()?;
    let before = before.map(Cursor::position);
    let unread_count = api.queries.unread(person.clone()).await?;
    let mut items = api.queries.inbox(person, before, limit + 1).await?;
    let has_next_page = items.len() > limit;
    items.truncate(limit);
    let cursors: Vec<String> =
        items.iter().map(|item| api.cursors.position(item.notification.position)).collect();
    Ok(NotificationConnection {
        page_info: PageInfo {
            has_next_page,
            has_previous_page: before.is_some(),
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        },
        nodes: items.iter().cloned().map(|item| Notification::new(api, item)).collect(),
        edges: cursors
            .into_iter()
            .zip(items)
            .map(|(cursor, item)| NotificationEdge { cursor, node: Notification::new(api, item) })
            .collect(),
        unread_count,
    })
}
