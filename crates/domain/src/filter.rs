//! What to look for: one tree for search, live streams, rules, exports and access scopes
//! (DESIGN 1.5).
//!
//! A filter is compiled to an index query *and* evaluated in memory ([`Filter::matches`]). Both
//! read an event only through [`crate::facts`], so they cannot come to mean different things.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::identifiers::{Position, TenantId};
use crate::text::NearWord;

mod candidates;
mod matching;
mod pattern;
mod view;

pub use candidates::Candidates;
pub(crate) use matching::ValueMatcher;
pub use matching::{Glance, Matcher, canonical_network};
pub use view::EventView;

/// A condition on events.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every event.
    All,
    /// All of these hold; empty means every event.
    And(Vec<Filter>),
    /// At least one of these holds; empty means no event.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// Some value of the field passes the test.
    Field(Field, Test),
    /// The words stand one after the other in some text of the event; see [`crate::text`].
    Text(TextTest),
    /// Some word of a text of the event is nearly this one.
    Near(NearWord),
    /// When it happened (`occurred_at`) lies in the range.
    Occurred(TimeRange),
    /// When it was recorded (`received_at`) lies in the range.
    Received(TimeRange),
}

/// Path of a fact, such as `actor.id` or `metadata.amount`; always one that
/// [`crate::facts::facts_of`] can yield.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field(pub String);

/// What a value must be like.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// There is a value.
    Exists,
    /// Equal, after [`crate::facts::fold`] where the field is not an identifier.
    Equals(String),
    /// Matches a pattern in which `*` stands for any run of characters; folded likewise.
    Like(String),
    /// A number in the range.
    Number(NumberRange),
    /// An address in the network; a single address is a network of one.
    Network(IpNet),
}

/// Numbers between bounds; an absent bound is open.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NumberRange {
    /// Least value.
    pub from: Option<Bound<f64>>,
    /// Greatest value.
    pub to: Option<Bound<f64>>,
}

/// Instants between bounds; an absent bound is open.
///
/// Bounds are whole microseconds, as the index keeps times; a finer one would be told apart in
/// memory only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// Earliest, inclusive.
    pub from: Option<Timestamp>,
    /// Latest, exclusive.
    pub until: Option<Timestamp>,
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound<T> {
    /// Where it lies.
    pub at: T,
    /// Whether `at` itself belongs to the range.
    pub inclusive: bool,
}

/// Words looked for in the texts of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTest {
    /// Tokens as [`crate::text::tokens`] makes them, standing one after the other; never empty.
    pub words: Vec<String>,
    /// Whether the last word may go on (`refund*`).
    pub prefix: bool,
}

impl NumberRange {
    /// Whether `value` lies in the range.
    pub fn contains(&self, value: f64) -> bool {
        let above = self.from.is_none_or(|b| value > b.at || (b.inclusive && value == b.at));
        let below = self.to.is_none_or(|b| value < b.at || (b.inclusive && value == b.at));
        above && below
    }
}

impl TimeRange {
    /// Whether `instant` lies in the range.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.from.is_none_or(|from| instant >= from)
            && self.until.is_none_or(|until| instant < until)
    }
}

impl Filter {
    /// Some value of `field` equals `value`.
    pub fn equals(field: &str, value: impl Into<String>) -> Self {
        Self::Field(Field(field.into()), Test::Equals(value.into()))
    }

    /// Both hold. Joins lists instead of nesting them.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, filter) | (filter, Self::All) => filter,
            (Self::And(mut filters), Self::And(others)) => {
                filters.extend(others);
                Self::And(filters)
            }
            (Self::And(mut filters), other) => {
                filters.push(other);
                Self::And(filters)
            }
            (filter, Self::And(mut others)) => {
                others.insert(0, filter);
                Self::And(others)
            }
            (filter, other) => Self::And(vec![filter, other]),
        }
    }

    /// An address, as a network of one.
    pub fn ip(field: &str, address: IpAddr) -> Self {
        Self::Field(Field(field.into()), Test::Network(IpNet::from(address.to_canonical())))
    }
}

/// Which events somebody may see. It is part of every query before it runs (DESIGN 1.6).
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// Only this tenant's.
    pub tenant: TenantId,
    /// Only those of them for which this holds.
    within: Filter,
}

impl Scope {
    /// All events of a tenant.
    pub fn tenant(tenant: TenantId) -> Self {
        Self { tenant, within: Filter::All }
    }

    /// The events where the person is subject or actor.
    pub fn person(tenant: TenantId, id: &str) -> Self {
        Self { tenant, within: Self::own(id) }
    }

    /// The events of a tenant that pass a filter.
    pub fn within(tenant: TenantId, filter: Filter) -> Self {
        Self { tenant, within: filter }
    }

    /// The scope as a condition, to be joined with what was asked.
    pub fn filter(&self) -> Filter {
        Filter::equals("tenant", self.tenant.as_str()).and(self.within.clone())
    }

    /// The person is subject or actor.
    pub(crate) fn own(id: &str) -> Filter {
        Filter::Or(vec![Filter::equals("subject.id", id), Filter::equals("actor.id", id)])
    }
}

/// In which order, and by which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As recorded, newest first.
    #[default]
    RecordedNewest,
    /// As recorded, oldest first.
    RecordedOldest,
    /// By `occurred_at`, then position, newest first.
    OccurredNewest,
    /// By `occurred_at`, then position, oldest first.
    OccurredOldest,
}

/// Where a page ended: the sort key of its last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageKey {
    /// Position of the event.
    pub position: Position,
    /// When it happened, microseconds since 1970; only looked at in the orders by occurrence.
    pub occurred_us: i64,
}

/// How many events match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Matches found.
    pub value: u64,
    /// Whether there may be more than that.
    pub at_least: bool,
}

#[cfg(test)]
mod tests;
