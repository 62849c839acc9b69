//! Events that have something to do with one event, and what that is.

use std::collections::BTreeSet;

use annals_domain::facts::fold;
use annals_domain::filter::{Filter, Order, PageKey, Scope};
use annals_domain::statistics::values_of;
use annals_domain::{Event, EventId, Recorded};

use super::{PageRequest, Queries, QueryError, page_key};

/// Events of one chain of causes and effects that are looked at.
const CHAIN_MAX: usize = 100;

/// What two events have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
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

impl Relation {
    /// Every relation.
    pub const ALL: &'static [Self] = &[
        Self::Request,
        Self::Session,
        Self::Trace,
        Self::Correlation,
        Self::Causation,
        Self::Target,
        Self::Actor,
    ];

    /// Those that tie few events together, which are looked for when nobody says which.
    pub const CLOSE: &'static [Self] =
        &[Self::Request, Self::Session, Self::Trace, Self::Correlation, Self::Causation];

    /// The word it is written as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Session => "session",
            Self::Trace => "trace",
            Self::Correlation => "correlation",
            Self::Causation => "causation",
            Self::Target => "target",
            Self::Actor => "actor",
        }
    }

    /// The relation that `word` means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|relation| relation.as_str() == word)
    }

    /// The field that both have the same value of.
    pub fn field(self) -> &'static str {
        match self {
            Self::Request => "request.id",
            Self::Session => "session.id",
            Self::Trace => "request.trace_id",
            Self::Correlation => "request.correlation_id",
            Self::Causation => "request.causation_id",
            Self::Target => "target.id",
            Self::Actor => "actor.id",
        }
    }
}

/// Which related events to look for.
#[derive(Debug, Clone)]
pub struct RelatedRequest {
    /// Which events the caller may see.
    pub scope: Scope,
    /// What holds for all that are wanted.
    pub filter: Filter,
    /// The event that they are related to; it lies within the scope.
    pub event: Recorded,
    /// By what.
    pub by: Vec<Relation>,
    /// Behind which one.
    pub after: Option<PageKey>,
    /// How many at most.
    pub limit: usize,
}

/// Related events as they happened, oldest first. A page may hold fewer than were asked for although
/// more follow.
#[derive(Debug, Clone)]
pub struct RelatedPage {
    /// Each with what relates it.
    pub events: Vec<(Recorded, Vec<Relation>)>,
    /// Where to go on, if more follow.
    pub next: Option<PageKey>,
}

/// An event and what it has in common with others.
struct Anchor {
    event: Recorded,
    by: Vec<Relation>,
    /// Its causes and effects.
    chain: BTreeSet<EventId>,
}

impl Queries {
    /// Events that are related to one.
    pub async fn related(&self, request: RelatedRequest) -> Result<RelatedPage, QueryError> {
        let RelatedRequest { scope, filter, event, by, after, limit } = request;
        let chain = match by.contains(&Relation::Causation) {
            true => self.chain(&scope, &event).await?,
            false => BTreeSet::new(),
        };
        let anchor = Anchor { event, by, chain };
        let order = Order::OccurredOldest;
        let filter = filter.and(anchor.filter());
        let page = self.page(PageRequest { scope, filter, order, after, limit }).await?;
        let next = page.events.last().filter(|_| page.more).map(page_key);
        let related = |event: Recorded| {
            let because = anchor.relations_to(&event.event);
            (!because.is_empty()).then_some((event, because))
        };
        Ok(RelatedPage { events: page.events.into_iter().filter_map(related).collect(), next })
    }

    /// Causes and effects of an event, within the scope and a bounded number.
    async fn chain(
        &self,
        scope: &Scope,
        event: &Recorded,
    ) -> Result<BTreeSet<EventId>, QueryError> {
        let mut chain = BTreeSet::new();
        let mut cause = cause_of(&event.event);
        while let Some(id) = cause
            && chain.len() < CHAIN_MAX / 2
            && chain.insert(id)
        {
            let found = self.event(scope, id).await?;
            cause = found.and_then(|found| cause_of(&found.event));
        }
        let mut causes = vec![event.event.id];
        while !causes.is_empty() && chain.len() < CHAIN_MAX {
            let caused = |id: &EventId| Filter::equals("request.causation_id", id.to_string());
            let request = PageRequest {
                scope: scope.clone(),
                filter: Filter::Or(causes.iter().map(caused).collect()),
                order: Order::RecordedOldest,
                after: None,
                limit: CHAIN_MAX - chain.len(),
            };
            let effects = self.page(request).await?.events;
            let ids = effects.into_iter().map(|effect| effect.event.id);
            causes = ids.filter(|id| chain.insert(*id)).collect();
        }
        chain.remove(&event.event.id);
        Ok(chain)
    }
}

/// The event that this one says it was caused by; a command has no event.
fn cause_of(event: &Event) -> Option<EventId> {
    event.request.causation_id.as_deref()?.parse().ok().map(EventId)
}

impl Anchor {
    /// All that may be related, but not the event itself.
    fn filter(&self) -> Filter {
        let mut any = Vec::new();
        for relation in &self.by {
            let field = relation.field();
            match relation {
                Relation::Target => {
                    any.extend(self.event.event.targets.iter().filter_map(|target| {
                        let kind = Filter::equals("target.type", target.target_type.as_str());
                        Some(kind.and(Filter::equals(field, target.id.as_deref()?)))
                    }))
                }
                _ => any.extend(
                    self.values(*relation).into_iter().map(|value| Filter::equals(field, value)),
                ),
            }
        }
        any.extend(self.chain.iter().map(|id| Filter::equals("id", id.to_string())));
        let own = Filter::equals("id", self.event.event.id.to_string());
        Filter::Or(any).and(Filter::Not(Box::new(own)))
    }

    fn values(&self, relation: Relation) -> Vec<String> {
        let (_, mut values) = values_of(&self.event.event, relation.field());
        if relation == Relation::Trace {
            // W3C: a trace id of zeros is none.
            values.retain(|id| id.bytes().any(|byte| byte != b'0'));
        }
        values
    }

    /// What relates the other event to this one, of what was asked for.
    fn relations_to(&self, other: &Event) -> Vec<Relation> {
        let related = |relation: &Relation| match relation {
            Relation::Target => self.shares_target(other),
            Relation::Causation => {
                self.chain.contains(&other.id) || self.shares_value(*relation, other)
            }
            relation => self.shares_value(*relation, other),
        };
        self.by.iter().copied().filter(related).collect()
    }

    fn shares_value(&self, relation: Relation, other: &Event) -> bool {
        let (_, others) = values_of(other, relation.field());
        self.values(relation).iter().any(|value| others.contains(value))
    }

    /// Fields are asked for one by one, so the type of one target and the id of another also match.
    fn shares_target(&self, other: &Event) -> bool {
        self.event.event.targets.iter().any(|own| {
            own.id.is_some()
                && other.targets.iter().any(|target| {
                    target.id == own.id && fold(&target.target_type) == fold(&own.target_type)
                })
        })
    }
}
