//! Headers of requests to endpoints.

use annals_domain::notification::Outgoing;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// By which the receiver knows what comes twice.
pub(super) const ID: HeaderName = HeaderName::from_static("webhook-id");
/// When the attempt was made, seconds of Unix time.
pub(super) const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// Who made it.
pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The id of the message.
pub(super) fn with_id(message: &Outgoing) -> HeaderMap {
    let id = HeaderValue::from_str(&message.id.to_string()).expect("a UUID is plain ASCII");
    HeaderMap::from_iter([(ID, id)])
}
