//! What the receiver's answer means for the delivery.

use std::time::Duration;

use annals_ports::DeliveryError;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// No receiver makes a message wait for longer.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Statuses in the 400s that say "later", not "never".
const LATER: [StatusCode; 3] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];

/// Whether the message was taken on, and if not, whether it is worth another try.
pub(crate) fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), DeliveryError> {
    if status.is_success() {
        return Ok(());
    }
    Err(DeliveryError {
        doing: "deliver to the webhook: the receiver did not take the message on",
        permanent: status.is_client_error() && !LATER.contains(&status),
        retry_after: retry_after(headers, Timestamp::now()),
        source: format!("it answered with status {}", status.as_u16()).into(),
    })
}

/// How long the receiver asks to be left alone, within the limit.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        // A date in the past asks for nothing.
        Err(_) => Duration::try_from(rfc2822::parse(text).ok()?.timestamp().duration_since(now))
            .unwrap_or_default(),
    };
    Some(asked.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests;
