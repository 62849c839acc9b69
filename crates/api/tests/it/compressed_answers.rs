//! Answers that go compressed, and those that do not.

use std::io::Read;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::support::{Service, request, token};

async fn asked(service: &Service, path: &str, accept: &str) -> (http::HeaderMap, Vec<u8>) {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {}", token("root", "acme", "admin")))
        .header("accept-encoding", accept);
    let response = service.open(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200);
    let (parts, body) = response.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

fn unpacked(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    match encoding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).map(drop).unwrap(),
        "zstd" => text = zstd::decode_all(bytes).unwrap(),
        _ => text = bytes.to_vec(),
    }
    text
}

#[tokio::test]
async fn a_long_answer_is_compressed_as_the_caller_accepts() {
    let service = Service::start().await;
    for (accept, encoding) in [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("br, gzip", "gzip"),
        ("br", ""),
        ("identity", ""),
        ("gzip;q=0", ""),
        ("", ""),
    ] {
        let (headers, bytes) = asked(&service, "/api/v1/limits", accept).await;
        let told = headers.get("content-encoding").map_or("", |value| value.to_str().unwrap());
        assert_eq!(told, encoding, "{accept}");
        assert!(headers["vary"].to_str().unwrap().contains("accept-encoding"), "{accept}");
        let limits: Value = serde_json::from_slice(&unpacked(told, &bytes)).unwrap();
        assert_eq!(limits["request"]["bulk_events_max"], 10_000);
        if !encoding.is_empty() {
            assert!(!headers.contains_key("content-length"));
        }
    }
}

#[tokio::test]
async fn a_short_answer_and_a_refusal_go_as_they_are() {
    let service = Service::start().await;
    let (headers, _) = asked(&service, "/healthz", "gzip, zstd").await;
    assert!(!headers.contains_key("content-encoding"));
    let refused = Request::get("/api/v1/logs").header("accept-encoding", "gzip");
    let refused = service.call(refused.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_tag_of_a_compressed_answer_is_weak_and_still_found() {
    let service = Service::start().await;
    let (plain, _) = asked(&service, "/api/v1/limits", "identity").await;
    let (packed, _) = asked(&service, "/api/v1/limits", "gzip").await;
    let (strong, weak) = (plain["etag"].to_str().unwrap(), packed["etag"].to_str().unwrap());
    assert_eq!(weak, format!("W/{strong}"));
    for tag in [strong, weak] {
        let mut again = request(
            Method::GET,
            "/api/v1/limits",
            Some(&token("r", "acme", "admin")),
            Body::empty(),
        );
        again.headers_mut().insert("if-none-match", tag.parse().unwrap());
        again.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
        let answer = service.call(again).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (304, ""));
    }
}

#[tokio::test]
async fn compression_can_be_turned_off() {
    let service = Service::with_web(|web| web.compression = false).await;
    let (headers, bytes) = asked(&service, "/api/v1/limits", "gzip, zstd").await;
    assert!(!headers.contains_key("content-encoding"));
    assert!(serde_json::from_slice::<Value>(&bytes).is_ok());
}

#[tokio::test]
async fn a_page_of_events_is_the_same_packed_and_plain() {
    let service = Service::start().await;
    for n in 0..20 {
        service
            .record(json!({ "type": "a.b", "actor": { "id": "ann" }, "metadata": { "n": n } }))
            .await;
    }
    let (_, plain) = asked(&service, "/api/v1/logs", "identity").await;
    let (headers, packed) = asked(&service, "/api/v1/logs", "zstd").await;
    assert_eq!(headers["content-encoding"], "zstd");
    assert!(packed.len() * 2 < plain.len());
    assert_eq!(unpacked("zstd", &packed), plain);
}
