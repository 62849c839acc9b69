//! What was counted so far.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::{EventTime, Question, Timeline, VALUES_KEPT_MAX};
use crate::event::Event;
use crate::facts::{Fact, facts_of, fold, number_text};
use crate::filter::Field;

/// What was counted of a [`Question`]. Tallies of different events add up.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Events counted.
    pub events: u64,
    /// Whether all were looked at.
    pub complete: bool,
    /// Of each field that was asked for.
    pub facets: Vec<FacetTally>,
    /// Of each field whose numbers were asked for.
    pub numbers: Vec<NumberTally>,
    /// Of each stretch of time.
    pub buckets: Vec<BucketTally>,
}

/// The values of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FacetTally {
    /// How many events have the value. An event with several values counts for each of them.
    pub counts: HashMap<String, u64>,
    /// Counts of values that are not kept, because there are too many.
    pub dropped: u64,
    /// Events without the field.
    pub missing: u64,
}

/// Events of one stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BucketTally {
    /// How many.
    pub events: u64,
    /// How many have each value of the split.
    pub values: Vec<u64>,
    /// Counts of all other values.
    pub other: u64,
    /// Events without the field of the split.
    pub missing: u64,
}

/// Numbers of one field. A number that an event holds twice counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NumberTally {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least and the greatest.
    pub span: Option<(f64, f64)>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn of(question: &Question) -> Self {
        let split = question.timeline.as_ref().and_then(|timeline| timeline.split.as_ref());
        let bucket = BucketTally {
            values: vec![0; split.map_or(0, |split| split.values.len())],
            ..BucketTally::default()
        };
        Self {
            events: 0,
            complete: true,
            facets: vec![FacetTally::default(); question.fields.len()],
            numbers: vec![NumberTally::default(); question.numbers.len()],
            buckets: vec![bucket; question.timeline.as_ref().map_or(0, Timeline::buckets)],
        }
    }

    /// Counts an event.
    pub fn add(&mut self, question: &Question, event: &Event) {
        self.events += 1;
        for (field, facet) in question.fields.iter().zip(&mut self.facets) {
            let beginning = question.beginning_of(field);
            let (present, values) = values_of(event, &field.0);
            facet.missing += u64::from(!present);
            let counted = values.into_iter().filter(|value| value.starts_with(&*beginning));
            counted.for_each(|value| facet.add(value, 1));
        }
        for (Field(field), numbers) in question.numbers.iter().zip(&mut self.numbers) {
            numbers_of(event, field).into_iter().for_each(|number| numbers.add(number, 1));
        }
        let Some(timeline) = &question.timeline else { return };
        let instant = match timeline.time {
            EventTime::Occurred => event.occurred_at.timestamp,
            EventTime::Received => event.received_at.timestamp,
        };
        let Some(bucket) = timeline.bucket(instant.as_microsecond(), 0) else { return };
        let bucket = &mut self.buckets[bucket];
        bucket.events += 1;
        let Some(split) = &timeline.split else { return };
        let (present, values) = values_of(event, &split.field.0);
        bucket.missing += u64::from(!present);
        for value in values {
            match split.values.iter().position(|known| *known == value) {
                Some(known) => bucket.values[known] += 1,
                None => bucket.other += 1,
            }
        }
    }

    /// Adds what was counted of other events for the same question.
    pub fn merge(&mut self, other: Self) {
        self.events += other.events;
        self.complete &= other.complete;
        for (facet, other) in self.facets.iter_mut().zip(other.facets) {
            facet.merge(other);
        }
        for (numbers, other) in self.numbers.iter_mut().zip(other.numbers) {
            numbers.merge(other);
        }
        for (bucket, other) in self.buckets.iter_mut().zip(other.buckets) {
            bucket.events += other.events;
            bucket.other += other.other;
            bucket.missing += other.missing;
            bucket.values.iter_mut().zip(other.values).for_each(|(one, more)| *one += more);
        }
    }
}

impl FacetTally {
    /// Counts a value.
    pub fn add<'v>(&mut self, value: impl Into<Cow<'v, str>>, events: u64) {
        let value = value.into();
        // Most values are met again and again.
        if let Some(count) = self.counts.get_mut(&*value) {
            *count += events;
            return;
        }
        self.counts.insert(value.into_owned(), events);
        if self.counts.len() > 2 * VALUES_KEPT_MAX {
            self.drop_rarest();
        }
    }

    fn merge(&mut self, mut other: Self) {
        self.missing += other.missing;
        self.dropped += other.dropped;
        if self.counts.len() < other.counts.len() {
            std::mem::swap(&mut self.counts, &mut other.counts);
        }
        other.counts.into_iter().for_each(|(value, events)| self.add(value, events));
    }

    /// Keeps the most frequent values.
    fn drop_rarest(&mut self) {
        let mut values: Vec<(String, u64)> = self.counts.drain().collect();
        values.select_nth_unstable_by_key(VALUES_KEPT_MAX, |(_, events)| Reverse(*events));
        self.dropped += values[VALUES_KEPT_MAX..].iter().map(|(_, events)| events).sum::<u64>();
        values.truncate(VALUES_KEPT_MAX);
        self.counts.extend(values);
    }
}

impl NumberTally {
    /// Counts a number that so many events hold.
    pub fn add(&mut self, number: f64, events: u64) {
        if events == 0 {
            return;
        }
        self.merge(Self {
            count: events,
            sum: number * events as f64,
            span: Some((number, number)),
        });
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.span = match (self.span, other.span) {
            (Some((least, greatest)), Some((low, high))) => {
                Some((least.min(low), greatest.max(high)))
            }
            (one, other) => one.or(other),
        };
    }

    /// The sum, unless it is beyond what a number can tell.
    pub fn finite_sum(&self) -> Option<f64> {
        Some(self.sum).filter(|sum| sum.is_finite())
    }

    /// The mean, if there is any number.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64).filter(|mean| mean.is_finite())
    }
}

/// Whether the event has the field, and its values, each once: texts as filters compare them,
/// numbers, flags and addresses as text.
pub fn values_of(event: &Event, field: &str) -> (bool, Vec<String>) {
    let mut present = false;
    let mut values = Vec::new();
    facts_of(event, &mut |path: &str, fact: Fact<'_>| {
        let rest = path.strip_prefix(field);
        present |= rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if path == field
            && let Some(value) = text_of(fact)
        {
            values.push(value.into_owned());
        }
    });
    values.sort_unstable();
    values.dedup();
    (present, values)
}

/// The first values of the field, in alphabetical order, that begin with the prefix.
pub fn first_values<'a>(
    events: impl Iterator<Item = &'a Event>,
    field: &str,
    prefix: &str,
    limit: usize,
) -> Vec<String> {
    let mut first = BTreeSet::new();
    for event in events {
        let (_, values) = values_of(event, field);
        first.extend(values.into_iter().filter(|value| value.starts_with(prefix)));
        while first.len() > limit {
            first.pop_last();
        }
    }
    first.into_iter().collect()
}

fn text_of(fact: Fact<'_>) -> Option<Cow<'_, str>> {
    Some(match fact {
        Fact::Exact(text) => Cow::Borrowed(text),
        Fact::Folded(text) => Cow::Owned(fold(text)),
        Fact::Number(number) => Cow::Owned(number_text(number)),
        Fact::Flag(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        Fact::Address(address) => Cow::Owned(address.to_string()),
        Fact::Present => return None,
    })
}

fn numbers_of(event: &Event, field: &str) -> Vec<f64> {
    let mut numbers = Vec::new();
    facts_of(event, &mut |path: &str, fact: Fact<'_>| {
        if let (true, Fact::Number(number)) = (path == field, fact) {
            // Zero has two forms that are equal.
            numbers.push(number + 0.0);
        }
    });
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests;
