//! The audit of the audit: who looked at what of others, and when it was recorded.

use annals_ports::memory::LogErrorKind;
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Service, Socket, connect, request, subscribe, token, until};

fn auditor() -> String {
    token("kim", "acme", "auditor")
}

fn of_ann() -> Value {
    json!({ "type": "user.login.succeeded", "actor": { "id": "ann", "type": "user", "name": "Ann Canary" } })
}

/// The traces that somebody left, oldest first. Looking for them leaves traces of Root alone.
async fn traces(service: &Service, of: &str) -> Vec<Value> {
    let path = format!("/api/v1/logs?q=type:annals.log.read+actor.id:{of}&limit=250&order=oldest");
    let answer = service.get(&path, &token("root", "acme", "admin")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["events"].as_array().unwrap().clone()
}

async fn one_trace(service: &Service, of: &str) -> Value {
    let mut traces = traces(service, of).await;
    assert_eq!(traces.len(), 1, "{traces:?}");
    traces.remove(0)
}

#[tokio::test]
async fn a_list_leaves_one_trace_with_the_shape_of_the_question_and_none_of_its_values() {
    let service = Service::start().await;
    service.record(of_ann()).await;
    let path = "/api/v1/logs?q=actor.id:ann&session_id=secretive&count=true&limit=7";
    assert_eq!(service.get(path, &auditor()).await.status, 200);
    let trace = one_trace(&service, "kim").await;
    assert_eq!(trace["metadata"]["interface"], "rest");
    assert_eq!(trace["actor"]["roles"], json!(["auditor"]));
    let shape = trace["metadata"]["query"].as_str().unwrap();
    assert!(shape.contains("actor.id:?") && shape.contains("session.id:?"), "{shape}");
    let whole = trace.to_string();
    assert!(!whole.contains("ann\"") && !whole.contains("secretive"), "{whole}");
}

#[tokio::test]
async fn the_trace_is_there_before_the_answer() {
    let service = Service::start().await;
    service.record(of_ann()).await;
    for n in 1..=5 {
        let before = service.api.queries.head();
        let answer = service.get("/api/v1/logs?q=type:user.*", &auditor()).await;
        assert_eq!(answer.status, 200);
        assert!(service.api.log.head().await.unwrap() > before, "{n}");
    }
}

#[tokio::test]
async fn what_concerns_the_reader_alone_leaves_no_trace() {
    let service = Service::start().await;
    let id = service.record(of_ann()).await;
    let ann = token("ann", "acme", "user");
    assert_eq!(service.get("/api/v1/logs?count=true", &ann).await.status, 200);
    assert_eq!(service.get(&format!("/api/v1/logs/{id}"), &ann).await.status, 200);
    let document = "{ me { activity { nodes { id } } profile { name } notifications { unreadCount } } \
                    auditEventsCount { value } }";
    let answer = service.ask(&ann, document, json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    assert!(traces(&service, "ann").await.is_empty());
}

#[tokio::test]
async fn what_somebody_did_to_another_concerns_the_other() {
    let service = Service::start().await;
    let event = json!({
        "type": "user.password.changed",
        "actor": { "id": "ann", "type": "user" }, "subject": { "id": "bob" }
    });
    let id = service.record(event).await;
    let ann = token("ann", "acme", "user");
    assert_eq!(service.get(&format!("/api/v1/logs/{id}"), &ann).await.status, 200);
    let trace = one_trace(&service, "ann").await;
    assert_eq!(trace["subject"]["id"], "bob");
    // Bob sees who looked.
    let path = "/api/v1/logs?q=type:annals.log.read+actor.id:ann";
    let seen = service.get(path, &token("bob", "acme", "user")).await.json();
    assert_eq!(seen["events"][0]["actor"]["id"], "ann", "{seen}");
}

#[tokio::test]
async fn a_document_leaves_one_trace_however_much_it_asks_for() {
    let service = Service::start().await;
    let id = service.record(of_ann()).await;
    until("Ann has a profile", async || {
        let document = "{ person(id: \"ann\") { name } }";
        let answer = service.ask(&token("root", "acme", "admin"), document, json!({})).await;
        answer["data"]["person"].is_object()
    })
    .await;
    let document = format!(
        "{{ a: auditEvents(query: \"severity:info\") {{ nodes {{ id }} }} \
            b: auditEvents {{ nodes {{ id }} }} \
            c: auditEventsCount(query: \"outcome:success\") {{ value }} \
            d: auditEvent(id: \"{id}\") {{ id }} \
            e: person(id: \"ann\") {{ name timeline {{ nodes {{ id }} }} }} }}"
    );
    let answer = service.ask(&auditor(), &document, json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let trace = one_trace(&service, "kim").await;
    let what = ["count", "event", "events", "profile", "timeline"];
    assert_eq!(trace["metadata"]["what"], json!(what));
    assert_eq!(trace["metadata"]["interface"], "graphql");
}

#[tokio::test]
async fn looking_for_nothing_leaves_a_trace_and_being_refused_leaves_none() {
    let service = Service::start().await;
    assert_eq!(service.get("/api/v1/logs?q=actor.id:nobody", &auditor()).await.status, 200);
    assert_eq!(service.get("/api/v1/logs?q=colour:red", &auditor()).await.status, 400);
    assert_eq!(one_trace(&service, "kim").await["metadata"]["returned"], 0);
}

#[tokio::test]
async fn lists_and_counts_leave_traces_out_unless_they_are_asked_for() {
    let service = Service::start().await;
    service.record(of_ann()).await;
    let listed = async |path: &str| {
        let answer = service.get(path, &auditor()).await.json();
        answer["events"].as_array().unwrap().len()
    };
    for _ in 0..3 {
        assert_eq!(listed("/api/v1/logs").await, 1);
    }
    assert!(listed("/api/v1/logs?q=type:annals.log.*").await >= 3);
    let count = service.ask(&auditor(), "{ auditEventsCount { value } }", json!({})).await;
    assert_eq!(count["data"]["auditEventsCount"]["value"], 1);
}

#[tokio::test]
async fn a_stream_leaves_a_trace_when_it_opens_and_when_it_closes() {
    let listening = Service::start().await.listen().await;
    let service = &listening.service;
    let what = async |of: &str| -> Vec<Value> {
        let traces = traces(service, of).await;
        traces.iter().map(|trace| trace["metadata"]["what"][0].clone()).collect()
    };
    let bearer = format!("Bearer {}", auditor());
    let headers = [("sec-websocket-protocol", "annals.v1"), ("authorization", &*bearer)];
    let live = connect(listening.address, "/api/v1/logs/stream", &headers).await.unwrap();
    until("the opening is told", async || what("kim").await == ["stream opened"]).await;
    drop(live);
    until("the closing is told", async || what("kim").await.len() == 2).await;
    assert_eq!(what("kim").await[1], "stream closed");

    let mut socket = Socket::graphql_of(listening.address, &token("lee", "acme", "auditor")).await;
    socket.say(subscribe("1", "subscription { auditEventStream { cursor } }")).await;
    until("the subscription is told", async || what("lee").await == ["stream opened"]).await;
    socket.say(json!({ "type": "complete", "id": "1" })).await;
    until("its end is told", async || what("lee").await.len() == 2).await;
}

#[tokio::test]
async fn a_persons_stream_leaves_a_trace_once_it_shows_another() {
    let listening = Service::start().await.listen().await;
    let service = &listening.service;
    let mut socket = Socket::graphql_of(listening.address, &token("ann", "acme", "user")).await;
    socket.say(subscribe("1", "subscription { auditEventStream { events { id } } }")).await;
    service.record(of_ann()).await;
    socket.next().await.unwrap();
    assert!(traces(service, "ann").await.is_empty());
    let event = json!({ "type": "a.b", "actor": { "id": "ann" }, "subject": { "id": "bob" } });
    service.record(event).await;
    socket.next().await.unwrap();
    assert_eq!(traces(service, "ann").await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_traced_is_not_shown_and_own_events_are() {
    let service = Service::start().await;
    let id = service.record(of_ann()).await;
    for path in ["/api/v1/logs", &format!("/api/v1/logs/{id}")] {
        service.log.fail_next(LogErrorKind::Unavailable);
        let answer = service.get(path, &auditor()).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(!answer.text.contains("Canary"), "{}", answer.text);
        assert_eq!(service.get(path, &token("ann", "acme", "user")).await.status, 200, "{path}");
    }
    let document = "{ auditEvents { nodes { actor { name } } } }";
    service.log.fail_next(LogErrorKind::Unavailable);
    let answer = service.ask(&auditor(), document, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
    assert!(!answer.to_string().contains("Canary"), "{answer}");
}

#[tokio::test]
async fn masks_hide_and_a_stated_purpose_lifts_them_and_is_told() {
    let service = Service::start().await;
    let mut event = of_ann();
    event["actor"]["email"] = "canary@example.org".into();
    event["client"] = json!({ "ip": "192.0.2.7" });
    event["description"] = "a canary sang".into();
    let id = service.record(event).await;
    let analyst = token("lou", "acme", "analyst");
    let path = format!("/api/v1/logs/{id}");
    let document = format!(
        "{{ auditEvent(id: \"{id}\") {{ sentence description actor {{ id name email }} client {{ ip }} }} }}"
    );
    let rest = service.get(&path, &analyst).await;
    let graphql = service.ask(&analyst, &document, json!({})).await;
    for shown in [rest.text, graphql.to_string()] {
        assert!(shown.contains("\"ann\"") && shown.contains("[masked]"), "{shown}");
        for hidden in ["Canary", "canary", "192.0.2.7"] {
            assert!(!shown.contains(hidden), "`{hidden}` in {shown}");
        }
    }
    for asked in ["canary", "actor.email:canary*", "ip:192.0.2.0/24", "actor:ann"] {
        let answer = service.get(&format!("/api/v1/logs?q={asked}"), &analyst).await;
        assert_eq!(
            (answer.status, &*answer.code()),
            (StatusCode::FORBIDDEN, "FORBIDDEN"),
            "{asked}"
        );
        let document = "query($q: String) { auditEventsCount(query: $q) { value } }";
        let answer = service.ask(&analyst, document, json!({ "q": asked })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{asked}");
    }
    let with_purpose = |token: &str, purpose: &str| {
        let mut request = request(Method::GET, &path, Some(token), Body::empty());
        request.headers_mut().insert("annals-purpose", purpose.parse().unwrap());
        request
    };
    let answer = service.call(with_purpose(&analyst, "case 4711")).await;
    assert!(answer.text.contains("Ann Canary"), "{}", answer.text);
    assert_eq!(service.call(with_purpose(&analyst, " ")).await.status, 400);
    assert_eq!(service.call(with_purpose(&auditor(), "case 4711")).await.status, 403);
    let traces = traces(&service, "lou").await;
    assert_eq!(traces.last().unwrap()["metadata"]["purpose"], "case 4711");
    assert!(traces[0]["metadata"].get("purpose").is_none());
}
