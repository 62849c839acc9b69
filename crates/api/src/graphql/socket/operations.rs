//! Which operations of a socket are under way.

use std::collections::HashMap;

use tokio::task::AbortHandle;

use super::messages::ServerMessage;
use super::operation::Outgoing;

/// The operations under way; they end with the socket.
#[derive(Default)]
pub(super) struct Operations {
    running: HashMap<String, Running>,
    /// Tells operations apart that the client gave the same id, one after the other.
    begun: u64,
}

struct Running {
    serial: u64,
    task: AbortHandle,
}

impl Operations {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether one has that id.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.running.contains_key(id)
    }

    /// Begins one; it is told its serial number.
    pub(super) fn begin(&mut self, id: String, spawn: impl FnOnce(u64) -> AbortHandle) {
        self.begun += 1;
        let serial = self.begun;
        self.running.insert(id, Running { serial, task: spawn(serial) });
    }

    /// Ends one because the client says so; there may be none.
    pub(super) fn complete(&mut self, id: &str) {
        if let Some(operation) = self.running.remove(id) {
            operation.task.abort();
        }
    }

    /// The message of an operation, unless the client has completed that meanwhile and perhaps
    /// begun another of the same id.
    pub(super) fn still_asked_for(&mut self, outgoing: Outgoing) -> Option<ServerMessage> {
        let Outgoing { serial, message } = outgoing;
        let id = message.operation()?;
        self.running.get(id).filter(|operation| operation.serial == serial)?;
        if !matches!(message, ServerMessage::Next { .. }) {
            self.running.remove(id);
        }
        Some(message)
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        self.running.values().for_each(|operation| operation.task.abort());
    }
}

#[cfg(test)]
mod tests;
