//! What can be watched.

use std::time::Duration;

use annals_domain::Position;
use annals_domain::profile::PersonRef;
use async_graphql::{Context, ID, Result, Subscription};
use futures_util::Stream;
use tokio::sync::broadcast::error::RecvError;

use super::batch::{AuditEventBatch, NotificationBatch};
use super::event::AuditEvent;
use super::execution::TakenOn;
use super::export::{self, Export};
use super::failure::failed;
use super::filter::{AuditEventFilter, lowered};
use super::inbox::Notification;
use super::permissions::{Allowed, Root};
use super::query::reader;
use crate::caller::{Caller, Question};
use crate::context::Api;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::inboxes::Inbox;
use crate::self_audit::Interface;
use crate::watching::Watch;

/// Events in one batch, at most and when the caller names no number.
const BATCH_MAX: i32 = 100;
/// Messages in one batch.
const NOTIFICATIONS_MAX: usize = 50;
/// At least this often the inbox is looked at, so that lost news cannot delay a message for long.
const INBOX_TURN: Duration = Duration::from_secs(15);

pub(crate) struct Subscription;

/// What can be watched. Every batch has a cursor to go on behind.
#[Subscription(guard = "Allowed(Root::Subscription)")]
impl Subscription {
    /// Events that match, each once, in the order as recorded: from `after` on without a gap, or
    /// from now on. None are left out, however fast they come.
    async fn audit_event_stream(
        &self,
        context: &Context<'_>,
        filter: Option<AuditEventFilter>,
        query: Option<String>,
        #[graphql(desc = "Cursor of a page or of an earlier batch.")] after: Option<String>,
        #[graphql(desc = "Events in one batch, 1 to 100.")] batch_size: Option<i32>,
    ) -> Result<impl Stream<Item = Result<AuditEventBatch>> + use<>> {
        let (api, caller) = reader(context)?;
        let filter = lowered(filter, query, api).map_err(failed)?;
        let question = caller.asks(api, filter).map_err(failed)?;
        let begin = beginning(context, api, after)?;
        let batch = batch_size.unwrap_or(BATCH_MAX);
        let batch = usize::try_from(batch).ok().filter(|size| (1..=100).contains(size));
        let batch =
            batch.ok_or_else(|| failed(ApiError::bad_request("`batchSize` must be 1 to 100")))?;
        let Question { scope, filter, shape } = question;
        let live = api.queries.live(&scope, filter, Some(begin), batch);
        let watch = Watch::open(api, caller, Interface::Graphql, shape).await.map_err(failed)?;
        let state = Some((api.clone(), live, watch));
        Ok(futures_util::stream::unfold(state, async |state| {
            let (api, mut live, mut watch) = state?;
            match live.next().await {
                Err(error) => Some((Err(failed(ApiError::from(error))), None)),
                Ok(batch) => {
                    let events = match watch.sees(batch.events).await {
                        Ok(events) => events,
                        Err(error) => return Some((Err(failed(error)), None)),
                    };
                    let node = |recorded| AuditEvent { recorded, api: api.clone() };
                    let batch = AuditEventBatch {
                        events: events.into_iter().map(node).collect(),
                        cursor: api.cursors.position(batch.cursor),
                        backlog: batch.backlog,
                    };
                    Some((Ok(batch), Some((api, live, watch))))
                }
            }
        }))
    }

    /// One of the caller's exports: as it is, then after each change, until it has ended.
    async fn job_progress(
        &self,
        context: &Context<'_>,
        id: ID,
    ) -> Result<impl Stream<Item = Result<Export>> + use<>> {
        export::progress(context, &id)
    }

    /// Messages as they come, the caller's or of a role's inbox that they read: from `after` on without a
    /// gap, or from now on.
    async fn notification_stream(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Cursor of a page or of an earlier batch.")] after: Option<String>,
        #[graphql(desc = "The role whose inbox it is; absent: the caller's own.")] inbox: Option<
            String,
        >,
    ) -> Result<impl Stream<Item = Result<NotificationBatch>> + use<>> {
        let (api, caller) = reader(context)?;
        let inbox = Inbox::of(caller, inbox).map_err(failed)?;
        let position = beginning(context, api, after)?;
        // Subscribed before the first look, so that what comes in between is not missed.
        let news = api.inbox_news.subscribe();
        let watch = match inbox.shape() {
            Some(shape) => {
                let watch = Watch::open_on_others(api, caller, Interface::Graphql, shape).await;
                Some(watch.map_err(failed)?)
            }
            None => None,
        };
        let (api, caller) = (api.clone(), caller.apart());
        let state = InboxWatch { api, caller, inbox, news, position, look_first: true, watch };
        let state = Some(state);
        Ok(futures_util::stream::unfold(state, async |state| {
            let mut watch = state?;
            match watch.next().await {
                Ok(batch) => Some((Ok(batch), Some(watch))),
                Err(error) => Some((Err(failed(error)), None)),
            }
        }))
    }
}

/// Behind which position a subscription begins: behind the cursor, or where the log was when it was taken
/// on. It is looked at first only when somebody takes its first answer, and by then more may have come.
fn beginning(context: &Context<'_>, api: &Api, after: Option<String>) -> Result<Position> {
    match after {
        Some(cursor) => api.cursors.read(&cursor).map(Cursor::position).map_err(failed),
        None => Ok(context.data_opt().map_or_else(|| api.queries.head(), |TakenOn(head)| *head)),
    }
}

struct InboxWatch {
    api: Api,
    caller: Caller,
    inbox: Inbox,
    news: tokio::sync::broadcast::Receiver<PersonRef>,
    position: Position,
    look_first: bool,
    /// Records that messages to others are watched.
    watch: Option<Watch>,
}

impl InboxWatch {
    async fn next(&mut self) -> Result<NotificationBatch, ApiError> {
        loop {
            let told = !std::mem::take(&mut self.look_first) && self.told().await;
            let queries = &self.api.queries;
            let items = queries
                .inbox_since(self.inbox.person.clone(), self.position, NOTIFICATIONS_MAX)
                .await?;
            // More may wait than fit into one batch.
            self.look_first = items.len() == NOTIFICATIONS_MAX;
            if let Some(last) = items.last() {
                self.position = last.notification.position;
            } else if !told {
                continue;
            }
            let unread_count = queries.unread(self.inbox.person.clone()).await?;
            if let Some(watch) = &mut self.watch {
                watch.shows(items.len());
            }
            let notification = |item| Notification::new(&self.api, &self.caller, &self.inbox, item);
            return Ok(NotificationBatch {
                notifications: items.into_iter().map(notification).collect(),
                cursor: self.api.cursors.position(self.position),
                unread_count,
            });
        }
    }

    /// Waits for news of this person; false when it is only time to look again.
    async fn told(&mut self) -> bool {
        let news = async {
            loop {
                match self.news.recv().await {
                    Ok(person) if person == self.inbox.person => return true,
                    Ok(_) => {}
                    // Some news were missed, perhaps ours.
                    Err(RecvError::Lagged(_)) => return false,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::time::timeout(INBOX_TURN, news).await.unwrap_or(false)
    }
}
