//! A POST of `template_id` and `personalisation`, for services that have templates of their own.

use std::sync::Arc;

use annals_domain::notification::{Endpoint, EndpointKind, Outgoing, Payload};
use annals_ports::{Carrier, DeliveryError, Handed, Target};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::headers::with_id;
use super::{endpoint_of, not_mine};
use crate::outgoing::OutgoingHttp;

/// Carries to services with templates.
#[derive(Debug)]
pub struct AdapterCarrier {
    http: Arc<OutgoingHttp>,
}

impl AdapterCarrier {
    /// Carries through this client.
    pub fn new(http: Arc<OutgoingHttp>) -> Self {
        Self { http }
    }
}

#[async_trait]
impl Carrier for AdapterCarrier {
    fn name(&self) -> &'static str {
        "adapter"
    }

    fn carries_to(&self, target: &Target) -> bool {
        endpoint_of(target, EndpointKind::Adapter).is_some()
    }

    async fn carry(&self, message: &Outgoing, target: &Target) -> Result<Handed, DeliveryError> {
        let open = endpoint_of(target, EndpointKind::Adapter).ok_or_else(not_mine)?;
        let body = body(message, &open.endpoint).to_string().into_bytes();
        self.http.post(&open.endpoint.url, with_id(message), body).await
    }
}

/// Where the endpoint names no template, the other end has one called as here.
fn body(message: &Outgoing, endpoint: &Endpoint) -> Value {
    let template_id = endpoint.template_id.as_deref().unwrap_or(&message.template);
    json!({
        "template_id": template_id,
        "personalisation": personalisation(message, endpoint.payload),
        "reference": message.id,
    })
}

/// Texts only: such services put them into place and look no further.
fn personalisation(message: &Outgoing, payload: Payload) -> Map<String, Value> {
    let mut texts = vec![
        ("title", message.title.clone()),
        ("severity", message.severity.clone()),
        ("rule", message.rule.clone()),
        ("locale", message.locale.clone()),
        ("tenant", message.tenant.to_string()),
        ("recipient_id", message.recipient.clone().unwrap_or_default()),
        ("event_id", message.event.to_string()),
        ("event_type", message.event_type.clone()),
        ("occurred_at", message.occurred_at.to_string()),
        ("recorded_at", message.recorded_at.to_string()),
        ("more_count", message.more.len().to_string()),
    ];
    if payload == Payload::Full {
        texts.push(("body", message.body.clone()));
    }
    texts.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
}
