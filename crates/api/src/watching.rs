//! What streams show of others: recorded when they open, before anything is shown, and when they
//! close.

use annals_domain::Recorded;

use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::self_audit::{self, Interface, Read};

/// A stream of events to a caller.
pub(crate) struct Watch {
    api: Api,
    caller: Caller,
    interface: Interface,
    shape: String,
    /// Whether it is recorded that the caller watches others.
    told: bool,
    shown: usize,
}

impl Watch {
    /// Begins a stream. Whoever sees the tenant watches others from the beginning.
    pub(crate) async fn open(
        api: &Api,
        caller: &Caller,
        interface: Interface,
        shape: String,
    ) -> Result<Self, ApiError> {
        let mut watch = Self::new(api, caller, interface, shape);
        watch.tell_before(&[]).await?;
        Ok(watch)
    }

    /// Begins a stream of what concerns others, whatever comes.
    pub(crate) async fn open_on_others(
        api: &Api,
        caller: &Caller,
        interface: Interface,
        shape: String,
    ) -> Result<Self, ApiError> {
        let mut watch = Self::new(api, caller, interface, shape);
        watch.tell().await?;
        Ok(watch)
    }

    fn new(api: &Api, caller: &Caller, interface: Interface, shape: String) -> Self {
        let (api, caller) = (api.clone(), caller.apart());
        Self { api, caller, interface, shape, told: false, shown: 0 }
    }

    /// Counts what is shown without being events.
    pub(crate) fn shows(&mut self, count: usize) {
        self.shown += count;
    }

    /// The events as the caller sees them, once it is recorded that they watch others, if these
    /// are the first that concern any.
    pub(crate) async fn sees(
        &mut self,
        mut events: Vec<Recorded>,
    ) -> Result<Vec<Recorded>, ApiError> {
        self.tell_before(&events).await?;
        self.shown += events.len();
        self.caller.mask(&self.api, &mut events);
        Ok(events)
    }

    async fn tell_before(&mut self, events: &[Recorded]) -> Result<(), ApiError> {
        match self.told || !self.caller.sees_others(events) {
            true => Ok(()),
            false => self.tell().await,
        }
    }

    async fn tell(&mut self) -> Result<(), ApiError> {
        self.caller.reads.note(self.read("stream opened"));
        self_audit::settle(&self.api, &self.caller, self.interface).await?;
        self.told = true;
        Ok(())
    }

    fn read(&self, what: &'static str) -> Read {
        Read { what, shape: self.shape.clone(), returned: self.shown, subject: None }
    }
}

impl Drop for Watch {
    /// However a stream ends, its end is recorded, if it can be; that it began stands there already.
    fn drop(&mut self) {
        if !self.told {
            return;
        }
        self.caller.reads.note(self.read("stream closed"));
        let (api, caller, interface) = (self.api.clone(), self.caller.clone(), self.interface);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = self_audit::settle(&api, &caller, interface).await {
                    tracing::warn!(reason = error.message, "the end of a stream is not recorded");
                }
            });
        }
    }
}
