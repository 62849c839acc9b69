//! How a token is handed over.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;

use crate::support::{SECRET, Service, claims, signed, token};

async fn status(service: &Service, path: &str, headers: &[(&str, &[u8])]) -> StatusCode {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.call(request.body(Body::empty()).unwrap()).await.status
}

#[tokio::test]
async fn the_header_must_hold_a_bearer_token() {
    let service = Service::start().await;
    let token = token("ann", "acme", "user");
    for (value, expected) in [
        (format!("Bearer {token}"), 200),
        (format!("bearer {token}"), 200),
        (format!("BEARER  {token} "), 200),
        (token.clone(), 401),
        (format!("Bearer{token}"), 401),
        (format!("Bearer\t{token}"), 401),
        (format!("Bearer={token}"), 401),
        (format!("Basic {token}"), 401),
        (format!("Token {token}"), 401),
        (format!("Bearer Bearer {token}"), 401),
        (format!("Bearer {token} {token}"), 401),
        (format!("Bearer {token}, Bearer {token}"), 401),
        (format!("Bearer \"{token}\""), 401),
        ("Bearer".into(), 401),
        ("Bearer ".into(), 401),
        ("Bearer \u{e9}".into(), 401),
        (format!("Bearer {token}\u{a0}"), 401),
    ] {
        let told = status(&service, "/api/v1/logs", &[("authorization", value.as_bytes())]).await;
        assert_eq!(told, expected, "{value}");
    }
}

#[tokio::test]
async fn of_two_authorization_headers_none_is_taken() {
    let service = Service::start().await;
    let (ann, root) = (token("ann", "acme", "user"), token("root", "acme", "admin"));
    let value = |token: &str| format!("Bearer {token}").into_bytes();
    for (first, second) in [
        (value(&ann), value(&root)),
        (value(&ann), value(&ann)),
        (value(&ann), b"Basic YTpi".to_vec()),
        (b"".to_vec(), value(&ann)),
    ] {
        let headers = [("authorization", &first[..]), ("authorization", &second[..])];
        assert_eq!(status(&service, "/api/v1/logs", &headers).await, 401);
    }
}

#[tokio::test]
async fn a_token_elsewhere_than_in_its_header_is_not_seen() {
    // In an address it would be logged by every machine on the way.
    let service = Service::start().await;
    let token = token("ann", "acme", "user");
    for name in ["access_token", "token", "authorization", "Authorization", "jwt"] {
        let path = format!("/api/v1/logs?{name}={token}");
        let told = status(&service, &path, &[]).await;
        assert!(told.is_client_error(), "{name}");
        assert!(told == 401 || told == 400, "{name}");
    }
    for (name, value) in [
        ("cookie", format!("token={token}; access_token={token}; authorization=Bearer {token}")),
        ("x-authorization", format!("Bearer {token}")),
        ("x-access-token", token.clone()),
        ("proxy-authorization", format!("Bearer {token}")),
    ] {
        let told = status(&service, "/api/v1/logs", &[(name, value.as_bytes())]).await;
        assert_eq!(told, 401, "{name}");
    }
}

#[tokio::test]
async fn a_token_for_several_tenants_must_name_one_of_them() {
    let service = Service::start().await;
    let several = {
        let mut claims = claims("ann", "acme", "user");
        claims["tenant"] = json!(["acme", "globex"]);
        signed(r#"{"alg":"HS256"}"#, &claims.to_string(), SECRET)
    };
    let one = token("ann", "acme", "user");
    let call = async |token: &str, named: Option<&str>| {
        let mut request = Request::post("/graphql")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        if let Some(named) = named {
            request = request.header("annals-tenant", named);
        }
        let body = r#"{"query":"{me{tenant}}"}"#;
        let answer = service.call(request.body(body.into()).unwrap()).await.json();
        match answer["errors"][0]["extensions"]["code"].as_str() {
            Some(code) => code.to_owned(),
            None => answer["data"]["me"]["tenant"].as_str().unwrap().to_owned(),
        }
    };
    assert_eq!(call(&several, Some("acme")).await, "acme");
    assert_eq!(call(&several, Some("globex")).await, "globex");
    assert_eq!(call(&several, None).await, "BAD_USER_INPUT");
    assert_eq!(call(&one, None).await, "acme");
    assert_eq!(call(&one, Some("acme")).await, "acme");
    for spoofed in ["globex", "ACME", "", "acme,globex", "аcme", "*", "../globex"] {
        assert_eq!(call(&one, Some(spoofed)).await, "FORBIDDEN", "{spoofed}");
    }
    assert_eq!(call(&several, Some("initech")).await, "FORBIDDEN");
}
