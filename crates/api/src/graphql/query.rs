//! What can be asked.

use std::time::Duration;

use annals_domain::EventId;
use annals_domain::profile::PersonRef;
use async_graphql::{Context, Enum, ID, MergedObject, Object, Result, SimpleObject};

use super::comparison::ComparisonQuery;
use super::completions::CompletionsQuery;
use super::connection::{AuditEventConnection, AuditEventOrder, Window, page};
use super::endpoints::EndpointsQuery;
use super::event::AuditEvent;
use super::export::{self, Export};
use super::failure::failed;
use super::filter::{AuditEventFilter, lowered};
use super::integrity::IntegrityQuery;
use super::lifecycle::{ErasuresQuery, HoldsQuery, RetentionQuery};
use super::notifications::NotificationsQuery;
use super::permissions::{Allowed, Root};
use super::person::{Me, Person};
use super::quarantine::{self, QuarantinedEventConnection, RefusalReason};
use super::rebuild::RebuildQuery;
use super::related::HistoryQuery;
use super::scalars::{Json, Operation, Severity};
use super::statistics::StatisticsQuery;
use super::views::ViewsQuery;
use crate::auth::Permission;
use crate::caller::{Caller, Question};
use crate::context::Api;
use crate::error::ApiError;

/// Everything that can be asked.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub(crate) struct AllQueries(
    Query,
    StatisticsQuery,
    CompletionsQuery,
    HistoryQuery,
    ComparisonQuery,
    ViewsQuery,
    RebuildQuery,
    IntegrityQuery,
    NotificationsQuery,
    EndpointsQuery,
    ErasuresQuery,
    HoldsQuery,
    RetentionQuery,
);

#[derive(Default)]
pub(crate) struct Query;

/// How many events match.
#[derive(SimpleObject)]
pub(super) struct AuditEventsCount {
    /// Matches found.
    value: u64,
    /// Whether that is all.
    precision: CountPrecision,
}

/// Whether a count is all there is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountPrecision {
    /// All matches.
    Exact,
    /// There may be more.
    AtLeast,
}

/// A type of event, as the catalogue defines it.
#[derive(SimpleObject)]
pub(super) struct EventType {
    /// Such as `user.password.changed`.
    name: String,
    /// Family it belongs to.
    family: String,
    /// Version of its metadata.
    version: u32,
    /// What happened, in a few words.
    title: String,
    /// When to record it.
    description: String,
    /// Operation, when the caller names none.
    operation: Operation,
    /// Severity, when the caller names none.
    severity: Severity,
    /// Whether the subject is told.
    significant: bool,
    /// Which retention policy applies.
    retention: String,
    /// Template of its sentence.
    sentence: String,
    /// JSON Schema of its metadata.
    metadata_schema: Json,
}

/// The caller and the service, out of a resolver's context.
pub(super) fn caller<'a>(context: &Context<'a>) -> Result<(&'a Api, &'a Caller)> {
    let caller = context.data_opt::<Caller>();
    let caller = caller.ok_or_else(|| failed(ApiError::unauthenticated()))?;
    Ok((context.data::<Api>()?, caller))
}

/// The same for what reads, which not every node does.
pub(super) fn reader<'a>(context: &Context<'a>) -> Result<(&'a Api, &'a Caller)> {
    let (api, caller) = caller(context)?;
    api.require_reading().map_err(failed)?;
    Ok((api, caller))
}

/// The same for what is about to be recorded, which not every node does.
pub(super) fn recorder<'a>(context: &Context<'a>) -> Result<(&'a Api, &'a Caller)> {
    let (api, caller) = caller(context)?;
    api.require_recording().map_err(failed)?;
    Ok((api, caller))
}

/// What can be asked.
#[Object(name = "EventsQuery", guard = "Allowed(Root::Query)")]
impl Query {
    /// Events that the caller may see, page by page.
    #[graphql(complexity = "page_size(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn audit_events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Typed conditions.")] filter: Option<AuditEventFilter>,
        #[graphql(desc = "Conditions in the query language.")] query: Option<String>,
        #[graphql(default)] order_by: AuditEventOrder,
        #[graphql(desc = "How many, from the beginning.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end.")] last: Option<i32>,
        #[graphql(desc = "Ahead of this cursor.")] before: Option<String>,
        #[graphql(desc = "Wait until this position is visible.")] min_position: Option<String>,
        #[graphql(
            desc = "Whether what only the archive has is looked for, too; newest first alone."
        )]
        include_archived: Option<bool>,
    ) -> Result<AuditEventConnection> {
        let (api, caller) = reader(context)?;
        let filter = lowered(filter, query, api).map_err(failed)?;
        let question = caller.asks(api, filter).map_err(failed)?;
        wait_for(api, caller, min_position).await.map_err(failed)?;
        let window = Window { first, after, last, before };
        let archived = include_archived.unwrap_or(false);
        page(api, caller, question, order_by, window, archived).await.map_err(failed)
    }

    /// How many events match; counts no further than `limit`.
    #[graphql(complexity = 50)]
    async fn audit_events_count(
        &self,
        context: &Context<'_>,
        filter: Option<AuditEventFilter>,
        query: Option<String>,
        #[graphql(desc = "Count no further; at most 10 000.")] limit: Option<u64>,
        min_position: Option<String>,
    ) -> Result<AuditEventsCount> {
        let (api, caller) = reader(context)?;
        let filter = lowered(filter, query, api).map_err(failed)?;
        let Question { scope, filter, shape } = caller.asks(api, filter).map_err(failed)?;
        wait_for(api, caller, min_position).await.map_err(failed)?;
        let max = api.limits.query.count_max;
        let limit = limit.unwrap_or(max).min(max);
        let count =
            caller.queries(api).count(&scope, filter.clone(), limit).await.map_err(failed)?;
        let noted = caller.learns_from(api, "count", &shape, 1, (&scope, filter));
        noted.await.map_err(failed)?;
        let precision =
            if count.at_least { CountPrecision::AtLeast } else { CountPrecision::Exact };
        Ok(AuditEventsCount { value: count.value, precision })
    }

    /// One event; null when there is none, or when it is not the caller's.
    #[graphql(complexity = "10 + child_complexity")]
    async fn audit_event(&self, context: &Context<'_>, id: ID) -> Result<Option<AuditEvent>> {
        let (api, caller) = reader(context)?;
        let scope = caller.principal.scope().map_err(failed)?;
        let Ok(id) = id.parse().map(EventId) else { return Ok(None) };
        let event = caller.queries(api).event(&scope, id).await.map_err(failed)?;
        let mut seen = caller.sees(api, "event", "id:?", event.into_iter().collect());
        Ok(seen.pop().map(|recorded| AuditEvent { recorded, api: api.clone() }))
    }

    /// The caller.
    async fn me(&self, context: &Context<'_>) -> Result<Me> {
        let (api, caller) = reader(context)?;
        Ok(Me::new(api, caller))
    }

    /// A person of the tenant; null when nothing is known of them.
    #[graphql(complexity = "20 + child_complexity")]
    async fn person(&self, context: &Context<'_>, id: String) -> Result<Option<Person>> {
        let (api, caller) = reader(context)?;
        let principal = &caller.principal;
        let needed = match id == principal.id {
            true => Permission::ReadOwnEvents,
            false => Permission::ReadProfiles,
        };
        principal.require(needed).map_err(failed)?;
        caller.learns("profile", "person:?", 1, Some(&id));
        let person = PersonRef { tenant: principal.tenant.clone(), id };
        Person::load(api, caller, person).await.map_err(failed)
    }

    /// Events that were refused, newest first: why, and who sent them.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn quarantine(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At most so many.")] first: Option<i32>,
        #[graphql(desc = "Begin after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only those refused for this reason.")] reason: Option<RefusalReason>,
    ) -> Result<QuarantinedEventConnection> {
        let (api, caller) = caller(context)?;
        let window = Window { first, after, last: None, before: None };
        quarantine::list(api, caller, reason, window).await.map_err(failed)
    }

    /// One of the caller's exports; null when there is none.
    #[graphql(complexity = "10 + child_complexity")]
    async fn export(&self, context: &Context<'_>, id: ID) -> Result<Option<Export>> {
        export::find(context, &id)
    }

    /// The caller's exports, newest first.
    #[graphql(complexity = "50 + child_complexity")]
    async fn exports(&self, context: &Context<'_>) -> Result<Vec<Export>> {
        export::list(context)
    }

    /// The catalogue: which types of events there are.
    #[graphql(complexity = "50 + child_complexity")]
    async fn event_types(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only this family.")] family: Option<String>,
    ) -> Result<Vec<EventType>> {
        let (api, _) = reader(context)?;
        let families = api.catalogue.families().iter();
        let asked = families.filter(|f| family.as_ref().is_none_or(|name| *name == f.name));
        let types = asked.flat_map(|family| {
            family.types.iter().filter_map(|name| {
                let entry = api.catalogue.find(name)?;
                Some(event_type(entry, &family.name))
            })
        });
        Ok(types.collect())
    }
}

fn event_type(entry: &annals_domain::catalogue::EventType, family: &str) -> EventType {
    EventType {
        name: entry.name.clone(),
        family: family.to_owned(),
        version: entry.version,
        title: entry.title.clone(),
        description: entry.description.clone(),
        operation: entry.operation.into(),
        severity: entry.severity.into(),
        significant: entry.significant,
        retention: entry.retention.clone(),
        sentence: entry.sentence.clone(),
        metadata_schema: async_graphql::Json(entry.metadata.clone()),
    }
}

/// Waits until a position is visible.
pub(super) async fn wait_for(
    api: &Api,
    caller: &Caller,
    position: Option<String>,
) -> Result<(), ApiError> {
    let Some(position) = position else { return Ok(()) };
    let position = api.cursors.read(&position)?.position();
    let patience = Duration::from_millis(api.limits.query.wait_ms_max);
    api.queries.wait_for(position, patience).await?;
    caller.state.reach(position);
    Ok(())
}

/// What a page costs, as a number of nodes.
pub(super) fn page_size(first: Option<i32>, last: Option<i32>) -> usize {
    usize::try_from(first.or(last).unwrap_or(50)).unwrap_or(1)
}
