//! What an error of the client means for whoever asked.

use eventstore::Error;

/// Codes of gRPC as they stand in the answers to items of a batch
/// (<https://grpc.github.io/grpc/core/md_doc_statuscodes.html>).
mod code {
    pub(super) const INVALID_ARGUMENT: i32 = 3;
    pub(super) const NOT_FOUND: i32 = 5;
    pub(super) const ALREADY_EXISTS: i32 = 6;
    pub(super) const PERMISSION_DENIED: i32 = 7;
    pub(super) const FAILED_PRECONDITION: i32 = 9;
    pub(super) const UNAUTHENTICATED: i32 = 16;
}

/// Why the server did not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The stream is not at the expected revision; nothing was written.
    #[error("the stream is not at the expected revision")]
    Conflict,
    /// The stream does not exist.
    #[error("there is no such stream")]
    Missing,
    /// The stream was deleted for good; nothing was written.
    #[error("the stream was deleted")]
    Deleted,
    /// The user may not do this.
    #[error("the user may not do this; `annals doctor` tells which rights are missing")]
    Denied,
    /// The server does not take this, however often it is sent.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The server does not know this operation.
    #[error("the server is too old: it has no batch append, which came with version 21.10")]
    TooOld,
    /// What came from the server could not be copied; this machine is to blame.
    #[error("the copy of the log failed: {0}")]
    Copy(String),
    /// Whether it was done is not known.
    #[error("{reason}")]
    Unknown {
        /// What is known.
        reason: String,
        /// Whether the client can be of no more use.
        client_is_dead: bool,
    },
}

impl Failure {
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into(), client_is_dead: false }
    }

    /// Whether doing the same again may end otherwise.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let dead = |reason: String| Self::Unknown { reason, client_is_dead: true };
        match error {
            Error::WrongExpectedVersion { .. } | Error::ResourceAlreadyExists => Self::Conflict,
            Error::ResourceNotFound => Self::Missing,
            Error::ResourceDeleted => Self::Deleted,
            Error::AccessDenied => Self::Denied,
            Error::UnsupportedFeature => Self::TooOld,
            Error::Grpc { code, message } => match i32::from(*code) {
                code::ALREADY_EXISTS => Self::Conflict,
                code::NOT_FOUND => Self::Deleted,
                code::PERMISSION_DENIED | code::UNAUTHENTICATED => Self::Denied,
                code::INVALID_ARGUMENT => Self::Refused(message.clone()),
                code::FAILED_PRECONDITION if message.contains("deleted") => Self::Deleted,
                code::FAILED_PRECONDITION if message.contains("WrongExpectedVersion") => {
                    Self::Conflict
                }
                code::FAILED_PRECONDITION => Self::Refused(message.clone()),
                _ => Self::unknown(message.clone()),
            },
            Error::ConnectionClosed => dead("the connection was closed".into()),
            Error::GrpcConnectionError(error) => dead(error.to_string()),
            Error::InternalClientError | Error::IllegalStateError(_) => dead(error.to_string()),
            Error::InternalParsingError(_) | Error::InitializationError(_) => {
                dead(error.to_string())
            }
            Error::NotLeaderException(_) => Self::unknown("the node is no longer the leader"),
            Error::DeadlineExceeded => Self::unknown("the server did not answer in time"),
            Error::ServerError(message) => Self::unknown(message.clone()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_known_is_tried_again() {
        let lost = Failure::from(Error::ServerError("gone".into()));
        let late = Failure::from(Error::DeadlineExceeded);
        let closed = Failure::from(Error::ConnectionClosed);
        assert!(lost.may_pass() && late.may_pass() && closed.may_pass());
        assert!(matches!(closed, Failure::Unknown { client_is_dead: true, .. }));
        for definite in [
            Error::AccessDenied,
            Error::ResourceDeleted,
            Error::ResourceAlreadyExists,
            Error::UnsupportedFeature,
        ] {
            assert!(!Failure::from(&definite).may_pass(), "{definite}");
        }
    }
}
