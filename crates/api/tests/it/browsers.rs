//! What browsers are told: which pages may read answers, and what no page may do with them.

use annals_api::AllowedOrigins;
use axum::body::Body;
use http::{Method, Request};

use crate::support::{Answer, Service, token};

const APP: &str = "https://app.example.org";

async fn from_page(
    service: &Service,
    method: Method,
    origin: &str,
    more: &[(&str, &str)],
) -> Answer {
    let mut request =
        Request::builder().method(method).uri("/api/v1/limits").header("origin", origin);
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    service.call(request.body(Body::empty()).unwrap()).await
}

async fn allowing(origins: &[&str]) -> Service {
    let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
    Service::with_web(|web| web.allowed_origins = AllowedOrigins::read(&origins).unwrap()).await
}

#[tokio::test]
async fn by_default_no_page_of_another_origin_is_told_anything() {
    let service = Service::start().await;
    let token = format!("Bearer {}", token("ann", "acme", "admin"));
    let answer = from_page(&service, Method::GET, APP, &[("authorization", &token)]).await;
    assert_eq!(answer.status, 200);
    let asks = [("access-control-request-method", "GET")];
    let preflight = from_page(&service, Method::OPTIONS, APP, &asks).await;
    for answer in [answer, preflight] {
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_ask_and_read() {
    let service = allowing(&[APP, "http://localhost:3000"]).await;
    let asks = [
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization,if-none-match"),
    ];
    // A preflight brings no token.
    let preflight = from_page(&service, Method::OPTIONS, APP, &asks).await;
    assert_eq!((preflight.status.as_u16(), preflight.text.as_str()), (204, ""));
    assert_eq!(preflight.header("access-control-allow-origin"), APP);
    assert_eq!(preflight.header("access-control-max-age"), "7200");
    for method in ["GET", "POST", "DELETE"] {
        assert!(preflight.header("access-control-allow-methods").contains(method));
    }
    for name in ["authorization", "if-none-match", "idempotency-key", "content-encoding"] {
        assert!(preflight.header("access-control-allow-headers").contains(name), "{name}");
    }
    assert!(preflight.header("vary").contains("origin"));
    let token = format!("Bearer {}", token("ann", "acme", "admin"));
    // A refusal may be read as well, or pages could not tell people why.
    for (token, status) in [(token.as_str(), 200), ("Bearer bad", 401)] {
        let answer = from_page(&service, Method::GET, APP, &[("authorization", token)]).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), APP);
        for name in ["etag", "ratelimit", "retry-after", "x-request-id", "location"] {
            assert!(answer.header("access-control-expose-headers").contains(name), "{name}");
        }
        let vary: Vec<&str> =
            answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(vary.join(",").contains("origin"), "{vary:?}");
        // The browser's own credentials are never asked for.
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
    }
}

#[tokio::test]
async fn a_page_of_any_other_origin_is_told_nothing() {
    let service = allowing(&[APP]).await;
    for origin in [
        "https://evil.example",
        "https://app.example.org.evil.example",
        "http://app.example.org",
        "https://app.example.org:8443",
        "null",
        "",
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let asks = [("access-control-request-method", "GET")];
            let answer = from_page(&service, method, origin, &asks).await;
            assert!(answer.headers.get("access-control-allow-origin").is_none(), "{origin}");
            let vary = answer.headers.get_all("vary").iter();
            assert!(vary.into_iter().any(|value| value == "origin"), "{origin}");
        }
    }
}

#[tokio::test]
async fn every_origin_can_be_allowed_but_never_with_credentials() {
    let service = allowing(&["*"]).await;
    let answer = from_page(&service, Method::GET, "https://anything.example", &[]).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.headers.get("access-control-allow-credentials").is_none());
}

#[tokio::test]
async fn no_page_may_run_load_or_frame_an_answer() {
    let service = Service::start().await;
    let admin = token("root", "acme", "admin");
    for path in ["/api/v1/logs", "/api/v1/limits", "/nowhere", "/metrics", "/api/v1/openapi.json"] {
        let answer = service.get(path, &admin).await;
        let policy = "default-src 'none'; frame-ancestors 'none'";
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let kind = answer.header("content-type");
        // JSON is UTF-8 by its own rules, and has no parameter for it.
        assert!(kind.ends_with("json") || kind.contains("charset=utf-8"), "{path} {kind}");
    }
}

#[tokio::test]
async fn only_kinds_that_an_address_has_are_answered() {
    let service = Service::start().await;
    let ask = async |method: Method, path: &str, accept: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", token("root", "acme", "admin")))
            .header("content-type", "application/json")
            .header("accept", accept);
        service.call(request.body(Body::from(r#"{"type":"a.b"}"#)).unwrap()).await
    };
    for (path, accept, status) in [
        ("/api/v1/limits", "application/json", 200),
        ("/api/v1/limits", "text/html, */*;q=0.1", 200),
        ("/api/v1/limits", "text/html", 406),
        ("/api/v1/limits", "application/json;q=0", 406),
        ("/metrics", "text/plain", 200),
        ("/metrics", "application/json", 406),
        ("/api/v1/docs", "text/html,application/xhtml+xml", 200),
        ("/api/v1/docs", "application/json", 406),
    ] {
        let answer = ask(Method::GET, path, accept).await;
        assert_eq!(answer.status, status, "{path} {accept}");
        if status == 406 {
            assert_eq!(answer.code(), "NOT_ACCEPTABLE");
        }
    }
    // Nothing is recorded for whoever could not read the receipt.
    assert_eq!(ask(Method::POST, "/api/v1/logs", "text/html").await.status, 406);
    assert_eq!(service.api.queries.head(), annals_domain::Position::START);
    assert_eq!(ask(Method::POST, "/api/v1/logs", "application/*").await.status, 201);
}

#[tokio::test]
async fn the_page_of_documentation_loads_nothing_from_elsewhere() {
    let service = Service::start().await;
    let get =
        async |path: &str| service.call(Request::get(path).body(Body::empty()).unwrap()).await;
    let page = get("/api/v1/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for word in ["unsafe", "http", "data:", "blob:", "*"] {
        assert!(!policy.contains(word), "{policy}");
    }
    // Nothing stands in it that the policy would forbid.
    for word in ["<style", "style=", "onclick", "onload", "javascript:", "//"] {
        assert!(!page.text.contains(word), "{word}");
    }
    let mut loaded = 0;
    for part in page.text.split(['"', '\'']).filter(|part| part.starts_with('/')) {
        let answer = get(part).await;
        assert_eq!(answer.status, 200, "{part}");
        assert!(!answer.text.is_empty());
        loaded += 1;
    }
    assert!(loaded >= 3);
    let script = get("/api/v1/docs/docs.js").await.text;
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "localStorage",
        "sessionStorage",
        "http://",
        "https://",
    ] {
        assert!(!script.contains(word), "{word}");
    }
    let without = Service::with_web(|web| web.docs = false).await;
    for path in ["/api/v1/docs", "/api/v1/docs/docs.js", "/api/v1/docs/docs.css"] {
        let answer = without.call(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.code(), "NOT_FOUND", "{path}");
    }
}
