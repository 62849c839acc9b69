//! Errors as GraphQL shows them: `extensions.code`, the same words as in REST.

use async_graphql::{ErrorExtensions, Response, ServerError, Value};

use crate::error::ApiError;

/// Why an operation did not run.
pub(super) enum Refused {
    /// The request as such is wrong; its status tells, whatever the client accepts.
    Request(ApiError),
    /// The document is.
    Document(Box<Response>),
}

impl Refused {
    /// As an answer of GraphQL.
    pub(super) fn response(self) -> Response {
        match self {
            Self::Request(error) => refusal(&error),
            Self::Document(response) => *response,
        }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Request(error)
    }
}

impl From<Box<Response>> for Refused {
    fn from(response: Box<Response>) -> Self {
        Self::Document(response)
    }
}

impl ErrorExtensions for ApiError {
    fn extend(&self) -> async_graphql::Error {
        async_graphql::Error::new(&self.message).extend_with(|_, extensions| {
            extensions.set("code", self.code.as_str());
            if let Some(seconds) = self.retry_after {
                extensions.set("retryAfterMs", u64::from(seconds) * 1000);
            }
            if let Some(id) = self.quarantine_id {
                extensions.set("quarantineId", id.to_string());
            }
            if let Ok(Value::List(errors)) = async_graphql::to_value(&self.errors)
                && !errors.is_empty()
            {
                extensions.set("errors", Value::List(errors));
            }
        })
    }
}

/// A resolver's failure.
pub(super) fn failed(error: impl Into<ApiError>) -> async_graphql::Error {
    error.into().extend()
}

/// A request that is answered by an error alone.
pub(super) fn refusal(error: &ApiError) -> Response {
    let error = error.extend().into_server_error(async_graphql::Pos::default());
    Response::from_errors(vec![ServerError { locations: Vec::new(), ..error }])
}

/// A document that is refused before it is run.
pub(super) fn refused_document(code: &'static str, message: impl Into<String>) -> Box<Response> {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    Box::new(Response::from_errors(vec![error]))
}

/// Whether a response tells that the operation did not run, and nothing else.
pub(super) fn did_not_run(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// How the schema's own limits say that a document is too much.
const TOO_MUCH: &[&str] = &[
    "Query is too complex.",
    "Query is nested too deep.",
    "The recursion depth of the query",
    "The number of directives on the field",
];

/// Gives every error a code and the id of the request.
pub(super) fn completed(mut response: Response, request_id: Option<&str>) -> Response {
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            let too_much = TOO_MUCH.iter().any(|limit| error.message.starts_with(limit));
            // What is found wrong while a field runs is the value of an argument.
            let code = match (too_much, error.path.is_empty()) {
                (true, _) => "QUERY_TOO_COMPLEX",
                (false, true) => "GRAPHQL_VALIDATION_FAILED",
                (false, false) => "BAD_USER_INPUT",
            };
            extensions.set("code", code);
        }
        if let Some(id) = request_id {
            extensions.set("requestId", id);
        }
    }
    response
}
