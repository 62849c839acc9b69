//! The issuer's keys as they were published last, shared by who fetches and who verifies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};

use super::gate::Gate;
use super::key_set::KeySet;
use crate::auth::verifier::key::Key;

/// The keys of an issuer. Who fetches them calls [`Self::begin`], and then [`Self::take`] or
/// [`Self::fail`].
pub struct IssuerKeys {
    current: ArcSwapOption<KeysInUse>,
    stale_after: SignedDuration,
    gate: std::sync::Mutex<Gate>,
    wanted: Notify,
    asked: AtomicBool,
    answers: watch::Sender<u64>,
}

/// Keys that were fetched together; they are exchanged all at once.
pub(crate) struct KeysInUse {
    pub(crate) keys: Arc<[Key]>,
    /// Changes when the keys do, and only then.
    pub(crate) revision: u64,
    good_until: Timestamp,
}

impl IssuerKeys {
    /// No keys yet. Keys that could not be fetched anew for `stale_after` are no longer used.
    pub fn new(stale_after: SignedDuration) -> Self {
        Self {
            current: ArcSwapOption::empty(),
            stale_after,
            gate: std::sync::Mutex::default(),
            wanted: Notify::new(),
            asked: AtomicBool::new(false),
            answers: watch::Sender::new(0),
        }
    }

    /// Waits until somebody's token names a key that is not known, and the issuer may be asked again.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// The issuer is being asked.
    pub fn begin(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// The issuer answered: these are its keys from now on, and no others. Returns whether they
    /// changed.
    pub fn take(&self, set: KeySet, now: Timestamp) -> bool {
        let good_until = now.checked_add(self.stale_after).unwrap_or(Timestamp::MAX);
        let old = self.current.load();
        let changed = old.as_ref().is_none_or(|old| !are_same(&old.keys, &set.keys));
        let (keys, revision) = match old.as_ref() {
            Some(old) if !changed => (Arc::clone(&old.keys), old.revision),
            old => (set.keys.into(), old.map_or(1, |old| old.revision + 1)),
        };
        self.current.store(Some(Arc::new(KeysInUse { keys, revision, good_until })));
        self.end();
        changed
    }

    /// The issuer did not answer: its keys stay as they were. Returns until when they are good.
    pub fn fail(&self) -> Option<Timestamp> {
        self.end();
        self.current.load().as_ref().map(|keys| keys.good_until)
    }

    fn end(&self) {
        self.asked.store(false, Ordering::SeqCst);
        self.answers.send_modify(|ended| *ended += 1);
    }

    /// The keys to verify with, while they are good.
    pub(crate) fn in_use(&self, now: Timestamp) -> Option<Arc<KeysInUse>> {
        self.current.load_full().filter(|keys| now < keys.good_until)
    }

    /// Somebody's token names a key that is not known. The issuer is asked, if that was not a moment
    /// ago.
    pub(crate) fn ask(&self, now: Timestamp) {
        let passes = self.gate.lock().is_ok_and(|mut gate| gate.passes(now));
        if passes {
            self.begin();
            self.wanted.notify_one();
        }
    }

    /// Whether an answer of the issuer is on its way.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits for the next answer of the issuer, whatever it is; counted from this call, not from
    /// when the waiting begins.
    pub fn next_answer(&self) -> impl Future<Output = ()> + use<> {
        let mut answers = self.answers.subscribe();
        async move {
            // An error says that nobody fetches any more; then there is nothing to wait for.
            let _ = answers.changed().await;
        }
    }
}

fn are_same(one: &[Key], two: &[Key]) -> bool {
    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is_same(two))
}

#[cfg(test)]
mod tests;
