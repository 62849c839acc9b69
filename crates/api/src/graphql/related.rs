//! Events that belong together, and what became of a thing.

use annals_domain::event::Change;
use annals_domain::filter::Order;
use annals_domain::{EventId, Recorded};
use annals_engine::{Part, Relation, last_changes, page_key};
use async_graphql::{Context, Enum, Object, Result, SimpleObject};

use super::connection::{PageInfo, Window};
use super::event::AuditEvent;
use super::failure::failed;
use super::permissions::{Allowed, Root};
use super::query::{page_size, reader};
use super::scalars::{ChangeOperation, DateTime, Json};
use crate::context::Api;
use crate::correlating;

#[derive(Default)]
pub(crate) struct HistoryQuery;

/// What two events have in common.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Relation")]
pub(super) enum EventRelation {
    /// The request.
    Request,
    /// The session.
    Session,
    /// The trace (W3C trace context).
    Trace,
    /// The business operation.
    Correlation,
    /// One caused the other, directly or through others, or both have the same cause.
    Causation,
    /// A target.
    Target,
    /// Who acted.
    Actor,
}

/// Related events as they happened, oldest first.
#[derive(SimpleObject)]
pub(super) struct RelatedEventConnection {
    /// Events with their cursors, and what relates them.
    edges: Vec<RelatedEventEdge>,
    /// Events alone.
    nodes: Vec<AuditEvent>,
    /// Where the page lies.
    page_info: PageInfo,
}

/// A related event.
#[derive(SimpleObject)]
pub(super) struct RelatedEventEdge {
    /// Where to go on.
    cursor: String,
    /// The event.
    node: AuditEvent,
    /// What relates it, of what was asked for.
    because: Vec<EventRelation>,
}

/// Changes of a thing, newest first.
#[derive(SimpleObject)]
pub(super) struct FieldChangeConnection {
    /// Changes with their cursors.
    edges: Vec<FieldChangeEdge>,
    /// Changes alone.
    nodes: Vec<FieldChange>,
    /// Where the page lies.
    page_info: PageInfo,
}

/// A change with its cursor.
#[derive(SimpleObject)]
pub(super) struct FieldChangeEdge {
    /// Where to go on: behind the event that made the change.
    cursor: String,
    /// The change.
    node: FieldChange,
}

/// A change of one field, by one event.
#[derive(SimpleObject, Clone)]
pub(super) struct FieldChange {
    /// JSON pointer of the field.
    path: String,
    /// What happened to it.
    op: ChangeOperation,
    /// Its value before.
    before: Json,
    /// Its value after.
    after: Json,
    /// The event that made the change.
    event: AuditEvent,
}

/// The fields of a thing as they were at a time.
#[derive(SimpleObject)]
pub(super) struct TargetValues {
    /// The last change of each field up to then.
    values: Vec<FieldChange>,
    /// Whether all events were looked at; fields that changed long before may be left out.
    complete: bool,
}

/// Events that belong together with the one of that id.
pub(super) async fn related(
    context: &Context<'_>,
    id: EventId,
    by: Option<Vec<EventRelation>>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<RelatedEventConnection> {
    let (api, caller) = reader(context)?;
    let window = Window { first, after, ..Window::default() };
    let (limit, cursor, _) = window.checked(api).map_err(failed)?;
    let by = match by {
        Some(by) => by.into_iter().map(Relation::from).collect(),
        None => Relation::CLOSE.to_vec(),
    };
    let related = correlating::related(api, caller, id, by, cursor, limit);
    let related = related.await.map_err(failed)?;
    let (events, next) = related.map(|seen| (seen.events, seen.next)).unwrap_or_default();
    let edges: Vec<RelatedEventEdge> = events
        .into_iter()
        .map(|(recorded, because)| RelatedEventEdge {
            cursor: api.cursors.page(page_key(&recorded)),
            node: AuditEvent { recorded, api: api.clone() },
            because: because.into_iter().map(EventRelation::from).collect(),
        })
        .collect();
    let cursors = edges.iter().map(|edge| edge.cursor.clone());
    Ok(RelatedEventConnection {
        page_info: page_info(cursors, next, cursor.is_some()),
        nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
        edges,
    })
}

#[Object(guard = "Allowed(Root::Query)")]
impl HistoryQuery {
    /// Who changed which field of a thing from what to what, and when, newest first.
    #[graphql(complexity = "20 + page_size(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn target_history(
        &self,
        context: &Context<'_>,
        #[graphql(name = "type", desc = "Kind of thing.")] target_type: String,
        #[graphql(desc = "Which one.")] id: String,
        #[graphql(desc = "JSON pointer of a field; all when not named.")] path: Option<String>,
        #[graphql(desc = "How many events; each with all its changes.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many events, from the oldest on.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<FieldChangeConnection> {
        let (api, caller) = reader(context)?;
        let window = Window { first, after, last, before };
        let (limit, cursor, backwards) = window.checked(api).map_err(failed)?;
        let order = if backwards { Order::OccurredOldest } else { Order::OccurredNewest };
        let part = Part { target_type, target_id: id, path };
        let history = correlating::history(api, caller, &part, order, cursor, limit);
        let mut history = history.await.map_err(failed)?;
        if backwards {
            history.events.reverse();
        }
        let edges: Vec<FieldChangeEdge> = history
            .events
            .iter()
            .flat_map(|recorded| {
                part.changes_in(&recorded.event).map(|change| FieldChangeEdge {
                    cursor: api.cursors.page(page_key(recorded)),
                    node: field_change(recorded, change, api),
                })
            })
            .collect();
        let cursors = edges.iter().map(|edge| edge.cursor.clone());
        Ok(FieldChangeConnection {
            page_info: match backwards {
                false => page_info(cursors, history.next, cursor.is_some()),
                true => page_info_backwards(cursors, history.next, cursor.is_some()),
            },
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
        })
    }

    /// The fields of a thing as they were at a time, so far as events tell.
    #[graphql(complexity = "100 + 10 * child_complexity")]
    async fn target_values(
        &self,
        context: &Context<'_>,
        #[graphql(name = "type", desc = "Kind of thing.")] target_type: String,
        #[graphql(desc = "Which one.")] id: String,
        #[graphql(desc = "JSON pointer of a field; all when not named.")] path: Option<String>,
        #[graphql(desc = "When.")] at: DateTime,
    ) -> Result<TargetValues> {
        let (api, caller) = reader(context)?;
        let part = Part { target_type, target_id: id, path };
        let past = correlating::values_at(api, caller, &part, at.0.timestamp);
        let past = past.await.map_err(failed)?;
        let values = last_changes(&part, &past.events);
        let value = |(recorded, change)| field_change(recorded, change, api);
        Ok(TargetValues {
            values: values.into_iter().map(value).collect(),
            complete: past.complete,
        })
    }
}

fn field_change(recorded: &Recorded, change: &Change, api: &Api) -> FieldChange {
    FieldChange {
        path: change.path.clone(),
        op: change.op.into(),
        before: async_graphql::Json(change.before.clone()),
        after: async_graphql::Json(change.after.clone()),
        event: AuditEvent { recorded: recorded.clone(), api: api.clone() },
    }
}

/// Where a page of what was shown lies; a page may show less than it was made of.
fn page_info(
    mut cursors: impl Iterator<Item = String>,
    next: Option<String>,
    continued: bool,
) -> PageInfo {
    let start_cursor = cursors.next();
    let last = cursors.last().or_else(|| start_cursor.clone());
    PageInfo {
        has_next_page: next.is_some(),
        has_previous_page: continued,
        start_cursor,
        end_cursor: next.or(last),
    }
}

/// The same of a page that was read from its end on.
fn page_info_backwards(
    mut cursors: impl Iterator<Item = String>,
    next: Option<String>,
    continued: bool,
) -> PageInfo {
    let first = cursors.next();
    let end_cursor = cursors.last().or_else(|| first.clone());
    PageInfo {
        has_next_page: continued,
        has_previous_page: next.is_some(),
        start_cursor: next.or(first),
        end_cursor,
    }
}
