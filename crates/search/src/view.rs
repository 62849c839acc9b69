//! What searches see: all segments as they were at the last commit.

use std::sync::Arc;

use annals_domain::Position;

use crate::compile::Compiled;
use crate::segment::Segment;

/// A state of the index that no longer changes.
#[derive(Default)]
pub(crate) struct View {
    /// Up to where events are found.
    pub(crate) position: Position,
    /// Of all partitions.
    pub(crate) segments: Vec<Arc<Segment>>,
}

impl View {
    /// The segments, those of newer partitions first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().rev().map(|segment| &**segment)
    }

    /// The segments in which something can match.
    pub(crate) fn promising(&self, compiled: &Compiled) -> impl Iterator<Item = &Segment> {
        self.segments.iter().map(|segment| &**segment).filter(|one| one.may_match(compiled))
    }
}
