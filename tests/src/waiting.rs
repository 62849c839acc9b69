//! Waiting for a condition instead of for a time.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const TURN: Duration = Duration::from_millis(5);

/// Looks again and again until there is something, and returns it.
///
/// # Panics
/// After `patience`, naming what never came.
pub async fn wait_until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let waiting = Waiting::begin(what, patience);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        waiting.turn().await;
    }
}

/// Waiting in a loop of one's own, as tasks must that move between threads.
pub struct Waiting<'a> {
    what: &'a str,
    patience: Duration,
    began: Instant,
}

impl<'a> Waiting<'a> {
    /// Begins to wait.
    pub fn begin(what: &'a str, patience: Duration) -> Self {
        Self { what, patience, began: Instant::now() }
    }

    /// Rests before the next look.
    ///
    /// # Panics
    /// When the patience is at its end, naming what never came.
    pub async fn turn(&self) {
        let Self { what, patience, began } = self;
        assert!(began.elapsed() < *patience, "waited {patience:?} in vain: {what}");
        tokio::time::sleep(TURN).await;
    }
}
