//! Places for connections: so many in all, and so many of one peer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::clients::network_of;

/// All places.
pub(super) struct Places {
    all: Arc<Semaphore>,
    peers: Arc<Peers>,
    count: usize,
    peer_max: usize,
}

/// How many connections each peer has; none are not kept.
#[derive(Default)]
struct Peers(Mutex<HashMap<IpAddr, usize>>);

/// A connection's place among those that may be open at once. It lies with every request, so that
/// a socket can keep it: hyper regards a connection that was upgraded as ended.
#[derive(Clone)]
pub(crate) struct Place {
    /// Held for its end alone.
    _taken: Arc<Taken>,
}

struct Taken {
    /// Held for its end alone.
    _all: OwnedSemaphorePermit,
    peer: IpAddr,
    peers: Arc<Peers>,
}

impl Places {
    pub(super) fn new(count: usize, peer_max: usize) -> Self {
        let count = count.min(Semaphore::MAX_PERMITS);
        Self { all: Arc::new(Semaphore::new(count)), peers: Arc::default(), count, peer_max }
    }

    /// A place for a peer; one that is trusted has no limit of its own.
    pub(super) fn take(&self, peer: IpAddr, trusted: bool) -> Option<Place> {
        let Ok(all) = Arc::clone(&self.all).try_acquire_owned() else {
            return refused("all_taken");
        };
        let peer = network_of(peer);
        let mut counts = self.peers.locked();
        let count = counts.entry(peer).or_default();
        if !trusted && *count >= self.peer_max.max(1) {
            return refused("peer_has_many");
        }
        *count += 1;
        drop(counts);
        metrics::gauge!("annals_connections").increment(1.0);
        let taken = Taken { _all: all, peer, peers: Arc::clone(&self.peers) };
        Some(Place { _taken: Arc::new(taken) })
    }

    /// Waits until all places are free.
    pub(super) async fn all_free(&self) {
        let all = u32::try_from(self.count).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let _ = self.all.acquire_many(all).await;
    }
}

fn refused(reason: &'static str) -> Option<Place> {
    metrics::counter!("annals_connections_refused_total", "reason" => reason).increment(1);
    None
}

impl Peers {
    fn locked(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut counts = self.peers.locked();
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
        metrics::gauge!("annals_connections").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_so_many_places_and_gets_them_back() {
        let places = Places::new(5, 2);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = places.take(one, false).unwrap();
        let second = places.take(one, false).unwrap();
        assert!(places.take(one, false).is_none());
        let more = [places.take(one, true).unwrap(), places.take(other, false).unwrap()];
        let last = places.take(other, false).unwrap();
        assert!(places.take(one, true).is_none(), "all are taken");
        drop((first.clone(), more, last));
        assert!(places.take(one, false).is_none(), "a place that is kept twice is one");
        drop((first, second));
        assert!(places.take(one, false).is_some());
        assert!(places.peers.locked().is_empty());
    }

    #[test]
    fn a_peer_is_a_network_of_ipv6() {
        let places = Places::new(5, 1);
        let _one = places.take("2001:db8::1".parse().unwrap(), false).unwrap();
        assert!(places.take("2001:db8::2".parse().unwrap(), false).is_none());
        assert!(places.take("2001:db8:0:1::1".parse().unwrap(), false).is_some());
    }
}
