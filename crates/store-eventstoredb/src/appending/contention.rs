//! Which streams other nodes write to as well. An append that comes too late ends the session that it
//! went through, with everything else under way there; so these streams share a session of their own.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_domain::StreamName;
use lru::LruCache;

use crate::generation::Lane;

/// So many streams are remembered; of those that were met longest ago others are taken to be alone.
const STREAMS_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// Streams in which this node came too late.
pub(super) struct Contention {
    streams: Mutex<LruCache<StreamName, ()>>,
}

impl Contention {
    pub(super) fn new() -> Self {
        Self { streams: Mutex::new(LruCache::new(STREAMS_MAX)) }
    }

    /// Another node was faster.
    pub(super) fn note(&self, stream: &StreamName) {
        self.lock().put(stream.clone(), ());
    }

    /// Which way an append to a stream goes.
    pub(super) fn lane(&self, stream: &StreamName) -> Lane {
        match self.lock().get(stream) {
            Some(()) => Lane::Contended,
            None => Lane::Records,
        }
    }

    /// What the lock guards is whole whenever it is let go.
    fn lock(&self) -> MutexGuard<'_, LruCache<StreamName, ()>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
