use annals_ports::contract;

use super::*;

fn event(description: &str) -> Arc<Event> {
    let event = serde_json::json!({
        "id": "019a0d4e-6c1f-7d3a-9b64-2f1c7a5e8d90", "type": "a.b", "schema_version": 1,
        "tenant": "acme", "source": "tests", "occurred_at": "2026-11-21T09:00:00Z",
        "received_at": "2026-11-21T09:00:01Z", "operation": "other", "severity": "info",
        "outcome": {"status": "success"}, "actor": {"type": "anonymous"},
        "description": description,
    });
    Arc::new(serde_json::from_value(event).unwrap())
}

fn record(nonce: u8) -> Record {
    let mut record = contract::record("acme", "s", 1, "x");
    record.header.push(nonce);
    record
}

#[test]
fn what_was_left_is_taken_once_and_only_for_its_own_record() {
    let fresh = Fresh::default();
    fresh.deposit(&record(1), event("first"));
    let second = fresh.deposit(&record(2), event("second"));
    assert!(fresh.take(&record(3)).is_none());
    assert_eq!(fresh.take(&record(1)), Some(event("first")));
    assert!(fresh.take(&record(1)).is_none());
    fresh.withdraw(second);
    assert!(fresh.take(&record(2)).is_none());
    assert_eq!(fresh.locked().weight, 0);
}

#[test]
fn what_nobody_takes_makes_room_in_the_end() {
    let fresh = Fresh::default();
    // Each weighs sixteen thousand ordinary events.
    let large = event(&"x".repeat(1 << 26));
    for nonce in 0..20 {
        fresh.deposit(&record(nonce), Arc::clone(&large));
        assert!(fresh.locked().weight <= FRESH_MAX);
    }
    assert!(fresh.take(&record(0)).is_none());
    assert!(fresh.take(&record(19)).is_some());
}
