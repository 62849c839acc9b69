//! Counting what matches: by the values of fields, over time, and numbers summed up.
//!
//! No event is looked at one by one. A segment is first asked which documents match (`matched`);
//! where they are one run of neighbours, as all events of a day are, that is two numbers. Then each
//! value of a field says how many of its documents are among them (`values`), which for a run its
//! list of documents knows without being read. Only times are read document by document.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use annals_domain::statistics::{Question, Tally};
use annals_domain::{Filter, Position};
use tantivy::Result;

use crate::compile::Compiled;
use crate::schema::Fields;
use crate::segment::Segment;
use crate::view::View;

mod condition;
mod matched;
mod suggesting;
mod timeline;
mod values;

pub(crate) use suggesting::suggest;

use matched::Matched;
use values::FieldValues;

/// When counting has to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn after(patience: Duration) -> Self {
        Self(Instant::now().checked_add(patience))
    }

    /// Whether it has passed.
    fn is_over(self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }
}

/// Counts the matches up to the position `until`, newest segments first.
pub(crate) fn tally(
    view: &View,
    fields: &Fields,
    (filter, compiled): (&Filter, &Compiled),
    until: Position,
    question: &Question,
    deadline: Deadline,
) -> Result<Tally> {
    let mut tally = Tally::of(question);
    for segment in view.newest_first().filter(|segment| segment.may_match(compiled)) {
        if deadline.is_over() {
            tally.complete = false;
            break;
        }
        let matched = Matched::find(segment, fields, filter, compiled, until, deadline)?;
        add_segment(segment, fields, &matched, question, deadline, &mut tally)?;
    }
    Ok(tally)
}

/// Counts the matches of a segment. Values go where those of other segments are already, for most of
/// them are the same.
fn add_segment(
    segment: &Segment,
    fields: &Fields,
    matched: &Matched,
    question: &Question,
    deadline: Deadline,
    tally: &mut Tally,
) -> Result<()> {
    tally.events += matched.count();
    tally.complete &= matched.complete;
    if matched.count() == 0 {
        return Ok(());
    }
    for (field, facet) in question.fields.iter().zip(&mut tally.facets) {
        let values = FieldValues::of(segment, fields, field, deadline)?;
        facet.missing += matched.count() - values.present(matched)?;
        let beginning = question.beginning_of(field);
        let add = |value: Cow<'_, str>, events| facet.add(value, events);
        tally.complete &= values.each_value(matched, &beginning, add)?;
    }
    for (field, numbers) in question.numbers.iter().zip(&mut tally.numbers) {
        let values = FieldValues::of(segment, fields, field, deadline)?;
        tally.complete &=
            values.each_number(matched, |number, events| numbers.add(number, events))?;
    }
    if let Some(timeline) = &question.timeline {
        let mut own = Tally::of(question);
        let buckets = &mut own.buckets;
        own.complete = timeline::count(segment, fields, matched, timeline, buckets, deadline)?;
        tally.merge(own);
    }
    Ok(())
}
