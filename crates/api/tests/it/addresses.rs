//! Addresses and methods: what is not exactly an address is none.

use axum::body::Body;
use http::{Method, Request};

use crate::support::{Answer, Service, request, token};

#[tokio::test]
async fn what_is_only_nearly_an_address_is_none() {
    let service = Service::start().await;
    let admin = token("root", "acme", "admin");
    for path in [
        "/",
        "//",
        "//api/v1/logs",
        "/api//v1/logs",
        "/api/v1/logs/",
        "/api/v1//logs",
        "/API/v1/logs",
        "/api/v1/Logs",
        "/api/v1/logs/./",
        "/api/v1/logs/../limits",
        "/api/v1/%2e%2e/v1/logs",
        "/api/v1/logs%2Fbulk",
        "/api/v1/logs;a=b",
        "/healthz/",
        "/healthz/../metrics",
        "/graphql/",
        "/GraphQL",
        "/metrics%00",
        "/.env",
        "/api/v1/logs/a/b",
        "/api/v1/logs/%",
        "/api/v1/logs/%zz",
        "/api/v1/logs/%ff",
        "/api/v1/logs/%00",
        "/api/v1/logs/..%2f..%2fetc%2fpasswd",
        "/api/v1/logs/00000000-0000-0000-0000-00000000000g",
        "/api/v1/logs/%0d%0aset-cookie:a=b",
    ] {
        let answer = service.get(path, &admin).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (404, "NOT_FOUND".into()), "{path}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

/// The methods that an answer allows, in order.
fn allowed(answer: &Answer) -> String {
    let mut methods: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
    methods.sort_unstable();
    methods.join(",")
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_allowed() {
    let service = Service::start().await;
    let admin = token("root", "acme", "admin");
    for (method, path, allow) in [
        (Method::DELETE, "/api/v1/logs", "GET,HEAD,POST"),
        (Method::PUT, "/api/v1/logs", "GET,HEAD,POST"),
        (Method::GET, "/api/v1/logs/bulk", "POST"),
        (Method::POST, "/api/v1/logs/stream", "GET,HEAD"),
        (Method::PATCH, "/api/v1/logs/x", "GET,HEAD"),
        (Method::DELETE, "/graphql", "GET,HEAD,POST"),
        (Method::POST, "/healthz", "GET,HEAD"),
        (Method::TRACE, "/metrics", "GET,HEAD"),
    ] {
        let answer = service.call(request(method, path, Some(&admin), Body::empty())).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.code(), "METHOD_NOT_ALLOWED", "{path}");
        assert_eq!(allowed(&answer), allow, "{path}");
    }
    // It only asks which there are, and anybody may.
    for (path, allow) in [("/api/v1/limits", "GET,HEAD"), ("/api/v1/logs", "GET,HEAD,POST")] {
        let answer = service.call(request(Method::OPTIONS, path, None, Body::empty())).await;
        assert_eq!((answer.status.as_u16(), &*allowed(&answer)), (204, allow), "{path}");
    }
    let head =
        service.call(request(Method::HEAD, "/api/v1/logs", Some(&admin), Body::empty())).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    let head = service.call(request(Method::HEAD, "/api/v1/logs", None, Body::empty())).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (401, ""));
}

#[tokio::test]
async fn a_socket_address_without_an_upgrade_is_refused_in_our_form() {
    let service = Service::start().await;
    let admin = token("root", "acme", "admin");
    let stream = service.get("/api/v1/logs/stream", &admin).await;
    assert_eq!((stream.status.as_u16(), stream.code()), (400, "BAD_USER_INPUT".into()));
    // Who the caller is comes first.
    let request = Request::get("/api/v1/logs/stream").body(Body::empty()).unwrap();
    assert_eq!(service.call(request).await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn an_id_of_the_request_is_echoed_when_it_is_harmless() {
    let service = Service::start().await;
    let echoed = async |id: &[u8]| {
        let request = Request::get("/healthz").header("x-request-id", id);
        let answer = service.call(request.body(Body::empty()).unwrap()).await;
        answer.header("x-request-id").to_owned()
    };
    let longest = "a".repeat(128);
    for good in ["1", "req-1_2.3:4/5+6=", longest.as_str()] {
        assert_eq!(echoed(good.as_bytes()).await, good);
    }
    let longer = "a".repeat(129);
    for bad in
        [&b""[..], b"a b", b"a\tb", b"<script>", b"a;b", b"\xff", b"\"", b"a,b", longer.as_bytes()]
    {
        let id = echoed(bad).await;
        assert_eq!(id.len(), 32, "{id}");
        assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    assert_ne!(echoed(b"").await, echoed(b"").await);
}

#[tokio::test]
async fn every_answer_forbids_to_guess_and_to_keep() {
    let service = Service::start().await;
    let admin = token("root", "acme", "admin");
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/logs", "/api/v1/limits", "/nowhere"] {
        let answer = service.get(path, &admin).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "private, no-store", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
}
