//! Headers that keep browsers from doing more with an answer than show it.

use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// An answer is data: nothing in it is to be run, loaded or framed. Pages bring a policy of their
/// own, which stays.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds them where the handler did not set its own.
pub(super) async fn apply(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, API_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        // Pages of other origins read answers through CORS or not at all.
        (CORP, "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
