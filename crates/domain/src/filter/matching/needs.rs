//! What an event must have for a filter to hold: where many filters watch, those whose needs an event
//! does not meet are not evaluated on it.

use std::cmp::Reverse;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Condition, Equals, Matcher, ValueTest};
use crate::facts::is_folded;
use crate::filter::TextTest;

/// Longer beginnings are cut here: what they begin with is needed too, and an event is asked for
/// each length that is in use.
pub(in crate::filter) const PREFIX_BYTES_MAX: usize = 16;

/// Something that an event may have.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::filter) struct Need {
    pub(in crate::filter) place: Place,
    pub(in crate::filter) what: What,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::filter) enum Place {
    /// Among the values of the field.
    Field(String),
    /// Among the words.
    Words,
}

/// What stands there.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::filter) enum What {
    Anything,
    Text(String),
    Number(f64),
    Address(IpAddr),
    Beginning(String),
    Network(IpNet),
}

/// Needs of which an event must meet at least one, and how rarely that will be.
struct Needs {
    rarity: u8,
    any_of: Vec<Need>,
}

impl Matcher {
    /// Of what an event must have at least one for the filter to hold; nothing when the filter may
    /// hold for an event that has none of it, and an empty list when it never holds.
    pub(in crate::filter) fn needs(&self) -> Option<Vec<Need>> {
        needs_of(&self.0).map(|needs| needs.any_of)
    }

    /// The same, when it is something that not every event of a tenant has.
    pub(in crate::filter) fn rare_needs(&self) -> Option<Vec<Need>> {
        needs_of(&self.0).filter(|needs| needs.rarity > TENANT).map(|needs| needs.any_of)
    }
}

/// Recurses as deep as the filter is nested, which whoever made it has bounded.
fn needs_of(condition: &Condition) -> Option<Needs> {
    match condition {
        Condition::And(conditions) => {
            let needs = conditions.iter().filter_map(needs_of);
            needs.max_by_key(|needs| (needs.rarity, Reverse(needs.any_of.len())))
        }
        Condition::Or(conditions) => {
            let all: Vec<Needs> = conditions.iter().map(needs_of).collect::<Option<_>>()?;
            let rarity = all.iter().map(|needs| needs.rarity).min().unwrap_or(u8::MAX);
            Some(Needs { rarity, any_of: all.into_iter().flat_map(|needs| needs.any_of).collect() })
        }
        Condition::Value(path, test) => Some(needs_of_value(path, test)),
        Condition::Text(test) => Some(needs_of_text(test)),
        // Much can lie inside of a path, nearly everything has a time, and what is not the case is
        // met by events that have nothing at all.
        _ => None,
    }
}

fn needs_of_value(path: &str, test: &ValueTest) -> Needs {
    let need = |what| Need { place: Place::Field(path.to_owned()), what };
    match test {
        ValueTest::Equals(Equals { text, number, address }) => {
            let text = need(What::Text(text.clone()));
            let number = number.map(|number| need(What::Number(number)));
            let address = address.map(|address| need(What::Address(address)));
            let any_of = [Some(text), number, address].into_iter().flatten().collect();
            Needs { rarity: rarity_of_value(path), any_of }
        }
        ValueTest::Like(pattern) => match pattern.first.as_str() {
            "" => Needs { rarity: rarity_of_presence(path), any_of: vec![need(What::Anything)] },
            text => {
                let any_of = vec![need(What::Beginning(cut(text)))];
                Needs { rarity: rarity_of_value(path).min(BEGINNING), any_of }
            }
        },
        ValueTest::Number(_) => {
            Needs { rarity: rarity_of_presence(path), any_of: vec![need(What::Anything)] }
        }
        ValueTest::Network(network) => {
            Needs { rarity: NETWORK, any_of: vec![need(What::Network(*network))] }
        }
    }
}

fn needs_of_text(test: &TextTest) -> Needs {
    let TextTest { words, prefix } = test;
    let need = |what| Need { place: Place::Words, what };
    let whole = words.len() - usize::from(*prefix && !words.is_empty());
    // Numbers of things are rarer than other words, and longer words than shorter ones.
    let rarity = |word: &&String| (word.bytes().any(|byte| byte.is_ascii_digit()), word.len());
    let longest = words[..whole].iter().max_by_key(rarity);
    match (longest, words.last()) {
        (Some(word), _) => Needs { rarity: WORD, any_of: vec![need(What::Text(word.clone()))] },
        (None, Some(word)) => {
            Needs { rarity: BEGINNING, any_of: vec![need(What::Beginning(cut(word)))] }
        }
        (None, None) => Needs { rarity: u8::MAX, any_of: Vec::new() },
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(PREFIX_BYTES_MAX)].to_owned()
}

const IDENTIFIER: u8 = 9;
const NETWORK: u8 = 7;
const WORD: u8 = 6;
const NAMED: u8 = 5;
const BEGINNING: u8 = 4;
const SOMETIMES_THERE: u8 = 3;
const ONE_OF_FEW: u8 = 2;
const TENANT: u8 = 1;
const ALWAYS_THERE: u8 = 0;

/// How rarely a field has a certain value; a guess, which costs time alone when it is wrong.
fn rarity_of_value(path: &str) -> u8 {
    match path {
        "tenant" => TENANT,
        "operation"
        | "severity"
        | "severity_rank"
        | "outcome"
        | "actor.type"
        | "source"
        | "environment"
        | "app_version"
        | "session.mfa"
        | "session.auth_method"
        | "changes.op"
        | "client.device_type" => ONE_OF_FEW,
        _ if is_folded(path) => NAMED,
        _ => IDENTIFIER,
    }
}

/// How rarely a field has any value.
fn rarity_of_presence(path: &str) -> u8 {
    match path.starts_with("metadata.") || path.starts_with("labels.") {
        true => SOMETIMES_THERE,
        false => ALWAYS_THERE,
    }
}
