//! Events and filters of the live benchmark. What event number `n` is follows from `n`, so that each
//! subscriber knows what they are to be told.

use serde_json::{Value, json};

/// How many people, families of types, things and networks there are. Each filter that names one of
/// them lets through that share of the events.
const PEOPLE: u64 = 500;
const FAMILIES: u64 = 150;
const THINGS: u64 = 200;
const NETWORKS: u64 = 150;
const SEVERITIES: [&str; 10] =
    ["info", "info", "info", "info", "info", "warning", "warning", "warning", "error", "critical"];

/// What decides who is told of an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    person: u64,
    family: u64,
    thing: u64,
    network: u64,
    severity: usize,
}

/// A filter as a query, and as the events it lets through.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish {
    Person(u64),
    Family(u64),
    Thing(u64),
    Network(u64),
    Grave(u64),
    EitherPerson(u64),
    NotInfo(u64),
}

impl Traits {
    /// Of event number `number`.
    pub(super) fn of(number: u64, seed: u64) -> Self {
        let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ number;
        let mut draw = |of: u64| {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % of
        };
        Self {
            person: draw(PEOPLE),
            family: draw(FAMILIES),
            thing: draw(THINGS),
            network: draw(NETWORKS),
            severity: draw(SEVERITIES.len() as u64) as usize,
        }
    }

    fn severity(self) -> &'static str {
        SEVERITIES[self.severity]
    }

    /// The event to be recorded. `session` is what subscribers know it by.
    pub(super) fn event(self, session: &str) -> Value {
        let Self { person, family, thing, network, .. } = self;
        json!({
            "type": format!("shop.f{family}.changed"),
            "severity": self.severity(),
            "actor": { "id": format!("u{person}"), "name": format!("Person {person}") },
            "subject": { "id": format!("u{person}") },
            "targets": [{ "type": "order", "id": format!("o-{thing}"), "name": "An order" }],
            "description": format!("the order of item{thing} was changed by its owner"),
            "client": {
                "ip": format!("10.{network}.{}.7", person % 256),
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            },
            "session": { "id": session, "auth_method": "password", "mfa": true },
            "request": { "id": format!("req-{session}") },
            "metadata": { "amount": thing * 7, "currency": "EUR", "channel": "web", "items": [1, 2] },
        })
    }
}

impl Wish {
    /// Of subscriber number `number`, when each is to have another.
    pub(super) fn of(number: u64) -> Self {
        let which = number / 7;
        match number % 7 {
            0 => Self::Person(which % PEOPLE),
            1 => Self::Family(which % FAMILIES),
            2 => Self::Thing(which % THINGS),
            3 => Self::Network(which % NETWORKS),
            4 => Self::Grave(which % FAMILIES),
            5 => Self::EitherPerson(which % PEOPLE),
            _ => Self::NotInfo(which % FAMILIES),
        }
    }

    /// In the query language, ready for a URL.
    pub(super) fn query(self) -> String {
        match self {
            Self::Person(person) => format!("actor:u{person}"),
            Self::Family(family) => format!("type:shop.f{family}.*"),
            Self::Thing(thing) => format!("item{thing}"),
            Self::Network(network) => format!("ip:10.{network}.0.0/16"),
            Self::Grave(family) => format!("severity%3E=error%20type:shop.f{family}.*"),
            Self::EitherPerson(person) => {
                format!("(actor:u{person}%20OR%20subject:u{})", (person + 1) % PEOPLE)
            }
            Self::NotInfo(family) => format!("type:shop.f{family}.*%20-severity:info"),
        }
    }

    /// Whether the event is wanted.
    pub(super) fn holds(self, event: Traits) -> bool {
        match self {
            Self::Person(person) => event.person == person,
            Self::Family(family) => event.family == family,
            Self::Thing(thing) => event.thing == thing,
            Self::Network(network) => event.network == network,
            Self::Grave(family) => {
                event.family == family && matches!(event.severity(), "error" | "critical")
            }
            Self::EitherPerson(person) => {
                event.person == person || event.person == (person + 1) % PEOPLE
            }
            Self::NotInfo(family) => event.family == family && event.severity() != "info",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_thousand_subscribers_have_filters_of_their_own_and_each_is_told_something() {
        let events: Vec<Traits> = (0..20_000).map(|number| Traits::of(number, 42)).collect();
        let wishes: Vec<Wish> = (0..1000).map(Wish::of).collect();
        let queries: HashSet<String> = wishes.iter().map(|wish| wish.query()).collect();
        assert_eq!(queries.len(), 1000);
        for wish in wishes {
            let told = events.iter().filter(|event| wish.holds(**event)).count();
            assert!((1..1000).contains(&told), "{wish:?}: {told}");
        }
    }
}
