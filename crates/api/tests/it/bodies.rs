//! Bodies: bounded in bytes and in time, and what they hold is given back.

use std::time::{Duration, Instant};

use annals_engine::Permit;
use annals_ports::memory::LogErrorKind;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request};
use serde_json::json;

use crate::support::{Service, request, token};

fn writer() -> String {
    token("shop", "acme", "writer")
}

/// An event whose JSON has so many bytes.
fn event_of(bytes: usize) -> String {
    let head = r#"{"type":"a.b","metadata":{"a":1}"#;
    format!("{head}{}}}", " ".repeat(bytes - head.len() - 1))
}

fn post(path: &str, media_type: &str, body: Body) -> Request<Body> {
    Request::post(path)
        .header("authorization", format!("Bearer {}", writer()))
        .header("content-type", media_type)
        .body(body)
        .unwrap()
}

/// A body that comes in pieces and tells no length.
fn pieces(text: &str, size: usize) -> Body {
    let pieces: Vec<Result<Bytes, std::io::Error>> =
        text.as_bytes().chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test]
async fn a_body_is_taken_up_to_the_limit_and_not_one_byte_beyond() {
    let service = Service::with_limits(|limits| {
        limits.event.bytes_max = 1000;
        limits.request.bulk_bytes_max = 3000;
        limits.request.graphql_bytes_max = 2000;
    })
    .await;
    let send = async |path: &str, text: String, size: Option<usize>| {
        let body = size.map_or_else(|| Body::from(text.clone()), |size| pieces(&text, size));
        let answer = service.call(post(path, "application/json", body)).await;
        service.is_idle().await;
        answer.status.as_u16()
    };
    for size in [None, Some(1), Some(7), Some(999), Some(5000)] {
        assert_eq!(send("/api/v1/logs", event_of(1000), size).await, 201, "{size:?}");
        assert_eq!(send("/api/v1/logs", event_of(1001), size).await, 413, "{size:?}");
        let bulk = |bytes: usize| format!("[{}]", event_of(900)) + &" ".repeat(bytes - 902);
        assert_eq!(send("/api/v1/logs/bulk", bulk(3000), size).await, 201, "{size:?}");
        assert_eq!(send("/api/v1/logs/bulk", bulk(3001), size).await, 413, "{size:?}");
        let graphql = |bytes: usize| {
            let body = r#"{"query":"{__typename}"}"#;
            format!("{body}{}", " ".repeat(bytes - body.len()))
        };
        assert_eq!(send("/graphql", graphql(2000), size).await, 200, "{size:?}");
        assert_eq!(send("/graphql", graphql(2001), size).await, 413, "{size:?}");
    }
    // One event of many is refused alone.
    let bulk = format!("[{},{}]", event_of(1000), event_of(1001));
    let answer = service.call(post("/api/v1/logs/bulk", "application/json", bulk.into())).await;
    let results = answer.json()["results"].take();
    assert_eq!(
        (answer.status.as_u16(), &results[0]["status"], &results[1]["status"]),
        (207, &json!(201), &json!(413))
    );
}

#[tokio::test]
async fn whoever_records_nothing_sends_little() {
    let service =
        Service::with_limits(|limits| limits.request.graphql_reader_bytes_max = 500).await;
    let text = |bytes: usize| format!("{:bytes$}", r#"{"query":"{__typename}"}"#);
    for (role, status) in [("user", 413), ("auditor", 413), ("writer", 200), ("admin", 200)] {
        let token = token("ann", "acme", role);
        assert_eq!(service.post("/graphql", &token, text(500)).await.status, 200, "{role}");
        assert_eq!(service.post("/graphql", &token, text(501)).await.status, status, "{role}");
    }
    // And holds nothing that recording needs, however slowly it asks.
    let waiting = post_forever("/graphql", &token("ann", "acme", "user"));
    let asking = tokio::spawn({
        let router = annals_api::router::router(service.api.clone());
        tower::ServiceExt::oneshot(router, waiting)
    });
    tokio::task::yield_now().await;
    assert_eq!(service.api.recorder.permits.under_way(), (0, 0));
    asking.abort();
}

/// A request whose body never comes to its end.
fn post_forever(path: &str, token: &str) -> Request<Body> {
    request(
        Method::POST,
        path,
        Some(token),
        Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()),
    )
}

#[tokio::test]
async fn a_length_that_lies_is_found_out() {
    let service = Service::start().await;
    let told = |length: &str, body: Body| {
        let mut request = post("/api/v1/logs", "application/json", body);
        request.headers_mut().insert("content-length", length.parse().unwrap());
        request
    };
    let event = || Body::from(event_of(100));
    assert_eq!(service.call(told("100", event())).await.status, 201);
    assert_eq!(service.call(told("10", event())).await.status, 413);
    assert_eq!(service.call(told("99999999999", event())).await.status, 413);
    assert_eq!(service.call(told("18446744073709551617", event())).await.status, 201);
    assert_eq!(service.call(told("-1", event())).await.status, 201);
    let failing = stream::iter([Ok(Bytes::from("{\"type\"")), Err(std::io::Error::other("gone"))]);
    let broken =
        service.call(post("/api/v1/logs", "application/json", Body::from_stream(failing))).await;
    assert_eq!((broken.status.as_u16(), broken.code()), (400, "BAD_USER_INPUT".into()));
    service.is_idle().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_given_up() {
    let service = Service::with_limits(|limits| limits.request.body_seconds_max = 1).await;
    for path in ["/api/v1/logs", "/api/v1/logs/bulk"] {
        let began = Instant::now();
        let answer = service.call(post_forever(path, &writer())).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (408, "TIMEOUT".into()), "{path}");
        assert!(began.elapsed() < Duration::from_secs(5));
        service.is_idle().await;
    }
    let answer = service.call(post_forever("/graphql", &writer())).await;
    assert_eq!(answer.status, 408);
    assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "TIMEOUT");
    service.is_idle().await;
}

#[tokio::test]
async fn whoever_may_not_record_is_told_so_before_the_body_is_read() {
    let service = Service::start().await;
    for path in ["/api/v1/logs", "/api/v1/logs/bulk"] {
        for (role, status) in [("user", 403), ("auditor", 403)] {
            let began = Instant::now();
            let answer = service.call(post_forever(path, &token("ann", "acme", role))).await;
            assert_eq!(answer.status, status, "{path} {role}");
            assert!(began.elapsed() < Duration::from_secs(5), "{path} {role}");
        }
        let answer = service.call(post_forever(path, "bad")).await;
        assert_eq!(answer.status, 401, "{path}");
    }
}

#[tokio::test]
async fn when_too_much_is_under_way_more_is_turned_away_until_there_is_room() {
    let service = Service::with_limits(|limits| {
        limits.request.in_flight_bytes_max = 10_000;
        limits.request.in_flight_events_max = 2;
        limits.event.bytes_max = 5_000;
        limits.request.graphql_bytes_max = 5_000;
    })
    .await;
    let record = async || service.post("/api/v1/logs", &writer(), event_of(100)).await;
    let busy = async |held: Permit| {
        let answer = record().await;
        assert_eq!((answer.status.as_u16(), answer.code()), (503, "UNAVAILABLE".into()));
        assert_eq!(answer.header("retry-after"), "1");
        let body = json!({ "query": "{__typename}" }).to_string();
        drop(held);
        assert_eq!(service.post("/graphql", &writer(), body).await.status, 200);
        assert_eq!(record().await.status, 201);
    };
    let permits = &service.api.recorder.permits;
    busy(permits.take_bytes(9_950).unwrap()).await;
    busy(permits.add_events(Permit::default(), None, 2).unwrap()).await;
    // Two bodies that tell no length hold all there is.
    let slow = || {
        let router = annals_api::router::router(service.api.clone());
        tokio::spawn(tower::ServiceExt::oneshot(router, post_forever("/api/v1/logs", &writer())))
    };
    let slow = [slow(), slow()];
    crate::support::until("both hold", async || permits.under_way().0 == 10_000).await;
    let answer = service.post("/graphql", &writer(), r#"{"query":"{me{id}}"}"#).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    assert_eq!(answer.json()["errors"][0]["extensions"]["retryAfterMs"], 1000);
    slow.iter().for_each(|request| request.abort());
    service.is_idle().await;
    assert_eq!(record().await.status, 201);
    // What cannot be stored is answered as such, and holds nothing.
    for (kind, status, wait) in
        [(LogErrorKind::Full, 507, "30"), (LogErrorKind::Unavailable, 503, "5")]
    {
        service.log.fail_next(kind);
        let answer = record().await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (status, wait));
        service.is_idle().await;
    }
}

#[tokio::test]
async fn other_media_types_are_refused() {
    let service = Service::start().await;
    let event = || event_of(100);
    for (path, media_type, body, status) in [
        ("/api/v1/logs", "application/json", event(), 201),
        ("/api/v1/logs", "application/json; charset=utf-8", event(), 201),
        ("/api/v1/logs", "APPLICATION/JSON", event(), 201),
        ("/api/v1/logs", "text/plain", event(), 415),
        ("/api/v1/logs", "application/x-www-form-urlencoded", event(), 415),
        ("/api/v1/logs", "application/x-ndjson", event(), 415),
        ("/api/v1/logs", "", event(), 415),
        ("/api/v1/logs", "application/jsonx", event(), 415),
        ("/api/v1/logs", "text/html, application/json", event(), 415),
        ("/api/v1/logs/bulk", "application/x-ndjson", event(), 201),
        ("/api/v1/logs/bulk", "application/ndjson", event(), 201),
        ("/api/v1/logs/bulk", "multipart/form-data; boundary=a", event(), 415),
        ("/graphql", "text/plain", r#"{"query":"{me{id}}"}"#.into(), 415),
        ("/graphql", "multipart/form-data; boundary=a", String::new(), 415),
    ] {
        let answer = service.call(post(path, media_type, body.into())).await;
        assert_eq!(answer.status, status, "{path} {media_type}");
    }
    let none =
        Request::post("/api/v1/logs").header("authorization", format!("Bearer {}", writer()));
    assert_eq!(
        service.call(none.body(event().into()).unwrap()).await.code(),
        "UNSUPPORTED_MEDIA_TYPE"
    );
}
