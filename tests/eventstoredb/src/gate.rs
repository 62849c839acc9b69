//! A gate that tests close and open.

use tokio::sync::watch;

/// Open at first. What comes to it while it is closed waits.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    open: watch::Sender<bool>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: watch::Sender::new(true) }
    }
}

impl Gate {
    pub(crate) fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// Waits until the gate is open.
    pub(crate) async fn pass(&self) {
        // The sender lives in `self`, so the wait cannot end otherwise.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}
