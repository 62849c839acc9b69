//! `/graphql/playground`: a page to try things out, which needs nothing from elsewhere.
//!
//! The three files are built in, and the page may load nothing but them. It holds the token in
//! memory only. Where it is not wanted there is no such address.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::context::Api;
use crate::error::ApiError;

/// The page speaks to its own address alone, and no other page may frame it.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; object-src 'none'";

/// `GET /graphql/playground`
pub(super) async fn page(State(api): State<Api>) -> Result<Response, ApiError> {
    file(&api, "text/html; charset=utf-8", include_str!("playground/playground.html"))
}

/// `GET /graphql/playground/playground.js`
pub(super) async fn script(State(api): State<Api>) -> Result<Response, ApiError> {
    file(&api, "text/javascript; charset=utf-8", include_str!("playground/playground.js"))
}

/// `GET /graphql/playground/playground.css`
pub(super) async fn style(State(api): State<Api>) -> Result<Response, ApiError> {
    file(&api, "text/css; charset=utf-8", include_str!("playground/playground.css"))
}

fn file(api: &Api, media_type: &'static str, text: &'static str) -> Result<Response, ApiError> {
    if !api.graphql.playground {
        return Err(ApiError::not_found("page"));
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((headers, text).into_response())
}
