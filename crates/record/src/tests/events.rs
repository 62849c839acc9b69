//! Events that the tests have in common, written by hand and unlike those that the dictionaries were
//! trained with.

use annals_domain::event::Event;
use serde_json::json;

/// 700 bytes of JSON about a person who acts on their own account.
pub(crate) fn typical() -> Event {
    let event: Event = serde_json::from_value(json!({
        "id": "019a0d4e-6c1f-7d3a-9b64-2f1c7a5e8d90",
        "type": "user.password.changed",
        "schema_version": 1,
        "tenant": "northwind",
        "source": "https://login.northwind.io",
        "environment": "production",
        "occurred_at": "2026-11-21T09:30:12.481+09:00",
        "received_at": "2026-11-21T00:30:12.733Z",
        "operation": "update",
        "severity": "info",
        "outcome": {"status": "success"},
        "actor": {"type": "user", "id": "8c1f6a52-0c0e-4f0e-9a57-3a7f0a6f1b11",
            "name": "Ngozi Adeyemi", "email": "ngozi.adeyemi@northwind.io"},
        "subject": {"id": "8c1f6a52-0c0e-4f0e-9a57-3a7f0a6f1b11", "name": "Ngozi Adeyemi"},
        "client": {"ip": "203.0.113.77",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"},
        "session": {"id": "b7e0c2f4-55aa-4d5c-8a0e-6d6f3f1f7c21", "auth_method": "webauthn"},
        "request": {"id": "7f9d4b0e-0b7c-4b7e-8f57-5f0f8a4f9c33"},
        "metadata": {"method": "self_service"}
    }))
    .unwrap();
    let bytes = serde_json::to_vec(&event).unwrap().len();
    assert!((690..=1000).contains(&bytes), "{bytes}");
    event
}

/// Every field, four owners, and text that needs escapes.
pub(crate) fn with_everything() -> Event {
    serde_json::from_value(json!({
        "id": "019a0d4e-6c1f-7d3a-9b64-2f1c7a5e8d91",
        "type": "patient.record.updated",
        "schema_version": 3,
        "tenant": "st-mary_7",
        "source": "urn:ward:\"3\"\\é",
        "environment": "staging\u{1f}\u{7f}",
        "app_version": "4.2.0",
        "occurred_at": "2026-02-28T23:59:59.123456789-03:30",
        "received_at": "2026-03-01T03:30:00.001Z",
        "producer": {"id": "ward-3", "seq": 18_446_744_073_709_551_615_u64},
        "operation": "update",
        "severity": "warning",
        "outcome": {"status": "partial", "code": "E-17", "reason": "two of three fields\nkept"},
        "description": "changed by Dr Grey for a colleague 👩‍⚕️",
        "actor": {"type": "user", "id": "grey", "name": "Meredith Grey", "email": "grey@st-mary.example",
            "roles": ["physician"], "alt_ids": {"npi": "1093817465"}},
        "on_behalf_of": [
            {"type": "user", "id": "yang", "name": "Cristina Yang"},
            {"type": "agent", "id": "scribe-2"},
            {"type": "user", "id": "grey"}
        ],
        "subject": {"id": "patient-5512", "name": "Denny Duquette", "alt_ids": {"icn": "1012667145V762142"}},
        "targets": [{"type": "chart", "id": "c-1", "name": "Chart of D. D.", "owner": "patient-5512"}],
        "changes": [{"path": "/dose", "op": "replace", "before": 5, "after": 7.25},
            {"path": "/note", "op": "remove", "before": {"text": "allergic"}}],
        "client": {"ip": "2001:db8::1", "user_agent": "WardApp/4.2", "device": {"type": "tablet", "os": "iPadOS"},
            "geo": {"country": "US", "region": "Washington", "city": "Seattle"}},
        "session": {"id": "s-1", "auth_method": "smartcard", "mfa": true},
        "request": {"id": "r-1", "correlation_id": "019a0d4e-6c1f-7d3a-9b64-2f1c7a5e8d92", "causation_id": "x",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        "justification": {"reason": "verbal order", "ticket": "W-3", "legal_basis": "treatment"},
        "metadata": {"ward": 3, "urgent": true, "weights": [0.1, 1e300, -0.0], "nested": {"a": [null, {}]},
            "key": "YW5uYWxzLXJlY29yZC1iYXNlNjR1cmwtb2YtMzItYnl0"},
        "labels": {"team": "cardiology"}
    }))
    .unwrap()
}

/// A person of nobody's concern but their own, in as few bytes as can be.
pub(crate) fn small() -> Event {
    serde_json::from_value(json!({
        "id": "019a0d4e-6c1f-7d3a-9b64-2f1c7a5e8d93",
        "type": "a",
        "schema_version": 1,
        "tenant": "t",
        "source": "s",
        "occurred_at": "2026-11-21T00:00:00Z",
        "received_at": "2026-11-21T00:00:00.000Z",
        "operation": "other",
        "severity": "info",
        "outcome": {"status": "success"},
        "actor": {"type": "service", "id": "robot"},
        "subject": {"id": "ann"},
        "labels": {"a": "b"}
    }))
    .unwrap()
}
