//! The form that Slack's incoming webhooks take, and all that copy them.
//!
//! The URL is the secret there, and nothing is signed.

use std::sync::Arc;

use annals_domain::notification::{EndpointKind, Outgoing, Payload};
use annals_ports::{Carrier, DeliveryError, Handed, Target};
use async_trait::async_trait;
use serde_json::{Value, json};

use super::headers::with_id;
use super::{endpoint_of, not_mine};
use crate::outgoing::OutgoingHttp;
use crate::plain::shortened;

/// Slack takes headers of 150 characters.
const HEADER_CHARS_MAX: usize = 150;
/// Slack takes sections of 3000 characters; escaped, one can become five.
const SECTION_CHARS_MAX: usize = 600;

/// Carries to Slack and services like it.
#[derive(Debug)]
pub struct SlackCarrier {
    http: Arc<OutgoingHttp>,
}

impl SlackCarrier {
    /// Carries through this client.
    pub fn new(http: Arc<OutgoingHttp>) -> Self {
        Self { http }
    }
}

#[async_trait]
impl Carrier for SlackCarrier {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn carries_to(&self, target: &Target) -> bool {
        endpoint_of(target, EndpointKind::Slack).is_some()
    }

    async fn carry(&self, message: &Outgoing, target: &Target) -> Result<Handed, DeliveryError> {
        let open = endpoint_of(target, EndpointKind::Slack).ok_or_else(not_mine)?;
        let body = body(message, open.endpoint.payload).to_string().into_bytes();
        self.http.post(&open.endpoint.url, with_id(message), body).await
    }
}

/// Title and where to look; the sentence as well when the endpoint says `full`.
fn body(message: &Outgoing, payload: Payload) -> Value {
    let title = shortened(&message.title, HEADER_CHARS_MAX);
    let sentence = match payload {
        Payload::Full => shortened(&message.body, SECTION_CHARS_MAX),
        Payload::Thin => String::new(),
    };
    let text = match sentence.is_empty() {
        true => title.clone(),
        false => format!("{title}: {sentence}"),
    };
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": title, "emoji": false },
    })];
    if !sentence.is_empty() {
        let text = json!({ "type": "mrkdwn", "text": escaped(&sentence), "verbatim": true });
        blocks.push(json!({ "type": "section", "text": text }));
    }
    let more = match message.more.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let about = format!(
        "{} · {} · {} · {}{more}",
        message.severity, message.event_type, message.occurred_at, message.event
    );
    let about = json!({ "type": "mrkdwn", "text": escaped(&about), "verbatim": true });
    blocks.push(json!({ "type": "context", "elements": [about] }));
    json!({ "text": escaped(&text), "blocks": blocks })
}

/// What is said to mean nothing: without it a name could call a whole channel, or hide a link.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
