//! `If-Match` and `ETag`: which state of something a caller saw.

use annals_domain::EventId;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};

use crate::seen::Seen;

/// What stands in `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag<'a> {
    /// `*`: whatever there is.
    Any,
    /// A tag without its quotes; empty for what is none.
    Of(&'a str),
}

/// Reads `If-Match`.
pub(super) fn if_match(headers: &HeaderMap) -> Option<Tag<'_>> {
    let tag = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    if tag == "*" {
        return Some(Tag::Any);
    }
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    let opaque = opaque.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    Some(Tag::Of(opaque.unwrap_or_default()))
}

/// What the caller saw of something that is named after the event that made it so; none: they do not say.
pub(super) fn seen(headers: &HeaderMap) -> Option<Seen> {
    if_match(headers).map(|tag| match tag {
        Tag::Any => Seen::Anything,
        Tag::Of(id) => Seen::of_id(Some(id)),
    })
}

/// An answer with the event that made what it shows as tag; what ships with Annals was made by none.
pub(super) fn tagged(answer: impl IntoResponse, event: Option<EventId>) -> Response {
    let mut response = answer.into_response();
    let tag = event.map(|event| HeaderValue::try_from(format!("\"{event}\"")));
    if let Some(Ok(tag)) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
