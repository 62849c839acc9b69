//! Where in an event the words and values of a query stand.
//!
//! Made of the event as somebody sees it: what is masked has no places. Negations, conditions on
//! time and `has:` mark nothing, and neither does a part of the query that does not hold.

use std::borrow::Cow;
use std::ops::Range;

use crate::event::Event;
use crate::facts::{Fact, number_text};
use crate::filter::{EventView, Filter, Matcher, TextTest, ValueMatcher};
use crate::text::NearWord;
use located::Word;
use pointer::Pointer;

mod fragment;
mod located;
mod pointer;
mod texts;
mod values;

/// Places of an event that are told.
pub const HIGHLIGHTS_MAX: usize = 32;

/// A text or value of an event in which something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// The field, as the query language calls it; `changes.before` and `changes.after` are values
    /// of a change.
    pub field: String,
    /// Where it stands in the event: a JSON pointer (RFC 6901).
    pub path: String,
    /// The text, or the part of a long one around the first place.
    pub fragment: String,
    /// Where the fragment begins in the text, in UTF-16 code units.
    pub offset: usize,
    /// What was found in the fragment, in order, apart from one another, in UTF-16 code units.
    pub ranges: Vec<Range<usize>>,
}

/// Where the words and values of the filter stand in the event.
pub fn highlights(event: &Event, filter: &Filter) -> Vec<Highlight> {
    Highlighter::new(filter).highlights(event)
}

/// A filter, made ready once for the events of a page.
#[derive(Debug, Clone)]
pub struct Highlighter {
    leaves: Vec<Leaf>,
    tree: Node,
}

/// A condition that marks something.
#[derive(Debug, Clone)]
enum Leaf {
    Words(WordsTest),
    Value(ValueMatcher),
}

/// Words that are looked for in texts.
#[derive(Debug, Clone)]
enum WordsTest {
    /// One after the other.
    Row(TextTest),
    /// One that is nearly this.
    Near(NearWord),
}

/// Which conditions mark something, depends on which parts of the filter hold.
#[derive(Debug, Clone)]
enum Node {
    Nothing,
    Leaf(usize),
    All(Vec<Node>),
    /// Each only where its part of the filter holds.
    Any(Vec<(Matcher, Node)>),
}

impl Highlighter {
    /// Makes the filter ready: what was asked for, without the scope of whoever asks.
    pub fn new(filter: &Filter) -> Self {
        let mut leaves = Vec::new();
        let tree = node(filter, &mut leaves);
        Self { leaves, tree }
    }

    /// Where its words and values stand in the event.
    pub fn highlights(&self, event: &Event) -> Vec<Highlight> {
        let mut active = Vec::new();
        self.tree.collect(&mut || EventView::of(event), &mut active);
        let mut words = Vec::new();
        let mut values = Vec::new();
        for leaf in active {
            match &self.leaves[leaf] {
                Leaf::Words(test) => words.push(test),
                Leaf::Value(matcher) => values.push(matcher),
            }
        }
        let mut marked = Marked::default();
        if !words.is_empty() {
            texts::each_text(event, &mut |field, place, text| {
                marked.add(field, place, text, marks_of(text, &words));
            });
        }
        if !values.is_empty() {
            values::each_value(event, &mut |field, place, fact| {
                if values.iter().any(|matcher| matcher.holds(field, fact)) {
                    let (field, text) = shown(event, field, fact);
                    let whole = 0..text.len();
                    marked.add(field, place, &text, vec![whole]);
                }
            });
        }
        marked.told()
    }
}

fn node(filter: &Filter, leaves: &mut Vec<Leaf>) -> Node {
    let mut leaf = |leaf| {
        leaves.push(leaf);
        Node::Leaf(leaves.len() - 1)
    };
    match filter {
        Filter::Text(test) => leaf(Leaf::Words(WordsTest::Row(test.clone()))),
        Filter::Near(word) => leaf(Leaf::Words(WordsTest::Near(word.clone()))),
        Filter::Field(field, test) => match ValueMatcher::new(field, test) {
            Some(matcher) => leaf(Leaf::Value(matcher)),
            None => Node::Nothing,
        },
        Filter::And(filters) => Node::All(filters.iter().map(|one| node(one, leaves)).collect()),
        Filter::Or(filters) => {
            let part = |filter| (Matcher::new(filter), node(filter, leaves));
            Node::Any(filters.iter().map(part).collect())
        }
        Filter::All | Filter::Not(_) | Filter::Occurred(_) | Filter::Received(_) => Node::Nothing,
    }
}

impl Node {
    /// Which leaves mark something. Recurses as deep as the filter is nested, which whoever made it
    /// has bounded.
    fn collect<'e>(&self, view: &mut dyn FnMut() -> EventView<'e>, active: &mut Vec<usize>) {
        match self {
            Self::Nothing => {}
            Self::Leaf(leaf) => active.push(*leaf),
            Self::All(nodes) => nodes.iter().for_each(|node| node.collect(view, active)),
            Self::Any(nodes) => {
                for (matcher, node) in nodes {
                    // A condition by itself marks something only where it holds.
                    let holds = matches!(node, Self::Leaf(_)) || matcher.matches(&view());
                    if holds {
                        node.collect(view, active);
                    }
                }
            }
        }
    }
}

/// Where the words of the tests stand in the text.
fn marks_of(text: &str, tests: &[&WordsTest]) -> Vec<Range<usize>> {
    let words = located::words_of(text);
    let mut marks = Vec::new();
    for test in tests {
        let rows = words.windows(test.words());
        marks.extend(rows.filter_map(|row| test.mark(row)));
    }
    marks
}

impl WordsTest {
    /// How many words stand one after the other.
    fn words(&self) -> usize {
        match self {
            Self::Row(test) => test.words.len().max(1),
            Self::Near(_) => 1,
        }
    }

    /// From where to where these words are what is looked for, if they are.
    fn mark(&self, row: &[Word]) -> Option<Range<usize>> {
        let (last, before) = row.split_last()?;
        let found = match self {
            Self::Near(near) => near.matches(&last.text),
            Self::Row(test) => {
                let (asked, asked_before) = test.words.split_last()?;
                let ends = match test.prefix {
                    true => last.text.starts_with(asked.as_str()),
                    false => last.text == *asked,
                };
                ends && before.iter().zip(asked_before).all(|(found, asked)| found.text == *asked)
            }
        };
        found.then(|| row.first().map_or(0, |first| first.place.start)..last.place.end)
    }
}

/// Field and text of a value as people read it.
fn shown<'a>(event: &Event, field: &'a str, fact: Fact<'a>) -> (&'a str, Cow<'a, str>) {
    let text = match fact {
        _ if field == "severity_rank" => return ("severity", event.severity.as_str().into()),
        Fact::Exact(text) | Fact::Folded(text) => Cow::Borrowed(text),
        Fact::Number(number) => Cow::Owned(number_text(number)),
        Fact::Flag(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        Fact::Address(address) => Cow::Owned(address.to_string()),
        Fact::Present => Cow::Borrowed(""),
    };
    (field, text)
}

/// What was found so far, by place.
#[derive(Default)]
struct Marked(Vec<MarkedText>);

struct MarkedText {
    field: String,
    path: String,
    text: String,
    marks: Vec<Range<usize>>,
}

impl Marked {
    fn add(&mut self, field: &str, place: Pointer<'_>, text: &str, marks: Vec<Range<usize>>) {
        if marks.is_empty() || text.is_empty() {
            return;
        }
        let path = place.to_string();
        if let Some(known) = self.0.iter_mut().find(|known| known.path == path) {
            known.add(text, marks);
        } else if self.0.len() < HIGHLIGHTS_MAX {
            let (field, text) = (field.to_owned(), text.to_owned());
            self.0.push(MarkedText { field, path, text, marks });
        }
    }

    fn told(self) -> Vec<Highlight> {
        let told = |one: MarkedText| {
            let marks = joined(one.marks);
            fragment::highlight(&one.field, one.path, &one.text, &marks)
        };
        self.0.into_iter().map(told).collect()
    }
}

impl MarkedText {
    /// Adds marks of the same place. A value may be a part of the text that stands there, or the
    /// text a part of the value that words are looked for in.
    fn add(&mut self, text: &str, marks: Vec<Range<usize>>) {
        match (self.text.find(text), text.find(self.text.as_str())) {
            (Some(at), _) => {
                self.marks.extend(marks.into_iter().map(|mark| at + mark.start..at + mark.end));
            }
            (None, Some(at)) => {
                let own = self.marks.iter().map(|mark| at + mark.start..at + mark.end);
                self.marks = own.chain(marks).collect();
                self.text = text.to_owned();
            }
            (None, None) => {}
        }
    }
}

/// The marks in order, those that touch as one.
fn joined(mut marks: Vec<Range<usize>>) -> Vec<Range<usize>> {
    marks.sort_unstable_by_key(|mark| (mark.start, mark.end));
    let mut all: Vec<Range<usize>> = Vec::with_capacity(marks.len());
    for mark in marks {
        match all.last_mut().filter(|last| mark.start <= last.end) {
            Some(last) => last.end = last.end.max(mark.end),
            None => all.push(mark),
        }
    }
    all
}

#[cfg(test)]
mod tests;
