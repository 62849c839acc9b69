//! What detection has learned, in memory.

use std::sync::Mutex;

use super::locked;
use crate::ReadModelError;
use crate::detection::{DetectionStore, SavedDetection};

/// A detection store in memory.
#[derive(Debug, Default)]
pub struct MemoryDetection {
    saved: Mutex<Option<SavedDetection>>,
}

impl DetectionStore for MemoryDetection {
    fn load(&self) -> Result<Option<SavedDetection>, ReadModelError> {
        Ok(locked(&self.saved).clone())
    }

    fn save(&self, saved: &SavedDetection) -> Result<(), ReadModelError> {
        let mut held = locked(&self.saved);
        let mut rules = held.take().map(|held| held.rules).unwrap_or_default();
        rules.retain(|held| saved.rules.iter().all(|fresh| fresh.rule != held.rule));
        rules.extend(saved.rules.iter().filter(|fresh| !fresh.state.is_empty()).cloned());
        *held = Some(SavedDetection { rules, ..saved.clone() });
        Ok(())
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        *locked(&self.saved) = None;
        Ok(())
    }
}
