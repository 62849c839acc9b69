//! Admission before anything is queued: actors' mailboxes have no bound, so each event and each
//! byte under way holds a permit that travels with it (DESIGN 7).

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much may be under way at once, all callers together.
#[derive(Clone)]
pub struct Permits {
    bytes: Arc<Semaphore>,
    events: Arc<Semaphore>,
    bytes_max: u32,
    events_max: u32,
}

/// A share of what may be under way; given back when dropped.
#[derive(Default)]
pub struct Permit {
    /// Held for its end alone.
    _bytes: Option<OwnedSemaphorePermit>,
    _events: Option<OwnedSemaphorePermit>,
}

impl Permits {
    /// Room for so many bytes and events.
    pub fn new(bytes_max: usize, events_max: usize) -> Self {
        let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX);
        let events_max = u32::try_from(events_max).unwrap_or(u32::MAX);
        Self {
            bytes: Arc::new(Semaphore::new(bytes_max as usize)),
            events: Arc::new(Semaphore::new(events_max as usize)),
            bytes_max,
            events_max,
        }
    }

    /// Takes room for a body of so many bytes, before it is read; `None` when there is none.
    pub fn take_bytes(&self, bytes: usize) -> Option<Permit> {
        let bytes = u32::try_from(bytes).ok()?;
        let bytes = Arc::clone(&self.bytes).try_acquire_many_owned(bytes).ok()?;
        Some(Permit { _bytes: Some(bytes), _events: None })
    }

    /// Adds room for so many events to a permit; gives the permit up when there is none.
    pub fn add_events(&self, permit: Permit, events: usize) -> Option<Permit> {
        let events = u32::try_from(events).ok()?;
        let events = Arc::clone(&self.events).try_acquire_many_owned(events).ok()?;
        Some(Permit { _events: Some(events), ..permit })
    }

    /// Takes no more, and waits until everything under way is done.
    pub(crate) async fn finish(&self) {
        // An error means that it was closed before, which is as well.
        let _ = self.events.acquire_many(self.events_max).await.map(|all| all.forget());
        self.events.close();
        self.bytes.close();
    }

    /// Bytes and events under way.
    pub fn under_way(&self) -> (usize, usize) {
        (
            self.bytes_max as usize - self.bytes.available_permits().min(self.bytes_max as usize),
            self.events_max as usize
                - self.events.available_permits().min(self.events_max as usize),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_bound_is_turned_away_and_room_comes_back() {
        let permits = Permits::new(100, 2);
        assert!(permits.take_bytes(101).is_none());
        let first = permits.take_bytes(100).unwrap();
        assert!(permits.take_bytes(1).is_none());
        drop(first);
        let permit = permits.add_events(permits.take_bytes(1).unwrap(), 2).unwrap();
        assert_eq!(permits.under_way(), (1, 2));
        assert!(permits.add_events(permits.take_bytes(1).unwrap(), 1).is_none());
        drop(permit);
        assert_eq!(permits.under_way(), (0, 0));
    }

    #[tokio::test]
    async fn finishing_waits_for_what_is_under_way_and_takes_no_more() {
        let permits = Permits::new(10, 10);
        let permit = permits.add_events(permits.take_bytes(1).unwrap(), 1).unwrap();
        let finishing = tokio::spawn({
            let permits = permits.clone();
            async move { permits.finish().await }
        });
        tokio::task::yield_now().await;
        assert!(!finishing.is_finished());
        drop(permit);
        finishing.await.unwrap();
        assert!(permits.take_bytes(1).is_none());
    }
}
