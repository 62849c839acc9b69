//! The trace of an export: recorded before the first byte is given out, or nothing is given out.

use annals_domain::event::JsonObject;
use annals_engine::{ExportId, Form};

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::own_facts::{self, Fact};

/// Type of the events that tell of exports.
const EXPORTED_TYPE: &str = "annals.log.exported";

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The events are in the answer.
    Direct,
    /// A file was asked for.
    Requested,
    /// The file, or a part of it, is in the answer.
    Downloaded,
}

impl Step {
    fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Requested => "requested",
            Self::Downloaded => "downloaded",
        }
    }
}

/// What somebody takes out of the log.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// What is being done.
    pub(crate) step: Step,
    /// In which form.
    pub(crate) form: Form,
    /// Shape of the question.
    pub(crate) shape: String,
    /// The job and how many events are in its file, when there is one already.
    pub(crate) job: Option<(ExportId, u64)>,
}

/// Records that the caller takes events out of the log.
///
/// # Errors
/// When it cannot be recorded; then nothing may be given out.
pub(crate) async fn record(api: &ApiParts, caller: &Caller, taken: Taken) -> Result<(), ApiError> {
    let fact = Fact { metadata: metadata(caller, &taken), ..Fact::new(EXPORTED_TYPE) };
    own_facts::record(api, caller, fact).await.map(drop).map_err(|error| {
        let message = "that events are taken out of the log cannot be recorded at the moment, so \
                       none are; try again shortly";
        let code = if error.code == Code::StorageFull { error.code } else { Code::Unavailable };
        let retry_after = error.retry_after.or(Some(2));
        ApiError { retry_after, ..ApiError::new(code, message) }
    })
}

fn metadata(caller: &Caller, taken: &Taken) -> JsonObject {
    let mut metadata = JsonObject::new();
    metadata.insert("query".into(), taken.shape.as_str().into());
    metadata.insert("format".into(), taken.form.as_str().into());
    metadata.insert("step".into(), taken.step.as_str().into());
    if let Some((id, events)) = taken.job {
        metadata.insert("export".into(), id.to_string().into());
        metadata.insert("exported".into(), events.into());
    }
    if let Some(purpose) = &caller.principal.purpose {
        metadata.insert("purpose".into(), purpose.as_str().into());
    }
    metadata
}
