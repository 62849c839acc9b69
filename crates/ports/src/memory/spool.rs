//! Events that wait, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use async_trait::async_trait;

use super::locked;
use crate::LocalStoreError;
use crate::spool::{Lane, NewWaiting, Put, Spool, SpoolBounds, WAITING_BYTES, Waiting};

/// A spool in memory that can be told to fail.
#[derive(Debug, Default)]
pub struct MemorySpool {
    state: Mutex<State>,
    failing: Mutex<bool>,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeMap<u64, (Waiting, [u8; 16])>,
    last: u64,
}

impl MemorySpool {
    /// From now on, or no longer, nothing can be put.
    pub fn set_failing(&self, failing: bool) {
        *locked(&self.failing) = failing;
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        locked(&self.state).waiting.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Damages the event that has waited longest.
    pub fn damage_oldest(&self) {
        if let Some((waiting, _)) = locked(&self.state).waiting.values_mut().next() {
            waiting.sealed.truncate(3);
        }
    }
}

#[async_trait]
impl Spool for MemorySpool {
    async fn put(
        &self,
        events: Vec<NewWaiting>,
        bounds: SpoolBounds,
    ) -> Result<Vec<Put>, LocalStoreError> {
        if *locked(&self.failing) {
            return Err(LocalStoreError::wanted("spool", "put events"));
        }
        let mut state = locked(&self.state);
        let mut full = false;
        let put = |event: NewWaiting| {
            let put = state.put(event, bounds, full);
            full |= put == Put::Full;
            put
        };
        Ok(events.into_iter().map(put).collect())
    }

    async fn oldest(&self, limit: usize) -> Result<Vec<Waiting>, LocalStoreError> {
        let state = locked(&self.state);
        Ok(state.waiting.values().take(limit).map(|(waiting, _)| waiting.clone()).collect())
    }

    async fn behind(&self, number: u64, limit: usize) -> Result<Vec<Waiting>, LocalStoreError> {
        let state = locked(&self.state);
        let behind = state.waiting.range(number.saturating_add(1)..);
        Ok(behind.take(limit).map(|(_, (waiting, _))| waiting.clone()).collect())
    }

    async fn remove(&self, numbers: Vec<u64>) -> Result<(), LocalStoreError> {
        let mut state = locked(&self.state);
        for number in numbers {
            state.waiting.remove(&number);
        }
        Ok(())
    }

    async fn lanes(&self) -> Result<Vec<(Lane, u64)>, LocalStoreError> {
        let mut lanes = HashMap::<Lane, u64>::new();
        for (waiting, _) in locked(&self.state).waiting.values() {
            *lanes.entry(waiting.lane).or_default() += 1;
        }
        Ok(lanes.into_iter().collect())
    }
}

impl State {
    fn put(&mut self, event: NewWaiting, bounds: SpoolBounds, full: bool) -> Put {
        let known = |held: &&(Waiting, _)| held.0.tenant == event.tenant && held.0.id == event.id;
        if let Some((_, fingerprint)) = self.waiting.values().find(known) {
            return match *fingerprint == event.fingerprint {
                true => Put::AlreadyThere,
                false => Put::Conflict,
            };
        }
        let bytes = |waiting: &Waiting| WAITING_BYTES + waiting.sealed.len() as u64;
        let held: u64 = self.waiting.values().map(|(waiting, _)| bytes(waiting)).sum();
        let oldest = self.waiting.values().next();
        let too_old = oldest.is_some_and(|(waiting, _)| waiting.at < bounds.not_before);
        let room = (self.waiting.len() as u64) < bounds.events_max
            && held + event.bytes() <= bounds.bytes_max;
        if full || too_old || !room {
            return Put::Full;
        }
        self.last += 1;
        let number = self.last;
        let NewWaiting { tenant, id, lane, fingerprint, at, sealed } = event;
        let waiting = Waiting { number, tenant, id, lane, at, sealed };
        self.waiting.insert(number, (waiting, fingerprint));
        Put::Kept
    }
}
