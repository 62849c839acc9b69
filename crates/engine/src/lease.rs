//! Who of several nodes may do what only one may do at a time: deciding over a lease in a register.
//!
//! Pure: it is told what was read and written, and when by this node's own clock that never runs
//! backwards. Clocks of different nodes are never compared.
//!
//! Why two nodes never both hold it: a holder counts its time from before it sent the write that
//! renewed the lease; whoever waits counts from after it first read what was written, and waits
//! longer. A write names the version it replaces, so an old one that comes late changes nothing.

use std::time::Duration;

use annals_ports::Register;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// A holder stops this part of the time to expire early, so that what it has under way has ended
/// before another node begins.
const MARGIN_DIVISOR: u32 = 5;
/// Who waits looks this many times as often as the holder renews, so that a lease that was released
/// is soon taken.
const LOOKS_PER_RENEWAL: u32 = 3;

/// What stands in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// Name of the node.
    pub(crate) holder: String,
    /// Rises with every change of the holder.
    pub(crate) epoch: u64,
    /// Rises with every renewal.
    pub(crate) beat: u64,
    /// The holder has laid it down.
    pub(crate) released: bool,
}

/// How often a lease is renewed, and when it is free because it was not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) renew: Duration,
    pub(crate) expires: Duration,
}

impl Pace {
    fn held(&self) -> Duration {
        self.expires - self.expires / MARGIN_DIVISOR
    }

    /// How long a node that waits, or does not know how the lease stands, rests between two looks.
    pub(crate) fn look(&self) -> Duration {
        self.renew / LOOKS_PER_RENEWAL
    }
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Read the register.
    Look,
    /// Write the register.
    Write(Write),
    /// Nothing, until then.
    Wait(Instant),
}

/// A write that is only done if the register is still as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) expected: Option<u64>,
    pub(crate) lease: Lease,
}

/// One node's view of the lease, and its claim to it.
#[derive(Debug)]
pub(crate) struct Claim {
    me: String,
    pace: Pace,
    seen: Option<Seen>,
    held: Option<Held>,
    /// The newest epoch that this node tried to begin since it started.
    tried: Option<u64>,
}

/// What the register held when it was looked at last.
#[derive(Debug)]
struct Seen {
    version: Option<u64>,
    lease: Option<Lease>,
    /// When this version was seen first.
    first: Instant,
    /// When to look again.
    stale: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    epoch: u64,
    renew: Instant,
    until: Instant,
}

impl Claim {
    pub(crate) fn new(me: String, pace: Pace) -> Self {
        Self { me, pace, seen: None, held: None, tried: None }
    }

    /// The epoch in which this node holds the lease, and until when, if it does.
    pub(crate) fn held(&self, now: Instant) -> Option<(u64, Instant)> {
        self.held.filter(|held| now < held.until).map(|held| (held.epoch, held.until))
    }

    /// What to do now.
    pub(crate) fn step(&self, now: Instant) -> Step {
        let Some(seen) = &self.seen else { return Step::Look };
        match self.held.filter(|held| now < held.until) {
            Some(held) if now < held.renew => Step::Wait(held.renew),
            Some(held) => Step::Write(self.renewal(seen, held)),
            None if now >= seen.stale => Step::Look,
            None if self.is_free(seen, now) => Step::Write(self.taking(seen)),
            None => Step::Wait(seen.stale.min(seen.first + self.pace.expires)),
        }
    }

    /// The register was read; the read ended now.
    pub(crate) fn saw(&mut self, register: Option<&Register>, now: Instant) {
        let version = register.map(|register| register.version);
        let lease = register.map(read);
        let mine = self.held.is_some_and(|held| {
            let still = |lease: &Lease| {
                lease.holder == self.me && lease.epoch == held.epoch && !lease.released
            };
            lease.as_ref().is_some_and(still)
        });
        if !mine {
            self.held = None;
        }
        let known = self.seen.as_ref().filter(|seen| seen.version == version);
        let first = known.map_or(now, |seen| seen.first);
        self.seen = Some(Seen { version, lease, first, stale: now + self.pace.look() });
    }

    /// A write is about to be sent: whatever becomes of it, it is known again when it is read.
    pub(crate) fn trying(&mut self, write: &Write) {
        self.tried = self.tried.max(Some(write.lease.epoch));
    }

    /// A write succeeded that was sent at that time.
    pub(crate) fn wrote(&mut self, write: Write, sent: Instant, version: u64) {
        let epoch = write.lease.epoch;
        self.held = (!write.lease.released).then(|| Held {
            epoch,
            renew: sent + self.pace.renew,
            until: sent + self.pace.held(),
        });
        self.seen = Some(Seen {
            version: Some(version),
            lease: Some(write.lease),
            first: sent,
            stale: sent + self.pace.look(),
        });
    }

    /// A write failed, and may or may not have happened.
    pub(crate) fn failed(&mut self) {
        // It looks before it writes again. Until then a holder holds on to what it has, and who
        // waits goes on counting.
        match self.held {
            Some(_) => self.seen = None,
            None => self.seen.iter_mut().for_each(|seen| seen.stale = seen.first),
        }
    }

    /// Gives the claim up; the register is as it is.
    pub(crate) fn step_down(&mut self) {
        self.held = None;
    }

    /// Whether this node ever tried to hold the lease, so that it may have to lay it down.
    pub(crate) fn was_tried(&self) -> bool {
        self.tried.is_some()
    }

    /// The write that lays the lease down, if the register shows it to be this node's.
    pub(crate) fn release(&self) -> Option<Write> {
        let seen = self.seen.as_ref()?;
        let lease = seen.lease.as_ref().filter(|lease| self.is_own(lease) && !lease.released)?;
        self.tried?;
        let lease = Lease { beat: lease.beat + 1, released: true, ..lease.clone() };
        Some(Write { expected: seen.version, lease })
    }

    fn is_free(&self, seen: &Seen, now: Instant) -> bool {
        let Some(lease) = &seen.lease else { return true };
        lease.released || self.is_own(lease) || now >= seen.first + self.pace.expires
    }

    /// Whether it was this very node that wrote it, now or before it was restarted. Another node
    /// that was given the same name by mistake is told apart by its epochs.
    fn is_own(&self, lease: &Lease) -> bool {
        lease.holder == self.me && self.tried.is_none_or(|tried| tried == lease.epoch)
    }

    fn taking(&self, seen: &Seen) -> Write {
        let epoch = seen.lease.as_ref().map_or(0, |lease| lease.epoch) + 1;
        let lease = Lease { holder: self.me.clone(), epoch, beat: 0, released: false };
        Write { expected: seen.version, lease }
    }

    fn renewal(&self, seen: &Seen, held: Held) -> Write {
        let beat = seen.lease.as_ref().map_or(0, |lease| lease.beat) + 1;
        let lease = Lease { holder: self.me.clone(), epoch: held.epoch, beat, released: false };
        Write { expected: seen.version, lease }
    }
}

/// What somebody else wrote there, who is not Annals, is waited for like a lease, and replaced.
///
/// Epochs rise by one where versions rise by at least one, so that no epoch was ever larger.
fn read(register: &Register) -> Lease {
    serde_json::from_slice(&register.value).unwrap_or_else(|_| Lease {
        holder: String::new(),
        epoch: register.version + 1,
        beat: 0,
        released: false,
    })
}

#[cfg(test)]
mod tests;
