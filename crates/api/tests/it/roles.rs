//! Nodes that do only a part of the work, and a log that cannot be written to.

use annals_engine::{Role, Roles};
use axum::body::{Body, Bytes};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Service, Socket, connect, request, subscribe, token};

const EVENT: &str = r#"{"type":"a.b","actor":{"id":"ann"}}"#;
const RECORD: &str =
    "mutation { recordEvents(input: { events: [{ type: \"a.b\" }] }) { receipts { id } } }";
const MARK: &str = "mutation { markNotificationsRead(input: { ids: [\"0198c0de-0000-7000-8000-000000000000\"] }) { unreadCount } }";

fn admin() -> String {
    token("root", "acme", "admin")
}

async fn node(roles: &[Role]) -> Service {
    Service::with_roles(Roles::new(roles).unwrap()).await
}

/// The three ways in for events.
async fn record_all_ways(service: &Service) -> [Answer; 3] {
    [
        service.post("/api/v1/logs", &admin(), EVENT).await,
        service.post("/api/v1/logs/bulk", &admin(), format!("[{EVENT}]")).await,
        service.post("/graphql", &admin(), json!({ "query": RECORD }).to_string()).await,
    ]
}

fn code_of(graphql: &Value) -> &Value {
    &graphql["errors"][0]["extensions"]["code"]
}

#[tokio::test]
async fn a_node_that_takes_no_events_says_so_and_answers_questions() {
    let service = node(&[Role::Query, Role::Project]).await;
    let [one, many, graphql] = record_all_ways(&service).await;
    for answer in [one, many] {
        assert_eq!((answer.status.as_u16(), answer.code()), (503, "UNAVAILABLE".into()));
        assert_eq!(answer.header("retry-after"), "", "it will not do it later either");
        let detail = "this node does not take events on; its roles are query, project";
        assert!(answer.json()["detail"].as_str().unwrap().starts_with(detail), "{}", answer.text);
    }
    assert_eq!(code_of(&graphql.json()), "UNAVAILABLE");
    // To mark a message as read is an event, too.
    assert_eq!(code_of(&service.ask(&admin(), MARK, json!({})).await), "UNAVAILABLE");
    assert!(service.log.is_empty());
    let reader = token("ann", "acme", "user");
    let refused = service.post("/api/v1/logs", &reader, EVENT).await;
    assert_eq!(refused.code(), "FORBIDDEN", "who may not hears that first");
    assert_eq!(service.get("/api/v1/logs", &admin()).await.status, 200);
    let answer = service.ask(&admin(), "{ auditEvents { nodes { id } } }", json!({})).await;
    assert!(answer["errors"].is_null(), "{answer}");
    let ready = service.get("/readyz", "").await;
    assert_eq!(ready.status, 200, "it does what it is for");
    let ready = ready.json();
    assert_eq!(ready["roles"], json!(["query", "project"]));
    assert_eq!((&ready["ingest"], &ready["search"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn a_node_that_answers_no_questions_says_so_and_takes_events() {
    let listening = node(&[Role::Ingest]).await.listen().await;
    let service = &listening.service;
    for answer in record_all_ways(service).await {
        assert!(answer.status.is_success(), "{}", answer.text);
        assert!(!answer.text.contains("errors"), "{}", answer.text);
    }
    assert_eq!(service.log.len(), 3);
    let id = uuid::Uuid::now_v7();
    for path in ["/api/v1/logs".to_owned(), format!("/api/v1/logs/{id}")] {
        let answer = service.get(&path, &admin()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (503, "UNAVAILABLE".into()));
        assert_eq!(answer.header("retry-after"), "");
        let detail = "this node does not answer questions about events; its roles are ingest.";
        assert!(answer.json()["detail"].as_str().unwrap().starts_with(detail), "{}", answer.text);
    }
    let bearer = format!("Bearer {}", admin());
    let headers = [("authorization", &*bearer)];
    let stream = connect(listening.address, "/api/v1/logs/stream", &headers).await;
    assert_eq!(stream.err(), Some(503));
    for document in [
        "{ auditEvents { nodes { id } } }",
        "{ auditEventsCount { value } }",
        "{ auditEvent(id: \"x\") { id } }",
        "{ me { id } }",
        "{ person(id: \"ann\") { id } }",
        "{ eventTypes { name } }",
        &RECORD.replace("receipts { id }", "query { me { id } }"),
    ] {
        let answer = service.ask(&admin(), document, json!({})).await;
        assert_eq!(code_of(&answer), "UNAVAILABLE", "{document}: {answer}");
    }
    let mut socket = Socket::graphql_of(listening.address, &admin()).await;
    for field in ["auditEventStream", "notificationStream"] {
        socket.say(subscribe("1", &format!("subscription {{ {field} {{ cursor }} }}"))).await;
        let message = socket.next().await.unwrap();
        assert!(message.to_string().contains("UNAVAILABLE"), "{message}");
        while socket.next().await.unwrap()["type"] != "complete" {}
    }
    let ready = service.get("/readyz", "").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ingest"]), (200, &json!(true)));
    assert_eq!(ready.json()["roles"], json!(["ingest"]));
}

#[tokio::test]
async fn while_the_log_is_in_trouble_events_are_refused_at_once_and_reading_goes_on() {
    let service = Service::start().await;
    let id = service.record(json!({ "type": "a.b" })).await;
    let trouble = "the event log at log.example:2113 cannot be reached";
    let stored = service.log.len();
    service.health.says(Some(trouble), false);
    for path in ["/api/v1/logs", "/api/v1/logs/bulk"] {
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let request = request(Method::POST, path, Some(&admin()), Body::from_stream(never));
        let answer = service.call(request).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (503, "UNAVAILABLE".into()));
        assert_eq!(answer.header("retry-after"), "2", "{path}");
        assert!(!answer.text.contains("log.example"), "callers need not know where the log is");
    }
    for document in [RECORD, MARK] {
        let answer = service.ask(&admin(), document, json!({})).await;
        assert_eq!(code_of(&answer), "UNAVAILABLE", "{document}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["retryAfterMs"], 2000);
    }
    assert_eq!(service.log.len(), stored);
    assert_eq!(service.get(&format!("/api/v1/logs/{id}"), &admin()).await.status, 200);
    let ready = service.get("/readyz", "").await;
    assert_eq!(ready.status, 503);
    let told = ready.json();
    assert_eq!((&told["ingest"], &told["search"]), (&json!(false), &json!(true)));
    assert_eq!(told["trouble"], trouble);

    service.health.says(None, false);
    let ready = service.get("/readyz", "").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["trouble"]), (200, &Value::Null));
    for answer in record_all_ways(&service).await {
        assert!(answer.status.is_success(), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_node_that_is_catching_up_takes_events_but_its_searches_are_not_current() {
    let service = Service::start().await;
    let told = service.get("/readyz", "").await.json();
    assert_eq!((&told["search"], &told["catching_up"]), (&json!(true), &json!(false)));
    service.health.says(None, true);
    let ready = service.get("/readyz", "").await;
    assert_eq!(ready.status, 200);
    let told = ready.json();
    assert_eq!((&told["ingest"], &told["search"]), (&json!(true), &json!(false)));
    assert_eq!(told["catching_up"], true);
    assert_eq!(service.post("/api/v1/logs", &admin(), EVENT).await.status, 201);
}

#[tokio::test]
async fn a_node_that_copies_the_log_for_the_first_time_is_not_ready_to_answer() {
    let service = Service::start().await;
    service.health.says_that_it_is_incomplete();
    assert_eq!(service.get("/readyz", "").await.status, 503);
    service.health.says(None, true);
    assert_eq!(service.get("/readyz", "").await.status, 200);
}
