//! Which pages of other origins may read answers (CORS, as the Fetch standard has it).
//!
//! There are no cookies here: a page needs a token to learn anything, and credentials of the
//! browser are never allowed. By default no other origin may read anything.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// How long a browser may keep what it was allowed, seconds; more than two hours no browser does.
const KEPT_SECONDS: &str = "7200";
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// What pages may send.
const SENT: &str = "accept, annals-purpose, annals-tenant, authorization, content-encoding, \
                    content-type, idempotency-key, if-match, if-none-match, last-event-id, prefer, \
                    x-request-id";
/// What pages may read.
const SHOWN: &str = "allow, content-disposition, etag, link, location, ratelimit, \
                     ratelimit-policy, retry-after, x-request-id";
/// On what the answer to a preflight depends.
const PREFLIGHT_VARY: &str =
    "origin, access-control-request-method, access-control-request-headers";

/// The origins whose pages may read answers.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins {
    any: bool,
    exact: Arc<[HeaderValue]>,
}

/// A setting that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin: write scheme, host and, if it is not the usual one, port, in lower \
     case and without a path, such as `https://app.example.org`; or `*` alone for every origin"
)]
pub struct WrongOrigin(pub String);

impl AllowedOrigins {
    /// Reads the setting `allowed_origins`.
    ///
    /// # Errors
    /// When one of them is written in a way that no browser sends, so that it would never match.
    pub fn read(origins: &[String]) -> Result<Self, WrongOrigin> {
        if let [one] = origins
            && one == "*"
        {
            return Ok(Self { any: true, exact: Arc::default() });
        }
        let exact = origins.iter().map(|origin| {
            let value = HeaderValue::from_str(origin).ok().filter(|_| is_origin(origin));
            value.ok_or_else(|| WrongOrigin(origin.clone()))
        });
        Ok(Self { any: false, exact: exact.collect::<Result<_, _>>()? })
    }

    /// Whether there is a list of origins.
    pub(crate) fn names_some(&self) -> bool {
        !self.exact.is_empty()
    }

    /// How an answer allows a page of this origin to read it; nothing when it does not.
    pub(crate) fn allow(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match self.any {
            true => Some(HeaderValue::from_static("*")),
            false => self.exact.contains(origin).then(|| origin.clone()),
        }
    }
}

/// As browsers write origins: `scheme://host[:port]`.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let host = authority.host();
    let written = match authority.port_u16() {
        None => format!("{scheme}://{host}"),
        Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
        Some(_) => return false,
    };
    !host.is_empty() && text == written && text == text.to_ascii_lowercase() && !text.contains('*')
}

/// Answers preflights, and tells pages of allowed origins that they may read.
pub(super) async fn apply(
    State(origins): State<AllowedOrigins>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = request.headers().get(header::ORIGIN).and_then(|origin| origins.allow(origin));
    let mut response = match (&allowed, is_preflight(&request)) {
        (Some(_), true) => preflight(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    if !origins.exact.is_empty() && !headers.contains_key(header::ACCESS_CONTROL_MAX_AGE) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(allowed) = allowed {
        add(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, SHOWN);
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    add(headers, header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    add(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, SENT);
    add(headers, header::ACCESS_CONTROL_MAX_AGE, KEPT_SECONDS);
    add(headers, header::VARY, PREFLIGHT_VARY);
    response
}

fn add(headers: &mut HeaderMap, name: http::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests;
