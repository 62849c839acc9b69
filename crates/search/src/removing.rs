//! Removing events by their positions.
//!
//! tantivy only marks documents as deleted, and their words stay in the files until a merge. Here every
//! segment that holds one is written anew at once, without them; so nothing else in this crate needs to
//! know of marks. Until that is done searches see the segments as they were.

use std::sync::Arc;

use tantivy::indexer::NoMergePolicy;
use tantivy::query::{ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Result, Score, SegmentReader, TERMINATED, TantivyError};

use crate::partition::Partition;
use crate::segment::Segment;

/// Removes the events from a partition; the positions rise.
pub(crate) fn remove(
    partition: &mut Partition,
    positions: &Arc<[u64]>,
    heap_bytes: usize,
) -> Result<()> {
    let left_over = partition.marked_segments()?;
    let holds_some = partition.segments.iter().any(|segment| may_hold(segment, positions));
    if left_over.is_empty() && !holds_some {
        return Ok(());
    }
    let mut writer = partition.writer(heap_bytes)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    writer.delete_query(Box::new(AtPositions(Arc::clone(positions))))?;
    let payload = partition.summary.payload()?;
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&payload);
    prepared.commit()?;
    for segment in partition.marked_segments()? {
        writer.merge(&[segment]).wait()?;
    }
    writer.wait_merging_threads()?;
    partition.refresh()
}

fn may_hold(segment: &Segment, positions: &[u64]) -> bool {
    let first = positions.partition_point(|position| *position < segment.least_position());
    positions.get(first).is_some_and(|position| *position <= segment.greatest_position())
}

/// Documents at these positions, which rise.
#[derive(Debug, Clone)]
pub(crate) struct AtPositions(pub(crate) Arc<[u64]>);

impl Query for AtPositions {
    fn weight(&self, _: EnableScoring<'_>) -> Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for AtPositions {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> Result<Box<dyn Scorer>> {
        let segment = Segment::open(reader.clone())?;
        // Documents lie in descending order of position.
        let documents = self.0.iter().rev().filter_map(|position| {
            let doc = segment.first_until(*position);
            (doc < segment.documents() && segment.position(doc) == *position).then_some(doc)
        });
        let documents = Documents { rising: documents.collect(), next: 0 };
        Ok(Box::new(ConstScorer::new(documents, boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> Result<Explanation> {
        Err(TantivyError::InvalidArgument("events are not ranked".into()))
    }
}

struct Documents {
    rising: Vec<DocId>,
    next: usize,
}

impl DocSet for Documents {
    fn advance(&mut self) -> DocId {
        self.next += 1;
        self.doc()
    }

    fn doc(&self) -> DocId {
        self.rising.get(self.next).copied().unwrap_or(TERMINATED)
    }

    fn size_hint(&self) -> u32 {
        self.rising.len() as u32
    }
}
