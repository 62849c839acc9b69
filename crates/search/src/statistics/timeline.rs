//! Matches of a segment by stretches of time.

use annals_domain::statistics::{BucketTally, EventTime, Split, Timeline};
use tantivy::columnar::ColumnValues;
use tantivy::{DocId, Result};

use super::Deadline;
use super::matched::Matched;
use super::values::FieldValues;
use crate::fact_terms::is_always_present;
use crate::schema::Fields;
use crate::segment::Segment;

/// Batches between two looks at the clock.
const BATCHES_PER_LOOK: usize = 64;

/// Counts the matches; answers whether there was time for all.
pub(super) fn count(
    segment: &Segment,
    fields: &Fields,
    matched: &Matched,
    timeline: &Timeline,
    buckets: &mut [BucketTally],
    deadline: Deadline,
) -> Result<bool> {
    let times = match timeline.time {
        EventTime::Occurred => &*segment.occurred,
        EventTime::Received => &*segment.received,
    };
    let complete = count_events(times, matched, timeline, buckets, deadline);
    let Some(split) = &timeline.split else { return Ok(complete) };
    let values = FieldValues::of(segment, fields, &split.field, deadline)?;
    let place = Place { times, timeline };
    Ok(count_values(&values, matched, split, &place, buckets)? && complete)
}

fn count_events(
    times: &dyn ColumnValues<i64>,
    matched: &Matched,
    timeline: &Timeline,
    buckets: &mut [BucketTally],
    deadline: Deadline,
) -> bool {
    let (mut near, mut batches, mut complete) = (0, 0, true);
    let mut instants = Vec::new();
    matched.in_batches(|docs| {
        instants.resize(docs.len(), 0);
        times.get_vals(docs, &mut instants);
        for instant in &instants {
            if let Some(bucket) = timeline.bucket(*instant, near) {
                buckets[bucket].events += 1;
                near = bucket;
            }
        }
        batches += 1;
        complete = batches % BATCHES_PER_LOOK != 0 || !deadline.is_over();
        complete
    });
    complete
}

/// Tells the values of the split apart.
fn count_values(
    values: &FieldValues<'_>,
    matched: &Matched,
    split: &Split,
    place: &Place<'_>,
    buckets: &mut [BucketTally],
) -> Result<bool> {
    if !is_always_present(&split.field.0) {
        buckets.iter_mut().for_each(|bucket| bucket.missing = bucket.events);
        if let Some(mut list) = values.presence()? {
            place.each(matched, &mut list, |bucket| buckets[bucket].missing -= 1);
        }
    }
    values.each_list(|value, list| {
        let value = value.text();
        match split.values.iter().position(|known| *known == value) {
            Some(known) => place.each(matched, list, |bucket| buckets[bucket].values[known] += 1),
            None => place.each(matched, list, |bucket| buckets[bucket].other += 1),
        }
    })
}

/// Where documents lie in time.
struct Place<'a> {
    times: &'a dyn ColumnValues<i64>,
    timeline: &'a Timeline,
}

impl Place<'_> {
    /// Calls `each` with the stretch of every match in the list.
    fn each(
        &self,
        matched: &Matched,
        list: &mut tantivy::postings::BlockSegmentPostings,
        mut each: impl FnMut(usize),
    ) {
        let mut near = 0;
        matched.each_in(list, |doc: DocId| {
            if let Some(bucket) = self.timeline.bucket(self.times.get_val(doc), near) {
                near = bucket;
                each(bucket);
            }
        });
    }
}
