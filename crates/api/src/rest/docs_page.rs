//! The documentation: the document of the contract, and a page that shows it and tries it.
//!
//! The page is ours, small, and built in: it loads nothing from elsewhere, and its policy forbids
//! it to. A token that is entered there stays in the memory of the page.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};

use super::openapi;
use crate::context::Api;
use crate::error::ApiError;

const PAGE: &str = include_str!("../../assets/docs.html");
const STYLE: &str = include_str!("../../assets/docs.css");
const SCRIPT: &str = include_str!("../../assets/docs.js");

/// Only what this service serves, only to this service, and in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Caches may keep it, and ask each time whether it is still the same.
const KEPT: &str = "no-cache";

/// The document as this service tells it, made once.
#[derive(Clone)]
pub(crate) struct Document(Bytes);

impl Document {
    /// The document with the limits of this service.
    pub(crate) fn of(api: &Api) -> Self {
        Self(openapi::document(&api.limits).to_string().into())
    }
}

/// `GET /api/v1/openapi.json`
pub(super) async fn document(Extension(Document(text)): Extension<Document>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, KEPT)];
    (kind, text).into_response()
}

/// `GET /api/v1/docs`
pub(super) async fn page(State(api): State<Api>) -> Result<Response, ApiError> {
    served(&api, "text/html; charset=utf-8", PAGE)
}

/// `GET /api/v1/docs/docs.css`
pub(super) async fn style(State(api): State<Api>) -> Result<Response, ApiError> {
    served(&api, "text/css; charset=utf-8", STYLE)
}

/// `GET /api/v1/docs/docs.js`
pub(super) async fn script(State(api): State<Api>) -> Result<Response, ApiError> {
    served(&api, "text/javascript; charset=utf-8", SCRIPT)
}

fn served(api: &Api, kind: &'static str, text: &'static str) -> Result<Response, ApiError> {
    if !api.web.docs {
        return Err(ApiError::not_found("page"));
    }
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(KEPT));
    Ok(response)
}
