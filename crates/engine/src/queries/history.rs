//! What became of a thing: who changed which of its fields, from what to what, and when.

use annals_domain::event::{Change, ChangeOperation};
use annals_domain::facts::fold;
use annals_domain::filter::{Field, Filter, Order, PageKey, Scope, Test, TimeRange};
use annals_domain::{Event, Recorded};
use jiff::Timestamp;

use super::{PageRequest, Queries, QueryError, page_key};

/// Events that are read to find out what the values were at a time.
const EVENTS_LOOKED_AT_MAX: usize = 2000;
const EVENTS_A_PAGE: usize = 200;

/// A thing, and perhaps a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Kind of thing.
    pub target_type: String,
    /// Which one.
    pub target_id: String,
    /// JSON pointer of a field: its changes and those of what is inside it. All when absent.
    pub path: Option<String>,
}

/// Which part of a history to read.
#[derive(Debug, Clone)]
pub struct HistoryRequest {
    /// Which events the caller may see.
    pub scope: Scope,
    /// What holds for all that are wanted.
    pub filter: Filter,
    /// Of what.
    pub part: Part,
    /// In which order.
    pub order: Order,
    /// Behind which event.
    pub after: Option<PageKey>,
    /// How many events at most.
    pub limit: usize,
}

/// Events that changed a thing, in the asked order. A page may hold fewer than were asked for although
/// more follow.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// They hold changes of the part, see [`Part::changes_in`].
    pub events: Vec<Recorded>,
    /// Where to go on, if more follow.
    pub next: Option<PageKey>,
}

/// The last change of each field up to a time.
#[derive(Debug, Clone)]
pub struct PastValues {
    /// The events that made them, newest first; [`last_changes`] tells which of their changes hold.
    pub events: Vec<Recorded>,
    /// Whether all events were looked at; fields that changed long before may be left out.
    pub complete: bool,
}

impl Part {
    /// The changes of an event that concern the part.
    pub fn changes_in<'e>(&'e self, event: &'e Event) -> impl Iterator<Item = &'e Change> {
        let concerned = event.targets.iter().any(|target| {
            target.id.as_ref() == Some(&self.target_id)
                && fold(&target.target_type) == fold(&self.target_type)
        });
        event.changes.iter().filter(move |change| {
            concerned && self.path.as_ref().is_none_or(|path| is_at_or_below(&change.path, path))
        })
    }

    /// All that may concern it; fields are asked for one by one and without regard to case.
    fn filter(&self) -> Filter {
        let path = Field("changes.path".into());
        let changed = match &self.path {
            None => Filter::Field(path, Test::Exists),
            Some(asked) => Filter::Or(vec![
                Filter::equals(&path.0, asked.as_str()),
                Filter::Field(path, Test::Like(format!("{asked}/*"))),
            ]),
        };
        Filter::equals("target.type", self.target_type.as_str())
            .and(Filter::equals("target.id", self.target_id.as_str()))
            .and(changed)
    }
}

/// Whether the pointer is `parent` or points inside it.
fn is_at_or_below(pointer: &str, parent: &str) -> bool {
    pointer.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The last change of each field, in events from the newest on. What was removed, or lies inside
/// something that was set as a whole later, holds no longer.
pub fn last_changes<'e>(part: &'e Part, events: &'e [Recorded]) -> Vec<(&'e Recorded, &'e Change)> {
    let mut last: Vec<(&Recorded, &Change)> = Vec::new();
    for recorded in events {
        let changes: Vec<&Change> = part.changes_in(&recorded.event).collect();
        for change in changes.into_iter().rev() {
            let settled = |(_, later): &(_, &Change)| is_at_or_below(&change.path, &later.path);
            if !last.iter().any(settled) {
                last.push((recorded, change));
            }
        }
    }
    last.retain(|(_, change)| change.op != ChangeOperation::Remove);
    last
}

impl Queries {
    /// The events that changed a thing.
    pub async fn history(&self, request: HistoryRequest) -> Result<HistoryPage, QueryError> {
        let HistoryRequest { scope, filter, part, order, after, limit } = request;
        let filter = filter.and(part.filter());
        let page = self.page(PageRequest { scope, filter, order, after, limit }).await?;
        let next = page.events.last().filter(|_| page.more).map(page_key);
        let concerns = |recorded: &Recorded| part.changes_in(&recorded.event).next().is_some();
        Ok(HistoryPage { events: page.events.into_iter().filter(concerns).collect(), next })
    }

    /// The events that made a thing what it was at a time.
    pub async fn values_at(
        &self,
        scope: &Scope,
        filter: Filter,
        part: &Part,
        at: Timestamp,
    ) -> Result<PastValues, QueryError> {
        // The end of a range does not belong to it; times are kept in microseconds.
        let until = at.checked_add(jiff::SignedDuration::from_micros(1)).unwrap_or(at);
        let up_to = Filter::Occurred(TimeRange { from: None, until: Some(until) });
        let filter = filter.and(up_to);
        let (mut events, mut after, mut looked_at) = (Vec::new(), None, 0);
        loop {
            let page = self
                .history(HistoryRequest {
                    scope: scope.clone(),
                    filter: filter.clone(),
                    part: part.clone(),
                    order: Order::OccurredNewest,
                    after,
                    limit: EVENTS_A_PAGE,
                })
                .await?;
            events.extend(page.events);
            looked_at += EVENTS_A_PAGE;
            after = page.next;
            if after.is_none() || looked_at >= EVENTS_LOOKED_AT_MAX {
                return Ok(PastValues { events, complete: after.is_none() });
            }
        }
    }
}
