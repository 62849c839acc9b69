//! Counting what matches: by the values of fields, over time, and numbers summed up.
//!
//! No event is looked at one by one. A segment is first asked which documents match (`matched`);
//! where they are one run of neighbours, as all events of a day are, that is two numbers. Then each
//! value of a field says how many of its documents are among them (`values`), which for a run its
//! list of documents knows without being read. Only times are read document by document.

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
        tally.merge(tally_segment(segment, fields, &matched, question, deadline)?);
    }
    Ok(tally)
}

fn tally_segment(
    segment: &Segment,
    fields: &Fields,
    matched: &Matched,
    question: &Question,
    deadline: Deadline,
) -> Result<Tally> {
    let mut tally = Tally::of(question);
    tally.events = matched.count();
    tally.complete = matched.complete;
    if tally.events == 0 {
        return Ok(tally);
    }
    for (field, facet) in question.fields.iter().zip(&mut tally.facets) {
        let values = FieldValues::of(segment, fields, field, deadline)?;
        facet.missing = tally.events - values.present(matched)?;
        tally.complete &= values.each_value(matched, |value, events| facet.add(value, events))?;
    }
    for (field, numbers) in question.numbers.iter().zip(&mut tally.numbers) {
        let values = FieldValues::of(segment, fields, field, deadline)?;
        tally.complete &=
            values.each_number(matched, |number, events| numbers.add(number, events))?;
    }
    if let Some(timeline) = &question.timeline {
        let buckets = &mut tally.buckets;
        tally.complete &= timeline::count(segment, fields, matched, timeline, buckets, deadline)?;
    }
    Ok(tally)
}
