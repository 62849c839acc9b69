//! Refused events: listed, replayed, discarded; and what became of events that wait.

use annals_domain::EventId;
use annals_engine::{Permit, Quarantined};
use annals_ports::RefusalReason as Reason;
use async_graphql::{Enum, ID, InputObject, Result, SimpleObject};
use bytes::Bytes;
use uuid::Uuid;

use super::connection::{PageInfo, Window};
use super::failure::failed;
use super::query::AllQueries;
use super::receipt::EventReceipt;
use super::scalars::{DateTime, Json};
use super::user_error::UserError;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::ingest::Accepted;
use crate::quarantine;

/// Why an event was refused.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "RefusalReason", remote = "annals_ports::RefusalReason")]
pub(super) enum RefusalReason {
    /// Not JSON, or not of the form of an event.
    Malformed,
    /// Of the form of an event, but something in it is wrong.
    Invalid,
    /// Of a type that the catalogue does not know.
    UnknownType,
    /// Its id was used for another event.
    Conflict,
    /// It was taken on, and could then not be recorded.
    Undeliverable,
}

/// A refused event.
#[derive(SimpleObject)]
pub(super) struct QuarantinedEvent {
    /// Names it.
    id: ID,
    /// Why it was refused.
    reason: RefusalReason,
    /// In a sentence.
    message: String,
    /// What is wrong with which field.
    errors: Vec<QuarantinedError>,
    /// Who sent it first.
    sender: String,
    /// Which event it says it is.
    event_id: Option<ID>,
    /// When it came first.
    first_at: DateTime,
    /// When it came last.
    last_at: DateTime,
    /// How often it came.
    times: u64,
}

/// What was wrong with a field.
#[derive(SimpleObject)]
pub(super) struct QuarantinedError {
    /// Path of the field; empty for the whole.
    path: String,
    /// Stable word for programs.
    code: String,
    /// Sentence for people.
    message: String,
}

/// A page of refused events.
#[derive(SimpleObject)]
pub(super) struct QuarantinedEventConnection {
    /// Refused events with their cursors.
    edges: Vec<QuarantinedEventEdge>,
    /// Where the page lies.
    page_info: PageInfo,
}

/// A refused event with its cursor.
#[derive(SimpleObject)]
pub(super) struct QuarantinedEventEdge {
    /// Where to go on.
    cursor: String,
    /// The refused event.
    node: QuarantinedEvent,
}

/// An event that was taken on and is not in the log yet.
#[derive(SimpleObject)]
pub(super) struct AcceptedEvent {
    /// Its place in the input, from 0.
    index: u64,
    /// Which event; none when it brought no id.
    id: Option<ID>,
    /// What it waits for.
    status: AcceptedStatus,
    /// Where it is kept until somebody has looked at it.
    quarantine_id: Option<ID>,
}

/// What an event waits for.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AcceptedStatus {
    /// For the log, which takes no events at the moment.
    Spooled,
    /// For somebody who looks at it.
    Quarantined,
}

/// A refused event to record after all.
#[derive(InputObject)]
pub(super) struct ReplayQuarantinedInput {
    /// Which one.
    id: ID,
    /// The corrected event, as REST takes it; as it was sent when absent.
    event: Option<Json>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct ReplayQuarantinedPayload {
    /// Its receipt; null when it was refused again.
    receipt: Option<EventReceipt>,
    /// What is wrong with it.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// A refused event to remove.
#[derive(InputObject)]
pub(super) struct DiscardQuarantinedInput {
    /// Which one.
    id: ID,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct DiscardQuarantinedPayload {
    /// The one that was removed.
    id: ID,
    /// To ask further.
    query: AllQueries,
}

impl AcceptedEvent {
    /// How an event that is not recorded yet is shown.
    pub(super) fn new(index: usize, accepted: &Accepted) -> Self {
        let shown = |id: EventId| ID(id.to_string());
        let (id, status, quarantine_id) = match accepted {
            Accepted::Quarantined { id, event } => {
                (event.map(shown), AcceptedStatus::Quarantined, Some(ID(id.to_string())))
            }
            Accepted::Spooled(spooled) => (Some(shown(spooled.id)), AcceptedStatus::Spooled, None),
            Accepted::Recorded(receipt) => (Some(shown(receipt.id)), AcceptedStatus::Spooled, None),
        };
        Self { index: index as u64, id, status, quarantine_id }
    }
}

/// Refused events of the caller's tenant, newest first.
pub(super) async fn list(
    api: &Api,
    caller: &Caller,
    reason: Option<RefusalReason>,
    window: Window,
) -> Result<QuarantinedEventConnection, ApiError> {
    let (limit, cursor, _) = window.checked(api)?;
    let before = cursor.map(read_id).transpose()?;
    let page = quarantine::list(api, caller, reason.map(Reason::from), before, limit).await?;
    let edges: Vec<QuarantinedEventEdge> = page
        .entries
        .into_iter()
        .map(|entry| QuarantinedEventEdge { cursor: entry.id.to_string(), node: entry.into() })
        .collect();
    let page_info = PageInfo {
        has_next_page: page.next.is_some(),
        has_previous_page: before.is_some(),
        start_cursor: edges.first().map(|edge| edge.cursor.clone()),
        end_cursor: edges.last().map(|edge| edge.cursor.clone()),
    };
    Ok(QuarantinedEventConnection { edges, page_info })
}

impl ReplayQuarantinedInput {
    /// Replays it.
    pub(super) async fn run(
        self,
        api: &Api,
        caller: &Caller,
        permit: Permit,
    ) -> Result<ReplayQuarantinedPayload> {
        let id = read_id(&self.id).map_err(failed)?;
        let corrected = self.event.map(|event| Bytes::from(event.0.to_string()));
        let (receipt, user_errors) =
            match quarantine::replay(api, caller, id, corrected, permit).await {
                Ok(receipt) => (Some(EventReceipt::new(&receipt, api)), Vec::new()),
                Err(error) if error.errors.is_empty() => return Err(failed(error)),
                Err(error) => (None, errors_of(&error)),
            };
        Ok(ReplayQuarantinedPayload { receipt, user_errors, query: AllQueries::default() })
    }
}

impl DiscardQuarantinedInput {
    /// Discards it.
    pub(super) async fn run(self, api: &Api, caller: &Caller) -> Result<DiscardQuarantinedPayload> {
        let id = read_id(&self.id).map_err(failed)?;
        quarantine::discard(api, caller, id).await.map_err(failed)?;
        Ok(DiscardQuarantinedPayload { id: self.id, query: AllQueries::default() })
    }
}

impl From<Quarantined> for QuarantinedEvent {
    fn from(entry: Quarantined) -> Self {
        let error = |error: annals_engine::KeptError| QuarantinedError {
            path: error.path,
            code: error.code.to_ascii_uppercase(),
            message: error.message,
        };
        Self {
            id: ID(entry.id.to_string()),
            reason: entry.reason.into(),
            message: entry.facts.message,
            errors: entry.facts.errors.into_iter().map(error).collect(),
            sender: entry.facts.sender,
            event_id: entry.facts.event.map(|id| ID(id.to_string())),
            first_at: entry.first_at.into(),
            last_at: entry.last_at.into(),
            times: entry.times,
        }
    }
}

fn read_id(id: &str) -> Result<Uuid, ApiError> {
    id.parse().map_err(|_| ApiError::not_found("refused event"))
}

fn errors_of(error: &ApiError) -> Vec<UserError> {
    let base = ["input".to_owned(), "event".to_owned()];
    let user_error = |field: &annals_domain::problem::FieldError| {
        let steps = field.path.split(['.', '[', ']']).filter(|step| !step.is_empty());
        UserError {
            field: base.iter().cloned().chain(steps.map(str::to_owned)).collect(),
            message: field.message.clone(),
            code: field.code.as_str().to_ascii_uppercase(),
            quarantine_id: None,
        }
    };
    error.errors.iter().map(user_error).collect()
}
