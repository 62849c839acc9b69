//! One error for every way in: a code, a sentence, and what is wrong with which field.
//!
//! REST shows it as problem+json (RFC 9457), GraphQL as `extensions.code`.

use annals_domain::problem::{ErrorCode, FieldError};
use annals_engine::{QueryError, RecordError, RetentionError};
use annals_ports::ArchiveError;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use tracing::error;

/// Stable words for programs; the same in REST and GraphQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// No token, or one that does not hold.
    Unauthenticated,
    /// The token holds, but does not allow this.
    Forbidden,
    /// The request is wrong.
    BadUserInput,
    /// The body is no event.
    InvalidEvent,
    /// There is no such thing, or it is not the caller's.
    NotFound,
    /// There is no such method here.
    MethodNotAllowed,
    /// Larger than the limit.
    TooLarge,
    /// The body is of another kind.
    UnsupportedMediaType,
    /// The body is compressed in another way.
    UnsupportedEncoding,
    /// Nothing that the caller accepts can be answered.
    NotAcceptable,
    /// The file does not have these bytes.
    RangeNotSatisfiable,
    /// The id was used for another event.
    IdempotencyConflict,
    /// Something else stands in the way; it is not the request that is wrong.
    Conflict,
    /// The thing is no longer as the caller saw it.
    PreconditionFailed,
    /// The caller must say which state of the thing they saw.
    PreconditionRequired,
    /// The cursor was not made here.
    InvalidCursor,
    /// The query is deeper or wider than the limit.
    QueryTooComplex,
    /// Too much at once.
    RateLimited,
    /// The body did not arrive in time.
    Timeout,
    /// The store this service runs on has no way to do it.
    NotImplemented,
    /// No space to record.
    StorageFull,
    /// Not possible at this moment.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Code {
    /// The word, as in GraphQL's `extensions.code`.
    pub fn as_str(self) -> &'static str {
        self.facts().0
    }

    fn facts(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Unauthenticated => ("UNAUTHENTICATED", S::UNAUTHORIZED, "Not signed in"),
            Self::Forbidden => ("FORBIDDEN", S::FORBIDDEN, "Not allowed"),
            Self::BadUserInput => ("BAD_USER_INPUT", S::BAD_REQUEST, "The request is wrong"),
            Self::InvalidEvent => {
                ("BAD_USER_INPUT", S::UNPROCESSABLE_ENTITY, "The event is not valid")
            }
            Self::NotFound => ("NOT_FOUND", S::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => {
                ("METHOD_NOT_ALLOWED", S::METHOD_NOT_ALLOWED, "No such method here")
            }
            Self::TooLarge => ("TOO_LARGE", S::PAYLOAD_TOO_LARGE, "Too large"),
            Self::UnsupportedMediaType => {
                ("UNSUPPORTED_MEDIA_TYPE", S::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type")
            }
            Self::UnsupportedEncoding => {
                ("UNSUPPORTED_ENCODING", S::UNSUPPORTED_MEDIA_TYPE, "Unsupported encoding")
            }
            Self::NotAcceptable => ("NOT_ACCEPTABLE", S::NOT_ACCEPTABLE, "Not acceptable"),
            Self::RangeNotSatisfiable => {
                ("RANGE_NOT_SATISFIABLE", S::RANGE_NOT_SATISFIABLE, "No such bytes")
            }
            Self::IdempotencyConflict => {
                ("IDEMPOTENCY_CONFLICT", S::CONFLICT, "The id belongs to another event")
            }
            Self::Conflict => ("CONFLICT", S::CONFLICT, "Not possible as things are"),
            Self::PreconditionFailed => {
                ("PRECONDITION_FAILED", S::PRECONDITION_FAILED, "It was changed meanwhile")
            }
            Self::PreconditionRequired => {
                ("PRECONDITION_REQUIRED", S::PRECONDITION_REQUIRED, "Say what you saw")
            }
            Self::InvalidCursor => ("INVALID_CURSOR", S::BAD_REQUEST, "The cursor is not valid"),
            Self::QueryTooComplex => {
                ("QUERY_TOO_COMPLEX", S::BAD_REQUEST, "The query is too complex")
            }
            Self::RateLimited => ("RATE_LIMITED", S::TOO_MANY_REQUESTS, "Too many requests"),
            Self::Timeout => ("TIMEOUT", S::REQUEST_TIMEOUT, "The request took too long"),
            Self::NotImplemented => {
                ("NOT_IMPLEMENTED", S::NOT_IMPLEMENTED, "Not possible with this store")
            }
            Self::StorageFull => ("STORAGE_FULL", S::INSUFFICIENT_STORAGE, "No space to record"),
            Self::Unavailable => ("UNAVAILABLE", S::SERVICE_UNAVAILABLE, "Not available now"),
            Self::Internal => {
                ("INTERNAL_SERVER_ERROR", S::INTERNAL_SERVER_ERROR, "A fault on our side")
            }
        }
    }

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        self.facts().1
    }
}

/// A request was not done.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// Which kind.
    pub code: Code,
    /// What is wrong, and what to do; never holds values of events or tokens.
    pub message: String,
    /// What is wrong with which field.
    pub errors: Vec<FieldError>,
    /// After how many seconds to try again.
    pub retry_after: Option<u32>,
    /// Where the refused event is kept.
    pub quarantine_id: Option<uuid::Uuid>,
}

/// The body of an answer that is an error (RFC 9457).
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantine_id: Option<uuid::Uuid>,
}

impl ApiError {
    /// An error with a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            errors: Vec::new(),
            retry_after: None,
            quarantine_id: None,
        }
    }

    /// The request is wrong.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadUserInput, message)
    }

    /// The caller may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// No token, or one that does not hold; one sentence for all reasons.
    pub fn unauthenticated() -> Self {
        Self::new(
            Code::Unauthenticated,
            "send a valid token in the header `Authorization: Bearer <token>`",
        )
    }

    /// There is none, or it is not the caller's: the same answer for both.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// Too much is under way.
    pub fn busy() -> Self {
        let message = "too many events are being recorded; try again shortly";
        Self { retry_after: Some(1), ..Self::new(Code::Unavailable, message) }
    }

    /// One field of a request is wrong.
    pub fn field(error: FieldError) -> Self {
        Self { message: error.to_string(), errors: vec![error], ..Self::bad_request("") }
    }

    /// Some fields of a request are wrong.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self { code: Code::BadUserInput, ..Self::invalid_event(errors) }
    }

    /// The event is not valid.
    pub fn invalid_event(errors: Vec<FieldError>) -> Self {
        let code = match errors.first().map(|error| error.code) {
            Some(ErrorCode::Forbidden) if errors.len() == 1 => Code::Forbidden,
            _ => Code::InvalidEvent,
        };
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        let message = match errors.len() {
            0 | 1 => first,
            more => format!("{first} (and {} more)", more - 1),
        };
        Self { errors, ..Self::new(code, message) }
    }

    /// The error as JSON.
    pub fn problem(&self) -> Problem<'_> {
        let (code, status, title) = self.code.facts();
        Problem {
            kind: format!("urn:annals:problem:{}", code.to_ascii_lowercase().replace('_', "-")),
            title,
            status: status.as_u16(),
            detail: &self.message,
            code,
            errors: &self.errors,
            quarantine_id: self.quarantine_id,
        }
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        let message = error.to_string();
        match error {
            RecordError::IdempotencyConflict(_) => Self::new(Code::IdempotencyConflict, message),
            RecordError::Busy => Self::busy(),
            RecordError::Full => {
                Self { retry_after: Some(30), ..Self::new(Code::StorageFull, message) }
            }
            RecordError::Unavailable => {
                Self { retry_after: Some(5), ..Self::new(Code::Unavailable, message) }
            }
            RecordError::TooLarge(_) => Self::new(Code::TooLarge, message),
        }
    }
}

impl From<annals_engine::tiles::TilesError> for ApiError {
    fn from(error: annals_engine::tiles::TilesError) -> Self {
        error!(error = &error as &dyn std::error::Error, "the Merkle trees could not be read");
        let message = "the proofs cannot be read; the operations log tells why";
        Self::new(Code::Internal, message)
    }
}

impl From<annals_engine::QuarantineError> for ApiError {
    fn from(error: annals_engine::QuarantineError) -> Self {
        error!(error = &error as &dyn std::error::Error, "the quarantine could not be used");
        let message = "the quarantine cannot be used at the moment; the operations log tells why";
        Self { retry_after: Some(5), ..Self::new(Code::Unavailable, message) }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NotYetVisible(_) => Self {
                retry_after: Some(1),
                ..Self::new(Code::Unavailable, "`min_position` is not visible yet; try again")
            },
            QueryError::Busy => {
                Self { retry_after: Some(1), ..Self::new(Code::Unavailable, error.to_string()) }
            }
            QueryError::Archive(ArchiveError::Unavailable { .. }) => {
                error!(error = &error as &dyn std::error::Error, "the archive cannot be read");
                let message = "the archive cannot be read at this moment; ask again, or without it";
                Self { retry_after: Some(5), ..Self::new(Code::Unavailable, message) }
            }
            error => {
                error!(error = &error as &dyn std::error::Error, "a query failed");
                Self::new(Code::Internal, "the query failed; the operations log tells why")
            }
        }
    }
}

impl From<RetentionError> for ApiError {
    fn from(error: RetentionError) -> Self {
        let code = match &error {
            RetentionError::UnderWay | RetentionError::Simulating => Code::Conflict,
            RetentionError::Unsupported => Code::NotImplemented,
            RetentionError::NotCurrent | RetentionError::Denied { .. } => Code::Unavailable,
            RetentionError::Log(_)
            | RetentionError::Index(_)
            | RetentionError::Read(_)
            | RetentionError::Archive(_) => {
                error!(error = &error as &dyn std::error::Error, "the retention job failed");
                let message = "the retention job failed; the operations log tells why. Run it again: it \
                               goes on where it ended";
                return Self { retry_after: Some(5), ..Self::new(Code::Unavailable, message) };
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<annals_engine::EraseError> for ApiError {
    fn from(error: annals_engine::EraseError) -> Self {
        error!(error = &error as &dyn std::error::Error, "an erasure failed");
        let message =
            "the erasure is not finished; it is tried again, and the operations log tells why";
        Self { retry_after: Some(60), ..Self::new(Code::Unavailable, message) }
    }
}

impl From<annals_engine::RetentionTimeError> for ApiError {
    fn from(error: annals_engine::RetentionTimeError) -> Self {
        error!(error = &error as &dyn std::error::Error, "the retention time failed");
        let message =
            "the time that retention goes by cannot be kept; the operations log tells why";
        Self { retry_after: Some(5), ..Self::new(Code::Unavailable, message) }
    }
}

impl From<annals_engine::ReadError> for ApiError {
    fn from(error: annals_engine::ReadError) -> Self {
        Self::from(QueryError::from(error))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let mut response = (self.code.status(), body).into_response();
        let problem_json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem_json);
        self.add_headers(response.headers_mut());
        response
    }
}

impl ApiError {
    /// What clients learn from headers, in REST and GraphQL alike.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == Code::UnsupportedEncoding {
            let accepted = HeaderValue::from_static(crate::layers::decompression::ACCEPTED);
            headers.insert(header::ACCEPT_ENCODING, accepted);
        }
        if self.code == Code::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
}
