//! What a webhook tells: ids, and the catalogue's words; of persons nothing but the recipient's id. Or a
//! checkpoint of the log, which is public.

use annals_ports::{Delivery, OutgoingCheckpoint};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// What a message with a checkpoint is called.
const CHECKPOINT: &str = "annals.checkpoint.signed";
/// Namespace of the ids of these messages.
const CHECKPOINTS: Uuid = Uuid::from_u128(0x53c1_07be_8d2f_4a61_9b0a_64f2_1ce3_7d80);

#[derive(Serialize)]
struct Payload<'a, D> {
    r#type: &'a str,
    timestamp: String,
    data: D,
}

#[derive(Serialize)]
struct CheckpointData<'a> {
    origin: &'a str,
    size: u64,
    /// The signed note as it is.
    checkpoint: &'a str,
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

/// The body with a checkpoint, which is sent at this time.
pub(super) fn of_checkpoint(checkpoint: &OutgoingCheckpoint, now: Timestamp) -> Vec<u8> {
    let OutgoingCheckpoint { origin, size, note, .. } = checkpoint;
    let data = CheckpointData { origin, size: *size, checkpoint: note };
    let payload = Payload { r#type: CHECKPOINT, timestamp: now.to_string(), data };
    serde_json::to_vec(&payload).expect("texts and numbers are plain JSON")
}

/// The same checkpoint has the same id, whenever it is sent.
pub(super) fn id_of(sink: &str, checkpoint: &OutgoingCheckpoint) -> Uuid {
    let name = format!("{sink}\n{}\n{}", checkpoint.origin, checkpoint.size);
    Uuid::new_v5(&CHECKPOINTS, name.as_bytes())
}
