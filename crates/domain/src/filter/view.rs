//! An event laid out once, for many filters.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::ops::Range;

use crate::event::Event;
use crate::facts::{self, Fact};
use crate::filter::TextTest;
use crate::text::{self, NearWord, Texts};

/// An event laid out for filters: its facts and words are collected when the first filter asks,
/// and kept for the others.
#[derive(Debug)]
pub struct EventView<'a> {
    event: &'a Event,
    facts: OnceCell<Facts>,
    words: OnceCell<Words>,
}

impl<'a> EventView<'a> {
    /// Lays out `event`; costs nothing until a filter asks.
    pub fn of(event: &'a Event) -> Self {
        Self { event, facts: OnceCell::new(), words: OnceCell::new() }
    }

    /// The event itself.
    pub fn event(&self) -> &'a Event {
        self.event
    }

    pub(super) fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| Facts::of(self.event))
    }

    pub(super) fn words(&self) -> &Words {
        self.words.get_or_init(|| Words::of(self.event))
    }
}

/// The facts of an event, with all their text in one buffer.
#[derive(Debug)]
pub(super) struct Facts {
    text: String,
    list: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    path: Range<usize>,
    value: HeldValue,
}

#[derive(Debug)]
enum HeldValue {
    Text(Range<usize>),
    Number(f64),
    Flag(bool),
    Address(IpAddr),
    Present,
}

/// A value as filters compare it; text is folded where the field is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Comparable<'a> {
    Text(&'a str),
    Number(f64),
    Flag(bool),
    Address(IpAddr),
    Present,
}

impl Facts {
    fn of(event: &Event) -> Self {
        let mut facts = Self { text: String::with_capacity(2048), list: Vec::with_capacity(48) };
        facts::facts_of(event, &mut |path: &str, fact: Fact<'_>| facts.add(path, fact));
        facts
    }

    fn add(&mut self, path: &str, fact: Fact<'_>) {
        let path = self.keep(|text| text.push_str(path));
        let value = match fact {
            Fact::Exact(value) => HeldValue::Text(self.keep(|text| text.push_str(value))),
            Fact::Folded(value) => HeldValue::Text(self.keep(|text| facts::fold_into(value, text))),
            Fact::Number(number) => HeldValue::Number(number),
            Fact::Flag(flag) => HeldValue::Flag(flag),
            Fact::Address(address) => HeldValue::Address(address),
            Fact::Present => HeldValue::Present,
        };
        self.list.push(Held { path, value });
    }

    fn keep(&mut self, write: impl FnOnce(&mut String)) -> Range<usize> {
        let start = self.text.len();
        write(&mut self.text);
        start..self.text.len()
    }

    /// Everything, with its path.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Comparable<'_>)> {
        let path = |held: &Held| &self.text[held.path.clone()];
        self.list.iter().map(move |held| (path(held), self.comparable(&held.value)))
    }

    /// The values of the field.
    pub(super) fn values_of<'f>(&'f self, path: &str) -> impl Iterator<Item = Comparable<'f>> {
        let of_field = |held: &&Held| self.text[held.path.clone()] == *path;
        self.list.iter().filter(of_field).map(|held| self.comparable(&held.value))
    }

    fn comparable(&self, value: &HeldValue) -> Comparable<'_> {
        match value {
            HeldValue::Text(range) => Comparable::Text(&self.text[range.clone()]),
            HeldValue::Number(number) => Comparable::Number(*number),
            HeldValue::Flag(flag) => Comparable::Flag(*flag),
            HeldValue::Address(address) => Comparable::Address(*address),
            HeldValue::Present => Comparable::Present,
        }
    }

    /// Whether there is a value at the path or inside it.
    pub(super) fn has(&self, path: &str) -> bool {
        self.list.iter().any(|held| {
            let rest = self.text[held.path.clone()].strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// The words of an event, with all their text in one buffer.
#[derive(Debug)]
pub(super) struct Words {
    text: String,
    words: Vec<Range<usize>>,
    /// Which words stand in the same text.
    runs: Vec<Range<usize>>,
}

impl Words {
    fn of(event: &Event) -> Self {
        let mut texts = Texts::default();
        facts::texts_of(event, &mut texts);
        let mut all =
            Self { text: String::with_capacity(1024), words: Vec::new(), runs: Vec::new() };
        for text in texts.iter() {
            let first = all.words.len();
            text::tokens(text, |word| {
                let start = all.text.len();
                all.text.push_str(word);
                all.words.push(start..all.text.len());
            });
            all.runs.push(first..all.words.len());
        }
        all
    }

    /// Whether one of the words is nearly the asked one.
    pub(super) fn hold_near(&self, near: &NearWord) -> bool {
        self.words.iter().any(|range| near.matches(&self.text[range.clone()]))
    }

    /// Every word, as often as it stands there.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| &self.text[word.clone()])
    }

    /// Whether the words of the test stand one after the other in one text.
    pub(super) fn hold(&self, test: &TextTest) -> bool {
        let Some((last, before)) = test.words.split_last() else { return false };
        let word = |range: &Range<usize>| &self.text[range.clone()];
        self.runs.iter().any(|run| {
            self.words[run.clone()].windows(test.words.len()).any(|found| {
                let end = word(&found[before.len()]);
                let ends = if test.prefix { end.starts_with(last.as_str()) } else { end == last };
                ends && found.iter().zip(before).all(|(found, asked)| word(found) == asked)
            })
        })
    }
}
