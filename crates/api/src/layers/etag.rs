//! Entity tags (RFC 9110 8.8.3), so that what a caller has already is not sent again.
//!
//! A tag is a digest of the answer itself, not of the event: how an event is shown depends on who
//! looks (masks), on what was erased since, and on the catalogue's sentences. So the same tag means
//! the same bytes, whoever asks. Rights are checked, and reads recorded, before: a 304 is an answer
//! like any other.

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;

/// What is larger is sent without a tag.
const BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of a digest in a tag.
const TAG_BYTES: usize = 16;

/// How far two answers of the same tag are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// Byte for byte.
    Strong,
    /// They say the same.
    Weak,
}

/// Gives a good answer its tag; a 304 instead when the caller has it.
pub(crate) async fn tagged(tag: Tag, asked: &HeaderMap, response: Response) -> Response {
    let known = response.body().size_hint().exact().is_some_and(|size| size <= BYTES_MAX);
    if response.status() != StatusCode::OK || !known {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let bytes = body.to_bytes();
    let tag = written(tag, &bytes);
    let has_it = asked.get_all(header::IF_NONE_MATCH).iter().any(|value| names(value, &tag));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    if !has_it {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

fn written(tag: Tag, bytes: &Bytes) -> String {
    let digest = digest(&SHA256, bytes);
    let digest = BASE64URL_NOPAD.encode(&digest.as_ref()[..TAG_BYTES]);
    match tag {
        Tag::Strong => format!("\"{digest}\""),
        Tag::Weak => format!("W/\"{digest}\""),
    }
}

/// Whether a field `If-None-Match` names the tag; strength makes no difference there.
fn names(value: &HeaderValue, tag: &str) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let tag = opaque(tag);
    let Ok(value) = value.to_str() else { return false };
    value.trim() == "*" || value.split(',').any(|one| opaque(one.trim()) == tag)
}

/// The bytes of a compressed answer are others, so its strong tag no longer holds for them.
pub(super) async fn weaken_what_is_compressed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok())
        && !tag.starts_with("W/")
        && let Ok(weak) = HeaderValue::try_from(format!("W/{tag}"))
    {
        headers.insert(header::ETAG, weak);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_those_that_the_caller_has() {
        let tag = written(Tag::Strong, &Bytes::from_static(b"a"));
        let weak = written(Tag::Weak, &Bytes::from_static(b"a"));
        assert_eq!(weak, format!("W/{tag}"));
        let other = written(Tag::Strong, &Bytes::from_static(b"b"));
        assert_ne!(tag, other);
        let listed = format!("{other}, {weak}");
        for (value, found) in [
            (tag.as_str(), true),
            (weak.as_str(), true),
            ("*", true),
            (listed.as_str(), true),
            (other.as_str(), false),
            ("", false),
            ("\"\"", false),
            (tag.trim_matches('"'), false),
        ] {
            assert_eq!(names(&HeaderValue::from_str(value).unwrap(), &tag), found, "{value}");
        }
        assert!(!names(&HeaderValue::from_bytes(b"\"\xff\"").unwrap(), &tag));
    }
}
