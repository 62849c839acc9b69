//! Opened parts of files, in memory of bounded size.
//!
//! What was asked for twice goes before what was asked for once, so that a merge or a long count, which
//! read everything once, do not drive out what every search needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use lru::LruCache;
use tantivy::directory::OwnedBytes;

/// Readers of different files seldom meet at a lock.
const SHARDS: usize = 8;
/// What an entry takes beside its bytes.
const ENTRY: usize = 160;

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) file: u64,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Opened parts of files.
pub(crate) struct BlockCache {
    shards: Vec<Mutex<Shard>>,
    bytes_max: usize,
    files: AtomicU64,
    /// What readers hold, to tell how much it is.
    held: Mutex<Vec<Weak<[u8]>>>,
}

impl BlockCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(bytes_max / SHARDS))).collect();
        Self { shards, bytes_max, files: AtomicU64::new(0), held: Mutex::default() }
    }

    /// A number for a file that was opened.
    pub(super) fn file(&self) -> u64 {
        self.files.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether a part of that length is kept. One that took the room of many is not.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        bytes + ENTRY <= self.bytes_max / SHARDS / 4
    }

    pub(super) fn get(&self, key: Key) -> Option<OwnedBytes> {
        self.shard(key).get(key)
    }

    pub(super) fn insert(&self, key: Key, bytes: OwnedBytes) {
        let dropped = self.shard(key).insert(key, bytes);
        // Not while the lock is held.
        drop(dropped);
    }

    /// Forgets a file that was closed.
    pub(super) fn forget(&self, file: u64) {
        for shard in &self.shards {
            let dropped = locked(shard).forget(file);
            drop(dropped);
        }
    }

    /// A reader holds this from now on.
    pub(super) fn hold(&self, part: &Arc<[u8]>) {
        let mut held = self.held();
        held.retain(|part| part.strong_count() > 0);
        held.push(Arc::downgrade(part));
    }

    /// Bytes that readers hold.
    pub(crate) fn held_bytes(&self) -> u64 {
        let held = self.held();
        held.iter().filter_map(Weak::upgrade).map(|part| part.len() as u64).sum()
    }

    fn held(&self) -> MutexGuard<'_, Vec<Weak<[u8]>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| locked(shard).bytes()).sum()
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard> {
        // Neighbours in a file, and the same places of different files, go to different shards.
        let place = (key.start / super::form::BLOCK) as u64 + key.file.wrapping_mul(7);
        locked(&self.shards[(place % SHARDS as u64) as usize])
    }
}

/// A panic leaves nothing half done here but a wrong count, which is no reason to stop searching.
fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Shard {
    /// Asked for once.
    once: Part,
    /// Asked for again.
    again: Part,
    bytes_max: usize,
}

struct Part {
    entries: LruCache<Key, OwnedBytes>,
    bytes: usize,
}

impl Part {
    fn new() -> Self {
        Self { entries: LruCache::unbounded(), bytes: 0 }
    }

    fn push(&mut self, key: Key, bytes: OwnedBytes) {
        self.bytes += bytes.len() + ENTRY;
        if let Some(before) = self.entries.put(key, bytes) {
            self.bytes -= before.len() + ENTRY;
        }
    }

    fn take(&mut self, key: &Key) -> Option<OwnedBytes> {
        let taken = self.entries.pop(key);
        self.bytes -= taken.as_ref().map_or(0, |taken| taken.len() + ENTRY);
        taken
    }

    fn take_oldest(&mut self) -> Option<(Key, OwnedBytes)> {
        let (key, bytes) = self.entries.pop_lru()?;
        self.bytes -= bytes.len() + ENTRY;
        Some((key, bytes))
    }
}

impl Shard {
    fn new(bytes_max: usize) -> Self {
        Self { once: Part::new(), again: Part::new(), bytes_max }
    }

    fn bytes(&self) -> usize {
        self.once.bytes + self.again.bytes
    }

    fn get(&mut self, key: Key) -> Option<OwnedBytes> {
        if let Some(bytes) = self.again.entries.get(&key) {
            return Some(bytes.clone());
        }
        let bytes = self.once.take(&key)?;
        self.again.push(key, bytes.clone());
        // A quarter is left for what comes for the first time.
        while self.again.bytes > self.bytes_max / 4 * 3 {
            let Some((key, bytes)) = self.again.take_oldest() else { break };
            self.once.push(key, bytes);
        }
        Some(bytes)
    }

    /// Answers what had to go.
    fn insert(&mut self, key: Key, bytes: OwnedBytes) -> Vec<OwnedBytes> {
        let mut dropped = Vec::new();
        if self.again.entries.contains(&key) {
            return dropped;
        }
        self.once.push(key, bytes);
        while self.bytes() > self.bytes_max {
            let oldest = self.once.take_oldest().or_else(|| self.again.take_oldest());
            let Some((_, bytes)) = oldest else { break };
            dropped.push(bytes);
        }
        dropped
    }

    fn forget(&mut self, file: u64) -> Vec<OwnedBytes> {
        let mut dropped = Vec::new();
        for part in [&mut self.once, &mut self.again] {
            let of_file = part.entries.iter().map(|(key, _)| *key).filter(|key| key.file == file);
            let keys: Vec<Key> = of_file.collect();
            dropped.extend(keys.iter().filter_map(|key| part.take(key)));
        }
        dropped
    }
}
