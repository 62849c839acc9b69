//! Relay connections (GraphQL Cursor Connections Specification).

use std::sync::Arc;

use annals_domain::filter::Order;
use annals_domain::highlight::{Highlight, Highlighter};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_engine::{ArchivedPage, Page, PageRequest, page_key};
use async_graphql::{ComplexObject, Enum, SimpleObject};

use super::event::AuditEvent;
use crate::archived;
use crate::caller::{Caller, Question};
use crate::context::Api;
use crate::error::ApiError;

/// In which order events come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum AuditEventOrder {
    /// As recorded, newest first.
    #[default]
    RecordedAtDesc,
    /// As recorded, oldest first.
    RecordedAtAsc,
    /// As they happened, newest first.
    OccurredAtDesc,
    /// As they happened, oldest first.
    OccurredAtAsc,
}

impl From<AuditEventOrder> for Order {
    fn from(order: AuditEventOrder) -> Self {
        match order {
            AuditEventOrder::RecordedAtDesc => Self::RecordedNewest,
            AuditEventOrder::RecordedAtAsc => Self::RecordedOldest,
            AuditEventOrder::OccurredAtDesc => Self::OccurredNewest,
            AuditEventOrder::OccurredAtAsc => Self::OccurredOldest,
        }
    }
}

fn reversed(order: Order) -> Order {
    match order {
        Order::RecordedNewest => Order::RecordedOldest,
        Order::RecordedOldest => Order::RecordedNewest,
        Order::OccurredNewest => Order::OccurredOldest,
        Order::OccurredOldest => Order::OccurredNewest,
    }
}

/// A page of events.
#[derive(SimpleObject)]
pub(super) struct AuditEventConnection {
    /// Events with their cursors.
    edges: Vec<AuditEventEdge>,
    /// Events alone.
    nodes: Vec<AuditEvent>,
    /// Where the page lies.
    page_info: PageInfo,
    /// What of the archive was looked into; null when it was not asked for.
    archive: Option<ArchiveLookup>,
}

/// What of the archive was looked into for one page.
#[derive(SimpleObject)]
pub(super) struct ArchiveLookup {
    /// Whether everything that the page spans was looked into. If not, the page ends early, perhaps without
    /// events, and the one behind its `endCursor` goes on.
    complete: bool,
    /// How many pieces of the archive were fetched.
    pieces: usize,
}

/// An event with its cursor.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(super) struct AuditEventEdge {
    /// Where to go on.
    cursor: String,
    /// The event.
    node: AuditEvent,
    /// Marks what was asked for.
    #[graphql(skip)]
    highlighter: Option<Arc<Highlighter>>,
}

#[ComplexObject]
impl AuditEventEdge {
    /// Where the words and values of the question stand in the event, as far as the caller sees them.
    /// Negations and conditions on time mark nothing; a condition on a field marks its whole value.
    #[graphql(complexity = "5 + child_complexity")]
    async fn highlights(&self) -> Vec<AuditEventHighlight> {
        let marked = self.highlighter.as_ref().map(|it| it.highlights(&self.node.recorded.event));
        marked.unwrap_or_default().into_iter().map(AuditEventHighlight::from).collect()
    }
}

impl AuditEventConnection {
    /// The same, with what was asked for to be marked.
    fn highlighted(mut self, highlighter: &Arc<Highlighter>) -> Self {
        for edge in &mut self.edges {
            edge.highlighter = Some(Arc::clone(highlighter));
        }
        self
    }
}

/// A text or value of an event in which something was found.
#[derive(SimpleObject)]
pub(super) struct AuditEventHighlight {
    /// The field, as the query language calls it.
    field: String,
    /// Where it stands in the event as REST shows it: a JSON pointer, such as `/targets/0/name`.
    path: String,
    /// The text, or the part of a long one around what was found.
    fragment: String,
    /// Where the fragment begins in the text, in UTF-16 code units.
    offset: usize,
    /// What was found in the fragment, in order; none overlap.
    ranges: Vec<HighlightRange>,
}

/// A part of a fragment, in UTF-16 code units as JavaScript counts: `fragment.slice(start, end)`.
#[derive(SimpleObject)]
pub(super) struct HighlightRange {
    /// Where it begins.
    start: usize,
    /// Where it ends; what stands there does not belong to it.
    end: usize,
}

impl From<Highlight> for AuditEventHighlight {
    fn from(highlight: Highlight) -> Self {
        let Highlight { field, path, fragment, offset, ranges } = highlight;
        let range =
            |range: std::ops::Range<usize>| HighlightRange { start: range.start, end: range.end };
        Self { field, path, fragment, offset, ranges: ranges.into_iter().map(range).collect() }
    }
}

/// Where a page lies.
#[derive(SimpleObject)]
pub(super) struct PageInfo {
    /// Whether more follow.
    pub(super) has_next_page: bool,
    /// Whether there are some before.
    pub(super) has_previous_page: bool,
    /// Cursor of the first.
    pub(super) start_cursor: Option<String>,
    /// Cursor of the last. In the order as recorded, a stream can go on from here.
    pub(super) end_cursor: Option<String>,
}

/// The arguments of a connection.
#[derive(Default)]
pub(super) struct Window {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

impl Window {
    /// Number of events, cursor, and whether the page is read backwards.
    pub(super) fn checked(&self, api: &Api) -> Result<(usize, Option<&str>, bool), ApiError> {
        let limits = &api.limits.query;
        let backwards = self.last.is_some() || self.before.is_some();
        if backwards && (self.first.is_some() || self.after.is_some()) {
            return Err(wrong("first", "take either `first` and `after`, or `last` and `before`"));
        }
        let (name, size) = if backwards { ("last", self.last) } else { ("first", self.first) };
        let size = match size {
            None => limits.page_default,
            Some(size) => usize::try_from(size)
                .ok()
                .filter(|size| (1..=limits.page_max).contains(size))
                .ok_or_else(|| wrong(name, &format!("must be 1 to {}", limits.page_max)))?,
        };
        let cursor = if backwards { &self.before } else { &self.after };
        Ok((size, cursor.as_deref(), backwards))
    }
}

/// Reads one page in the asked direction.
pub(super) async fn page(
    api: &Api,
    caller: &Caller,
    question: Question,
    order: AuditEventOrder,
    window: Window,
    include_archived: bool,
) -> Result<AuditEventConnection, ApiError> {
    let (limit, cursor, backwards) = window.checked(api)?;
    let order = Order::from(order);
    let order = if backwards { reversed(order) } else { order };
    let after = cursor.map(|cursor| api.cursors.read(cursor)?.on_page(order)).transpose()?;
    let Question { scope, filter, shape } = question;
    let highlighter = Arc::new(Highlighter::new(&filter));
    let request = PageRequest { scope, filter, order, after, limit };
    if include_archived {
        archived::require(&caller.queries(api), order, "includeArchived")?;
        let now = api.retention_now().await;
        let page = caller.queries(api).page_with_archive(request, &api.retention, now).await?;
        let events = caller.sees(api, "events", &shape, page.events);
        let page = ArchivedPage { events, ..page };
        return Ok(with_archive(api, page, after.is_some()).highlighted(&highlighter));
    }
    let page = caller.queries(api).page(request).await?;
    let page = Page { events: caller.sees(api, "events", &shape, page.events), ..page };
    Ok(connection(api, page, backwards, after.is_some()).highlighted(&highlighter))
}

/// Shows a page of log and archive: it may end before its last event is reached.
fn with_archive(api: &Api, page: ArchivedPage, continued: bool) -> AuditEventConnection {
    let ArchivedPage { events, next, archive } = page;
    let shown = connection(api, Page { events, more: next.is_some() }, false, continued);
    let end_cursor = next.map(|key| api.cursors.page(key)).or(shown.page_info.end_cursor);
    AuditEventConnection {
        page_info: PageInfo { end_cursor, ..shown.page_info },
        archive: Some(ArchiveLookup { complete: archive.complete, pieces: archive.pieces }),
        ..shown
    }
}

/// Shows a page. A page that was read backwards is turned round.
pub(super) fn connection(
    api: &Api,
    mut page: Page,
    backwards: bool,
    continued: bool,
) -> AuditEventConnection {
    if backwards {
        page.events.reverse();
    }
    let cursors: Vec<String> =
        page.events.iter().map(|event| api.cursors.page(page_key(event))).collect();
    let node = |recorded| AuditEvent { recorded, api: api.clone() };
    let (has_next_page, has_previous_page) =
        if backwards { (continued, page.more) } else { (page.more, continued) };
    AuditEventConnection {
        page_info: PageInfo {
            has_next_page,
            has_previous_page,
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        },
        archive: None,
        nodes: page.events.iter().cloned().map(node).collect(),
        edges: cursors
            .into_iter()
            .zip(page.events)
            .map(|(cursor, recorded)| AuditEventEdge {
                cursor,
                node: node(recorded),
                highlighter: None,
            })
            .collect(),
    }
}

fn wrong(field: &str, message: &str) -> ApiError {
    ApiError::field(FieldError::new(field, ErrorCode::OutOfRange, message))
}
