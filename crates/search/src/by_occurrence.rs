//! Pages in the order of `occurred_at`, then position.
//!
//! Documents do not lie in this order, so all matches are looked at and the best kept. Segments are
//! taken in the order of the best time they hold, and those that cannot improve the page are not
//! opened: where events are recorded soon after they occur, that is most of them.

use std::collections::BinaryHeap;

use annals_domain::Position;
use annals_domain::filter::PageKey;
use annals_ports::Hit;
use tantivy::{DocSet, Result, TERMINATED};

use crate::compile::Compiled;
use crate::segment::Segment;
use crate::view::View;

/// Which end of time comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    Newest,
    Oldest,
}

/// Place in the asked order; lower comes first.
type Rank = (i64, u64);

impl First {
    /// Flipping all bits turns an order around, and back.
    fn rank(self, occurred_us: i64, position: u64) -> Rank {
        match self {
            Self::Newest => (!occurred_us, !position),
            Self::Oldest => (occurred_us, position),
        }
    }

    fn hit(self, (occurred, position): Rank) -> Hit {
        let (occurred_us, position) = match self {
            Self::Newest => (!occurred, !position),
            Self::Oldest => (occurred, position),
        };
        Hit { position: Position(position), occurred_us }
    }

    /// No document of the segment has a lower rank.
    fn best(self, segment: &Segment) -> Rank {
        match self {
            Self::Newest => (!*segment.occurred_span.end(), 0),
            Self::Oldest => (*segment.occurred_span.start(), 0),
        }
    }

    /// No document of the segment has a higher rank.
    fn worst(self, segment: &Segment) -> Rank {
        match self {
            Self::Newest => (!*segment.occurred_span.start(), u64::MAX),
            Self::Oldest => (*segment.occurred_span.end(), u64::MAX),
        }
    }
}

/// The first matches up to the position `until` that come after `after`.
pub(crate) fn page(
    view: &View,
    compiled: &Compiled,
    first: First,
    after: Option<PageKey>,
    until: Position,
    limit: usize,
) -> Result<Vec<Hit>> {
    let after = after.map(|key| first.rank(key.occurred_us, key.position.0));
    let mut segments: Vec<&Segment> = view.promising(compiled).collect();
    segments.retain(|segment| after.is_none_or(|after| first.worst(segment) > after));
    segments.sort_by_key(|segment| first.best(segment));
    let mut best = Best { ranks: BinaryHeap::new(), limit };
    for segment in segments {
        if !best.takes(first.best(segment)) {
            break;
        }
        let mut matches = segment.matches_from(compiled, segment.first_until(until.0))?;
        while matches.doc() != TERMINATED {
            let doc = matches.doc();
            let rank = first.rank(segment.occurred_us(doc), segment.position(doc));
            if after.is_none_or(|after| rank > after) {
                best.offer(rank);
            }
            matches.advance();
        }
    }
    Ok(best.ranks.into_sorted_vec().into_iter().map(|rank| first.hit(rank)).collect())
}

/// The lowest ranks seen.
struct Best {
    ranks: BinaryHeap<Rank>,
    limit: usize,
}

impl Best {
    fn takes(&self, rank: Rank) -> bool {
        self.ranks.len() < self.limit || self.ranks.peek().is_some_and(|worst| rank < *worst)
    }

    fn offer(&mut self, rank: Rank) {
        if !self.takes(rank) {
            return;
        }
        if self.ranks.len() == self.limit {
            self.ranks.pop();
        }
        self.ranks.push(rank);
    }
}
