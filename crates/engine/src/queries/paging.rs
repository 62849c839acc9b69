//! Finding the events of a page: the newest in memory, the others in the index.

use std::sync::Arc;

use annals_domain::filter::{Count, Order, PageKey};
use annals_domain::{Position, Recorded};
use annals_ports::{Hit, SearchError, SearchRequest};

use super::{INDEX, Queries, page_key};
use crate::feed::Recent;
use crate::matching::Wanted;

/// The newest events, all of which the index does not have yet.
pub(super) struct Memory {
    chunks: Vec<Arc<[Recorded]>>,
    /// How far the index reaches.
    pub(super) indexed: Position,
    /// Nothing beyond is seen.
    pub(super) end: Position,
}

impl Queries {
    /// The next `limit` events behind `after`, in the asked order.
    pub(crate) fn find(
        &self,
        wanted: &Wanted,
        order: Order,
        after: Option<PageKey>,
        limit: usize,
    ) -> Result<Vec<Found>, SearchError> {
        let memory = self.memory();
        let search = |limit| {
            let until = memory.indexed;
            let request = SearchRequest { filter: &wanted.filter, order, after, until, limit };
            match limit {
                0 => Ok(Vec::new()),
                _ => self.index.search(&request),
            }
        };
        let is_next = |event: &&Recorded| {
            after.is_none_or(|after| is_behind(order, after, page_key(event)))
                && wanted.holds(&event.event)
        };
        match order {
            // What is in memory is newer than all that is in the index.
            Order::RecordedNewest => {
                let fresh = memory.newest_first().filter(is_next).take(limit);
                let mut found: Vec<Found> = fresh.map(Found::here).collect();
                found.extend(search(limit - found.len())?.into_iter().map(Found::hit));
                Ok(found)
            }
            Order::RecordedOldest => {
                let mut found: Vec<Found> = search(limit)?.into_iter().map(Found::hit).collect();
                let fresh = memory.oldest_first().filter(is_next);
                found.extend(fresh.take(limit - found.len()).map(Found::here));
                Ok(found)
            }
            Order::OccurredNewest | Order::OccurredOldest => {
                let mut fresh: Vec<&Recorded> = memory.oldest_first().filter(is_next).collect();
                sort_by_occurrence(order, &mut fresh);
                fresh.truncate(limit);
                let mut found = merge(order, search(limit)?, fresh);
                found.truncate(limit);
                Ok(found)
            }
        }
    }

    /// How many events are wanted, counted up to `limit`.
    pub(super) fn count_wanted(&self, wanted: &Wanted, limit: u64) -> Result<Count, SearchError> {
        let memory = self.memory();
        let enough = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        let fresh = memory.newest_first().filter(|event| wanted.holds(&event.event));
        let fresh = fresh.take(enough).count() as u64;
        if fresh > limit {
            return Ok(Count { value: limit, at_least: true });
        }
        let rest = self.index.count(&wanted.filter, memory.indexed, limit - fresh)?;
        Ok(Count { value: fresh + rest.value, at_least: rest.at_least })
    }

    /// The newer events, and how far the index reaches. The index is asked first: what it commits
    /// meanwhile is left out of its answers by that position, so nothing is found twice.
    pub(super) fn memory(&self) -> Memory {
        let mut indexed = self.indexed();
        loop {
            if let Recent::Events(chunks, head) = self.feed.recent(indexed) {
                return Memory { chunks, indexed, end: head.max(indexed) }.until(self.as_of);
            }
            // Unless the index has come on meanwhile, it is too far behind to be joined.
            let now = self.indexed();
            if now == indexed {
                return Memory { chunks: Vec::new(), indexed, end: indexed }.until(self.as_of);
            }
            indexed = now;
        }
    }

    /// Up to where the index has every event.
    pub(super) fn indexed(&self) -> Position {
        // Its own position does not move past damaged and parked events, its progress does.
        let progress = self.progress.iter().find(|progress| progress.name() == INDEX);
        let applied = progress.map_or(Position::START, |progress| progress.position());
        self.index.position().max(applied)
    }
}

impl Memory {
    /// The same without what lies beyond a position.
    fn until(self, position: Position) -> Self {
        Self { indexed: self.indexed.min(position), end: self.end.min(position), ..self }
    }

    pub(super) fn oldest_first(&self) -> impl Iterator<Item = &Recorded> {
        let events = self.chunks.iter().flat_map(|chunk| chunk.iter());
        let events = events.skip_while(|event| event.position <= self.indexed);
        events.take_while(|event| event.position <= self.end)
    }

    fn newest_first(&self) -> impl Iterator<Item = &Recorded> {
        let events = self.chunks.iter().rev().flat_map(|chunk| chunk.iter().rev());
        let events = events.skip_while(|event| event.position > self.end);
        events.take_while(|event| event.position > self.indexed)
    }
}

/// An event that was found: in memory, or by its position in the log.
pub(crate) enum Found {
    Here(Recorded),
    At(Position),
}

impl Found {
    /// Where it lies.
    pub(crate) fn position(&self) -> Position {
        match self {
            Self::Here(event) => event.position,
            Self::At(position) => *position,
        }
    }

    fn here(event: &Recorded) -> Self {
        Self::Here(event.clone())
    }

    fn hit(hit: Hit) -> Self {
        Self::At(hit.position)
    }
}

/// Whether `key` comes after `mark` in the order.
fn is_behind(order: Order, mark: PageKey, key: PageKey) -> bool {
    let by_occurrence = |key: PageKey| (key.occurred_us, key.position);
    match order {
        Order::RecordedNewest => key.position < mark.position,
        Order::RecordedOldest => key.position > mark.position,
        Order::OccurredNewest => by_occurrence(key) < by_occurrence(mark),
        Order::OccurredOldest => by_occurrence(key) > by_occurrence(mark),
    }
}

fn sort_by_occurrence(order: Order, events: &mut [&Recorded]) {
    let by_occurrence = |event: &&Recorded| {
        let key = page_key(event);
        (key.occurred_us, key.position)
    };
    match order {
        Order::OccurredNewest => {
            events.sort_by_key(|event| std::cmp::Reverse(by_occurrence(event)))
        }
        _ => events.sort_by_key(by_occurrence),
    }
}

fn merge(order: Order, hits: Vec<Hit>, fresh: Vec<&Recorded>) -> Vec<Found> {
    let mut hits = hits.into_iter().peekable();
    let mut fresh = fresh.into_iter().peekable();
    let mut merged = Vec::with_capacity(hits.len() + fresh.len());
    loop {
        let take_hit = match (hits.peek(), fresh.peek()) {
            (Some(hit), Some(event)) => {
                let hit = PageKey { position: hit.position, occurred_us: hit.occurred_us };
                is_behind(order, hit, page_key(event))
            }
            (hit, _) => hit.is_some(),
        };
        let next = match take_hit {
            true => hits.next().map(Found::hit),
            false => fresh.next().map(Found::here),
        };
        match next {
            Some(found) => merged.push(found),
            None => return merged,
        }
    }
}
