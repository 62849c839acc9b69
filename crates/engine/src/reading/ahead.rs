//! Reading the log ahead of who takes events in: while one stretch is taken in, the next ones are read
//! and opened, several at a time, and come out in order.

use std::sync::Arc;

use annals_domain::Position;
use annals_ports::EventLog;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::{Opened, Stretch, entries_after, open_whole, report_damaged};
use crate::opening::{Opener, ReadError};
use crate::system::processors;

/// A stretch is not longer than this, so that those under way do not hold too much.
const STRETCH_MAX: usize = 1024;
/// Stretches that wait to be taken in.
const WAITING_MAX: usize = 8;

/// What was read ahead, in order.
pub(crate) struct ReadAhead {
    stretches: mpsc::Receiver<Result<Opening, ReadError>>,
    /// Taken out, and not returned yet.
    next: Option<Opening>,
}

/// A stretch of the log that is being opened.
struct Opening {
    events: JoinHandle<Result<Opened, ReadError>>,
}

impl ReadAhead {
    /// Begins to read after a position, in stretches of `limit` events or less. It ends when this is
    /// dropped.
    pub(crate) fn start(
        log: Arc<dyn EventLog>,
        opener: Opener,
        after: Position,
        limit: usize,
    ) -> Self {
        let (sender, stretches) = mpsc::channel(WAITING_MAX);
        tokio::spawn(read(log, opener, after, limit.clamp(1, STRETCH_MAX), sender));
        Self { stretches, next: None }
    }

    /// The next stretch; none, when there is no more. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Result<Opened, ReadError>> {
        if self.next.is_none() {
            match self.stretches.recv().await? {
                Ok(opening) => self.next = Some(opening),
                Err(error) => return Some(Err(error)),
            }
        }
        let opened = (&mut self.next.as_mut()?.events).await;
        self.next = None;
        match opened {
            Ok(opened) => Some(opened),
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            // The runtime ends.
            Err(_) => None,
        }
    }
}

async fn read(
    log: Arc<dyn EventLog>,
    opener: Opener,
    after: Position,
    limit: usize,
    sender: mpsc::Sender<Result<Opening, ReadError>>,
) {
    let turns = Arc::new(Semaphore::new(processors()));
    let mut after = after;
    loop {
        let Stretch { entries, end, damaged } = match entries_after(&*log, after, limit).await {
            Ok(stretch) => stretch,
            Err(error) => {
                // Whoever reads may have gone.
                let _ = sender.send(Err(error.into())).await;
                return;
            }
        };
        if end == after {
            return;
        }
        after = end;
        if let Some(damaged) = damaged {
            report_damaged(&ReadError::Log(damaged));
        }
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        let opener = opener.clone();
        let events = tokio::spawn(async move {
            let _turn = turn;
            Ok(Opened { events: open_whole(&opener, entries).await?, end })
        });
        if sender.send(Ok(Opening { events })).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
