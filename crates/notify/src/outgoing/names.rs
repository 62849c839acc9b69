//! Where names of endpoints lead: looked up by the system, by so many threads and no more, and checked.
//!
//! The system's lookup blocks a thread until it ends, however soon the caller has had enough. These are the
//! threads that also read the stores of this node, so names that are slow to resolve must not hold them all.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::guard::Guard;

/// Names that are looked up at once.
pub(super) const LOOKUPS_MAX: usize = 32;

/// Resolves a name, and blocks until that ends; the port means nothing.
pub(super) type Lookup = fn(&str) -> std::io::Result<Vec<SocketAddr>>;

/// As many names are being looked up as may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many names of endpoints are slow to resolve at this moment; it is tried again")]
pub(super) struct Crowded;

/// Resolves names to addresses that may be reached.
pub(super) struct CheckedNames {
    guard: Arc<Guard>,
    lookup: Lookup,
    /// Permits are held until lookups really end, not until nobody waits for them any more.
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl CheckedNames {
    /// Of the time for connecting a lookup waits for its turn for half, which leaves time to say so.
    pub(super) fn new(guard: Arc<Guard>, lookup: Lookup, connect: Duration) -> Self {
        let turns = Arc::new(Semaphore::new(LOOKUPS_MAX));
        Self { guard, lookup, turns, patience: connect / 2 }
    }
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, lookup, patience) = (Arc::clone(&self.guard), self.lookup, self.patience);
        let turn = Arc::clone(&self.turns).acquire_owned();
        Box::pin(async move {
            let turn = timeout(patience, turn).await.map_err(|_| Crowded)??;
            let host = name.as_str().to_owned();
            let found = spawn_blocking(move || {
                let _turn = turn;
                lookup(&host)
            });
            let permitted = guard.all_permitted(name.as_str(), found.await??)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

pub(super) fn by_the_system(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    Ok((name, 0).to_socket_addrs()?.collect())
}
