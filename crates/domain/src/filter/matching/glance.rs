//! A look at an event before it is laid out: most events that a filter does not hold for are told by
//! what they do not have, at a small part of the cost.

use super::Matcher;
use super::needs::{Need, Place, What};
use crate::event::Event;
use crate::facts::{self, Fact};

/// What an event must have for a filter to hold, ready to be looked for.
#[derive(Debug, Clone)]
pub struct Glance {
    /// Values of fields, of which one must be there; none when there is more to it than that.
    any_of: Option<Vec<(String, What)>>,
}

impl Matcher {
    /// What of the filter shows at a glance.
    pub fn glance(&self) -> Glance {
        let value = |need: Need| match need.place {
            Place::Field(path) => Some((path, need.what)),
            Place::Words => None,
        };
        let needs = self.rare_needs();
        Glance { any_of: needs.and_then(|needs| needs.into_iter().map(value).collect()) }
    }
}

impl Glance {
    /// Whether the filter may hold for the event; when not, it does not hold.
    pub fn may_hold(&self, event: &Event) -> bool {
        let Some(any_of) = &self.any_of else { return true };
        let mut is_met = false;
        facts::facts_of(event, &mut |path: &str, fact: Fact<'_>| {
            is_met = is_met || any_of.iter().any(|(at, what)| at == path && may_meet(fact, what));
        });
        is_met
    }
}

fn may_meet(fact: Fact<'_>, what: &What) -> bool {
    match (fact, what) {
        (_, What::Anything) => true,
        (Fact::Exact(text), What::Text(asked)) => text == asked,
        (Fact::Exact(text), What::Beginning(asked)) => text.starts_with(asked.as_str()),
        (Fact::Folded(text), What::Text(asked)) if text.is_ascii() => {
            text.eq_ignore_ascii_case(asked)
        }
        (Fact::Folded(text), What::Beginning(asked)) if text.is_ascii() => {
            let beginning = text.get(..asked.len());
            beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(asked))
        }
        // Folding other letters costs more than looking closely at the few who have them.
        (Fact::Folded(_) | Fact::Flag(_), What::Text(_) | What::Beginning(_)) => true,
        (Fact::Number(number), What::Number(asked)) => number == *asked,
        // Patterns see a number as its text.
        (Fact::Number(_), What::Beginning(_)) => true,
        (Fact::Address(address), What::Address(asked)) => address == *asked,
        (Fact::Address(address), What::Network(network)) => network.contains(&address),
        _ => false,
    }
}
