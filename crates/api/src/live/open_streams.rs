//! How many sockets and event streams each caller has open: more than anybody needs are refused, so
//! that one caller cannot take the connections of all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_domain::TenantId;

use crate::auth::Principal;

type Whose = (TenantId, String);

/// The streams of all callers. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct OpenStreams {
    open: Arc<Mutex<HashMap<Whose, usize>>>,
}

/// A stream that is open as long as this is kept.
pub(crate) struct OpenStream {
    streams: OpenStreams,
    whose: Whose,
}

impl OpenStreams {
    /// Opens one; nothing when the caller has `max` of them.
    pub(crate) fn open(&self, principal: &Principal, max: usize) -> Option<OpenStream> {
        let whose = (principal.tenant.clone(), principal.id.clone());
        let mut open = self.lock();
        let count = open.get(&whose).copied().unwrap_or_default();
        if count >= max {
            return None;
        }
        open.insert(whose.clone(), count + 1);
        Some(OpenStream { streams: self.clone(), whose })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Whose, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(count) = open.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests;
