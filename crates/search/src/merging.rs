//! Which segments are merged: only neighbours, so that no two segments overlap in position.
//!
//! A segment that covered the positions of another would be opened for every page of the newest events,
//! however old most of its own are. tantivy's policies group segments by size alone.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};
use std::sync::{Mutex, PoisonError};

use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::{MergeCandidate, MergePolicy};
use tantivy::{Index, Result, SegmentReader};

use crate::segment::Segment;

/// So many neighbours of one size are merged.
const MERGED_AT: usize = 6;
/// More segments than these are merged even where they differ in size.
const SEGMENTS_MAX: usize = 15;
/// Larger segments do not come out of a merge: merging them again would cost more than it saves.
const MERGED_DOCUMENTS_MAX: u64 = 4_000_000;
/// Segments up to this size are of the lowest level.
const LEVEL_DOCUMENTS: u64 = 8_192;
/// From one level to the next.
const LEVEL_FACTOR: u64 = 6;
/// Places of segments are remembered for so many.
const KNOWN_MAX: usize = 1024;

/// Merges neighbours.
pub(crate) struct Neighbours {
    index: Index,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    places: HashMap<SegmentId, RangeInclusive<u64>>,
    /// What is being merged. Those segments are not shown; what lies on either side of them is not
    /// next to each other.
    under_way: Vec<RangeInclusive<u64>>,
}

/// A segment, by what matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    positions: RangeInclusive<u64>,
    documents: u64,
}

impl Neighbours {
    pub(crate) fn new(index: Index) -> Self {
        Self { index, known: Mutex::default() }
    }

    fn place_of(&self, known: &mut Known, meta: &SegmentMeta) -> Result<RangeInclusive<u64>> {
        if let Some(place) = known.places.get(&meta.id()) {
            return Ok(place.clone());
        }
        let segment = Segment::open(SegmentReader::open(&self.index.segment(meta.clone()))?)?;
        let place = segment.least_position()..=segment.greatest_position();
        if known.places.len() == KNOWN_MAX {
            known.places.clear();
        }
        known.places.insert(meta.id(), place.clone());
        Ok(place)
    }

    fn candidates(&self, metas: &[SegmentMeta]) -> Result<Vec<MergeCandidate>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::with_capacity(metas.len());
        for meta in metas {
            let positions = self.place_of(&mut known, meta)?;
            all.push((Stretch { positions, documents: meta.max_doc().into() }, meta.id()));
        }
        all.sort_unstable_by_key(|(stretch, _)| *stretch.positions.start());
        let (stretches, ids): (Vec<Stretch>, Vec<SegmentId>) = all.into_iter().unzip();
        // What was merged, or could not be, is shown again.
        let is_shown = |range: &RangeInclusive<u64>| {
            stretches.iter().any(|stretch| stretch.positions.contains(range.start()))
        };
        known.under_way.retain(|range| !is_shown(range));
        let plans = plan(&stretches, &known.under_way);
        let mut candidates = Vec::with_capacity(plans.len());
        for range in plans {
            let (first, last) = (&stretches[range.start], &stretches[range.end - 1]);
            known.under_way.push(*first.positions.start()..=*last.positions.end());
            candidates.push(MergeCandidate(ids[range].to_vec()));
        }
        Ok(candidates)
    }
}

impl MergePolicy for Neighbours {
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        self.candidates(segments).unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "segments of the index cannot be looked at; none is merged");
            Vec::new()
        })
    }
}

impl std::fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Neighbours").finish_non_exhaustive()
    }
}

/// Which of the segments, that rise, to merge; the ranges do not overlap.
fn plan(stretches: &[Stretch], under_way: &[RangeInclusive<u64>]) -> Vec<Range<usize>> {
    let mut plans = Vec::new();
    crowded(stretches, under_way, MERGED_AT, &mut plans);
    // Too many of different sizes: where most of one size lie together, fewer of them will do.
    for enough in (2..MERGED_AT).rev() {
        if left(stretches, &plans) > SEGMENTS_MAX {
            crowded(stretches, under_way, enough, &mut plans);
        }
    }
    if left(stretches, &plans) > SEGMENTS_MAX {
        let cheapest = cheapest(stretches, under_way, &plans);
        plans.extend(cheapest);
    }
    plans
}

/// How many segments there will be.
fn left(stretches: &[Stretch], plans: &[Range<usize>]) -> usize {
    stretches.len() - plans.iter().map(|range| range.len() - 1).sum::<usize>()
}

/// Adds the neighbours of which so many are of one level.
fn crowded(
    stretches: &[Stretch],
    under_way: &[RangeInclusive<u64>],
    enough: usize,
    plans: &mut Vec<Range<usize>>,
) {
    for level in 0..=level_of(MERGED_DOCUMENTS_MAX) {
        for run in runs(stretches, under_way, level, plans) {
            let of_level = |stretch: &&Stretch| level_of(stretch.documents) == level;
            if stretches[run.clone()].iter().filter(of_level).count() >= enough {
                plans.push(run);
            }
        }
    }
}

/// Neighbours up to that level which may become one segment.
fn runs(
    stretches: &[Stretch],
    under_way: &[RangeInclusive<u64>],
    level: u32,
    taken: &[Range<usize>],
) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut run = 0..0;
    let mut documents = 0;
    for (index, stretch) in stretches.iter().enumerate() {
        let fits = level_of(stretch.documents) <= level
            && !taken.iter().any(|range| range.contains(&index));
        let goes_on = run.end == index
            && !run.is_empty()
            && documents + stretch.documents <= MERGED_DOCUMENTS_MAX
            && !is_parted(&stretches[index - 1], stretch, under_way);
        if fits && goes_on {
            run.end += 1;
            documents += stretch.documents;
            continue;
        }
        runs.push(std::mem::replace(&mut run, index..index + usize::from(fits)));
        documents = stretch.documents;
    }
    runs.push(run);
    runs.retain(|run| run.len() > 1);
    runs
}

/// Whether something between the two is being merged.
fn is_parted(older: &Stretch, newer: &Stretch, under_way: &[RangeInclusive<u64>]) -> bool {
    under_way
        .iter()
        .any(|range| older.positions.end() < range.start() && range.end() < newer.positions.start())
}

/// The neighbours that hold the fewest documents.
fn cheapest(
    stretches: &[Stretch],
    under_way: &[RangeInclusive<u64>],
    taken: &[Range<usize>],
) -> Option<Range<usize>> {
    let runs = runs(stretches, under_way, u32::MAX, taken);
    let windows = runs.into_iter().flat_map(|run| {
        let length = run.len().min(MERGED_AT);
        (run.start..=run.end - length).map(move |start| start..start + length)
    });
    windows.min_by_key(|range| {
        stretches[range.clone()].iter().map(|stretch| stretch.documents).sum::<u64>()
    })
}

fn level_of(documents: u64) -> u32 {
    let (mut level, mut up_to) = (0, LEVEL_DOCUMENTS);
    while documents > up_to {
        level += 1;
        up_to *= LEVEL_FACTOR;
    }
    level
}

#[cfg(test)]
mod tests;
