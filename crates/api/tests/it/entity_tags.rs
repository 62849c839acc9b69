//! Entity tags: what a caller has is not sent again, and what they have depends on who looks.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::support::{Answer, Service, token};

async fn asked(service: &Service, method: Method, path: &str, token: &str, tag: &str) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    if !tag.is_empty() {
        request = request.header("if-none-match", tag);
    }
    service.call(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn what_a_caller_has_is_not_sent_again() {
    let service = Service::start().await;
    let id = service.record(json!({ "type": "a.b", "actor": { "id": "ann" } })).await;
    let event = format!("/api/v1/logs/{id}");
    let admin = token("root", "acme", "admin");
    for (path, strong) in [
        (event.as_str(), true),
        ("/api/v1/limits", true),
        ("/api/v1/openapi.json", true),
        ("/api/v1/docs", true),
        ("/api/v1/docs/docs.js", true),
        ("/api/v1/logs?q=type:a.b", false),
    ] {
        let first = asked(&service, Method::GET, path, &admin, "").await;
        let tag = first.header("etag");
        assert_eq!(first.status, 200, "{path}");
        assert_eq!(tag.starts_with('"'), strong, "{path} {tag}");
        let several = format!("\"other\", {tag}");
        for known in [tag, "*", &several] {
            let again = asked(&service, Method::GET, path, &admin, known).await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path} {known}");
            assert_eq!(again.header("etag"), tag, "{path}");
            assert_eq!(again.header("cache-control"), first.header("cache-control"), "{path}");
            assert!(again.headers.get("content-type").is_none());
        }
        let other = asked(&service, Method::GET, path, &admin, "\"other\"").await;
        assert_eq!((other.status.as_u16(), &other.text), (200, &first.text), "{path}");
        let head = asked(&service, Method::HEAD, path, &admin, "").await;
        assert_eq!((head.status.as_u16(), head.header("etag"), head.text.as_str()), (200, tag, ""));
        let head = asked(&service, Method::HEAD, path, &admin, tag).await;
        assert_eq!(head.status, 304, "{path}");
    }
}

#[tokio::test]
async fn a_tag_gives_nobody_what_they_may_not_see() {
    let service = Service::start().await;
    let id = service.record(json!({ "type": "a.b", "actor": { "id": "ann" } })).await;
    let path = format!("/api/v1/logs/{id}");
    let seen = asked(&service, Method::GET, &path, &token("root", "acme", "admin"), "").await;
    let tag = seen.header("etag");
    for (token, status) in [
        (token("bob", "acme", "user"), 404),
        (token("root", "globex", "admin"), 404),
        (token("shop", "acme", "writer"), 403),
        ("bad".into(), 401),
    ] {
        for tag in [tag, "*"] {
            let answer = asked(&service, Method::GET, &path, &token, tag).await;
            assert_eq!(answer.status, status);
            assert!(answer.headers.get("etag").is_none());
        }
    }
}

#[tokio::test]
async fn a_list_has_another_tag_once_there_is_more() {
    let service = Service::start().await;
    let admin = token("root", "acme", "admin");
    service.record(json!({ "type": "a.b" })).await;
    let list = "/api/v1/logs?type=a.b";
    let before = asked(&service, Method::GET, list, &admin, "").await;
    service.record(json!({ "type": "a.b" })).await;
    let after = asked(&service, Method::GET, list, &admin, before.header("etag")).await;
    assert_eq!(after.status, 200);
    assert_ne!(after.header("etag"), before.header("etag"));
}
