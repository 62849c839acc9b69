use annals_domain::filter::Filter;
use annals_domain::limits::Limits;
use annals_domain::query::{self, QueryContext};
use async_graphql::{InputType, Value};
use serde_json::{Value as Json, json};

use super::*;
use crate::error::Code;

fn read(filter: Json) -> Result<Filter, Code> {
    let value = Value::from_json(filter).unwrap();
    let Ok(filter) = AuditEventFilter::parse(Some(value)) else { panic!("it is no filter") };
    lowering::lower(filter, &Limits::shipped().query).map_err(|error| error.code)
}

/// The same in the query language.
fn said(text: &str) -> Filter {
    let limits = Limits::shipped().query;
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    query::parse(text, &QueryContext { limits: &limits, now }).unwrap()
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
