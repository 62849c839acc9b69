//! Events to fill a log with.

use annals_domain::{Event, EventId, TenantId};
use annals_engine::Admitted;
use annals_record::content_digest;
use serde_json::json;
use uuid::Uuid;

/// Two thirds of the events are of the first.
const TENANTS: [&str; 2] = ["acme", "globex"];

pub(super) fn id(number: u64) -> EventId {
    EventId(Uuid::from_u128(0x1000_0000 + u128::from(number)))
}

pub(super) fn tenant(number: u64) -> TenantId {
    TenantId::new(TENANTS[usize::from(number.is_multiple_of(3))]).unwrap()
}

/// The event of a number, received in the year. Some concern two persons, so that their records have
/// two sealed groups.
pub(super) fn numbered(number: u64, year: i16) -> Admitted {
    event(number, year, "user.signed.in", "signed in")
}

pub(super) fn event(number: u64, year: i16, of_type: &str, description: &str) -> Admitted {
    let (person, second) = (number % 17, number % 60);
    let targets = match number.is_multiple_of(5) {
        true => json!([{"type": "file", "id": "f", "owner": format!("o{}", number % 7)}]),
        false => json!([]),
    };
    let event: Event = serde_json::from_value(json!({
        "id": id(number),
        "type": of_type,
        "schema_version": 1,
        "tenant": tenant(number),
        "source": "tests",
        "occurred_at": format!("{year}-06-01T09:00:{second:02}Z"),
        "received_at": format!("{year}-06-01T09:01:{second:02}.250Z"),
        "operation": "login",
        "severity": "info",
        "outcome": {"status": "success"},
        "description": description,
        "actor": {"type": "user", "id": format!("p{person}"), "name": "Somebody"},
        "subject": {"id": format!("p{person}")},
        "targets": targets,
    }))
    .unwrap();
    let content_digest = content_digest(description.as_bytes());
    Admitted { event, content_digest, retention: "standard".into() }
}
