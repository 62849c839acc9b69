//! What the table of operations says about an answer, done: kinds that are not accepted are refused
//! before anything happens, tags are given, and secrets are not compressed.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};

use super::accept::accepts_one_of;
use super::compression::Uncompressed;
use super::etag;
use crate::error::{ApiError, Code};
use crate::rest::openapi::{Operation, operation};

/// Works on every route of the table; others pass.
pub(crate) async fn apply(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let Some(operation) = path.and_then(|path| operation(method(&request), path.as_str())) else {
        return next.run(request).await;
    };
    let produced = operation.produces();
    if !produced.is_empty() && !accepts(request.headers(), &produced) {
        return not_acceptable(&produced).into_response();
    }
    let asked = kept_headers(operation, request.headers());
    let response = next.run(request).await;
    let response = match operation.secret {
        true => Uncompressed::mark(response),
        false => response,
    };
    match operation.tag_of_answer {
        Some(tag) => etag::tagged(tag, &asked, response).await,
        None => response,
    }
}

/// HEAD asks for what GET would answer.
fn method(request: &Request) -> &str {
    match request.method() {
        &Method::HEAD => Method::GET.as_str(),
        other => other.as_str(),
    }
}

fn accepts(headers: &HeaderMap, produced: &[&str]) -> bool {
    let values: Option<Vec<&str>> =
        headers.get_all(header::ACCEPT).iter().map(|value| value.to_str().ok()).collect();
    values.is_none_or(|values| accepts_one_of(&values.join(","), produced))
}

fn not_acceptable(produced: &[&str]) -> ApiError {
    let message = format!("this address answers with `{}`; accept it", produced.join("` or `"));
    ApiError::new(Code::NotAcceptable, message)
}

/// The headers that are looked at once the request is gone.
fn kept_headers(operation: &Operation, headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    if operation.tag_of_answer.is_some() {
        for value in headers.get_all(header::IF_NONE_MATCH) {
            kept.append(header::IF_NONE_MATCH, value.clone());
        }
    }
    kept
}
