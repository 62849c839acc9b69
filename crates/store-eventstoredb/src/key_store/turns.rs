//! Keeps requests of one process that want the same new key from colliding on the server: a collision
//! is settled there, but it costs the session and whatever else is under way in it.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

/// Streams are locked by their hash; so many keys may be put at once.
const LOCKS: usize = 1024;
/// So many streams of keys are remembered as being there.
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// One turn a stream, and what was put of late.
pub(super) struct Turns {
    locks: Vec<tokio::sync::Mutex<()>>,
    hasher: RandomState,
    put: Mutex<LruCache<String, ()>>,
}

/// A turn with one stream, until it is dropped.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    stream: &'a str,
    _lock: tokio::sync::MutexGuard<'a, ()>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            locks: (0..LOCKS).map(|_| Default::default()).collect(),
            hasher: RandomState::new(),
            put: Mutex::new(LruCache::new(REMEMBERED_MAX)),
        }
    }

    pub(super) async fn take<'a>(&'a self, stream: &'a str) -> Turn<'a> {
        let lock = self.hasher.hash_one(stream) as usize % LOCKS;
        Turn { turns: self, stream, _lock: self.locks[lock].lock().await }
    }
}

impl Turn<'_> {
    /// Whether this process saw an event in the stream a while ago. It may be another now.
    pub(super) fn was_put(&self) -> bool {
        let mut put = self.turns.put.lock().unwrap_or_else(PoisonError::into_inner);
        put.get(self.stream).is_some()
    }

    /// There is an event in the stream.
    pub(super) fn remember(&self) {
        let mut put = self.turns.put.lock().unwrap_or_else(PoisonError::into_inner);
        put.put(self.stream.to_owned(), ());
    }
}
