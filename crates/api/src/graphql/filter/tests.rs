use std::sync::LazyLock;

use annals_domain::catalogue::Catalogue;
use annals_domain::filter::Filter;
use annals_domain::limits::{Limits, QueryLimits};
use annals_domain::query::{self, QueryContext};
use async_graphql::{InputType, Value};
use serde_json::{Value as Json, json};

use super::*;
use crate::error::Code;

fn read(filter: Json) -> Result<Filter, Code> {
    let value = Value::from_json(filter).unwrap();
    let Ok(filter) = AuditEventFilter::parse(Some(value)) else { panic!("it is no filter") };
    let limits = Limits::shipped().query;
    lowering::lower(filter, &context(&limits)).map_err(|error| error.code)
}

/// The same in the query language.
fn said(text: &str) -> Filter {
    let limits = Limits::shipped().query;
    query::parse(text, &context(&limits)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::shipped);

fn context(limits: &QueryLimits) -> QueryContext<'_> {
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    QueryContext { limits, now, catalogue: &CATALOGUE }
}

/// Fields with a text, as the filter and as the query language call them.
const TEXTS: &[(&str, &str)] = &[
    ("id", "id"),
    ("type", "type"),
    ("source", "source"),
    ("tenant", "tenant"),
    ("environment", "environment"),
    ("appVersion", "app_version"),
    ("producerId", "producer.id"),
    ("outcomeCode", "outcome.code"),
    ("actor", "actor"),
    ("actorId", "actor.id"),
    ("actorName", "actor.name"),
    ("actorEmail", "actor.email"),
    ("actorRole", "actor.role"),
    ("onBehalfOfId", "on_behalf_of.id"),
    ("onBehalfOfName", "on_behalf_of.name"),
    ("onBehalfOfEmail", "on_behalf_of.email"),
    ("onBehalfOfRole", "on_behalf_of.role"),
    ("subject", "subject"),
    ("subjectId", "subject.id"),
    ("subjectName", "subject.name"),
    ("userId", "user"),
    ("target", "target"),
    ("targetType", "target.type"),
    ("targetId", "target.id"),
    ("targetName", "target.name"),
    ("targetOwner", "target.owner"),
    ("changePath", "changes.path"),
    ("userAgent", "client.user_agent"),
    ("device", "client.device"),
    ("deviceType", "client.device_type"),
    ("os", "client.os"),
    ("browser", "client.browser"),
    ("country", "client.country"),
    ("region", "client.region"),
    ("city", "client.city"),
    ("sessionId", "session.id"),
    ("authMethod", "session.auth_method"),
    ("requestId", "request.id"),
    ("correlationId", "request.correlation_id"),
    ("causationId", "request.causation_id"),
    ("traceId", "request.trace_id"),
    ("ticket", "justification.ticket"),
    ("legalBasis", "justification.legal_basis"),
];

#[test]
fn every_text_can_be_asked_for_in_every_way() {
    for (typed, name) in TEXTS {
        let v = match *typed {
            "id" => "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
            _ => "va-1",
        };
        for (test, text) in [
            (json!({ "eq": v }), format!("{name}:{v}")),
            (json!({ "neq": v }), format!("-{name}:{v}")),
            (json!({ "in": [v] }), format!("{name}:{v}")),
            (json!({ "in": [v, v] }), format!("{name}:{v},{v}")),
            (json!({ "nin": [v, v] }), format!("-{name}:{v},{v}")),
            (json!({ "startsWith": "va-" }), format!("{name}:va-*")),
            (json!({ "endsWith": "-1" }), format!("{name}:*-1")),
            (json!({ "contains": "a-" }), format!("{name}:*a-*")),
            (json!({ "exists": true }), format!("has:{name}")),
            (json!({ "exists": false, "neq": v }), format!("-{name}:{v} -has:{name}")),
        ] {
            assert_eq!(read(json!({ *typed: test })).unwrap(), said(&text), "{typed}: {text}");
        }
    }
}

/// What the typed filter leaves to the query language, or calls otherwise.
const NOT_TEXTS: &[&str] = &[
    "after",
    "before",
    "recorded_after",
    "recorded_before",
    "severity_rank",
    "description",
    "outcome.reason",
    "justification.reason",
    "has",
    "is",
    "occurred",
    "recorded",
    "severity",
    "operation",
    "outcome",
    "actor.type",
    "on_behalf_of.type",
    "changes.op",
    "client.ip",
    "session.mfa",
    "metadata.<key>",
    "labels.<key>",
    "actor.alt_ids.<key>",
    "on_behalf_of.alt_ids.<key>",
    "subject.alt_ids.<key>",
];

#[test]
fn every_field_of_the_query_language_has_its_typed_one() {
    for info in query::fields() {
        let is_text = TEXTS.iter().any(|(_, name)| *name == info.name);
        assert!(is_text != NOT_TEXTS.contains(&info.name), "{}", info.name);
    }
}

#[test]
fn every_field_means_what_the_query_language_means() {
    let same: &[(&str, Json)] = &[
        ("", json!({})),
        ("type:a.b", json!({ "type": { "eq": "a.b" } })),
        ("source:shop", json!({ "source": { "eq": "shop" } })),
        ("actor.id:ann", json!({ "actorId": { "eq": "ann" } })),
        ("actor.name:ann", json!({ "actorName": { "eq": "ann" } })),
        ("actor.email:a@b.c", json!({ "actorEmail": { "eq": "a@b.c" } })),
        ("subject.id:bob", json!({ "subjectId": { "eq": "bob" } })),
        ("target.type:invoice", json!({ "targetType": { "eq": "invoice" } })),
        ("target.id:7", json!({ "targetId": { "eq": "7" } })),
        ("session.id:s", json!({ "sessionId": { "eq": "s" } })),
        ("request.id:r", json!({ "requestId": { "eq": "r" } })),
        ("request.correlation_id:c", json!({ "correlationId": { "eq": "c" } })),
        ("country:NL", json!({ "country": { "eq": "NL" } })),
        ("ip:10.0.0.0/8", json!({ "ip": "10.0.0.0/8" })),
        ("ip:192.0.2.1", json!({ "ip": "192.0.2.1" })),
        ("ip:2001:db8::/32", json!({ "ip": "2001:db8::/32" })),
        ("-type:a", json!({ "type": { "neq": "a" } })),
        ("type:a*", json!({ "type": { "startsWith": "a" } })),
        ("type:*a*", json!({ "type": { "contains": "a" } })),
        ("operation:read,update", json!({ "operation": ["READ", "UPDATE"] })),
        ("outcome:denied,failure", json!({ "outcome": ["DENIED", "FAILURE"] })),
        ("severity>=warning", json!({ "severity": { "gte": "WARNING" } })),
        ("after:2026-01-01", json!({ "occurredAt": { "gte": "2026-01-01T00:00:00Z" } })),
        ("before:2026-01-01", json!({ "occurredAt": { "lt": "2026-01-01T00:00:00Z" } })),
        ("recorded_after:2026-01-01", json!({ "receivedAt": { "gte": "2026-01-01T00:00:00Z" } })),
        ("metadata.a.b>=7", json!({ "metadata": [{ "path": "a.b", "gte": 7.0 }] })),
        ("metadata.a<7", json!({ "metadata": [{ "path": "a", "lt": 7 }] })),
        ("has:metadata.a", json!({ "metadata": [{ "path": "a", "exists": true }] })),
        ("metadata.a:7<..8", json!({ "metadata": [{ "path": "a", "gt": 7, "lte": 8 }] })),
        ("metadata.a>9", json!({ "metadata": [{ "path": "a", "gt": 9, "gte": 9 }] })),
        ("metadata.a<=9", json!({ "metadata": [{ "path": "a", "lt": 9.5, "lte": 9 }] })),
        ("severity:error", json!({ "severity": { "eq": "ERROR" } })),
        ("-severity:info,warning", json!({ "severity": { "nin": ["INFO", "WARNING"] } })),
        (
            "-severity:info severity>warning",
            json!({ "severity": { "neq": "INFO", "gt": "WARNING" } }),
        ),
        ("severity:warning..error", json!({ "severity": { "gte": "WARNING", "lte": "ERROR" } })),
        ("severity<error", json!({ "severity": { "lt": "ERROR" } })),
        (
            "occurred>2026-01-01T00:00:00Z",
            json!({ "occurredAt": { "gt": "2026-01-01T00:00:00Z" } }),
        ),
        (
            "occurred<=2026-01-01T00:00:00Z",
            json!({ "occurredAt": { "lte": "2026-01-01T00:00:00.0000009Z" } }),
        ),
        ("ip:10.0.0.0/8,::1", json!({ "clientIp": { "in": ["10.0.0.1/8", "::1"] } })),
        ("-ip:::ffff:10.0.0.1", json!({ "clientIp": { "neq": "10.0.0.1" } })),
        (
            "ip:10.0.0.1 -ip:fe80::/10",
            json!({ "clientIp": { "eq": "10.0.0.1", "nin": ["fe80::/10"] } }),
        ),
        ("has:ip", json!({ "clientIp": { "exists": true } })),
        ("mfa:false", json!({ "mfa": false })),
        ("actor.type:service,agent", json!({ "actorType": ["SERVICE", "AGENT"] })),
        ("on_behalf_of.type:user", json!({ "onBehalfOfType": ["USER"] })),
        ("changes.op:remove", json!({ "changeOperation": ["REMOVE"] })),
        (
            "actor.alt_ids.icn:7",
            json!({ "actorAltIds": [{ "path": "icn", "value": { "eq": "7" } }] }),
        ),
        (
            "subject.alt_ids.a:7",
            json!({ "subjectAltIds": [{ "path": "a", "value": { "in": ["7"] } }] }),
        ),
        (
            "has:on_behalf_of.alt_ids.a",
            json!({ "onBehalfOfAltIds": [{ "path": "a", "exists": true }] }),
        ),
        ("has:description has:metadata.\"a b\"", json!({ "has": ["description", "metadata.a b"] })),
        ("is:significant", json!({ "is": ["SIGNIFICANT"] })),
        ("is:failed,change", json!({ "is": ["FAILED", "CHANGE"] })),
        ("東京", json!({ "text": "東京" })),
        (
            "id:0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
            json!({ "id": { "eq": "0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B" } }),
        ),
        ("-has:metadata.a", json!({ "metadata": [{ "path": "a", "exists": false }] })),
        ("labels.env:prod", json!({ "labels": [{ "path": "env", "value": { "eq": "prod" } }] })),
        ("\"password reset\"", json!({ "text": "Password  RESET" })),
        ("type:a subject.id:b", json!({ "type": { "eq": "a" }, "subjectId": { "eq": "b" } })),
        (
            "type:a (subject.id:b OR actor.id:c)",
            json!({ "type": { "eq": "a" }, "or": [
                { "subjectId": { "eq": "b" } }, { "actorId": { "eq": "c" } },
            ] }),
        ),
        (
            "NOT (type:a source:b)",
            json!({ "not": { "type": { "eq": "a" }, "source": { "eq": "b" } } }),
        ),
    ];
    for (text, filter) in same {
        assert_eq!(read(filter.clone()).unwrap(), said(text), "{text}");
    }
}

#[test]
fn alternatives_of_nothing_find_nothing() {
    let nothing = Filter::Or(Vec::new());
    assert_eq!(read(json!({ "type": { "in": [] } })).unwrap(), nothing);
    assert_eq!(read(json!({ "operation": [] })).unwrap(), nothing);
    assert_eq!(read(json!({ "or": [] })).unwrap(), nothing);
    assert_eq!(read(json!({ "type": { "nin": [] } })).unwrap(), Filter::Not(Box::new(nothing)));
}

#[test]
fn conditions_are_taken_up_to_the_limit_and_not_one_beyond() {
    let limits = Limits::shipped().query;
    type Build = fn(usize) -> Json;
    let counted: &[(&str, Build)] = &[
        ("in", |n| json!({ "type": { "in": vec!["a"; n] } })),
        ("nin", |n| json!({ "type": { "nin": vec!["a"; n] } })),
        ("operation", |n| json!({ "operation": vec!["READ"; n] })),
        ("empty alternatives", |n| json!({ "or": vec![json!({}); n] })),
        ("empty conjunctions", |n| json!({ "and": vec![json!({}); n] })),
        ("paths", |n| json!({ "metadata": vec![json!({ "path": "a", "exists": true }); n] })),
        ("words", |n| json!({ "text": "a ".repeat(n) })),
    ];
    for (what, build) in counted {
        assert!(read(build(limits.terms_max)).is_ok(), "{what}");
        assert_eq!(read(build(limits.terms_max + 1)), Err(Code::QueryTooComplex), "{what}");
        assert_eq!(read(build(100_000)), Err(Code::QueryTooComplex), "{what}");
    }
    let nested = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert!(read(nested(limits.depth_max)).is_ok());
    assert_eq!(read(nested(limits.depth_max + 1)), Err(Code::QueryTooComplex));
}

#[test]
fn text_is_taken_up_to_the_limit_and_not_one_beyond() {
    let max = Limits::shipped().query.bytes_max;
    for field in ["eq", "neq", "startsWith", "contains"] {
        let build = |bytes: usize| json!({ "actorId": { field: "a".repeat(bytes) } });
        assert!(read(build(max)).is_ok(), "{field}");
        assert_eq!(read(build(max + 1)), Err(Code::QueryTooComplex), "{field}");
    }
    let path = |bytes: usize| json!({ "labels": [{ "path": "a".repeat(bytes), "exists": true }] });
    assert!(read(path(max)).is_ok());
    assert_eq!(read(path(max + 1)), Err(Code::QueryTooComplex));
}

#[test]
fn what_means_nothing_is_refused() {
    for filter in [
        json!({ "ip": "10.0.0.0/99" }),
        json!({ "ip": "" }),
        json!({ "ip": "localhost" }),
        json!({ "clientIp": { "nin": ["10.0.0.0/8", "x"] } }),
        json!({ "has": ["nothing"] }),
        json!({ "has": ["after"] }),
        json!({ "has": ["\" OR *"] }),
        json!({ "text": "" }),
        json!({ "text": " -- " }),
        json!({ "type": { "startsWith": "a*" } }),
        json!({ "type": { "contains": "*" } }),
        json!({ "metadata": [{ "path": "", "exists": true }] }),
    ] {
        assert_eq!(read(filter.clone()), Err(Code::BadUserInput), "{filter}");
    }
}

#[test]
fn keys_of_any_kind_stay_one_path() {
    for key in ["a=b", "a#b", "a.b.c", "ä ö", "a\u{0}b", "\"", "*", "metadata"] {
        let filter = read(json!({ "metadata": [{ "path": key, "exists": true }] })).unwrap();
        let expected = annals_domain::filter::Field(format!("metadata.{key}"));
        assert_eq!(filter, Filter::Field(expected, annals_domain::filter::Test::Exists));
    }
}
