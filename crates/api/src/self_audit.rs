//! The audit of the audit: who looked at what of others is recorded before they see it.
//!
//! Handlers say what they are about to show ([`crate::caller::Caller::sees`]); it is gathered for the
//! whole request and recorded as one event, and only then does the answer leave. An answer whose trace
//! cannot be recorded is not given. No setting turns that off.
//!
//! The event tells the shape of the question and not its values: what somebody looked for can be as
//! personal as what they found.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::access::READ_TYPE;
use annals_domain::event::{JsonObject, Subject};
use serde_json::Value;

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::own_facts::{self, Fact};

/// Through which door somebody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    /// `/api/v1/…`
    Rest,
    /// `/graphql`
    Graphql,
    /// `/api/v1/logs/stream`
    Live,
}

impl Interface {
    fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Graphql => "graphql",
            Self::Live => "live",
        }
    }
}

/// Something that is about to be shown to somebody whom it does not concern.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    /// What is shown, such as `events`, `count` or `profile`.
    pub(crate) what: &'static str,
    /// Shape of the question.
    pub(crate) shape: String,
    /// How many events, persons or numbers.
    pub(crate) returned: usize,
    /// The person it is about, when it is one.
    pub(crate) subject: Option<String>,
}

/// What one request shows of others.
#[derive(Clone, Default)]
pub(crate) struct Reads(Arc<Mutex<Vec<Read>>>);

/// Questions of one request that are told one by one.
const SHAPES_MAX: usize = 20;
/// Of a longer shape the beginning is told: names of fields are of any length.
const SHAPE_CHARS_MAX: usize = 1000;

impl Reads {
    pub(crate) fn note(&self, mut read: Read) {
        read.shape = read.shape.chars().filter(|c| !c.is_control()).take(SHAPE_CHARS_MAX).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(read);
    }

    fn take(&self) -> Vec<Read> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Records what was noted, if anything was. The answer may leave when this has returned.
///
/// # Errors
/// When it cannot be recorded; then the answer must not leave.
pub(crate) async fn settle(
    api: &ApiParts,
    caller: &Caller,
    interface: Interface,
) -> Result<(), ApiError> {
    let reads = caller.reads.take();
    if reads.is_empty() {
        return Ok(());
    }
    let subject = common_subject(reads.iter().map(|read| read.subject.as_deref()));
    let fact = Fact {
        subject: subject.map(subject_of),
        metadata: metadata_of(&reads, caller, interface),
        ..Fact::new(READ_TYPE)
    };
    own_facts::take(api, caller, fact).await.map_err(|error| {
        let message = "what you asked for concerns others, and that you looked cannot be recorded \
                       at the moment; try again shortly";
        let code = if error.code == Code::StorageFull { error.code } else { Code::Unavailable };
        let retry_after = error.retry_after.or(Some(2));
        ApiError { retry_after, ..ApiError::new(code, message) }
    })
}

/// The person all of it is about, so that they can see who looked.
pub(crate) fn common_subject<'a>(
    mut subjects: impl Iterator<Item = Option<&'a str>>,
) -> Option<&'a str> {
    let first = subjects.next()??;
    subjects.all(|subject| subject == Some(first)).then_some(first)
}

fn subject_of(id: &str) -> Subject {
    Subject { id: id.to_owned(), name: None, alt_ids: Default::default() }
}

fn metadata_of(reads: &[Read], caller: &Caller, interface: Interface) -> JsonObject {
    let kinds: BTreeSet<&str> = reads.iter().map(|read| read.what).collect();
    let shapes: BTreeSet<&str> = reads.iter().map(|read| read.shape.as_str()).collect();
    let shapes: Vec<&str> = shapes.into_iter().take(SHAPES_MAX).collect();
    let returned: usize = reads.iter().map(|read| read.returned).sum();
    let mut metadata = JsonObject::new();
    metadata.insert("interface".into(), interface.as_str().into());
    metadata.insert("what".into(), kinds.into_iter().map(Value::from).collect());
    metadata.insert("query".into(), shapes.join(" ; ").into());
    metadata.insert("returned".into(), returned.into());
    if let Some(purpose) = &caller.principal.purpose {
        metadata.insert("purpose".into(), purpose.as_str().into());
    }
    if let Some(glass) = &caller.principal.break_glass {
        metadata.insert("break_glass".into(), glass.id.to_string().into());
    }
    metadata
}

#[cfg(test)]
mod tests;
