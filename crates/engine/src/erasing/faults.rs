//! The steps of an erasure, between which tests stop it.

use super::EraseError;

/// What is done by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Where something of the persons is was looked for.
    Looked,
    /// Spool and quarantine are cleared.
    WaitingForgotten,
    /// The keys are destroyed.
    KeysDestroyed,
    /// The newest events in memory have their other forms.
    MemoryReplaced,
    /// Profiles, inboxes and the state of access are told anew.
    ModelsRetold,
    /// The index has taken in anew what changed.
    IndexRewritten,
}

/// After which step tests want it to stop.
#[derive(Default)]
pub(crate) struct Faults {
    #[cfg(test)]
    stop_after: std::sync::Mutex<Option<Step>>,
}

impl Faults {
    #[cfg(test)]
    pub(crate) fn stop_after(&self, step: Option<Step>) {
        *self.stop_after.lock().unwrap() = step;
    }

    #[cfg(test)]
    pub(super) fn reached(&self, step: Step) -> Result<(), EraseError> {
        match *self.stop_after.lock().unwrap() {
            Some(wanted) if wanted == step => Err(EraseError::Stopped(format!("{step:?}"))),
            _ => Ok(()),
        }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests stop here")]
    pub(super) fn reached(&self, _: super::Step) -> Result<(), EraseError> {
        Ok(())
    }
}
