//! Bodies that come compressed: taken like any other, and refused before they grow too large.

use std::io::Write;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use serde_json::json;

use crate::support::{Answer, Service, token};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

async fn send(
    service: &Service,
    path: &str,
    encodings: &[&str],
    length: bool,
    body: Vec<u8>,
) -> Answer {
    let mut request = Request::post(path)
        .header("authorization", format!("Bearer {}", token("shop", "acme", "admin")))
        .header("content-type", "application/json");
    for encoding in encodings {
        request = request.header("content-encoding", *encoding);
    }
    if length {
        request = request.header("content-length", body.len());
    }
    let answer = service.call(request.body(Body::from(body)).unwrap()).await;
    service.is_idle().await;
    answer
}

#[tokio::test]
async fn a_compressed_body_is_taken_wherever_a_body_is() {
    let service = Service::start().await;
    let events = json!([{ "type": "a.b" }, { "type": "a.c" }]).to_string();
    for (path, body, status) in [
        ("/api/v1/logs", r#"{"type":"a.b"}"#, 201),
        ("/api/v1/logs/bulk", &events, 201),
        ("/graphql", r#"{"query":"{__typename}"}"#, 200),
    ] {
        for (encoding, packed) in [
            ("gzip", gzip(body.as_bytes())),
            ("GZIP", gzip(body.as_bytes())),
            ("zstd", zstd_of(body.as_bytes())),
            ("identity", body.as_bytes().to_vec()),
        ] {
            for length in [true, false] {
                let answer = send(&service, path, &[encoding], length, packed.clone()).await;
                let told = (answer.status.as_u16(), &answer.text);
                assert_eq!(told.0, status, "{path} {encoding} {}", told.1);
            }
        }
    }
}

#[tokio::test]
async fn the_same_event_is_the_same_however_it_was_packed() {
    let service = Service::start().await;
    let event = json!({ "id": uuid::Uuid::now_v7(), "type": "a.b" }).to_string();
    let plain = send(&service, "/api/v1/logs", &[], true, event.clone().into()).await;
    let packed = send(&service, "/api/v1/logs", &["zstd"], true, zstd_of(event.as_bytes())).await;
    assert_eq!((plain.status.as_u16(), packed.status.as_u16()), (201, 200));
    // The promise is made anew, and a second may have passed.
    let what = |answer: serde_json::Value| (answer["id"].clone(), answer["position"].clone());
    assert_eq!(what(plain.json()), what(packed.json()));
}

#[tokio::test]
async fn an_encoding_that_is_not_known_is_refused_with_those_that_are() {
    let service = Service::start().await;
    let event = br#"{"type":"a.b"}"#;
    for encodings in
        [&["br"][..], &["deflate"], &["gzip, gzip"], &["gzip", "zstd"], &["gzip;q=1"], &["*"]]
    {
        for path in ["/api/v1/logs", "/api/v1/logs/bulk"] {
            let answer = send(&service, path, encodings, true, gzip(&gzip(event))).await;
            assert_eq!(answer.status, 415, "{encodings:?}");
            assert_eq!(answer.code(), "UNSUPPORTED_ENCODING");
            assert_eq!(answer.header("accept-encoding"), "gzip, zstd");
        }
    }
}

#[tokio::test]
async fn what_is_broken_is_refused_and_holds_nothing() {
    let service = Service::start().await;
    let event = br#"{"type":"a.b"}"#;
    let whole = gzip(event);
    for (encoding, body) in [
        ("gzip", whole[..whole.len() - 1].to_vec()),
        ("gzip", [&whole[..], b"garbage"].concat()),
        ("gzip", event.to_vec()),
        ("gzip", Vec::new()),
        ("zstd", whole.clone()),
        ("zstd", zstd_of(event)[..10].to_vec()),
        ("gzip", zstd_of(event)),
    ] {
        let answer = send(&service, "/api/v1/logs", &[encoding], true, body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT".into()));
    }
    // What comes out is looked at like any other body.
    let answer = send(&service, "/api/v1/logs", &["gzip"], true, gzip(b"{\"type\":")).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_body_that_grows_too_much_is_refused_before_it_has_grown() {
    let service = Service::start().await;
    let mib = vec![b' '; 1 << 20];
    // 64 KiB may come out of anything; beyond it a hundred times what was sent.
    let little = [br#"{"type":"a.b"}"#, &mib[..60_000]].concat();
    for (packed, status) in [
        (zstd_of(&little), 201),
        (gzip(&little), 201),
        (zstd_of(&mib), 413),
        (gzip(&mib), 413),
        (gzip(&mib).repeat(1000), 413),
        (zstd_of(&mib).repeat(1000), 413),
    ] {
        let encoding = if packed.starts_with(&[0x1f, 0x8b]) { "gzip" } else { "zstd" };
        let answer = send(&service, "/api/v1/logs", &[encoding], true, packed).await;
        assert_eq!(answer.status, status, "{encoding}: {}", answer.text);
    }
    // A bulk may be large, and is still bounded: 10 MB that stand for 10 GB.
    let bomb = gzip(&vec![0; 64 << 20]).repeat(160);
    let answer = send(&service, "/api/v1/logs/bulk", &["gzip"], true, bomb).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (413, "TOO_LARGE".into()));
}

#[tokio::test]
async fn room_for_what_may_come_out_is_taken_before_the_body_is_read() {
    let service = Service::with_limits(|limits| {
        limits.event.bytes_max = 100_000;
        limits.request.in_flight_bytes_max = 180_000;
    })
    .await;
    let permits = &service.api.recorder.permits;
    let slow = |length: Option<usize>| {
        let forever = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let mut request = Request::post("/api/v1/logs")
            .header("authorization", format!("Bearer {}", token("shop", "acme", "writer")))
            .header("content-type", "application/json")
            .header("content-encoding", "gzip");
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        let request = request.body(Body::from_stream(forever)).unwrap();
        let router = annals_api::router::router(service.api.clone());
        tokio::spawn(tower::ServiceExt::oneshot(router, request))
    };
    // 500 bytes may become 64 KiB; without a length it could be the most there may be, twice.
    for (length, held) in [(Some(500), 65_536 + 500), (Some(2000), 102_000), (None, 180_000)] {
        let request = slow(length);
        crate::support::until("it holds", async || permits.under_way().0 == held).await;
        request.abort();
        service.is_idle().await;
    }
    let all = slow(None);
    crate::support::until("all is held", async || permits.under_way().0 == 180_000).await;
    let answer = service.post("/api/v1/logs", &token("shop", "acme", "writer"), "{}").await;
    assert_eq!(answer.status, 503);
    all.abort();
    service.is_idle().await;
}
