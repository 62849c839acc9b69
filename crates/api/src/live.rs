//! What the streams to all callers share: how many each caller has open, and events written out once
//! for everybody who is shown them.

mod bodies;
mod open_streams;

use std::sync::Arc;

use annals_domain::Recorded;
use serde_json::value::RawValue;

use crate::auth::Principal;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use bodies::Bodies;
pub(crate) use open_streams::{OpenStream, OpenStreams};

/// What streams share.
#[derive(Default)]
pub struct LiveParts {
    streams: OpenStreams,
    bodies: Bodies,
}

impl ApiParts {
    /// Counts a stream of the caller for as long as the answer is kept, unless they have enough.
    pub(crate) fn open_stream(&self, principal: &Principal) -> Result<OpenStream, ApiError> {
        let open = self.live.streams.open(principal, self.limits.request.sockets_per_caller_max);
        open.ok_or_else(|| {
            let message =
                "the caller has as many sockets and event streams open as they may; close one";
            ApiError::new(Code::RateLimited, message)
        })
    }

    /// An event as JSON, as [`crate::view::EventBody`] writes it.
    pub(crate) fn body_of(&self, recorded: &Recorded) -> Arc<RawValue> {
        self.live.bodies.of(recorded, self)
    }
}
