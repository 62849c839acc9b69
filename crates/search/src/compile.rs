//! Turns a filter into a query over the terms that [`crate::document`] writes.

use std::net::IpAddr;
use std::ops::Bound;

use annals_domain::Filter;
use annals_domain::facts::{VALUE_BYTES_MAX, number_of};
use annals_domain::filter::{
    self, Field, NumberRange, Test, TextTest, TimeRange, canonical_network,
};
use annals_domain::text::{NearWord, SLIPS_MAX, WORD_BYTES_MAX};
use annals_ports::SearchError;
use ipnet::IpNet;
use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, EnableScoring, FuzzyTermQuery, Occur, PhraseQuery, Query,
    RangeQuery, RegexPhraseQuery, TermQuery, Weight,
};
use tantivy::schema::IndexRecordOption;

use crate::error::failed;
use crate::except::ExceptQuery;
use crate::fact_terms::{
    Kind, comparable, is_always_present, number_bytes, push_address, term_prefix,
};
use crate::glob::Glob;
use crate::schema::Fields;
use crate::terms_query::{TermsQuery, prefix_end};
use crate::window::{Microseconds, Window};

/// No word of a text has more letters, whatever the slips.
const NEAR_LETTERS_MAX: usize = WORD_BYTES_MAX + SLIPS_MAX as usize;

/// A filter, ready to be asked of any segment.
pub(crate) struct Compiled {
    pub(crate) weight: Box<dyn Weight>,
    /// Outside these times nothing matches.
    pub(crate) window: Window,
    /// Whether a segment knows its number of matches without reading them.
    pub(crate) counts_at_once: bool,
}

impl Compiled {
    pub(crate) fn new(filter: &Filter, fields: &Fields) -> Result<Self, SearchError> {
        let query = compile(filter, fields);
        let counts_at_once = query.is::<TermQuery>() || query.is::<AllQuery>();
        let weight = query
            .weight(EnableScoring::disabled_from_schema(&fields.schema))
            .map_err(failed("preparing a query"))?;
        Ok(Self { weight, window: Window::of(filter), counts_at_once })
    }
}

type AnyQuery = Box<dyn Query>;

fn compile(filter: &Filter, fields: &Fields) -> AnyQuery {
    match filter {
        Filter::All => Box::new(AllQuery),
        Filter::And(_) | Filter::Not(_) => all_of(filter, fields),
        Filter::Or(_) => any_of(filter, fields),
        Filter::Field(field, test) => field_query(field, test, fields),
        Filter::Text(test) => text_query(test, fields),
        Filter::Near(near) => near_query(near, fields),
        Filter::Occurred(range) => time_query(range, fields.occurred),
        Filter::Received(range) => time_query(range, fields.received),
    }
}

/// Conjunctions and negations; nested conjunctions become one.
fn all_of(filter: &Filter, fields: &Fields) -> AnyQuery {
    let mut clauses = Clauses::default();
    clauses.gather(filter, fields);
    let of = join(Occur::Must, clauses.wanted).unwrap_or_else(|| Box::new(AllQuery));
    if clauses.unwanted.is_empty() {
        return of;
    }
    Box::new(ExceptQuery { of, except: clauses.unwanted })
}

#[derive(Default)]
struct Clauses {
    wanted: Vec<AnyQuery>,
    unwanted: Vec<AnyQuery>,
}

impl Clauses {
    fn gather(&mut self, filter: &Filter, fields: &Fields) {
        match filter {
            Filter::All => {}
            Filter::And(filters) => filters.iter().for_each(|one| self.gather(one, fields)),
            Filter::Not(inner) => self.unwanted.push(compile(inner, fields)),
            other => self.wanted.push(compile(other, fields)),
        }
    }
}

/// Disjunctions; nested ones become one.
fn any_of(filter: &Filter, fields: &Fields) -> AnyQuery {
    let mut queries = Vec::new();
    gather_any(filter, fields, &mut queries);
    join(Occur::Should, queries).unwrap_or_else(|| Box::new(EmptyQuery))
}

fn gather_any(filter: &Filter, fields: &Fields, queries: &mut Vec<AnyQuery>) {
    match filter {
        Filter::Or(filters) => filters.iter().for_each(|one| gather_any(one, fields, queries)),
        other => queries.push(compile(other, fields)),
    }
}

/// One query of several; none of none.
fn join(occur: Occur, mut queries: Vec<AnyQuery>) -> Option<AnyQuery> {
    if queries.len() < 2 {
        return queries.pop();
    }
    let clauses = queries.into_iter().map(|query| (occur, query)).collect();
    Some(Box::new(BooleanQuery::new(clauses)))
}

fn field_query(Field(path): &Field, test: &Test, fields: &Fields) -> AnyQuery {
    match test {
        Test::Exists if is_always_present(path) => Box::new(AllQuery),
        Test::Exists => fact(term_prefix(path, Kind::Presence), fields),
        Test::Equals(value) | Test::Like(value) if value.len() > 4 * VALUE_BYTES_MAX => {
            Box::new(EmptyQuery)
        }
        Test::Equals(value) => equals(path, value, fields),
        Test::Like(pattern) => like(path, &comparable(path, pattern), fields),
        Test::Number(range) => numbers(path, range, fields),
        Test::Network(network) => addresses(path, network, fields),
    }
}

fn fact(term: Vec<u8>, fields: &Fields) -> AnyQuery {
    let term = Term::from_field_bytes(fields.facts, &term);
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// A value may be a text, and what that text reads as: `100.0` finds the number 100.
fn equals(path: &str, value: &str, fields: &Fields) -> AnyQuery {
    let mut readings = vec![text(path, &comparable(path, value), fields)];
    if let Some(number) = number_of(value) {
        let mut term = term_prefix(path, Kind::Number);
        term.extend_from_slice(&number_bytes(number));
        readings.push(fact(term, fields));
    }
    if let Ok(address) = value.parse::<IpAddr>() {
        let mut term = term_prefix(path, Kind::Address);
        push_address(&mut term, address.to_canonical());
        readings.push(fact(term, fields));
    }
    join(Occur::Should, readings).unwrap_or_else(|| Box::new(EmptyQuery))
}

fn text(path: &str, value: &str, fields: &Fields) -> AnyQuery {
    let mut term = term_prefix(path, Kind::Text);
    term.extend_from_slice(value.as_bytes());
    fact(term, fields)
}

fn like(path: &str, pattern: &str, fields: &Fields) -> AnyQuery {
    let glob = Glob::new(pattern);
    if glob.is_literal() {
        return text(path, pattern, fields);
    }
    let mut prefix = term_prefix(path, Kind::Text);
    if glob.is_prefix() {
        prefix.extend_from_slice(glob.start.as_bytes());
        return Box::new(TermsQuery::beginning(fields.facts, prefix));
    }
    Box::new(TermsQuery::matching(fields.facts, prefix, glob))
}

fn numbers(path: &str, range: &NumberRange, fields: &Fields) -> AnyQuery {
    let bounds = [range.from, range.to];
    if bounds.iter().flatten().any(|bound| bound.at.is_nan()) {
        return Box::new(EmptyQuery);
    }
    let prefix = term_prefix(path, Kind::Number);
    let term = |bound: filter::Bound<f64>| {
        let mut term = prefix.clone();
        term.extend_from_slice(&number_bytes(bound.at));
        if bound.inclusive { Bound::Included(term) } else { Bound::Excluded(term) }
    };
    let from = range.from.map_or_else(|| Bound::Included(prefix.clone()), term);
    let to = range.to.map_or_else(|| prefix_end(&prefix), term);
    Box::new(TermsQuery::between(fields.facts, from, to))
}

fn addresses(path: &str, network: &IpNet, fields: &Fields) -> AnyQuery {
    let term = |address| {
        let mut term = term_prefix(path, Kind::Address);
        push_address(&mut term, address);
        term
    };
    let network = canonical_network(*network);
    let (first, last) = (term(network.network()), term(network.broadcast()));
    if first == last {
        return fact(first, fields);
    }
    Box::new(TermsQuery::between(fields.facts, Bound::Included(first), Bound::Included(last)))
}

fn text_query(test: &TextTest, fields: &Fields) -> AnyQuery {
    let TextTest { words, prefix } = test;
    // Such a word stands in no text, and it could mean something else in a pattern.
    let is_word = |word: &String| !word.is_empty() && word.chars().all(char::is_alphanumeric);
    if !words.iter().all(is_word) {
        return Box::new(EmptyQuery);
    }
    let term = |word: &String| Term::from_field_text(fields.words, word);
    match (words.as_slice(), prefix) {
        ([], _) => Box::new(EmptyQuery),
        ([word], true) => Box::new(TermsQuery::beginning(fields.words, word.clone().into_bytes())),
        ([word], false) => Box::new(TermQuery::new(term(word), IndexRecordOption::Basic)),
        (_, false) => Box::new(PhraseQuery::new(words.iter().map(term).collect())),
        (_, true) => {
            let mut patterns = words.clone();
            if let Some(last) = patterns.last_mut() {
                last.push_str(".*");
            }
            let mut query = RegexPhraseQuery::new(fields.words, patterns);
            // A limit would turn a search with many results into an error.
            query.set_max_expansions(u32::MAX);
            Box::new(query)
        }
    }
}

/// The same definition as [`NearWord::matches`], as an automaton that walks through the dictionary.
fn near_query(near: &NearWord, fields: &Fields) -> AnyQuery {
    let NearWord { word, slips } = near;
    if word.chars().count() > NEAR_LETTERS_MAX {
        return Box::new(EmptyQuery);
    }
    let term = Term::from_field_text(fields.words, word);
    let near = FuzzyTermQuery::new(term, (*slips).min(SLIPS_MAX), true);
    match near.automaton() {
        Ok(automaton) => Box::new(TermsQuery::accepted_by(fields.words, automaton)),
        Err(_) => Box::new(EmptyQuery),
    }
}

fn time_query(range: &TimeRange, field: tantivy::schema::Field) -> AnyQuery {
    let Microseconds { from, until } = Microseconds::of(range);
    if from.is_none() && until.is_none() {
        return Box::new(AllQuery);
    }
    let term = |instant| Term::from_field_i64(field, instant);
    let from = from.map_or(Bound::Unbounded, |instant| Bound::Included(term(instant)));
    let until = until.map_or(Bound::Unbounded, |instant| Bound::Excluded(term(instant)));
    Box::new(RangeQuery::new(from, until))
}
