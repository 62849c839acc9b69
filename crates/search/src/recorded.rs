//! Pages in the order of recording.
//!
//! Nothing is sorted. Every segment yields its matches in order of position; a heap always takes
//! the segment whose turn it is, and stops when the page is full. A segment is only opened when its
//! turn comes, so a page of the newest events mostly reads one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use annals_ports::Hit;
use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, Result, TERMINATED};

use crate::compile::Compiled;
use crate::segment::{Segment, Span};
use crate::view::View;

/// The newest matches in the span, newest first.
pub(crate) fn newest(
    view: &View,
    compiled: &Compiled,
    span: Span,
    limit: usize,
) -> Result<Vec<Hit>> {
    let overlapping = view.promising(compiled).filter(|segment| overlaps(segment, span));
    let mut turns = BinaryHeap::new();
    let mut segments: Vec<Forwards<'_>> = Vec::new();
    for segment in overlapping {
        turns.push((segment.greatest_position().min(span.until), segments.len()));
        segments.push(Forwards::Waiting(segment));
    }
    let mut hits = Vec::with_capacity(limit.min(1024));
    while hits.len() < limit
        && let Some((_, index)) = turns.pop()
    {
        if let Some(hit) = segments[index].take_turn(compiled, span)? {
            hits.push(hit);
        }
        if let Some(position) = segments[index].next_position(span) {
            turns.push((position, index));
        }
    }
    Ok(hits)
}

/// The oldest matches in the span, oldest first.
pub(crate) fn oldest(
    view: &View,
    compiled: &Compiled,
    span: Span,
    limit: usize,
) -> Result<Vec<Hit>> {
    let overlapping = view.promising(compiled).filter(|segment| overlaps(segment, span));
    let mut turns = BinaryHeap::new();
    let mut segments: Vec<Backwards<'_>> = Vec::new();
    for segment in overlapping {
        turns.push(Reverse((segment.least_position().max(span.after + 1), segments.len())));
        segments.push(Backwards::new(segment, span));
    }
    let mut hits = Vec::with_capacity(limit.min(1024));
    while hits.len() < limit
        && let Some(Reverse((_, index))) = turns.pop()
    {
        let wanted = limit - hits.len();
        if let Some(hit) = segments[index].take_turn(compiled, wanted)? {
            hits.push(hit);
        }
        if let Some(position) = segments[index].next_position() {
            turns.push(Reverse((position, index)));
        }
    }
    Ok(hits)
}

fn overlaps(segment: &Segment, span: Span) -> bool {
    span.after < span.until
        && segment.least_position() <= span.until
        && segment.greatest_position() > span.after
}

/// A segment read from its newest document on.
enum Forwards<'a> {
    Waiting(&'a Segment),
    Reading(&'a Segment, Box<dyn Scorer>),
}

impl Forwards<'_> {
    /// Opens the segment on its first turn; on each later one yields a match.
    fn take_turn(&mut self, compiled: &Compiled, span: Span) -> Result<Option<Hit>> {
        match self {
            Self::Waiting(segment) => {
                let matches = segment.matches_from(compiled, segment.first_until(span.until))?;
                *self = Self::Reading(segment, matches);
                Ok(None)
            }
            Self::Reading(segment, matches) => {
                let hit = segment.hit(matches.doc());
                matches.advance();
                Ok(Some(hit))
            }
        }
    }

    fn next_position(&self, span: Span) -> Option<u64> {
        match self {
            Self::Waiting(_) => None,
            Self::Reading(_, matches) if matches.doc() == TERMINATED => None,
            Self::Reading(segment, matches) => {
                Some(segment.position(matches.doc())).filter(|position| *position > span.after)
            }
        }
    }
}

/// How many documents are first looked at; matches can only be read forwards, so each further look
/// is at a larger window before it.
const WINDOW: u32 = 4096;

/// A segment read from its oldest document on.
struct Backwards<'a> {
    segment: &'a Segment,
    /// Documents that were not looked at.
    from: DocId,
    to: DocId,
    window: u32,
    /// Matches found, the next one last.
    found: VecDeque<DocId>,
}

impl<'a> Backwards<'a> {
    fn new(segment: &'a Segment, span: Span) -> Self {
        let from = segment.first_until(span.until);
        let to = segment.first_until(span.after);
        Self { segment, from, to, window: WINDOW, found: VecDeque::new() }
    }

    /// Yields a match, or looks for some.
    fn take_turn(&mut self, compiled: &Compiled, wanted: usize) -> Result<Option<Hit>> {
        if let Some(doc) = self.found.pop_back() {
            return Ok(Some(self.segment.hit(doc)));
        }
        self.look(compiled, wanted)?;
        Ok(None)
    }

    fn look(&mut self, compiled: &Compiled, wanted: usize) -> Result<()> {
        let start = self.to.saturating_sub(self.window).max(self.from);
        let mut matches = self.segment.matches_from(compiled, start)?;
        while matches.doc() < self.to {
            // What is further away than the page is long will not be asked for.
            if self.found.len() == wanted {
                self.found.pop_front();
            }
            self.found.push_back(matches.doc());
            matches.advance();
        }
        self.to = start;
        self.window = self.window.saturating_mul(8);
        Ok(())
    }

    /// The position of the next match, or of the next document to be looked at.
    fn next_position(&self) -> Option<u64> {
        let unseen = (self.from < self.to).then(|| self.to - 1);
        self.found.back().copied().or(unseen).map(|doc| self.segment.position(doc))
    }
}
