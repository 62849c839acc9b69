//! Quotas: at the edge, one beyond it, and what answers tell of them.

use std::num::NonZeroU32;

use annals_api::RateLimitSettings;
use axum::body::{Body, Bytes};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::support::{Answer, Service, Socket, connect, request, subscribe, token};

const LIST: &str = "/api/v1/logs";
const ME: &str = "{ me { id } }";
const RECORD: &str = "mutation($events: [AuditEventInput!]!) {
    recordEvents(input: { events: $events }) { receipts { id } } }";

/// So many requests of a caller at once, and one a second.
async fn with_requests(burst: u32) -> Service {
    Service::with_quotas(|quotas: &mut RateLimitSettings| {
        quotas.requests_burst = NonZeroU32::new(burst).unwrap();
        quotas.requests_per_second = NonZeroU32::MIN;
    })
    .await
}

/// So many events of a tenant at once, and one a second.
async fn with_events(burst: u32) -> Service {
    Service::with_quotas(|quotas: &mut RateLimitSettings| {
        quotas.events_burst = NonZeroU32::new(burst).unwrap();
        quotas.events_per_second = NonZeroU32::MIN;
    })
    .await
}

fn ann() -> String {
    token("ann", "acme", "user")
}

fn shop() -> String {
    token("shop", "acme", "writer")
}

fn events(count: usize) -> Value {
    vec![json!({ "type": "a.b" }); count].into()
}

async fn bulk(service: &Service, token: &str, count: usize) -> Answer {
    service.post("/api/v1/logs/bulk", token, events(count).to_string()).await
}

fn told(answer: &Answer) -> (&str, &str, &str) {
    (answer.header("ratelimit-policy"), answer.header("ratelimit"), answer.header("retry-after"))
}

#[tokio::test]
async fn as_many_requests_as_the_quota_are_answered_and_one_more_is_not() {
    let service = with_requests(3).await;
    let policy = "\"requests\";q=3;w=3;qu=\"requests\"";
    for (left, reset) in [(2, 1), (1, 2), (0, 3)] {
        let answer = service.get(LIST, &ann()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(told(&answer), (policy, &*format!("\"requests\";r={left};t={reset}"), ""));
    }
    let answer = service.get(LIST, &ann()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "RATE_LIMITED".into()));
    assert_eq!(told(&answer), (policy, "\"requests\";r=0;t=3", "1"));
    assert!(answer.text.contains("1 a second, 3 at once"), "{}", answer.text);
    service.limiter.pass(1);
    assert_eq!(service.get(LIST, &ann()).await.status, 200);
    assert_eq!(service.get(LIST, &ann()).await.status, 429);
}

#[tokio::test]
async fn each_caller_has_a_quota_of_their_own_whatever_token_they_bring() {
    let service = with_requests(1).await;
    assert_eq!(service.get(LIST, &ann()).await.status, 200);
    assert_eq!(service.get(LIST, &token("ann", "acme", "admin")).await.status, 429);
    assert_eq!(service.get(LIST, &token("bob", "acme", "user")).await.status, 200);
    assert_eq!(service.get(LIST, &token("ann", "globex", "user")).await.status, 200);
}

#[tokio::test]
async fn the_pages_of_the_service_are_free_and_strangers_are_told_nothing() {
    let service = with_requests(1).await;
    for _ in 0..3 {
        for path in ["/healthz", "/readyz", "/metrics"] {
            let answer = service.get(path, &ann()).await;
            assert_eq!((answer.status.as_u16(), told(&answer)), (200, ("", "", "")), "{path}");
        }
        let answer = service.get(LIST, "bad.bad.bad").await;
        assert_eq!((answer.status.as_u16(), told(&answer)), (401, ("", "", "")));
    }
    assert_eq!(service.get(LIST, &ann()).await.status, 200, "nothing of it was counted");
}

#[tokio::test]
async fn also_an_answer_that_refuses_counts_and_tells_what_is_left() {
    let service = with_requests(10).await;
    let missing = format!("{LIST}/{}", uuid::Uuid::now_v7());
    for (path, status, left) in [
        (missing.as_str(), 404, 9),
        ("/api/v1/logs?colour=blue", 400, 8),
        ("/api/v1/logs/stream", 400, 7),
        ("/api/v1/limits", 200, 6),
    ] {
        let answer = service.get(path, &ann()).await;
        assert_eq!(answer.status, status, "{path}");
        let told = answer.header("ratelimit");
        assert!(told.starts_with(&format!("\"requests\";r={left};")), "{path}: {told}");
    }
    let answer = service.post(LIST, &ann(), events(1).to_string()).await;
    assert_eq!(answer.status, 403);
    assert!(answer.header("ratelimit").contains("r=5;"));
}

#[tokio::test]
async fn who_is_over_the_quota_is_refused_before_the_body_is_read() {
    let service = with_requests(1).await;
    assert_eq!(service.get("/api/v1/limits", &shop()).await.status, 200);
    for path in [LIST, "/api/v1/logs/bulk", "/graphql"] {
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let request = request(Method::POST, path, Some(&shop()), Body::from_stream(never));
        assert_eq!(service.call(request).await.status, 429, "{path}");
    }
}

#[tokio::test]
async fn graphql_counts_requests_and_refuses_in_its_own_form() {
    let service = with_requests(1).await;
    let body = json!({ "query": ME }).to_string();
    let answer = service.post("/graphql", &ann(), body.clone()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["data"]["me"]["id"]), (200, &json!("ann")));
    assert!(answer.header("ratelimit").starts_with("\"requests\";r=0;"));
    let answer = service.post("/graphql", &ann(), body).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
    let error = &answer.json()["errors"][0];
    assert_eq!(error["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(error["extensions"]["retryAfterMs"], 1000);
    assert!(answer.header("ratelimit").starts_with("\"requests\";r=0;"));
}

#[tokio::test]
async fn a_bulk_costs_as_many_of_the_tenants_events_as_it_holds() {
    let service = with_events(10).await;
    let answer = bulk(&service, &shop(), 6).await;
    assert_eq!(answer.status, 201);
    let (policy, left, _) = told(&answer);
    assert!(policy.ends_with(", \"events\";q=10;w=10;qu=\"events\""), "{policy}");
    assert!(left.ends_with(", \"events\";r=4;t=6"), "{left}");
    let answer = bulk(&service, &token("other", "acme", "writer"), 5).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "RATE_LIMITED".into()));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(service.log.len(), 6, "nothing of what was refused was recorded");
    assert_eq!(bulk(&service, &shop(), 4).await.status, 201);
    let answer = service.post(LIST, &shop(), json!({ "type": "a.b" }).to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "RATE_LIMITED".into()));
    assert_eq!(service.get("/api/v1/limits", &shop()).await.status, 200, "only events are used up");
    let other_tenant = token("shop", "globex", "writer");
    assert_eq!(bulk(&service, &other_tenant, 10).await.status, 201);
    service.limiter.pass(1);
    let answer = service.post(LIST, &shop(), json!({ "type": "a.b" }).to_string()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(service.log.len(), 21);
}

#[tokio::test]
async fn events_that_are_not_valid_cost_as_much() {
    let service = with_events(3).await;
    let body = json!([{ "type": 7 }, { "type": 7 }]).to_string();
    assert_eq!(service.post("/api/v1/logs/bulk", &shop(), body.clone()).await.status, 422);
    assert_eq!(service.post("/api/v1/logs/bulk", &shop(), body).await.status, 429);
}

#[tokio::test]
async fn a_bulk_larger_than_the_burst_goes_through_after_a_rest() {
    let service = with_events(10).await;
    let answer = bulk(&service, &shop(), 25).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let answer = bulk(&service, &shop(), 1).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "16"));
    service.limiter.pass(16);
    assert_eq!(bulk(&service, &shop(), 1).await.status, 201);
    assert_eq!(bulk(&service, &shop(), 25).await.status, 429, "it was no rest");
}

#[tokio::test]
async fn a_mutation_costs_the_events_it_records_and_is_refused_as_a_field() {
    let service = with_events(3).await;
    let body = |count| json!({ "query": RECORD, "variables": { "events": events(count) } });
    let answer = service.post("/graphql", &shop(), body(2).to_string()).await;
    let receipts = &answer.json()["data"]["recordEvents"]["receipts"];
    assert_eq!(receipts.as_array().unwrap().len(), 2);
    assert!(answer.header("ratelimit").ends_with("\"events\";r=1;t=2"));
    let answer = service.post("/graphql", &shop(), body(2).to_string()).await;
    let extensions = &answer.json()["errors"][0]["extensions"];
    assert_eq!(
        (&extensions["code"], &extensions["retryAfterMs"]),
        (&json!("RATE_LIMITED"), &json!(1000))
    );
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (200, "1"));
    assert_eq!(service.log.len(), 2);
}

#[tokio::test]
async fn operations_on_a_socket_are_requests_and_the_socket_outlives_a_refusal() {
    let listening = with_requests(2).await.listen().await;
    let mut socket = Socket::graphql_of(listening.address, &ann()).await;
    for _ in 0..2 {
        socket.say(subscribe("1", ME)).await;
        assert_eq!(socket.next().await.unwrap()["type"], "next");
        assert_eq!(socket.next().await.unwrap()["type"], "complete");
    }
    socket.say(subscribe("1", ME)).await;
    let refused = socket.next().await.unwrap();
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("1")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    let bearer = format!("Bearer {}", ann());
    let headers = [("authorization", &*bearer)];
    let stream = connect(listening.address, "/api/v1/logs/stream", &headers).await;
    assert_eq!(stream.err(), Some(429), "a live stream is a request");
    listening.service.limiter.pass(1);
    socket.say(subscribe("1", ME)).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");
}

#[tokio::test]
async fn without_limits_nothing_is_counted_or_told() {
    let service = Service::with_quotas(|quotas| {
        quotas.enabled = false;
        quotas.requests_burst = NonZeroU32::MIN;
        quotas.events_burst = NonZeroU32::MIN;
    })
    .await;
    for _ in 0..5 {
        let answer = bulk(&service, &shop(), 5).await;
        assert_eq!((answer.status.as_u16(), told(&answer)), (201, ("", "", "")));
    }
}

#[tokio::test]
async fn an_array_and_lines_cost_the_same() {
    let service = with_events(4).await;
    let lines = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/logs/bulk")
        .header("authorization", format!("Bearer {}", shop()))
        .header("content-type", "application/x-ndjson")
        .body(Body::from("{\"type\":\"a.b\"}\n\n{\"type\":\"a.b\"}\n"))
        .unwrap();
    let answer = service.call(lines).await;
    assert_eq!(answer.status, 201);
    assert!(answer.header("ratelimit").ends_with("\"events\";r=2;t=2"));
    assert_eq!(bulk(&service, &shop(), 3).await.status, 429);
    assert_eq!(bulk(&service, &shop(), 2).await.status, 201);
}
