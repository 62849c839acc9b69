//! A channel in memory, for tests: it keeps what it was given, and fails when told to.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use annals_domain::EventId;
use async_trait::async_trait;
use tokio::sync::watch;

use super::locked;
use crate::delivery::{Delivery, DeliveryChannel, DeliveryError};

/// A channel in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryChannel {
    name: &'static str,
    taken: watch::Sender<Vec<Delivery>>,
    attempts: watch::Sender<usize>,
    holding: watch::Sender<bool>,
    failures: Arc<Mutex<Failures>>,
}

#[derive(Debug, Default)]
struct Failures {
    next: usize,
    hopeless: HashSet<EventId>,
    refused: HashSet<EventId>,
}

impl MemoryChannel {
    /// A channel that takes everything on.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            taken: watch::Sender::default(),
            attempts: watch::Sender::default(),
            holding: watch::Sender::default(),
            failures: Arc::default(),
        }
    }

    /// Lets the next attempts fail, so many of them.
    pub fn fail_next(&self, times: usize) {
        locked(&self.failures).next = times;
    }

    /// Lets every attempt for this event fail, in a way that trying again might cure.
    pub fn fail_always(&self, event: EventId) {
        locked(&self.failures).hopeless.insert(event);
    }

    /// Refuses this event for good.
    pub fn refuse(&self, event: EventId) {
        locked(&self.failures).refused.insert(event);
    }

    /// Lets attempts wait, from now on, until this is called with `false`.
    pub fn hold(&self, holding: bool) {
        self.holding.send_replace(holding);
    }

    /// What was taken on, in order; tells of every change.
    pub fn taken(&self) -> watch::Receiver<Vec<Delivery>> {
        self.taken.subscribe()
    }

    /// How often a delivery was begun; tells of every change.
    pub fn attempts(&self) -> watch::Receiver<usize> {
        self.attempts.subscribe()
    }

    fn check(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        let mut failures = locked(&self.failures);
        let permanent = failures.refused.contains(&delivery.event);
        let wanted = permanent || failures.hopeless.contains(&delivery.event);
        if !wanted && failures.next == 0 {
            return Ok(());
        }
        if !wanted {
            failures.next -= 1;
        }
        let source = "a test wanted it".into();
        Err(DeliveryError { doing: "deliver into memory", permanent, retry_after: None, source })
    }
}

#[async_trait]
impl DeliveryChannel for MemoryChannel {
    fn name(&self) -> &str {
        self.name
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        self.attempts.send_modify(|attempts| *attempts += 1);
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.holding.subscribe().wait_for(|holding| !holding).await;
        self.check(delivery)?;
        self.taken.send_modify(|taken| taken.push(delivery.clone()));
        Ok(())
    }
}
