//! Which of many filters may hold for an event, without evaluating them all.
//!
//! Each filter is entered under what an event must have for it to hold ([`Matcher`]'s needs); an event
//! is looked up by what it has. What is found is a candidate, to be evaluated. Only hashes are kept:
//! two things of the same hash make a candidate too many, and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use ipnet::IpNet;

use super::Matcher;
use super::matching::flag_text;
use super::matching::needs::{Need, PREFIX_BYTES_MAX, Place, What};
use super::view::{Comparable, EventView};
use crate::facts::number_text;

/// Numbers of filters, entered under what they need.
#[derive(Debug, Default)]
pub struct Candidates {
    hasher: RandomState,
    /// Which filters need a thing, by its hash.
    needing: HashMap<u64, Vec<u32>>,
    /// How the values of a field are asked for, by the hash of its path.
    fields: HashMap<u64, Asked>,
    /// How words are asked for.
    words: Asked,
    /// Filters that need nothing in particular.
    always: Vec<u32>,
}

/// In which ways something is asked for, each with the number of needs: an event is not looked up in
/// other ways.
#[derive(Debug, Default)]
struct Asked {
    whole: usize,
    anything: usize,
    /// By length in bytes.
    beginnings: [usize; PREFIX_BYTES_MAX + 1],
    /// By length of the network's prefix, beginning with those of IPv4.
    networks: BTreeMap<(bool, u8), usize>,
}

/// What stands somewhere, as it is hashed.
#[derive(Hash)]
enum Form<'a> {
    Anything,
    Text(&'a str),
    Number(u64),
    Address(IpAddr),
    Beginning(&'a str),
    Network(IpNet),
}

/// The place of words among the hashes of paths.
const WORDS: u64 = 0;

impl Candidates {
    /// Enters a filter under a number of its own.
    pub fn enter(&mut self, number: u32, filter: &Matcher) {
        let Some(needs) = filter.needs() else { return self.always.push(number) };
        for need in &needs {
            let (place, hash) = self.hashes(need);
            let numbers = self.needing.entry(hash).or_default();
            // A filter may name the same thing twice.
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
            *self.asked(place).count(&need.what) += 1;
        }
    }

    /// Takes out a filter that was entered under this number.
    pub fn remove(&mut self, number: u32, filter: &Matcher) {
        let Some(needs) = filter.needs() else {
            return self.always.retain(|entered| *entered != number);
        };
        for need in &needs {
            let (place, hash) = self.hashes(need);
            if let Some(numbers) = self.needing.get_mut(&hash) {
                numbers.retain(|entered| *entered != number);
                if numbers.is_empty() {
                    self.needing.remove(&hash);
                }
            }
            let asked = self.asked(place);
            let count = asked.count(&need.what);
            *count = count.saturating_sub(1);
            asked.networks.retain(|_, count| *count > 0);
            if place != WORDS && asked.is_empty() {
                self.fields.remove(&place);
            }
        }
    }

    /// The filters that may hold for the event, each once. All others do not hold.
    pub fn of(&self, view: &EventView<'_>) -> Vec<u32> {
        let mut met = Vec::new();
        if !self.fields.is_empty() {
            for (path, value) in view.facts().iter() {
                let place = self.place(path);
                if let Some(asked) = self.fields.get(&place) {
                    self.meet(place, asked, value, &mut met);
                }
            }
        }
        if !self.words.is_empty() {
            for word in view.words().iter() {
                self.meet(WORDS, &self.words, Comparable::Text(word), &mut met);
            }
        }
        // A text may say the same word a thousand times.
        met.sort_unstable();
        met.dedup();
        let needing = met.iter().filter_map(|hash| self.needing.get(hash)).flatten();
        let mut found: Vec<u32> = needing.copied().collect();
        found.sort_unstable();
        found.dedup();
        found.extend_from_slice(&self.always);
        found
    }

    /// Adds the hashes of what is needed and met by a value.
    fn meet(&self, place: u64, asked: &Asked, value: Comparable<'_>, met: &mut Vec<u64>) {
        let mut look = |form: Form<'_>| {
            let hash = self.hash(place, &form);
            if self.needing.contains_key(&hash) {
                met.push(hash);
            }
        };
        if asked.anything > 0 {
            look(Form::Anything);
        }
        match value {
            Comparable::Text(text) => asked.look_at_text(text, look),
            Comparable::Flag(flag) => asked.look_at_text(flag_text(flag), look),
            Comparable::Number(number) => {
                look(Form::Number(bits(number)));
                // Patterns see a number as its text.
                if asked.has_beginnings() {
                    asked.look_at_text(&number_text(number), look);
                }
            }
            Comparable::Address(address) => {
                look(Form::Address(address));
                asked.look_at_networks(address, look);
            }
            Comparable::Present => {}
        }
    }

    fn asked(&mut self, place: u64) -> &mut Asked {
        match place {
            WORDS => &mut self.words,
            place => self.fields.entry(place).or_default(),
        }
    }

    fn hashes(&self, need: &Need) -> (u64, u64) {
        let place = match &need.place {
            Place::Field(path) => self.place(path),
            Place::Words => WORDS,
        };
        (place, self.hash(place, &Form::of(&need.what)))
    }

    fn place(&self, path: &str) -> u64 {
        self.hasher.hash_one(path).max(WORDS + 1)
    }

    fn hash(&self, place: u64, form: &Form<'_>) -> u64 {
        self.hasher.hash_one((place, form))
    }
}

impl Asked {
    fn count(&mut self, what: &What) -> &mut usize {
        match what {
            What::Anything => &mut self.anything,
            What::Text(_) | What::Number(_) | What::Address(_) => &mut self.whole,
            What::Beginning(text) => &mut self.beginnings[text.len().min(PREFIX_BYTES_MAX)],
            What::Network(network) => self.networks.entry(length_of(network)).or_default(),
        }
    }

    fn is_empty(&self) -> bool {
        self.whole == 0 && self.anything == 0 && !self.has_beginnings() && self.networks.is_empty()
    }

    fn has_beginnings(&self) -> bool {
        self.beginnings.iter().any(|count| *count > 0)
    }

    fn look_at_text(&self, text: &str, mut look: impl FnMut(Form<'_>)) {
        if self.whole > 0 {
            look(Form::Text(text));
        }
        let used = self.beginnings.iter().enumerate().filter(|(_, count)| **count > 0);
        for beginning in used.filter_map(|(length, _)| text.get(..length)) {
            look(Form::Beginning(beginning));
        }
    }

    fn look_at_networks(&self, address: IpAddr, mut look: impl FnMut(Form<'_>)) {
        let of_kind = self.networks.keys().filter(|(is_ipv6, _)| *is_ipv6 == address.is_ipv6());
        for network in of_kind.filter_map(|(_, length)| IpNet::new(address, *length).ok()) {
            look(Form::Network(network.trunc()));
        }
    }
}

impl<'a> Form<'a> {
    fn of(what: &'a What) -> Self {
        match what {
            What::Anything => Self::Anything,
            What::Text(text) => Self::Text(text),
            What::Number(number) => Self::Number(bits(*number)),
            What::Address(address) => Self::Address(*address),
            What::Beginning(text) => Self::Beginning(text),
            What::Network(network) => Self::Network(*network),
        }
    }
}

fn length_of(network: &IpNet) -> (bool, u8) {
    (network.addr().is_ipv6(), network.prefix_len())
}

/// The two zeros are equal, and their bits are not.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

#[cfg(test)]
mod tests;
