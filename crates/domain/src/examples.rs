//! Events, catalogue and limits that the tests of this crate share.

use std::sync::LazyLock;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::admission::{Admission, UnknownTypes, admit};
use crate::catalogue::Catalogue;
use crate::event::Event;
use crate::identifiers::{EventId, Position, Revision, StreamName, TenantId};
use crate::input::EventInput;
use crate::limits::{EventLimits, Limits};
use crate::problem::FieldError;
use crate::record::Recorded;

/// 2026-11-21T09:30:00Z
pub(crate) const NOW: &str = "2026-11-21T09:30:00Z";

pub(crate) const CATALOGUE: &str = r#"
family = "account"
title = "Account"

[[type]]
name = "user.password.changed"
version = 2
title = "Password changed"
description = "A password was changed."
operation = "update"
severity = "warning"
significant = true
sentence = "{actor} changed the password of {subject} ({metadata.method})"
forbidden = ["password"]

[type.metadata]
type = "object"
required = ["method"]
properties.method = { enum = ["self", "reset"] }
properties.attempts = { type = "integer" }

[[type.earlier]]
version = 1
steps = [
    { rename = { from = "how", to = "method" } },
    { map = { key = "method", values = { own = "self", self = "self" }, otherwise = "reset" } },
    { default = { key = "method", value = "self" } },
    { to_number = "attempts" },
]

[type.earlier.metadata]
type = "object"
properties.how = { type = "string" }
properties.attempts = { type = "string", pattern = "^[0-9]{1,3}$" }

[[type]]
name = "invoice.viewed"
version = 1
title = "Invoice viewed"
description = "An invoice was looked at."
operation = "read"
severity = "info"
sentence = "{actor} viewed {target}"
"#;

pub(crate) fn now() -> jiff::Timestamp {
    NOW.parse().unwrap()
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(crate) fn catalogue() -> &'static Catalogue {
    static READ: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::read([("account.toml", CATALOGUE)]).unwrap());
    &READ
}

pub(crate) fn limits() -> &'static EventLimits {
    &shipped_limits().event
}

pub(crate) fn shipped_limits() -> &'static Limits {
    static READ: LazyLock<Limits> = LazyLock::new(Limits::shipped);
    &READ
}

/// Reads and admits an event as the tenant `acme` sends it.
pub(crate) fn admitted(json: Value) -> Result<Event, Vec<FieldError>> {
    admitted_with(json, |_| {})
}

/// Like [`admitted`], after `change` was made to what admission knows.
pub(crate) fn admitted_with(
    json: Value,
    change: impl FnOnce(&mut Admission<'_>),
) -> Result<Event, Vec<FieldError>> {
    let input = EventInput::from_json(json.to_string().as_bytes()).map_err(|error| vec![error])?;
    let tenant = tenant();
    let mut admission = Admission {
        catalogue: catalogue(),
        limits: limits(),
        tenant: &tenant,
        source: "tests",
        now: now(),
        fresh_id: EventId(Uuid::from_u128(1)),
        unknown_types: UnknownTypes::Accept,
        own_facts: false,
    };
    change(&mut admission);
    admit(input, &admission)
}

/// An event from JSON that is right.
pub(crate) fn event(json: Value) -> Event {
    admitted(json).unwrap()
}

/// An event that has a value in every field.
pub(crate) fn full_event() -> Event {
    event(json!({
        "id": "0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B",
        "type": "user.password.changed",
        "source": "https://shop.example.org",
        "environment": "Production",
        "app_version": "2.1.0",
        "occurred_at": "2026-11-21T09:00:00.25+01:00",
        "producer": {"id": "worker-3", "seq": 7},
        "severity": "error",
        "outcome": {"status": "denied", "code": "AccessDenied", "reason": "Not on a weekend"},
        "description": "Refund of the order refused, see naïve café notes",
        "actor": {
            "id": "u-Ann", "name": "Ann Lee", "email": "Ann@Example.org",
            "roles": ["admin", "Support"], "alt_ids": {"icn": "1012V"}
        },
        "on_behalf_of": [{
            "type": "agent", "id": "bot-1", "name": "Helper", "email": "bot@example.org",
            "roles": ["clerk"], "alt_ids": {"icn": "B1"}
        }],
        "subject": {"id": "u-Bob", "name": "Bob Ray", "alt_ids": {"csp_uuid": "9f2"}},
        "targets": [
            {"type": "Invoice", "id": "INV-7", "name": "Q3 report", "owner": "u-Bob"},
            {"type": "file"}
        ],
        "changes": [
            {"path": "/role", "op": "replace", "before": "clerk", "after": "manager"},
            {"path": "/tags", "op": "add", "after": ["vip"]}
        ],
        "client": {
            "ip": "::ffff:10.1.2.3",
            "user_agent": "Mozilla/5.0 (X11; Linux)",
            "device": {"name": "iPhone", "type": "mobile", "os": "iOS 18", "browser": "Safari"},
            "geo": {"country": "NL", "region": "Utrecht", "city": "Utrecht"}
        },
        "session": {"id": "s-1", "auth_method": "saml", "mfa": false},
        "request": {
            "id": "r-1", "correlation_id": "order-7", "causation_id": "cmd-7",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        },
        "justification": {
            "reason": "asked by phone", "ticket": "OPS-12", "legal_basis": "Consent"
        },
        "metadata": {
            "method": "self", "amount": 150.5, "whole": 100, "flag": true, "nothing": null,
            "ticket": {"id": "T-1", "tags": ["Urgent", "night"]}, "empty": {}, "odd key": "x",
            "text_number": "100"
        },
        "labels": {"env": "Prod", "team": "billing"}
    }))
}

/// The event as the log holds it.
pub(crate) fn recorded(position: u64, event: Event) -> Recorded {
    Recorded {
        position: Position(position),
        stream: StreamName::person(&event.tenant, "abc"),
        revision: Revision(position),
        event: event.into(),
        header_digest: [0; 32],
        erased: Vec::new(),
        stored_schema_version: None,
    }
}
