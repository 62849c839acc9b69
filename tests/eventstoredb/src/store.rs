//! The log, its file, and what of it is durable. Nodes of one cluster share one store.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use tokio::sync::watch;

use crate::access::{Caller, Right};
use crate::event::{Event, Expected, METADATA, NewEvent, now};
use crate::frame;
use crate::journal::{Durable, End, Journal};
use crate::log::{Log, StreamPage, Written};
use crate::refusal::Refusal;

/// The events, for the server and for tests that want to look or to write behind its back.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kept: RwLock<Kept>,
    journal: Option<Journal>,
    durable: watch::Sender<Durable>,
}

#[derive(Debug, Default)]
struct Kept {
    log: Log,
    ends: Vec<End>,
}

impl Store {
    /// Opens the store of a directory, or one that lives in memory only.
    ///
    /// # Errors
    /// The file cannot be opened, or is something else.
    pub fn open(directory: Option<&Path>, sync: bool) -> io::Result<Self> {
        let (durable, _) = watch::channel(Durable::default());
        let (kept, journal) = match directory {
            None => (Kept::default(), None),
            Some(directory) => {
                let opened = Journal::open(directory, sync, durable.clone())?;
                let kept = Kept { log: Log::from_events(opened.events), ends: opened.ends };
                (kept, Some(opened.journal))
            }
        };
        let inner = Inner { kept: RwLock::new(kept), journal, durable };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// All durable events, in order.
    pub fn events(&self) -> Vec<Arc<Event>> {
        let kept = self.read();
        kept.log.events()[..self.durable()].to_vec()
    }

    /// All durable events of a stream, hidden ones included.
    pub fn stream(&self, stream: &str) -> Vec<Arc<Event>> {
        self.events().into_iter().filter(|event| &*event.stream == stream).collect()
    }

    /// How many events are durable.
    pub fn len(&self) -> usize {
        self.durable()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Position of the last durable event.
    pub fn head(&self) -> Option<u64> {
        let kept = self.read();
        kept.log.events()[..self.durable()].last().map(|event| event.position)
    }

    /// Appends as somebody else would, with no regard to rights.
    ///
    /// # Errors
    /// The stream is tombstoned or not as expected, or the file cannot be written.
    pub async fn append(
        &self,
        stream: &str,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Written, Refusal> {
        let written = self.begin_append(stream, expected, events)?;
        self.until_durable(written).await
    }

    /// Replaces a stream's metadata, as somebody else would.
    ///
    /// # Errors
    /// The stream is tombstoned, or the file cannot be written.
    pub async fn set_metadata(&self, stream: &str, json: &str) -> Result<Written, Refusal> {
        let event = NewEvent::json(METADATA, Bytes::copy_from_slice(json.as_bytes()));
        self.append(&format!("$${stream}"), Expected::Any, vec![event]).await
    }

    /// Deletes a stream for ever, as somebody else would.
    ///
    /// # Errors
    /// The stream is tombstoned already, or the file cannot be written.
    pub async fn tombstone(&self, stream: &str) -> Result<Written, Refusal> {
        let written = self.begin_tombstone(stream, Expected::Any)?;
        self.until_durable(written).await
    }

    /// Forgets all appends that end behind a position, as if an older backup had been restored.
    /// Whoever has read further is behind the end then.
    ///
    /// # Errors
    /// The file cannot be cut.
    pub fn truncate_after(&self, position: u64) -> io::Result<()> {
        let mut kept = self.write();
        let events = kept.log.events().partition_point(|event| event.position <= position);
        let appends = kept.ends.partition_point(|end| end.events <= events);
        kept.ends.truncate(appends);
        let start = End { events: 0, bytes: Journal::start() };
        let end = kept.ends.last().copied().unwrap_or(start);
        let events = kept.log.events()[..end.events].to_vec();
        kept.log = Log::from_events(events);
        match &self.inner.journal {
            Some(journal) => journal.cut_to(end)?,
            None => {
                self.inner.durable.send_replace(Durable { events: end.events, failed: false });
            }
        }
        Ok(())
    }

    /// Takes out of the whole log what its streams do not show any more, until the server is made anew; tells
    /// how many events that were. The last event of a stream stays, and the file keeps all.
    pub fn scavenge(&self) -> usize {
        let durable = self.durable();
        self.write().log.scavenge(durable)
    }

    pub(crate) fn begin_append(
        &self,
        stream: &str,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Written, Refusal> {
        self.change(|log| log.append(now(), stream, expected, events))
    }

    pub(crate) fn begin_tombstone(&self, name: &str, wants: Expected) -> Result<Written, Refusal> {
        self.change(|log| log.tombstone(now(), name, wants))
    }

    pub(crate) fn begin_delete(&self, name: &str, wants: Expected) -> Result<Written, Refusal> {
        self.change(|log| log.soft_delete(now(), name, wants))
    }

    /// Changes the log and hands what it gained to the file.
    fn change(
        &self,
        change: impl FnOnce(&mut Log) -> Result<Written, Refusal>,
    ) -> Result<Written, Refusal> {
        let mut kept = self.write();
        let before = kept.log.events().len();
        let written = change(&mut kept.log)?;
        let events = kept.log.events().len();
        if events == before {
            return Ok(written);
        }
        let so_far = kept.ends.last().map_or(Journal::start(), |end| end.bytes);
        match &self.inner.journal {
            None => {
                kept.ends.push(End { events, bytes: so_far });
                self.inner.durable.send_replace(Durable { events, failed: false });
            }
            Some(journal) => {
                let frame = frame::encode(&kept.log.events()[before..]);
                kept.ends.push(End { events, bytes: so_far + frame.len() as u64 });
                journal.write(frame, events);
            }
        }
        Ok(written)
    }

    /// Waits until a write is on disk.
    pub(crate) async fn until_durable(&self, written: Written) -> Result<Written, Refusal> {
        let mut durable = self.inner.durable.subscribe();
        let reached = durable
            .wait_for(|durable| durable.failed || durable.events >= written.needs)
            .await
            .map(|durable| !durable.failed);
        match reached {
            Ok(true) => Ok(written),
            _ => Err(Refusal::Unavailable("the double cannot write its log".to_owned())),
        }
    }

    /// Tells when more becomes durable.
    pub(crate) fn follow(&self) -> watch::Receiver<Durable> {
        self.inner.durable.subscribe()
    }

    pub(crate) fn may(&self, caller: &Caller, stream: &str, right: Right) -> Result<(), Refusal> {
        if *caller == Caller::Unchecked || caller.is_one_of(&self.read().log.roles(stream, right)) {
            return Ok(());
        }
        Err(Refusal::AccessDenied)
    }

    pub(crate) fn read_stream(
        &self,
        stream: &str,
        from: u64,
        backwards: bool,
        max: usize,
    ) -> StreamPage {
        self.read().log.read_stream(stream, from, backwards, max, self.durable(), now())
    }

    /// Looks at the durable part of the log.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Log, usize) -> T) -> T {
        let kept = self.read();
        look(&kept.log, self.durable())
    }

    fn durable(&self) -> usize {
        self.inner.durable.borrow().events
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.inner.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.inner.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}
