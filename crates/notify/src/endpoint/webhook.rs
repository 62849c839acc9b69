//! Webhooks after Standard Webhooks: a signed POST that says what happened to whom.
//!
//! A thin one says nothing else: a receiver that needs more asks for the event by its id, with its own
//! rights.

use std::sync::Arc;

use annals_domain::notification::{EndpointKind, Outgoing, Payload};
use annals_ports::{Carrier, DeliveryError, Handed, Target};
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use serde::Serialize;
use uuid::Uuid;

use super::headers::{SIGNATURE, TIMESTAMP, with_id};
use super::signing::signatures;
use super::{endpoint_of, not_mine};
use crate::outgoing::OutgoingHttp;

/// What a message is called.
const TYPE: &str = "annals.notification";

/// Carries to webhooks.
#[derive(Debug)]
pub struct WebhookCarrier {
    http: Arc<OutgoingHttp>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    delivery_id: Uuid,
    tenant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_id: Option<&'a str>,
    rule: &'a str,
    severity: &'a str,
    event_id: Uuid,
    event_type: &'a str,
    occurred_at: String,
    recorded_at: String,
    /// Where to ask for the event.
    event_path: String,
    /// The events that a digest sums up beside it.
    #[serde(skip_serializing_if = "<[Uuid]>::is_empty")]
    more: &'a [Uuid],
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
}

impl WebhookCarrier {
    /// Carries through this client.
    pub fn new(http: Arc<OutgoingHttp>) -> Self {
        Self { http }
    }
}

#[async_trait]
impl Carrier for WebhookCarrier {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn carries_to(&self, target: &Target) -> bool {
        endpoint_of(target, EndpointKind::Webhook).is_some()
    }

    async fn carry(&self, message: &Outgoing, target: &Target) -> Result<Handed, DeliveryError> {
        let open = endpoint_of(target, EndpointKind::Webhook).ok_or_else(not_mine)?;
        let (now, body) = (Timestamp::now().as_second(), body(message, open.endpoint.payload));
        let mut headers = with_id(message);
        headers.insert(TIMESTAMP, HeaderValue::from(now));
        let signature = signatures(open, &message.id.to_string(), now, &body);
        headers.insert(SIGNATURE, HeaderValue::try_from(signature).expect("base64 is plain ASCII"));
        self.http.post(&open.endpoint.url, headers, body).await
    }
}

fn body(message: &Outgoing, payload: Payload) -> Vec<u8> {
    let full = payload == Payload::Full;
    let more: Vec<Uuid> = message.more.iter().map(|event| event.0).collect();
    let data = Data {
        delivery_id: message.id,
        tenant: message.tenant.as_str(),
        recipient_id: message.recipient.as_deref(),
        rule: &message.rule,
        severity: &message.severity,
        event_id: message.event.0,
        event_type: &message.event_type,
        occurred_at: message.occurred_at.to_string(),
        recorded_at: message.recorded_at.to_string(),
        event_path: format!("/api/v1/logs/{}", message.event),
        more: &more,
        title: full.then_some(&message.title),
        body: full.then_some(&message.body),
    };
    let body = Body { r#type: TYPE, timestamp: message.occurred_at.to_string(), data };
    serde_json::to_vec(&body).expect("texts and ids are plain JSON")
}
