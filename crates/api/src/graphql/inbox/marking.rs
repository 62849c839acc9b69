//! What becomes of messages: read, put away. Each is itself an event.

use annals_domain::notification::{ARCHIVED_TYPE, READ_TYPE};
use async_graphql::{Context, ID, InputObject, Result, SimpleObject};
use uuid::Uuid;

use crate::graphql::failure::failed;
use crate::graphql::query::{AllQueries, reader};
use crate::graphql::user_error::UserError;
use crate::inboxes::Inbox;

/// Messages marked at once.
const NOTIFICATIONS_MAX: usize = 250;

/// Messages to mark as read.
#[derive(InputObject)]
pub(in crate::graphql) struct MarkNotificationsReadInput {
    /// Which ones.
    ids: Vec<ID>,
    /// Of which role's inbox; absent: the caller's own.
    inbox: Option<String>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct MarkNotificationsReadPayload {
    /// How many of the inbox are still neither read nor put away.
    unread_count: u64,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// Messages to put away.
#[derive(InputObject)]
pub(in crate::graphql) struct ArchiveNotificationsInput {
    /// Which ones.
    ids: Vec<ID>,
    /// Of which role's inbox; absent: the caller's own.
    inbox: Option<String>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct ArchiveNotificationsPayload {
    /// How many of the inbox are still neither read nor put away.
    unread_count: u64,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

pub(in crate::graphql) async fn mark_read(
    context: &Context<'_>,
    input: MarkNotificationsReadInput,
) -> Result<MarkNotificationsReadPayload> {
    let MarkNotificationsReadInput { ids, inbox } = input;
    let (unread_count, user_errors) = mark(context, READ_TYPE, inbox, &ids).await?;
    let query = AllQueries::default();
    Ok(MarkNotificationsReadPayload { unread_count, user_errors, query })
}

pub(in crate::graphql) async fn archive(
    context: &Context<'_>,
    input: ArchiveNotificationsInput,
) -> Result<ArchiveNotificationsPayload> {
    let ArchiveNotificationsInput { ids, inbox } = input;
    let (unread_count, user_errors) = mark(context, ARCHIVED_TYPE, inbox, &ids).await?;
    let query = AllQueries::default();
    Ok(ArchiveNotificationsPayload { unread_count, user_errors, query })
}

/// Tells how many are unread then, and what is wrong with the input.
async fn mark(
    context: &Context<'_>,
    fact_type: &'static str,
    inbox: Option<String>,
    ids: &[ID],
) -> Result<(u64, Vec<UserError>)> {
    let (api, caller) = reader(context)?;
    api.require_recording().map_err(failed)?;
    let inbox = Inbox::of(caller, inbox).map_err(failed)?;
    let user_errors = match notification_ids(ids) {
        Err(error) => vec![error],
        Ok(ids) => {
            inbox.mark(api, caller, fact_type, &ids).await.map_err(failed)?;
            Vec::new()
        }
    };
    let unread_count = api.queries.unread(inbox.person).await.map_err(failed)?;
    Ok((unread_count, user_errors))
}

fn notification_ids(ids: &[ID]) -> Result<Vec<Uuid>, UserError> {
    let wrong = |message: String| UserError {
        field: vec!["input".into(), "ids".into()],
        message,
        code: "BAD_USER_INPUT".into(),
        quarantine_id: None,
    };
    if ids.is_empty() || ids.len() > NOTIFICATIONS_MAX {
        return Err(wrong(format!("name 1 to {NOTIFICATIONS_MAX} messages")));
    }
    let parsed: Result<Vec<Uuid>, _> = ids.iter().map(|id| id.parse()).collect();
    parsed.map_err(|_| wrong("an id is not that of a message".into()))
}
