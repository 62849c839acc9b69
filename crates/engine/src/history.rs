//! Reading a log that no service is running on, event by event.

use std::sync::Arc;

use annals_domain::{Position, Recorded};
use annals_ports::{EventLog, KeyStore};
use annals_record::RootKey;

use crate::key_ring::KeyRing;
use crate::opening::{Opener, ReadError};
use crate::reading::{Stretch, entries_after};
use crate::sealing::Fresh;

/// Records opened in one step.
const STEP: usize = 1024;

/// What was read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRead {
    /// Events that were opened.
    pub events: u64,
    /// Records that do not open; `annals verify` tells why.
    pub damaged: u64,
}

/// Opens every record after a position with the keys that still exist, and gives each event to `each`.
///
/// # Errors
/// When the log or the keys cannot be read.
pub async fn read_events(
    log: Arc<dyn EventLog>,
    keys: Arc<dyn KeyStore>,
    root: RootKey,
    after: Position,
    mut each: impl FnMut(Recorded),
) -> Result<HistoryRead, ReadError> {
    let opener = Opener {
        keys: Arc::new(KeyRing::new(keys, root)),
        fresh: Arc::new(Fresh::default()),
        upcasters: Arc::default(),
    };
    let mut read = HistoryRead::default();
    let mut position = after;
    loop {
        let Stretch { entries, end, damaged } = entries_after(&*log, position, STEP).await?;
        if end == position {
            return Ok(read);
        }
        position = end;
        read.damaged += u64::from(damaged.is_some());
        for result in opener.open(entries).await? {
            match result {
                Ok(recorded) => {
                    read.events += 1;
                    each(recorded);
                }
                Err(_) => read.damaged += 1,
            }
        }
    }
}
