//! Why the server says no, in the two forms it says it: status and trailers of a call, or the
//! status of an item in a batch.

use std::net::SocketAddr;

use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::event::Expected;

/// Why something was not done, or is said not to have been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The stream is not as expected; `current` is its last revision, if it has one.
    WrongExpectedVersion {
        /// What was expected.
        expected: Expected,
        /// What is the case.
        current: Option<u64>,
    },
    /// The stream is tombstoned.
    StreamDeleted(String),
    /// The events of one append are larger than this together.
    TooLarge(usize),
    /// An event lacks this.
    MissingMetadata(&'static str),
    /// The request makes no sense.
    BadRequest(String),
    /// The caller may not do that.
    AccessDenied,
    /// The write took too long; it may have happened.
    Timeout,
    /// The call was given up; the write may have happened.
    Aborted,
    /// The server cannot answer now.
    Unavailable(String),
    /// Only the leader may do that, and this is where it is.
    NotLeader(SocketAddr),
    /// Only a leader may do that, and there is none.
    NoLeader,
}

impl Refusal {
    /// The status of a whole call, with the trailers that clients look at.
    pub(crate) fn status(&self) -> Status {
        let mut trailers = MetadataMap::new();
        let mut tell = |key: &'static str, value: &str| {
            if let Ok(value) = MetadataValue::try_from(value) {
                trailers.insert(key, value);
            }
        };
        let (code, message) = match self {
            Self::WrongExpectedVersion { expected, current } => {
                tell("exception", "wrong-expected-version");
                tell("expected-version", &number_of(*expected).to_string());
                tell("actual-version", &current.map_or(-1, as_signed).to_string());
                (Code::FailedPrecondition, "Append failed due to WrongExpectedVersion.".to_owned())
            }
            Self::StreamDeleted(stream) => {
                tell("exception", "stream-deleted");
                tell("stream-name", stream);
                (Code::FailedPrecondition, format!("Event stream '{stream}' is deleted."))
            }
            Self::TooLarge(max) => {
                tell("exception", "maximum-append-size-exceeded");
                tell("maximum-append-size", &max.to_string());
                (Code::InvalidArgument, too_large(*max))
            }
            Self::MissingMetadata(key) => {
                tell("exception", "missing-required-metadata-property");
                (Code::InvalidArgument, missing(key))
            }
            Self::BadRequest(why) => (Code::InvalidArgument, why.clone()),
            Self::AccessDenied => {
                tell("exception", "access-denied");
                (Code::PermissionDenied, "Access Denied".to_owned())
            }
            Self::Timeout | Self::Aborted => (Code::Aborted, "Operation timed out".to_owned()),
            Self::Unavailable(why) => (Code::Unavailable, why.clone()),
            Self::NotLeader(leader) => {
                tell("exception", "not-leader");
                tell("leader-endpoint-host", &leader.ip().to_string());
                tell("leader-endpoint-port", &leader.port().to_string());
                (Code::NotFound, "Leader info available".to_owned())
            }
            Self::NoLeader => (Code::Unknown, "No leader info available in response".to_owned()),
        };
        Status::with_metadata(code, message, trailers)
    }

    /// Code and message of an item in a batch; `None` when it ends the whole session.
    pub(crate) fn item(&self) -> Option<(Code, String)> {
        Some(match self {
            Self::WrongExpectedVersion { .. } => {
                (Code::AlreadyExists, "WrongExpectedVersion".to_owned())
            }
            Self::StreamDeleted(_) => (Code::NotFound, "StreamDeleted".to_owned()),
            Self::TooLarge(max) => (Code::InvalidArgument, too_large(*max)),
            Self::MissingMetadata(key) => (Code::InvalidArgument, missing(key)),
            Self::BadRequest(why) => (Code::InvalidArgument, why.clone()),
            Self::AccessDenied => (Code::PermissionDenied, "AccessDenied".to_owned()),
            Self::Timeout => (Code::DeadlineExceeded, "Timeout".to_owned()),
            Self::Aborted => (Code::Aborted, "Operation timed out".to_owned()),
            Self::Unavailable(_) | Self::NotLeader(_) | Self::NoLeader => return None,
        })
    }
}

fn too_large(max: usize) -> String {
    format!("Maximum Append Size of {max} Exceeded.")
}

fn missing(key: &str) -> String {
    format!("Required Metadata Property '{key}' is missing")
}

fn as_signed(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

fn number_of(expected: Expected) -> i64 {
    match expected {
        Expected::Exact(revision) => as_signed(revision),
        Expected::NoStream => -1,
        Expected::Any => -2,
        Expected::StreamExists => -4,
    }
}
