//! Evaluating a filter on an event in memory.

mod glance;
pub(super) mod needs;

use std::net::IpAddr;

use ipnet::IpNet;

use super::pattern::Pattern;
use super::view::{Comparable, EventView};
use super::{Field, Filter, NumberRange, Test, TextTest, TimeRange};
use crate::event::Event;
use crate::facts::{self, fold, is_folded, number_of};
use crate::text::NearWord;

mod one_value;

pub use glance::Glance;
pub(crate) use one_value::ValueMatcher;

impl Filter {
    /// Whether the filter holds for the event.
    ///
    /// For many events keep a [`Matcher`]; for many filters on one event share an [`EventView`].
    pub fn matches(&self, event: &Event) -> bool {
        self.matches_view(&EventView::of(event))
    }

    /// Whether the filter holds for an event that is laid out already.
    pub fn matches_view(&self, view: &EventView<'_>) -> bool {
        Matcher::new(self).matches(view)
    }
}

/// A filter made ready to be evaluated on many events: its values are folded and read once.
#[derive(Debug, Clone)]
pub struct Matcher(Condition);

#[derive(Debug, Clone)]
enum Condition {
    All,
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Exists(String),
    Value(String, ValueTest),
    Text(TextTest),
    Near(NearWord),
    Occurred(TimeRange),
    Received(TimeRange),
}

#[derive(Debug, Clone)]
enum ValueTest {
    Equals(Equals),
    Like(Pattern),
    Number(NumberRange),
    Network(IpNet),
}

/// A value, read as everything it may be compared as.
#[derive(Debug, Clone)]
struct Equals {
    text: String,
    number: Option<f64>,
    address: Option<IpAddr>,
}

impl Matcher {
    /// Makes `filter` ready.
    pub fn new(filter: &Filter) -> Self {
        Self(condition(filter))
    }

    /// Whether the filter holds for the event.
    pub fn matches(&self, view: &EventView<'_>) -> bool {
        self.0.holds(view)
    }
}

fn condition(filter: &Filter) -> Condition {
    let all = |filters: &[Filter]| filters.iter().map(condition).collect();
    match filter {
        Filter::All => Condition::All,
        Filter::And(filters) => Condition::And(all(filters)),
        Filter::Or(filters) => Condition::Or(all(filters)),
        Filter::Not(filter) => Condition::Not(Box::new(condition(filter))),
        Filter::Field(Field(path), test) => field_condition(path, test),
        Filter::Text(test) => Condition::Text(test.clone()),
        Filter::Near(word) => Condition::Near(word.clone()),
        Filter::Occurred(range) => Condition::Occurred(*range),
        Filter::Received(range) => Condition::Received(*range),
    }
}

fn field_condition(path: &str, test: &Test) -> Condition {
    let comparable = |text: &str| if is_folded(path) { fold(text) } else { text.to_owned() };
    let test = match test {
        Test::Exists => return Condition::Exists(path.to_owned()),
        Test::Equals(text) => ValueTest::Equals(Equals {
            text: comparable(text),
            number: number_of(text),
            address: text.parse().ok().map(|address: IpAddr| address.to_canonical()),
        }),
        Test::Like(pattern) => ValueTest::Like(Pattern::new(&comparable(pattern))),
        Test::Number(range) => ValueTest::Number(*range),
        Test::Network(network) => ValueTest::Network(canonical_network(*network)),
    };
    Condition::Value(path.to_owned(), test)
}

/// A network in the form that addresses are compared in: IPv4 inside IPv6 becomes IPv4, and bits
/// behind the prefix are cleared.
pub fn canonical_network(network: IpNet) -> IpNet {
    // Behind the first 96 bits of `::ffff:0:0/96` stands an IPv4 address.
    const MAPPED_BITS: u8 = 96;
    let address = network.addr().to_canonical();
    let mapped = network.addr().is_ipv6() && address.is_ipv4();
    let bits = network.prefix_len();
    if mapped && bits >= MAPPED_BITS {
        IpNet::new(address, bits - MAPPED_BITS).map_or(network, |network| network.trunc())
    } else {
        network.trunc()
    }
}

impl Condition {
    /// Recurses as deep as the filter is nested, which whoever made it has bounded.
    fn holds(&self, view: &EventView<'_>) -> bool {
        match self {
            Self::All => true,
            Self::And(conditions) => conditions.iter().all(|condition| condition.holds(view)),
            Self::Or(conditions) => conditions.iter().any(|condition| condition.holds(view)),
            Self::Not(condition) => !condition.holds(view),
            Self::Exists(path) => view.facts().has(path),
            Self::Value(path, test) => view.facts().values_of(path).any(|value| test.passes(value)),
            Self::Text(test) => view.words().hold(test),
            Self::Near(word) => view.words().hold_near(word),
            Self::Occurred(range) => range.contains(view.event().occurred_at.timestamp),
            Self::Received(range) => range.contains(view.event().received_at.timestamp),
        }
    }
}

impl ValueTest {
    fn passes(&self, value: Comparable<'_>) -> bool {
        match (self, value) {
            (Self::Equals(equals), value) => equals.passes(value),
            (Self::Like(pattern), Comparable::Text(text)) => pattern.matches(text),
            (Self::Like(pattern), Comparable::Flag(flag)) => pattern.matches(flag_text(flag)),
            (Self::Like(pattern), Comparable::Number(number)) => {
                pattern.matches(&facts::number_text(number))
            }
            (Self::Number(range), Comparable::Number(number)) => range.contains(number),
            (Self::Network(network), Comparable::Address(address)) => network.contains(&address),
            _ => false,
        }
    }
}

impl Equals {
    fn passes(&self, value: Comparable<'_>) -> bool {
        match value {
            Comparable::Text(text) => self.text == text,
            Comparable::Number(number) => self.number == Some(number),
            Comparable::Flag(flag) => self.text == flag_text(flag),
            Comparable::Address(address) => self.address == Some(address),
            Comparable::Present => false,
        }
    }
}

pub(super) fn flag_text(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}
