//! What a webhook tells: ids, and the catalogue's words. Of persons nothing but the recipient's id.

use annals_ports::Delivery;
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    delivery_id: Uuid,
    event_id: Uuid,
    tenant: &'a str,
    recipient_id: &'a str,
    kind: &'a str,
    title: &'a str,
}

/// The body of the request.
pub(super) fn of(delivery: &Delivery) -> Vec<u8> {
    let payload = Payload {
        r#type: &delivery.event_type,
        timestamp: delivery.occurred_at.to_string(),
        data: Data {
            delivery_id: delivery.id,
            event_id: delivery.event.0,
            tenant: delivery.tenant.as_str(),
            recipient_id: &delivery.recipient,
            kind: &delivery.kind,
            title: &delivery.title,
        },
    };
    serde_json::to_vec(&payload).expect("texts and ids are plain JSON")
}
