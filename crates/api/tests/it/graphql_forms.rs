//! The forms of GraphQL over HTTP: codes, media types, bodies.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Service, token};

fn admin() -> String {
    token("root", "acme", "admin")
}

#[tokio::test]
async fn every_error_has_a_code_and_the_id_of_the_request() {
    let service = Service::start().await;
    for (document, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("# nothing", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ me }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ me { id { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ auditEvents(first: \"too complex\") { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { me { id } } query B { me { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: Nonsense) { me { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: Int) { me { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query { auditEvents(first: $a) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ me { id @nonsense } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...missing }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment a on Query { ...a } { ...a }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "fragment a on Query { me { id } } fragment a on Query { me { id } } { ...a }",
            "GRAPHQL_PARSE_FAILED",
        ),
        ("{ me { id } me: eventTypes { name } }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "mutation { recordEvents(input: { events: [{}] }) { receipts { id } } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ auditEvents(first: 0) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEvents(first: 251) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEvents(last: -1) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEvents(first: 1, before: \"x\") { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEvents(after: \"x\") { nodes { id } } }", "INVALID_CURSOR"),
        ("{ auditEvents(minPosition: \"x\") { nodes { id } } }", "INVALID_CURSOR"),
        ("{ auditEvents(query: \"((\") { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEventsCount(filter: { text: \"--\" }) { value } }", "BAD_USER_INPUT"),
        ("subscription { auditEventStream { cursor } }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let answer = service.ask(&admin(), document, json!({})).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], code, "{document}: {answer}");
        assert!(extensions["requestId"].is_string(), "{answer}");
        assert!(answer["data"].is_null(), "{answer}");
    }
    let variables = json!({ "first": "ten" });
    let document = "query($first: Int) { auditEvents(first: $first) { nodes { id } } }";
    let answer = service.ask(&admin(), document, variables).await;
    assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused() {
    let service = Service::start().await;
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let variables = |value: &str| format!(r#"{{"query":"{{me{{id}}}}","variables":{value}}}"#);
    for body in [
        String::new(),
        "nonsense".into(),
        "[]".into(),
        r#"["{me{id}}"]"#.into(),
        "null".into(),
        r#"[{"query":"{me{id}}"}]"#.into(),
        r#"[{"query":"{me{id}}"},{"query":"{me{id}}"}]"#.into(),
        r#"{"query":5}"#.into(),
        r#"{"query":["{me{id}}"]}"#.into(),
        r#"{"query":"{me{id}}","query":"{eventTypes{name}}"}"#.into(),
        r#"{"query":"{me{id}}","operationName":5}"#.into(),
        r#"{"query":"{me{id}}"} trailing"#.into(),
        r#"{"query":"{me{id}}\ud800"}"#.into(),
        variables("[]"),
        variables("\"a\""),
        variables(r#"{"a":1,"a":2}"#),
        variables(r#"{"a":{"b":{"c":1,"c":2}}}"#),
        variables(&format!(r#"{{"a":{}}}"#, deep(64))),
        variables(&format!(r#"{{"a":{}}}"#, deep(200_000))),
        variables("{\"a\":1e999}"),
    ] {
        let answer = service.post("/graphql", &admin(), body.clone()).await.json();
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "BAD_USER_INPUT", "{}: {answer}", &body[..body.len().min(80)]);
    }
    for body in [
        r#"{"query":"{me{id}}","variables":null,"operationName":null,"extensions":{}}"#.to_owned(),
        r#"{"query":"query A{me{id}} query B{eventTypes{name}}","operationName":"A"}"#.into(),
        variables(&format!(r#"{{"a":{}}}"#, deep(62))),
    ] {
        let answer = service.post("/graphql", &admin(), body.clone()).await.json();
        assert_eq!(answer["data"]["me"]["id"], "root", "{body}: {answer}");
    }
}

async fn accepting(service: &Service, accept: &str, body: &str) -> Answer {
    let request = Request::post("/graphql")
        .header("authorization", format!("Bearer {}", admin()))
        .header("content-type", "application/json")
        .header("accept", accept);
    service.call(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn the_answer_is_of_the_kind_that_was_asked_for() {
    let service = Service::start().await;
    const NEW: &str = "application/graphql-response+json";
    const OLD: &str = "application/json";
    let (good, bad, partial) = (
        r#"{"query":"{me{id}}"}"#,
        r#"{"query":"{"}"#,
        r#"{"query":"{auditEvents(first:0){nodes{id}}}"}"#,
    );
    for (accept, media_type) in [
        (NEW, NEW),
        (OLD, OLD),
        ("*/*", OLD),
        ("", OLD),
        ("application/graphql-response+json; charset=utf-8, application/json; q=0.9", NEW),
        ("application/json, application/graphql-response+json; q=0", OLD),
        ("application/json, APPLICATION/GraphQL-Response+JSON", NEW),
        ("x-application/graphql-response+json-not, */*", OLD),
    ] {
        for (body, status) in
            [(good, 200), (bad, if media_type == NEW { 400 } else { 200 }), (partial, 200)]
        {
            let answer = accepting(&service, accept, body).await;
            assert_eq!(answer.header("content-type"), media_type, "{accept}");
            assert_eq!(answer.status, status, "{accept} {body}");
            assert_eq!(answer.header("vary"), "accept");
        }
    }
}

#[tokio::test]
async fn the_schema_is_told_to_whoever_is_signed_in() {
    let service = Service::start().await;
    let ask = "{ __schema { queryType { name } types { name fields { name args { name type { name ofType { name } } } } } } }";
    let answer = service.ask(&token("a", "acme", "user"), ask, json!({})).await;
    assert_eq!(answer["data"]["__schema"]["queryType"]["name"], "Query", "{answer}");
    let body = json!({ "query": ask }).to_string();
    let request = Request::post("/graphql").header("content-type", "application/json");
    let answer = service.call(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.status, 401);
    assert!(answer.json()["data"].is_null());
}

#[tokio::test]
async fn typed_filters_and_queries_find_the_same() {
    let service = Service::start().await;
    for n in 0..6 {
        service
            .record(json!({
                "type": if n % 2 == 0 { "a.even" } else { "a.odd" },
                "actor": { "id": format!("u{n}"), "name": "Ann Lee" },
                "metadata": { "n": n, "a.b": n },
                "client": { "ip": format!("10.0.0.{n}") },
            }))
            .await;
    }
    let document = "query($filter: AuditEventFilter, $query: String) \
        { auditEvents(filter: $filter, query: $query) { nodes { metadata } } }";
    let found = async |variables: Value| -> Vec<i64> {
        let answer = service.ask(&admin(), document, variables).await;
        let nodes = answer["data"]["auditEvents"]["nodes"]
            .as_array()
            .unwrap_or_else(|| panic!("{answer}"))
            .clone();
        nodes.iter().map(|node| node["metadata"]["n"].as_i64().unwrap()).collect()
    };
    for (filter, query, expected) in [
        (json!({ "type": { "eq": "a.even" } }), "type:a.even", vec![4, 2, 0]),
        (json!({ "metadata": [{ "path": "n", "gte": 4 }] }), "metadata.n>=4", vec![5, 4]),
        (json!({ "ip": "10.0.0.0/31" }), "ip:10.0.0.0/31", vec![1, 0]),
        (
            json!({ "text": "ann lee", "actorId": { "in": ["u1", "u2"] } }),
            "\"ann lee\" (actor.id:u1 OR actor.id:u2)",
            vec![2, 1],
        ),
        (json!({ "not": { "type": { "startsWith": "a.e" } } }), "-type:a.e*", vec![5, 3, 1]),
    ] {
        assert_eq!(found(json!({ "filter": filter })).await, expected, "{filter}");
        assert_eq!(found(json!({ "query": query })).await, expected, "{query}");
    }
    let both = json!({ "filter": { "type": { "eq": "a.even" } }, "query": "metadata.n>=4" });
    assert_eq!(found(both).await, [4]);
}
