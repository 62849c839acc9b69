//! GraphQL as events (`text/event-stream`), as the library `graphql-sse` has it.

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Service, request, token, token_until, within};

const STREAM: &str = "subscription($after: String) { auditEventStream(after: $after) \
                      { cursor events { metadata } } }";

fn admin() -> String {
    token("root", "acme", "admin")
}

/// An event stream that was opened.
struct Events {
    status: u16,
    content_type: String,
    body: BodyDataStream,
    unread: String,
}

async fn events_of(service: &Service, token: &str, operation: Value) -> Events {
    let mut asked =
        request(http::Method::POST, "/graphql", Some(token), Body::from(operation.to_string()));
    asked.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
    let response = service.open(asked).await;
    let header = response.headers().get("content-type").unwrap().to_str().unwrap();
    Events {
        status: response.status().as_u16(),
        content_type: header.to_owned(),
        unread: String::new(),
        body: response.into_body().into_data_stream(),
    }
}

impl Events {
    /// The next event and its data; nothing at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                if event == ":" {
                    continue;
                }
                let (name, data) = event.split_once('\n').unwrap();
                let data = data.strip_prefix("data:").unwrap().trim();
                let name = name.strip_prefix("event: ").unwrap().to_owned();
                let data = if data.is_empty() { Value::Null } else { data.parse().unwrap() };
                return Some((name, data));
            }
            let bytes = within(self.body.next()).await?.unwrap();
            self.unread.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    async fn batch(&mut self) -> Value {
        let (name, data) = self.next().await.expect("another event");
        assert_eq!(name, "next", "{data}");
        data["data"]["auditEventStream"].clone()
    }
}

fn start(service: &Service) -> String {
    service.api.cursors.position(annals_domain::Position::START)
}

#[tokio::test]
async fn a_subscription_is_told_as_events_and_goes_on_behind_a_cursor() {
    let service = Service::start().await;
    for n in 0..3 {
        service.record(json!({ "type": "a.b", "metadata": { "n": n } })).await;
    }
    let from = |after: &str| json!({ "query": STREAM, "variables": { "after": after } });
    let mut events = events_of(&service, &admin(), from(&start(&service))).await;
    assert_eq!((events.status, &*events.content_type), (200, "text/event-stream; charset=utf-8"));
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    while seen.len() < 3 {
        let batch = events.batch().await;
        let nodes = batch["events"].as_array().unwrap().clone();
        seen.extend(nodes.iter().map(|node| node["metadata"]["n"].as_i64().unwrap()));
        cursor = batch["cursor"].clone();
    }
    assert_eq!(seen, [0, 1, 2]);
    drop(events);
    service.record(json!({ "type": "a.b", "metadata": { "n": 3 } })).await;
    let mut events = events_of(&service, &admin(), from(cursor.as_str().unwrap())).await;
    assert_eq!(events.batch().await["events"][0]["metadata"]["n"], 3);
}

#[tokio::test]
async fn what_has_one_answer_is_one_event_and_so_is_what_is_refused() {
    let service = Service::start().await;
    for (document, path, expected) in [
        ("{ me { id } }", "/data/me/id", "root"),
        ("{", "/errors/0/extensions/code", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "/errors/0/extensions/code", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nonsense }", "/errors/0/extensions/code", "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { auditEventStream(after: \"x\") { cursor } }",
            "/errors/0/extensions/code",
            "INVALID_CURSOR",
        ),
    ] {
        let mut events = events_of(&service, &admin(), json!({ "query": document })).await;
        assert_eq!(events.status, 200, "{document}");
        let (name, data) = events.next().await.unwrap();
        assert_eq!(name, "next");
        assert_eq!(data.pointer(path), Some(&json!(expected)), "{document}: {data}");
        assert_eq!(events.next().await, Some(("complete".into(), Value::Null)), "{document}");
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_by_its_status() {
    let service = Service::start().await;
    for (token, operation, status) in [
        ("bad", json!({ "query": STREAM }), 401),
        (&*admin(), json!({}), 400),
        (&*admin(), json!([]), 400),
    ] {
        let events = events_of(&service, token, operation).await;
        assert_eq!(events.status, status);
        assert!(events.content_type.contains("json"), "{}", events.content_type);
    }
}

#[tokio::test]
async fn a_get_opens_a_stream_too() {
    let service = Service::start().await;
    service.record(json!({ "type": "a.b", "metadata": { "n": 1 } })).await;
    let document: String = STREAM.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let variables: String = json!({ "after": start(&service) })
        .to_string()
        .bytes()
        .map(|b| format!("%{b:02x}"))
        .collect();
    let asked = Request::get(format!("/graphql?query={document}&variables={variables}"))
        .header("authorization", format!("Bearer {}", admin()))
        .header("accept", "text/event-stream");
    let response = service.open(asked.body(Body::empty()).unwrap()).await;
    let body = response.into_body().into_data_stream();
    let mut events =
        Events { status: 200, content_type: String::new(), body, unread: String::new() };
    assert_eq!(events.batch().await["events"][0]["metadata"]["n"], 1);
}

#[tokio::test]
async fn a_stream_says_that_its_token_has_ended_and_ends() {
    let service = Service::start().await;
    let token = token_until(2, "root", "acme", "admin");
    let mut events = events_of(&service, &token, json!({ "query": STREAM })).await;
    let mut last = Value::Null;
    while let Some((name, data)) = events.next().await {
        if name == "next" {
            last = data;
        }
    }
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
}

#[tokio::test]
async fn a_stop_cuts_streams_off_without_completing_them() {
    let service = Service::start().await;
    let operation = json!({ "query": STREAM, "variables": { "after": start(&service) } });
    service.record(json!({ "type": "a.b" })).await;
    let mut events = events_of(&service, &admin(), operation).await;
    events.batch().await;
    service.api.stopping.cancel();
    while let Some((name, _)) = events.next().await {
        assert_eq!(name, "next", "clients do not come back after `complete`");
    }
}

#[tokio::test]
async fn a_caller_opens_as_many_streams_as_they_may_and_one_less_makes_room() {
    let service = Service::with_limits(|limits| limits.request.sockets_per_caller_max = 2).await;
    let operation = json!({ "query": STREAM });
    let first = events_of(&service, &admin(), operation.clone()).await;
    let second = events_of(&service, &admin(), operation.clone()).await;
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(events_of(&service, &admin(), operation.clone()).await.status, 429);
    let other = token("aud", "acme", "auditor");
    assert_eq!(events_of(&service, &other, operation.clone()).await.status, 200);
    drop(first);
    crate::support::until("there is room again", async || {
        events_of(&service, &admin(), operation.clone()).await.status == 200
    })
    .await;
}
