//! Events written out as JSON, kept for a while: of an event that a thousand subscribers are shown,
//! nine hundred and ninety-nine find it written.
//!
//! What is kept belongs to one event in memory, not to a position: an event of which something is
//! hidden from a caller is another one, and is written for that caller alone.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use annals_domain::{Event, Recorded};
use serde_json::value::{RawValue, to_raw_value};

use crate::context::ApiParts;
use crate::view::EventBody;

/// Events kept.
const SLOTS: usize = 512;
/// Larger ones are not; all together take no more than 8 MiB.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// One place each for the positions that leave the same remainder.
pub(super) struct Bodies(Box<[Mutex<Option<Written>>]>);

struct Written {
    event: Weak<Event>,
    body: Arc<RawValue>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| Mutex::default()).collect())
    }
}

impl Bodies {
    pub(super) fn of(&self, recorded: &Recorded, api: &ApiParts) -> Arc<RawValue> {
        self.kept(recorded, || written(recorded, api))
    }

    /// The body that is kept of the event, or else what `write` makes.
    fn kept(&self, recorded: &Recorded, write: impl FnOnce() -> Arc<RawValue>) -> Arc<RawValue> {
        // Nobody else has this one: it was read, or hidden in part, for one caller.
        if Arc::strong_count(&recorded.event) == 1 {
            return write();
        }
        let slot = &self.0[(recorded.position.0 % SLOTS as u64) as usize];
        let lock = || slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = &*lock()
            && std::ptr::eq(written.event.as_ptr(), Arc::as_ptr(&recorded.event))
        {
            return Arc::clone(&written.body);
        }
        let body = write();
        if body.get().len() <= BODY_BYTES_MAX {
            let event = Arc::downgrade(&recorded.event);
            *lock() = Some(Written { event, body: Arc::clone(&body) });
        }
        body
    }
}

fn written(recorded: &Recorded, api: &ApiParts) -> Arc<RawValue> {
    let body = to_raw_value(&EventBody::new(recorded, api));
    body.expect("an event is made of text keys and JSON values").into()
}

#[cfg(test)]
mod tests;
