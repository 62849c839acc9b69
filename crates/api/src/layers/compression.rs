//! Compressing answers for those who accept it (`Accept-Encoding: zstd` or `gzip`).
//!
//! Whoever sees how long encrypted answers are, and can put words of their own into them, may guess
//! what else is in there, word by word, because compression shortens what is repeated (the attack is
//! known as BREACH). So an answer that holds a secret, such as a new API key, goes as it is: its
//! row in the table of operations says so, or its handler puts [`Uncompressed`] into it.

use axum::response::Response;
use http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// What is smaller fits into one packet anyway.
const BYTES_MIN: u64 = 1024;
/// Fast enough to keep up with the network, at most of the gain.
const LEVEL: CompressionLevel = CompressionLevel::Precise(3);
/// Kinds of answers that come piece by piece as things happen: a compressor would hold them back.
const LIVE: &[&str] = &["text/event-stream", "multipart/mixed"];

/// Marks an answer that is not to be compressed.
#[derive(Clone)]
pub(crate) struct Uncompressed;

impl Uncompressed {
    /// Marks the answer.
    pub(crate) fn mark(mut response: Response) -> Response {
        response.extensions_mut().insert(Self);
        response
    }
}

/// The layer that compresses.
pub(super) fn layer() -> CompressionLayer<impl Predicate> {
    let may_be = |_: StatusCode, _: Version, headers: &HeaderMap, extensions: &Extensions| {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let live = kind.is_some_and(|kind| LIVE.iter().any(|live| kind.starts_with(live)));
        !live && extensions.get::<Uncompressed>().is_none()
    };
    CompressionLayer::new().quality(LEVEL).compress_when(SizeAbove::new(BYTES_MIN).and(may_be))
}
