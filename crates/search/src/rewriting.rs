//! Taking events in anew that changed: of somebody who was erased less is told.
//!
//! In one commit the old documents are marked as deleted and the new ones added, in segments of their
//! own; both are then merged in order of position, and the old files go. That is done segment by segment,
//! so that what is added lies within the place of one, and others are left alone. Until it is done searches
//! see the segments as they were. What was left half-done is finished first when it is tried again.

use std::sync::Arc;

use annals_domain::Position;
use annals_ports::{ReadAnew, SearchError};
use tantivy::index::SegmentId;
use tantivy::indexer::{NoMergePolicy, UserOperation};
use tantivy::{IndexWriter, Result};

use crate::document::EventDocument;
use crate::error::failed;
use crate::partition::Partition;
use crate::removing::AtPositions;
use crate::schema::Fields;
use crate::segment::Segment;
use crate::writing::HANDED_OVER_MAX;

const DOING: &str = "taking events in anew";

/// What is taken in anew, and how.
pub(crate) struct Anew<'a> {
    pub(crate) fields: &'a Fields,
    /// They rise.
    pub(crate) positions: &'a [u64],
    pub(crate) heap_bytes: usize,
}

/// Takes the events of a partition in anew; answers how many.
pub(crate) fn rewrite(
    partition: &mut Partition,
    anew: &Anew<'_>,
    read: &mut ReadAnew<'_>,
) -> std::result::Result<u64, SearchError> {
    let left_over = !crowds(partition).map_err(failed(DOING))?.is_empty();
    let concerned = |segment: &Arc<Segment>| held(segment, anew.positions).next().is_some();
    if !left_over && !partition.segments.iter().any(concerned) {
        return Ok(0);
    }
    let mut writer = partition.writer(anew.heap_bytes).map_err(failed(DOING))?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    if left_over {
        settle(partition, &mut writer).map_err(failed(DOING))?;
    }
    partition.refresh().map_err(failed(DOING))?;
    let mut rewritten = 0;
    for segment in partition.segments.clone() {
        let positions: Arc<[u64]> = held(&segment, anew.positions).collect();
        if positions.is_empty() {
            continue;
        }
        rewritten += replace(&mut writer, &positions, anew.fields, read)?;
        commit(partition, &mut writer).map_err(failed(DOING))?;
        settle(partition, &mut writer).map_err(failed(DOING))?;
    }
    writer.wait_merging_threads().map_err(failed(DOING))?;
    partition.refresh().map_err(failed(DOING))?;
    Ok(rewritten)
}

/// Those of the positions, which rise, at which the segment has an event; they rise, too.
fn held<'a>(segment: &'a Segment, positions: &'a [u64]) -> impl Iterator<Item = u64> + 'a {
    let from = positions.partition_point(|position| *position < segment.least_position());
    let until = positions.partition_point(|position| *position <= segment.greatest_position());
    let near = positions.get(from..until).unwrap_or_default();
    near.iter().copied().filter(|position| {
        let doc = segment.first_until(*position);
        doc < segment.documents() && segment.position(doc) == *position
    })
}

fn replace(
    writer: &mut IndexWriter<EventDocument>,
    positions: &Arc<[u64]>,
    fields: &Fields,
    read: &mut ReadAnew<'_>,
) -> std::result::Result<u64, SearchError> {
    let gone = AtPositions(Arc::clone(positions));
    writer.delete_query(Box::new(gone)).map_err(failed(DOING))?;
    let mut added = 0;
    for some in positions.chunks(HANDED_OVER_MAX) {
        let some: Vec<Position> = some.iter().copied().map(Position).collect();
        let events = read(&some)?;
        let documents = events.iter().map(|event| EventDocument::new(event, fields));
        let batch: Vec<_> = documents.map(UserOperation::Add).collect();
        added += batch.len() as u64;
        if !batch.is_empty() {
            writer.run(batch).map_err(failed(DOING))?;
        }
    }
    Ok(added)
}

fn commit(partition: &Partition, writer: &mut IndexWriter<EventDocument>) -> Result<()> {
    let payload = partition.summary.payload()?;
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&payload);
    prepared.commit()?;
    Ok(())
}

/// Merges what lies across each other, and writes anew what has marks.
fn settle(partition: &Partition, writer: &mut IndexWriter<EventDocument>) -> Result<()> {
    for crowd in crowds(partition)? {
        writer.merge(&crowd).wait()?;
    }
    Ok(())
}

/// Segments that lie across each other, or of which one has marks, by groups.
fn crowds(partition: &Partition) -> Result<Vec<Vec<SegmentId>>> {
    let mut crowds: Vec<(Vec<SegmentId>, u64, bool)> = Vec::new();
    for place in partition.places()? {
        match crowds.last_mut() {
            Some((ids, end, _)) if *place.positions.start() <= *end => {
                ids.push(place.id);
                *end = (*end).max(*place.positions.end());
            }
            _ => crowds.push((vec![place.id], *place.positions.end(), false)),
        }
        if let Some((_, _, is_marked)) = crowds.last_mut() {
            *is_marked |= place.is_marked;
        }
    }
    let crowded = crowds.into_iter().filter(|(ids, _, is_marked)| *is_marked || ids.len() > 1);
    Ok(crowded.map(|(ids, ..)| ids).collect())
}
