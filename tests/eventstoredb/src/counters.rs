//! What a node did, for tests to look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the node was made; restarts do not reset them.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    connections: Count,
    open_connections: Count,
    appends: Count,
    batch_items: Count,
    reads: Count,
    subscriptions: Count,
    open_subscriptions: Count,
    scavenges: Count,
}

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Something that is open as long as this lives.
pub(crate) struct Open {
    shared: Arc<Shared>,
    which: fn(&Shared) -> &Count,
}

impl Drop for Open {
    fn drop(&mut self) {
        (self.which)(&self.shared).down();
    }
}

impl Counters {
    /// Connections accepted.
    pub fn connections(&self) -> u64 {
        self.shared.connections.get()
    }

    /// Connections open now.
    pub fn open_connections(&self) -> u64 {
        self.shared.open_connections.get()
    }

    /// Unary appends asked for.
    pub fn appends(&self) -> u64 {
        self.shared.appends.get()
    }

    /// Items of batches asked for.
    pub fn batch_items(&self) -> u64 {
        self.shared.batch_items.get()
    }

    /// Reads asked for, subscriptions not counted.
    pub fn reads(&self) -> u64 {
        self.shared.reads.get()
    }

    /// Subscriptions asked for.
    pub fn subscriptions(&self) -> u64 {
        self.shared.subscriptions.get()
    }

    /// Subscriptions open now.
    pub fn open_subscriptions(&self) -> u64 {
        self.shared.open_subscriptions.get()
    }

    /// Scavenges started.
    pub fn scavenges(&self) -> u64 {
        self.shared.scavenges.get()
    }

    pub(crate) fn scavenge(&self) {
        self.shared.scavenges.up();
    }

    pub(crate) fn append(&self) {
        self.shared.appends.up();
    }

    pub(crate) fn batch_item(&self) {
        self.shared.batch_items.up();
    }

    pub(crate) fn read(&self) {
        self.shared.reads.up();
    }

    pub(crate) fn connection(&self) -> Open {
        self.shared.connections.up();
        self.open(|shared| &shared.open_connections)
    }

    pub(crate) fn subscription(&self) -> Open {
        self.shared.subscriptions.up();
        self.open(|shared| &shared.open_subscriptions)
    }

    fn open(&self, which: fn(&Shared) -> &Count) -> Open {
        which(&self.shared).up();
        Open { shared: Arc::clone(&self.shared), which }
    }
}
