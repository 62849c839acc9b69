//! Browsers record a few events themselves, with tokens that are good for nothing else.

use axum::body::Body;
use http::{Method, header};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token};

const TOKENS: &str = "/api/v1/relay/tokens";
const RELAY: &str = "/api/v1/relay";

fn shop() -> String {
    token("shop", "acme", "writer")
}

fn admin() -> String {
    token("root", "acme", "admin")
}

async fn issued(service: &Service, wanted: Value) -> String {
    let answer = service.post(TOKENS, &shop(), wanted.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}

async fn for_ann(service: &Service) -> String {
    let wanted = json!({
        "subject": { "id": "ann", "name": "Ann" }, "types": ["page.viewed", "page.left"],
        "session_id": "s1",
    });
    issued(service, wanted).await
}

fn viewed(page: &str) -> Value {
    json!({ "type": "page.viewed", "metadata": { "page": page } })
}

async fn relay(service: &Service, token: &str, events: &Value) -> Answer {
    service.post(RELAY, token, events.to_string()).await
}

/// The one event of a type.
async fn found(service: &Service, event_type: &str) -> Value {
    service.record(json!({ "type": "other", "user_id": "zoe" })).await;
    let path = format!("/api/v1/logs?q=type:{event_type}");
    let found = service.get(&path, &admin()).await.json();
    found["events"][0].clone()
}

#[tokio::test]
async fn a_page_records_in_the_name_of_its_visitor() {
    let service = Service::start().await;
    let token = for_ann(&service).await;
    let mut forged = viewed("/cart");
    forged["actor"] = json!({ "id": "zoe", "type": "service" });
    forged["source"] = "bank".into();
    forged["tenant"] = "other".into();
    forged["client"] = json!({ "ip": "10.9.8.7" });
    forged["session_id"] = "s9".into();
    let mut asked = request(Method::POST, RELAY, Some(&token), Body::from(forged.to_string()));
    asked.headers_mut().insert(header::USER_AGENT, "Mozilla/5.0 (X11; Linux)".parse().unwrap());
    let answer = service.call(asked).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let event = found(&service, "page.viewed").await;
    assert_eq!((&event["actor"]["id"], &event["subject"]["id"]), (&json!("ann"), &json!("ann")));
    assert_eq!((&event["source"], &event["tenant"]), (&json!("shop"), &json!("acme")));
    assert_eq!(event["session"]["id"], "s1");
    assert_eq!(event["client"]["user_agent"], "Mozilla/5.0 (X11; Linux)");
    assert!(!event.to_string().contains("10.9.8.7") && !event.to_string().contains("zoe"));
    assert_eq!(event["metadata"]["page"], "/cart");
}

#[tokio::test]
async fn the_address_of_the_visitor_is_the_one_they_come_from() {
    let listening = Service::start().await.listen().await;
    let token = for_ann(&listening.service).await;
    let body = viewed("/").to_string();
    let sent = format!(
        "POST {RELAY} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(listening.address).await.unwrap();
    let mut answer = String::new();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(found(&listening.service, "page.viewed").await["client"]["ip"], "127.0.0.1");
}

#[tokio::test]
async fn each_event_is_answered_and_types_that_the_token_does_not_name_are_refused() {
    let service = Service::start().await;
    let token = for_ann(&service).await;
    let events =
        json!([viewed("/"), { "type": "user.login.succeeded" }, { "type": "annals.log.read" }, 7]);
    let answer = relay(&service, &token, &events).await;
    assert_eq!(answer.status, 207, "{}", answer.text);
    let results = answer.json()["results"].as_array().unwrap().clone();
    let statuses: Vec<u64> =
        results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| (400..500).contains(status)), "{statuses:?}");
    let kept = service.get("/api/v1/quarantine", &admin()).await.json();
    assert_eq!(kept["entries"], json!([]), "what a browser made up is kept nowhere");
}

#[tokio::test]
async fn a_request_has_its_bounds() {
    let service = Service::start().await;
    let token = for_ann(&service).await;
    let many = Value::Array(vec![viewed("/"); 21]);
    assert_eq!(relay(&service, &token, &many).await.status, 400);
    assert_eq!(relay(&service, &token, &json!([])).await.status, 400);
    assert_eq!(relay(&service, &token, &viewed(&"x".repeat(70_000))).await.status, 413);
    let plain = Body::from(viewed("/").to_string());
    let mut asked = request(Method::POST, RELAY, Some(&token), plain);
    asked.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    assert_eq!(service.call(asked).await.status, 415, "forms of other pages cannot send JSON");
}

#[tokio::test]
async fn a_token_brings_a_thousand_events() {
    let service = Service::start().await;
    let token = for_ann(&service).await;
    let twenty = Value::Array(vec![viewed("/"); 20]);
    for _ in 0..50 {
        assert_eq!(relay(&service, &token, &twenty).await.status, 201);
    }
    assert_eq!(relay(&service, &token, &viewed("/")).await.status, 429);
    let other = for_ann(&service).await;
    assert_eq!(relay(&service, &other, &viewed("/")).await.status, 201);
}

#[tokio::test]
async fn a_relay_token_is_good_nowhere_else_and_no_other_is_good_here() {
    let service = Service::start().await;
    let relayed = for_ann(&service).await;
    let addresses = ["/api/v1/logs", "/api/v1/access/me", "/api/v1/limits", "/api/v1/api-keys"];
    for path in addresses {
        assert_eq!(service.get(path, &relayed).await.status, 401, "{path}");
    }
    for path in ["/api/v1/logs", "/api/v1/logs/bulk", TOKENS, "/graphql"] {
        assert_eq!(
            service.post(path, &relayed, viewed("/").to_string()).await.status,
            401,
            "{path}"
        );
    }
    let wanted = json!({ "name": "x", "roles": ["writer"] }).to_string();
    let key = service.post("/api/v1/api-keys", &admin(), wanted).await.json();
    for other in [shop(), admin(), key["secret"].as_str().unwrap().to_owned()] {
        assert_eq!(relay(&service, &other, &viewed("/")).await.status, 401);
    }
}

#[tokio::test]
async fn only_pages_of_its_origin_use_a_token() {
    let service = Service::start().await;
    let wanted = json!({
        "subject": { "id": "ann" }, "types": ["page.viewed"], "origin": "https://shop.example",
    });
    let token = issued(&service, wanted).await;
    for (origin, status) in
        [(None, 403), (Some("https://evil.example"), 403), (Some("https://shop.example"), 201)]
    {
        let mut asked =
            request(Method::POST, RELAY, Some(&token), Body::from(viewed("/").to_string()));
        if let Some(origin) = origin {
            asked.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(service.call(asked).await.status, status, "{origin:?}");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_subject_its_issuer_and_its_issuers_key() {
    let service = Service::start().await;
    let revoke = async |what: Value| {
        let answer = service.post("/api/v1/revocations", &admin(), what.to_string()).await;
        assert_eq!(answer.status, 201);
    };
    let of_ann = for_ann(&service).await;
    revoke(json!({ "subject": "ann", "reason": "stolen" })).await;
    assert_eq!(relay(&service, &of_ann, &viewed("/")).await.status, 401);

    let of_bob = json!({ "subject": { "id": "bob" }, "types": ["page.viewed"] });
    let wanted = json!({ "name": "x", "roles": ["writer"] }).to_string();
    let key = service.post("/api/v1/api-keys", &admin(), wanted).await.json();
    let by_key = service.post(TOKENS, key["secret"].as_str().unwrap(), of_bob.to_string()).await;
    let by_key = by_key.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(relay(&service, &by_key, &viewed("/")).await.status, 201);
    let path = format!("/api/v1/api-keys/{}", key["id"].as_str().unwrap());
    service.call(request(Method::DELETE, &path, Some(&admin()), Body::empty())).await;
    assert_eq!(relay(&service, &by_key, &viewed("/")).await.status, 401);

    let by_shop = issued(&service, of_bob).await;
    assert_eq!(relay(&service, &by_shop, &viewed("/")).await.status, 201);
    revoke(json!({ "subject": "shop", "reason": "stolen" })).await;
    assert_eq!(relay(&service, &by_shop, &viewed("/")).await.status, 401);
}

#[tokio::test]
async fn what_a_token_is_asked_for_must_be_right() {
    let service = Service::start().await;
    let subject = json!({ "id": "ann" });
    for wrong in [
        json!({ "subject": subject, "types": [] }),
        json!({ "subject": subject, "types": vec!["a"; 21] }),
        json!({ "subject": subject, "types": ["annals.log.read"] }),
        json!({ "subject": subject, "types": ["page.*"] }),
        json!({ "subject": subject, "types": ["a"], "ttl_seconds": 901 }),
        json!({ "subject": subject, "types": ["a"], "ttl_seconds": 0 }),
        json!({ "subject": { "id": "" }, "types": ["a"] }),
        json!({ "subject": subject, "types": ["a"], "origin": "shop.example" }),
        json!({ "subject": subject, "types": ["a"], "roles": ["admin"] }),
        json!({ "types": ["a"] }),
    ] {
        let answer = service.post(TOKENS, &shop(), wrong.to_string()).await;
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text);
    }
    let answer = service.post(TOKENS, &token("u", "acme", "user"), "{}").await;
    assert_eq!(answer.status, 403);
}
