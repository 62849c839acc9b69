//! A thread and runtime of their own for everything the client library does.
//!
//! A client that is dropped leaves tasks behind, and its connection with them; a subscription whose
//! stream the server ends in order spins for ever without giving up its thread. So each connection
//! lives on a runtime of its own, which ends with it, and the spinning is ended from within: the
//! library warns in each round, and here that warning unwinds the task.

use std::future::Future;
use std::io;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tracing::field::{Field, Visit};
use tracing::instrument::{WithDispatch, WithSubscriber};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber, span};

/// Where the library warns when a subscription's stream has ended.
const WARNING_TARGET: &str = "eventstore::commands";
/// How that warning begins.
const STREAM_ENDED: &str = "Received an unknown subscription message";

/// A runtime that ends with this value; tasks on it end then too.
#[derive(Debug)]
pub(crate) struct Isolated {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

/// The runtime ended, or the task was unwound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection ended")]
pub(crate) struct Ended;

impl Isolated {
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            tracing::dispatcher::with_default(&Dispatch::new(Quiet), || {
                // Ends when the other half is dropped.
                let _ = runtime.block_on(stopped);
                runtime.shutdown_background();
            });
        })?;
        Ok(Self { handle, _stop: stop })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs something here. Dropping the future ends it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Ended> {
        AbortOnDrop(self.handle.spawn(work)).join().await
    }
}

/// Keeps what the library says of its own accord out of the operations log while something runs.
pub(crate) fn quietly<F: Future>(work: F) -> WithDispatch<F> {
    static QUIET: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Quiet));
    work.with_subscriber(QUIET.clone())
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Result<T, Ended> {
        (&mut self.0).await.map_err(|_| Ended)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps the library's own messages out of the operations log: what matters of them is reported
/// where its errors are met.
struct Quiet;

impl Subscriber for Quiet {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.target() == WARNING_TARGET
            && *metadata.level() == Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message { ended: false };
        event.record(&mut message);
        if message.ended {
            // Not a panic: nothing is reported, the task just ends.
            std::panic::resume_unwind(Box::new(Ended));
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Message {
    ended: bool,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.ended = format!("{value:?}").starts_with(STREAM_ENDED);
        }
    }
}
