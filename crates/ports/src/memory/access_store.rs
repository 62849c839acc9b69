//! The state of access in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use annals_domain::access::state::{AccessChange, AccessEntry};
use annals_domain::{Position, TenantId};

use super::locked;
use crate::ReadModelError;
use crate::access_store::AccessStore;

/// An access store in memory.
#[derive(Debug, Default)]
pub struct MemoryAccess {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    position: Position,
    entries: BTreeMap<(TenantId, String), AccessEntry>,
}

impl AccessStore for MemoryAccess {
    fn load(&self) -> Result<(Position, Vec<(TenantId, AccessEntry)>), ReadModelError> {
        let state = locked(&self.state);
        let entries = state.entries.iter();
        let entries = entries.map(|((tenant, _), entry)| (tenant.clone(), entry.clone()));
        Ok((state.position, entries.collect()))
    }

    fn apply(&self, changes: &[AccessChange], position: Position) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        if position <= state.position {
            return Ok(());
        }
        for change in changes {
            let place = (change.tenant.clone(), change.name.clone());
            match &change.entry {
                Some(entry) => state.entries.insert(place, entry.clone()),
                None => state.entries.remove(&place),
            };
        }
        state.position = position;
        Ok(())
    }

    fn replace(&self, tenant: &TenantId, entries: &[AccessEntry]) -> Result<(), ReadModelError> {
        let mut state = locked(&self.state);
        state.entries.retain(|(owner, _), _| owner != tenant);
        let named = entries.iter().map(|entry| ((tenant.clone(), entry.name()), entry.clone()));
        state.entries.extend(named);
        Ok(())
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        *locked(&self.state) = State::default();
        Ok(())
    }
}
