//! Places that take notifications: made, changed, rotated, tested, told once more; the same by REST and by
//! GraphQL, and by those alone whose they are.

mod graphql;
mod requests;

use annals_domain::notification::{ENDPOINTS_MAX, URL_CHARS_MAX};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

const PATH: &str = "/api/v1/notifications/endpoints";
/// In the path of its URL lies a secret.
const URL: &str = "https://shop.example.org/hooks/canary-path";

fn admin() -> String {
    token("root", "acme", "admin")
}

/// Asks; whoever changes something has seen whatever there is.
async fn asked(service: &Service, method: Method, path: &str, token: &str, body: Value) -> Answer {
    let seen = (method == Method::PUT).then_some("*");
    having_seen(service, method, path, token, body, seen).await
}

async fn having_seen(
    service: &Service,
    method: Method,
    path: &str,
    token: &str,
    body: Value,
    seen: Option<&str>,
) -> Answer {
    let mut request = request(method, path, Some(token), body.to_string().into());
    if let Some(seen) = seen {
        request.headers_mut().insert(header::IF_MATCH, seen.parse().unwrap());
    }
    service.call(request).await
}

async fn made(service: &Service, wanted: Value) -> Value {
    let answer = service.post(PATH, &admin(), wanted.to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let made = answer.json();
    assert_eq!(answer.header("location"), path(&made));
    assert_eq!(answer.header(header::CACHE_CONTROL), "private, no-store");
    made
}

async fn webhook(service: &Service) -> Value {
    made(service, json!({ "name": "Shop", "kind": "webhook", "url": URL })).await
}

fn path(endpoint: &Value) -> String {
    format!("{PATH}/{}", text(&endpoint["id"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn an_endpoint_is_made_changed_switched_and_taken_away() {
    let service = Service::start().await;
    let shop = webhook(&service).await;
    assert_eq!((&shop["enabled"], &shop["payload"]), (&json!(true), &json!("thin")));
    assert_eq!((&shop["signature"], &shop["public_key"]), (&json!("hmac"), &Value::Null));
    let one = service.get(&path(&shop), &admin()).await.json();
    let mut without_secret = shop.clone();
    without_secret.as_object_mut().unwrap().remove("secret");
    assert_eq!(one, without_secret);
    let change = json!({ "name": " Store ", "payload": "full", "enabled": false });
    let changed = asked(&service, Method::PUT, &path(&shop), &admin(), change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["payload"]), (&json!("Store"), &json!("full")));
    assert_eq!(changed["enabled"], false);
    assert_eq!(changed["disabled_because"], "it was switched off");
    assert_eq!(changed["origin"], "https://shop.example.org", "what is not named stays");
    let on = json!({ "enabled": true, "url": "https://other.example.org/x" });
    let on = asked(&service, Method::PUT, &path(&shop), &admin(), on).await.json();
    assert_eq!((&on["enabled"], &on["disabled_because"]), (&json!(true), &Value::Null));
    assert_eq!(
        (&on["origin"], &on["name"]),
        (&json!("https://other.example.org"), &json!("Store"))
    );
    let gone = asked(&service, Method::DELETE, &path(&shop), &admin(), json!({})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    assert_eq!(service.get(&path(&shop), &admin()).await.status, StatusCode::NOT_FOUND);
    let list = service.get(PATH, &admin()).await.json();
    assert_eq!(list, json!({ "endpoints": [] }));
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_not_undone() {
    let service = Service::start().await;
    let path = path(&webhook(&service).await);
    let tag = service.get(&path, &admin()).await.header(header::ETAG).to_owned();
    let named = |name: &str| json!({ "name": name });
    let put = async |name: &str, seen: Option<&str>| {
        having_seen(&service, Method::PUT, &path, &admin(), named(name), seen).await
    };
    assert_eq!(put("mine", None).await.code(), "PRECONDITION_REQUIRED");
    let first = put("mine", Some(&tag)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let next = first.header(header::ETAG).to_owned();
    assert_ne!(tag, next);
    for stale in [&*tag, "\"nothing\"", "nothing"] {
        assert_eq!(put("theirs", Some(stale)).await.code(), "PRECONDITION_FAILED", "{stale}");
    }
    let body = json!({});
    let stale = having_seen(&service, Method::DELETE, &path, &admin(), body, Some(&tag)).await;
    assert_eq!(stale.code(), "PRECONDITION_FAILED");
    assert_eq!(service.get(&path, &admin()).await.json()["name"], "mine");
    let list = "{ notificationEndpoints { id eventId } }";
    let shown =
        service.ask(&admin(), list, json!({})).await["data"]["notificationEndpoints"][0].take();
    assert_eq!(next, format!("\"{}\"", text(&shown["eventId"])));
    let change = async |seen: &str| {
        let document = format!(
            "mutation {{ changeNotificationEndpoint(input: {{ id: {}, name: \"ours\", seenEventId: {seen} }}) {{
                endpoint {{ name }} userErrors {{ field code }} }} }}",
            shown["id"]
        );
        service.ask(&admin(), &document, json!({})).await["data"]["changeNotificationEndpoint"]
            .take()
    };
    let error = json!({ "field": ["input", "seenEventId"], "code": "PRECONDITION_FAILED" });
    assert_eq!(change(&tag).await["userErrors"], json!([error]));
    assert_eq!(change(&next).await["endpoint"]["name"], "ours");
}

#[tokio::test]
async fn neither_a_secret_nor_the_path_of_a_url_is_shown_twice_or_recorded() {
    let service = Service::start().await;
    let shop = webhook(&service).await;
    let secret = text(&shop["secret"]).strip_prefix("whsec_").unwrap().to_owned();
    let rotated = service.post(&format!("{}/rotate", path(&shop)), &admin(), "").await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.text);
    assert_eq!(rotated.header(header::CACHE_CONTROL), "private, no-store");
    let rotated = rotated.json();
    let next = text(&rotated["secret"]).strip_prefix("whsec_").unwrap().to_owned();
    assert_ne!(secret, next);
    assert!(rotated["rotated_at"].is_string());
    let change = json!({ "url": "https://shop.example.org/hooks/canary-other" });
    asked(&service, Method::PUT, &path(&shop), &admin(), change).await;
    service.record(json!({ "type": "a.b", "user_id": "ann" })).await;
    let events = service.get("/api/v1/logs?q=type:annals.notification.*", &admin()).await.text;
    for event_type in ["endpoint_set", "endpoint_rotated"] {
        assert!(events.contains(&format!("annals.notification.{event_type}")), "{events}");
    }
    assert!(events.contains("https://shop.example.org") && events.contains("\"root\""));
    let listed = service.get(PATH, &admin()).await.text;
    for (name, hidden) in [("path", "canary"), ("secret", &*secret), ("next secret", &*next)] {
        assert!(!events.contains(hidden), "an event tells the {name}");
        assert!(!listed.contains(hidden), "the list tells the {name}");
    }
}

#[tokio::test]
async fn a_public_key_may_always_be_seen_and_what_is_not_signed_has_no_secret() {
    let service = Service::start().await;
    let wanted = json!({ "name": "Key", "kind": "webhook", "url": URL, "signature": "ed25519" });
    let key = made(&service, wanted).await;
    assert_eq!(key["secret"], Value::Null);
    assert!(text(&key["public_key"]).starts_with("whpk_"));
    let shown = service.get(&path(&key), &admin()).await.json();
    assert_eq!(shown["public_key"], key["public_key"]);
    let rotated = service.post(&format!("{}/rotate", path(&key)), &admin(), "").await.json();
    assert!(text(&rotated["public_key"]).starts_with("whpk_"));
    assert_ne!(rotated["public_key"], key["public_key"]);
    let slack = made(&service, json!({ "name": "Chat", "kind": "slack", "url": URL })).await;
    for nothing in ["secret", "public_key", "signature"] {
        assert_eq!(slack[nothing], Value::Null, "{nothing}");
    }
    let rotated = service.post(&format!("{}/rotate", path(&slack)), &admin(), "").await;
    assert_eq!((rotated.status, &*rotated.code()), (StatusCode::CONFLICT, "CONFLICT"));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_field() {
    let service = Service::start().await;
    let with = |field: &str, value: Value| {
        let mut wanted = json!({ "name": "Shop", "kind": "webhook", "url": URL });
        wanted[field] = value;
        wanted
    };
    let long = |length: usize| {
        let host = "https://shop.example.org/";
        format!("{host}{}", "x".repeat(length - host.len()))
    };
    for (field, value) in [
        ("url", json!("http://shop.example.org/")),
        ("url", json!("https://ann:secret@shop.example.org/")),
        ("url", json!(long(URL_CHARS_MAX + 1))),
        ("name", json!(" ")),
        ("name", json!("n".repeat(101))),
        ("template_id", json!("t-1")),
    ] {
        let refused = service.post(PATH, &admin(), with(field, value.clone()).to_string()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{value}: {}", refused.text);
        assert_eq!(refused.json()["errors"][0]["path"], field, "{}", refused.text);
        assert!(!refused.text.contains("secret"), "{}", refused.text);
    }
    let signed = json!({ "name": "Chat", "kind": "slack", "url": URL, "signature": "hmac" });
    assert_eq!(service.post(PATH, &admin(), signed.to_string()).await.status, 400);
    let unknown = with("secret", json!("whsec_mine"));
    assert_eq!(service.post(PATH, &admin(), unknown.to_string()).await.status, 400);
    made(&service, with("url", json!(long(URL_CHARS_MAX)))).await;
    made(&service, with("name", json!("n".repeat(100)))).await;
    let adapter = json!({ "name": "Mailer", "kind": "adapter", "url": URL, "template_id": "t-1" });
    assert_eq!(made(&service, adapter).await["template_id"], "t-1");
}

#[tokio::test]
async fn a_tenant_has_so_many_endpoints_and_no_more() {
    let service = Service::start().await;
    let mut last = Value::Null;
    for number in 0..ENDPOINTS_MAX {
        let wanted = json!({ "name": format!("{number:02}"), "kind": "slack", "url": URL });
        last = made(&service, wanted).await;
    }
    let one_more = json!({ "name": "more", "kind": "slack", "url": URL });
    let refused = service.post(PATH, &admin(), one_more.to_string()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    let list = service.get(PATH, &admin()).await.json();
    let names: Vec<&str> =
        list["endpoints"].as_array().unwrap().iter().map(|one| text(&one["name"])).collect();
    assert_eq!((names.len(), names[0]), (ENDPOINTS_MAX, "00"));
    assert!(names.is_sorted());
    let other = token("root", "globex", "admin");
    assert_eq!(service.post(PATH, &other, one_more.to_string()).await.status, StatusCode::CREATED);
    asked(&service, Method::DELETE, &path(&last), &admin(), json!({})).await;
    made(&service, one_more).await;
}

#[tokio::test]
async fn the_endpoint_of_another_tenant_is_not_there() {
    let service = Service::start().await;
    let shop = webhook(&service).await;
    let other = token("root", "globex", "admin");
    let range = json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z" });
    for (method, beyond, body) in [
        (Method::GET, "", json!({})),
        (Method::PUT, "", json!({ "enabled": false })),
        (Method::DELETE, "", json!({})),
        (Method::POST, "/rotate", json!({})),
        (Method::POST, "/test", json!({})),
        (Method::POST, "/replay", range),
    ] {
        let theirs = format!("{}{beyond}", path(&shop));
        let none = format!("{PATH}/00000000-0000-7000-8000-000000000000{beyond}");
        let refused = asked(&service, method.clone(), &theirs, &other, body.clone()).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{method} {beyond}: {}", refused.text);
        let missing = asked(&service, method.clone(), &none, &other, body.clone()).await;
        assert_eq!(refused.json()["detail"], missing.json()["detail"], "{method} {beyond}");
        let malformed = format!("{PATH}/nothing{beyond}");
        assert_eq!(asked(&service, method, &malformed, &other, body).await.status, 404);
    }
    assert_eq!(service.get(PATH, &other).await.json(), json!({ "endpoints": [] }));
    assert_eq!(service.get(&path(&shop), &admin()).await.json()["enabled"], true);
}
