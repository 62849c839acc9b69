use serde_json::{Value, json};

use crate::import::Format;
use crate::import::tests::{event, refusal};

fn envelope(fields: Value) -> Value {
    let mut envelope = json!({"specversion": "1.0", "id": "A-1", "source": "/shop", "type": "com.example.order.create"});
    envelope.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    envelope
}

#[test]
fn data_that_is_an_annals_event_is_that_event() {
    let event = event(
        Format::CloudEvents,
        &envelope(json!({
            "time": "2026-01-02T03:04:05Z", "subject": "order/7",
            "data": {"actor": {"id": "ann"}, "outcome": "denied", "metadata": {"amount": 3}},
        })),
    );
    assert_eq!(event["type"], "com.example.order.create");
    assert_eq!(event["occurred_at"], "2026-01-02T03:04:05Z");
    assert_eq!((&event["actor"]["id"], &event["outcome"]), (&json!("ann"), &json!("denied")));
    assert_eq!(
        event["metadata"],
        json!({"amount": 3, "cloudevent": {"specversion": "1.0", "id": "A-1", "subject": "order/7"}})
    );
}

#[test]
fn what_the_data_says_stands_before_the_envelope() {
    let id = "0190f6a4-5b7a-7c39-9a64-8d2fb3e17c05";
    let event = event(
        Format::CloudEvents,
        &envelope(json!({
            "time": "2026-01-02T03:04:05Z",
            "data": {"id": id, "type": "order.created", "timestamp": "2026-01-01T00:00:00Z", "source": "shop"},
        })),
    );
    assert_eq!(
        (&event["id"], &event["type"], &event["source"]),
        (&json!(id), &json!("order.created"), &json!("shop"))
    );
    assert_eq!(
        (&event["timestamp"], event.get("occurred_at")),
        (&json!("2026-01-01T00:00:00Z"), None)
    );
    assert_eq!(event["metadata"]["cloudevent"]["type"], "com.example.order.create");
}

#[test]
fn other_data_goes_to_the_metadata() {
    let event = event(
        Format::CloudEvents,
        &envelope(json!({
            "subject": "order/7", "data": {"order": 7}, "authtype": "user", "authid": "ann",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "partitionkey": "p",
        })),
    );
    assert_eq!(event["metadata"]["data"], json!({"order": 7}));
    assert_eq!(event["metadata"]["partitionkey"], "p");
    assert_eq!(event["metadata"]["id"], "A-1");
    assert_eq!(event["actor"], json!({"type": "user", "id": "ann"}));
    assert_eq!(event["targets"], json!([{"type": "subject", "id": "order/7"}]));
    assert_eq!(event["operation"], "create");
    assert_eq!(event["outcome"]["status"], "unknown");
    assert!(event["request"]["traceparent"].is_string());
}

#[test]
fn a_cloud_event_without_its_required_attributes_is_refused() {
    for attribute in ["specversion", "id", "source", "type"] {
        let mut incomplete = envelope(json!({}));
        incomplete.as_object_mut().unwrap().remove(attribute);
        assert_eq!(
            refusal(Format::CloudEvents, &incomplete),
            format!("has no `{attribute}`, which every CloudEvent must have")
        );
    }
}
