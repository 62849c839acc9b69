//! Bad GraphQL: documents that would cost much are refused before they do.

use std::time::{Duration, Instant};

use annals_tests::{Answer, Caller, GraphqlAnswer, GraphqlSocket, Operation, samples};
use reqwest::Method;
use serde_json::{Value, json};

use crate::service;

/// No bad document may take longer than this.
const CHEAP: Duration = Duration::from_secs(2);

#[tokio::test]
async fn documents_that_would_cost_much_are_refused_quickly_and_by_code() {
    let mut service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    for (what, document) in bombs() {
        let answer = cheap(&admin, &document).await;
        assert_eq!(answer.code(), "QUERY_TOO_COMPLEX", "{what}: {}", shortened(&answer.text));
        assert!(answer.data.is_null(), "{what}");
    }
    // Within variables as well, where another parser looks first.
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = format!("{{\"query\":\"{{me{{id}}}}\",\"variables\":{{\"a\":{deep}}}}}");
    let answer = admin.post("/graphql", "application/json", body).await;
    let answer = GraphqlAnswer::of(answer);
    assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", shortened(&answer.text));
    assert!(service.is_running());
    admin.record(&samples::login("well")).await.expect(201);
    assert!(!service.operations_log().contains("panicked"));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_by_code() {
    let service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    let cases: &[(&str, &str)] = &[
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("query {", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ me }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ auditEvent { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ auditEvents(first: \"ten\") { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ auditEvents(first: 0) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEvents(first: 251) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEvents(first: 1, last: 1) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEvents(after: \"x\") { nodes { id } } }", "INVALID_CURSOR"),
        ("{ auditEvents(minPosition: \"x\") { nodes { id } } }", "INVALID_CURSOR"),
        ("{ auditEvents(query: \"actr:ann\") { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ auditEvents(filter: { ip: \"10.0.0.0/99\" }) { nodes { id } } }", "BAD_USER_INPUT"),
        ("query A { me { id } } query B { me { id } }", "GRAPHQL_VALIDATION_FAILED"),
    ];
    for (document, code) in cases {
        let answer = cheap(&admin, document).await;
        assert_eq!(answer.code(), *code, "{document}: {}", answer.text);
        assert!(answer.errors[0]["extensions"]["requestId"].is_string(), "{}", answer.text);
        assert!(answer.data.is_null(), "{document}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused() {
    let service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    for body in
        ["", "nonsense", "[1]", "{\"query\": 5}", "{\"query\":\"{me{id}}\",\"variables\":[]}"]
    {
        let answer = GraphqlAnswer::of(admin.post("/graphql", "application/json", body).await);
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{body}: {}", answer.text);
    }
    let refused = admin.post("/graphql", "text/plain", "{\"query\":\"{me{id}}\"}").await;
    assert_eq!(refused.status, 415, "{}", refused.text);
    let huge = json!({ "query": format!("{{ me {{ id }} }} # {}", "x".repeat(2_000_000)) });
    let refused = admin.post("/graphql", "application/json", huge.to_string()).await;
    assert_eq!(GraphqlAnswer::of(refused).code(), "TOO_LARGE");
    // Clients that know the newer media type get the status of the error.
    let request = admin.request(Method::POST, "/graphql").json(&json!({ "query": "{" }));
    let request = request.header("accept", "application/graphql-response+json");
    let answer = Answer::of(request).await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(answer.headers["content-type"], "application/graphql-response+json");
}

#[tokio::test]
async fn bad_events_are_user_errors_with_their_path_and_the_good_ones_are_stored() {
    let service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    let input = json!({ "events": [
        { "type": "user.login.succeeded", "actor": { "id": "ann" } },
        { "type": "user.login.succeeded", "actor": { "id": "a\u{0}b" } },
        { "type": "a.b", "client": { "ip": "300.1.1.1" } },
        { "type": "a.b", "metadata": [1] },
        { "type": "a.b", "id": "17" },
    ]});
    let data = admin.run(Operation::RecordEvents, json!({ "input": input })).await;
    let receipts = data["recordEvents"]["receipts"].as_array().unwrap();
    assert!(receipts[0].is_object());
    assert!(receipts[1..].iter().all(Value::is_null));
    let errors = data["recordEvents"]["userErrors"].as_array().unwrap();
    let fields: Vec<&Value> = errors.iter().map(|error| &error["field"]).collect();
    let path = |index: &str, steps: &[&str]| json!([&["input", "events", index], steps].concat());
    let expected = [
        path("1", &["actor", "id"]),
        path("2", &["client", "ip"]),
        path("3", &["metadata"]),
        path("4", &["id"]),
    ];
    assert_eq!(fields, expected.iter().collect::<Vec<_>>());
    assert_eq!(admin.count("").await, 1);
    // A date that is none is not even a value of its type.
    let input = json!({ "events": [{ "type": "a.b", "occurredAt": "2026-01-01T00:00:00" }] });
    let refused = admin.ask(&Operation::RecordEvents.text(), json!({ "input": input })).await;
    assert_eq!(refused.code(), "BAD_USER_INPUT", "{}", refused.text);
    assert!(refused.errors[0]["message"].as_str().unwrap().contains("with a zone"));
}

#[tokio::test]
async fn a_socket_that_breaks_the_protocol_is_closed_with_the_code_of_the_protocol() {
    let service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    let address = admin.address();
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": "{me{id}}" } });
    let closed = async |messages: &[Value]| {
        let mut socket = GraphqlSocket::connect(&address).await.unwrap();
        for message in messages {
            socket.send(message.clone()).await.unwrap();
        }
        socket.closed().await.code
    };
    let init = json!({
        "type": "connection_init",
        "payload": { "Authorization": format!("Bearer {}", admin.token()) },
    });
    assert_eq!(closed(&[subscribe]).await, Some(4401), "before saying who it is");
    assert_eq!(closed(&[json!({ "type": "sing" })]).await, Some(4400));
    assert_eq!(closed(&[json!({ "type": "connection_init" })]).await, Some(4403));
    assert_eq!(closed(&[init.clone(), init.clone()]).await, Some(4429));
    assert_eq!(closed(&[]).await, Some(4408), "silence");
    let stream = json!({ "query": "subscription { notificationStream { cursor } }" });
    let one = json!({ "type": "subscribe", "id": "1", "payload": stream });
    assert_eq!(closed(&[init.clone(), one.clone(), one]).await, Some(4409));
    let many =
        (0..33).map(|n| json!({ "type": "subscribe", "id": n.to_string(), "payload": stream }));
    let many: Vec<Value> = std::iter::once(init).chain(many).collect();
    assert_eq!(closed(&many).await, Some(4429));
}

fn bombs() -> Vec<(&'static str, String)> {
    let nested = |open: &str, close: &str, depth: usize| {
        format!(
            "{{ auditEvents(filter: {}1{}) {{ nodes {{ id }} }} }}",
            open.repeat(depth),
            close.repeat(depth)
        )
    };
    let aliases = |count: usize| {
        let fields: Vec<String> = (0..count)
            .map(|n| format!("a{n}: auditEvents(first: 250) {{ nodes {{ id }} }}"))
            .collect();
        format!("{{ {} }}", fields.join(" "))
    };
    let fields = |depth: usize| {
        format!(
            "{{ {} id {} }}",
            "me { profile { timeline { nodes {".repeat(depth),
            "} } } }".repeat(depth)
        )
    };
    let filters = format!("{}{}{}", "{ not: ".repeat(20), "{}", " }".repeat(20));
    vec![
        ("lists in lists", nested("[", "]", 10_000)),
        ("objects in objects", nested("{ not: ", " }", 2_000)),
        ("filters in filters", format!("{{ auditEventsCount(filter: {filters}) {{ value }} }}")),
        ("fields in fields", fields(200)),
        ("aliases", aliases(1000)),
        (
            "few dear fields",
            aliases(20)
                .replace("{ id }", "{ id changes { path } targets { id } actor { id name } }"),
        ),
    ]
}

async fn cheap(caller: &Caller, document: &str) -> GraphqlAnswer {
    let began = Instant::now();
    let answer = caller.ask(document, json!({})).await;
    assert!(began.elapsed() < CHEAP, "{:?} for {}", began.elapsed(), shortened(document));
    answer
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(600)]
}
