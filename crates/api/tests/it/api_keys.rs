//! API keys: made, used, renewed, taken away, and never more than their maker.

use annals_ports::SharedRegisters;
use axum::body::Body;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

const PATH: &str = "/api/v1/api-keys";

fn admin() -> String {
    token("root", "acme", "admin")
}

async fn made(service: &Service, token: &str, wanted: Value) -> Value {
    let answer = service.post(PATH, token, wanted.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header(header::CACHE_CONTROL), "private, no-store");
    answer.json()
}

async fn writer_key(service: &Service) -> Value {
    made(service, &admin(), json!({ "name": "Shop", "roles": ["writer"] })).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn delete(service: &Service, path: &str, token: &str) -> Answer {
    service.call(request(Method::DELETE, path, Some(token), Body::empty())).await
}

async fn rotated(service: &Service, key: &Value, grace: i64) -> Value {
    let path = format!("{PATH}/{}/rotate", text(&key["id"]));
    let answer = service.post(&path, &admin(), json!({ "grace_seconds": grace }).to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// What the key is answered when it asks who it is.
async fn me(service: &Service, secret: &str) -> Answer {
    service.get("/api/v1/access/me", secret).await
}

#[tokio::test]
async fn a_key_records_at_once_as_a_service_of_its_tenant() {
    let service = Service::start().await;
    let key = writer_key(&service).await;
    let secret = text(&key["secret"]);
    let sent = json!({ "type": "a.b", "user_id": "ann" }).to_string();
    let answer = service.post("/api/v1/logs", secret, sent).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let me = me(&service, secret).await.json();
    assert_eq!(me["tenant"], "acme");
    assert_eq!(me["credential"], "api_key");
    assert_eq!(me["id"], format!("api-key:{}", text(&key["id"])));
    assert_eq!(me["expires_at"], key["expires_at"]);
    assert_eq!(service.get("/api/v1/logs", secret).await.status, 403, "a writer does not read");
}

#[tokio::test]
async fn the_secret_is_shown_once_and_stands_in_no_event() {
    let service = Service::start().await;
    let key = writer_key(&service).await;
    let renewed = rotated(&service, &key, 60).await;
    let listed = service.get(PATH, &admin()).await.text;
    let all = "/api/v1/logs?q=type:annals.*";
    let position = service.record(json!({ "type": "a.b", "user_id": "ann" })).await;
    assert!(!position.is_empty());
    let events = service.get(all, &admin()).await.text;
    assert!(events.contains("annals.api_key.created") && events.contains("annals.api_key.rotated"));
    for secret in [text(&key["secret"]), text(&renewed["secret"])] {
        let random = &secret[24..67];
        assert!(!listed.contains(random) && !events.contains(random));
    }
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let shown = &listed["api_keys"][0];
    assert_eq!(shown["prefix"], format!("annals_{}", text(&key["id"])));
    assert_eq!((&shown["created_by"], &shown["state"]), (&json!("root"), &json!("active")));
}

#[tokio::test]
async fn what_is_no_key_is_refused_and_told_nothing() {
    let service = Service::start().await;
    let key = writer_key(&service).await;
    let secret = text(&key["secret"]).to_owned();
    let mut mistyped = secret.clone();
    mistyped.replace_range(30..31, if &secret[30..31] == "x" { "y" } else { "x" });
    for wrong in [&secret[..secret.len() - 1], "annals_", &mistyped, &secret.to_uppercase()] {
        let answer = me(&service, wrong).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert_eq!(answer.json()["detail"], me(&service, "nonsense").await.json()["detail"]);
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_and_for_ever() {
    let service = Service::start().await;
    let key = writer_key(&service).await;
    let path = format!("{PATH}/{}", text(&key["id"]));
    for _ in 0..2 {
        assert_eq!(delete(&service, &path, &admin()).await.status, StatusCode::NO_CONTENT);
        assert_eq!(me(&service, text(&key["secret"])).await.status, 401);
    }
    let rotate = format!("{path}/rotate");
    let answer = service.post(&rotate, &admin(), json!({ "grace_seconds": 0 }).to_string()).await;
    assert_eq!(answer.code(), "CONFLICT");
    assert_eq!(service.get(PATH, &admin()).await.json()["api_keys"][0]["state"], "revoked");
}

#[tokio::test]
async fn a_former_secret_goes_on_for_its_grace_only() {
    let service = Service::start().await;
    let first = writer_key(&service).await;
    let second = rotated(&service, &first, 3600).await;
    assert_eq!(me(&service, text(&second["secret"])).await.status, 200);
    let former = me(&service, text(&first["secret"])).await.json();
    assert_eq!(former["expires_at"], second["former_secret_until"]);
    let third = rotated(&service, &first, 0).await;
    assert_eq!(me(&service, text(&first["secret"])).await.status, 401);
    assert_eq!(me(&service, text(&second["secret"])).await.status, 401);
    assert_eq!(me(&service, text(&third["secret"])).await.status, 200);
    let path = format!("{PATH}/{}/rotate", text(&first["id"]));
    let answer =
        service.post(&path, &admin(), json!({ "grace_seconds": 86_401 }).to_string()).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_key_ends_when_it_was_said_to() {
    let service = Service::start().await;
    for wrong in [0, 59, 31_536_001, -1] {
        let wanted = json!({ "name": "x", "roles": ["writer"], "expires_in": wrong });
        assert_eq!(service.post(PATH, &admin(), wanted.to_string()).await.status, 400, "{wrong}");
    }
    let wanted = json!({ "name": "x", "roles": ["writer"], "expires_in": 31_536_000 });
    made(&service, &admin(), wanted).await;
}

#[tokio::test]
async fn keys_of_one_tenant_are_nothing_in_another() {
    let service = Service::start().await;
    let key = writer_key(&service).await;
    let other = token("zoe", "other", "admin");
    assert_eq!(service.get(PATH, &other).await.json()["api_keys"], json!([]));
    let path = format!("{PATH}/{}", text(&key["id"]));
    assert_eq!(delete(&service, &path, &other).await.status, 404);
    let rotate = format!("{path}/rotate");
    let answer = service.post(&rotate, &other, json!({ "grace_seconds": 0 }).to_string()).await;
    assert_eq!(answer.status, 404);
    let mut asked =
        request(Method::GET, "/api/v1/access/me", Some(text(&key["secret"])), Body::empty());
    asked.headers_mut().insert("annals-tenant", "other".parse().unwrap());
    assert_eq!(service.call(asked).await.status, 403);
    assert_eq!(me(&service, text(&key["secret"])).await.status, 200, "nothing has changed it");
}

#[tokio::test]
async fn nobody_makes_a_key_that_may_more_than_they_do() {
    let service = Service::start().await;
    let officer = token("olga", "acme", "security_officer");
    for (role, status) in [("admin", 403), ("writer", 403), ("auditor", 403), ("user", 201)] {
        let wanted = json!({ "name": "x", "roles": [role] }).to_string();
        assert_eq!(service.post(PATH, &officer, wanted).await.status, status, "{role}");
    }
    for roles in
        [json!([]), json!(["no such role"]), json!(["user", "owner"]), json!(vec!["user"; 17])]
    {
        let wanted = json!({ "name": "x", "roles": roles }).to_string();
        assert_eq!(service.post(PATH, &officer, wanted).await.status, 400);
    }
    // A key makes keys within its own rights, and renews no other's secret beyond them.
    let keeper = json!({ "name": "keeper", "roles": ["security_officer"] });
    let keeper = made(&service, &admin(), keeper).await;
    let keeper = text(&keeper["secret"]);
    let wanted = |role: &str| json!({ "name": "x", "roles": [role] }).to_string();
    assert_eq!(service.post(PATH, keeper, wanted("admin")).await.status, 403);
    assert_eq!(service.post(PATH, keeper, wanted("user")).await.status, 201);
    let writer = writer_key(&service).await;
    let rotate = format!("{PATH}/{}/rotate", text(&writer["id"]));
    let answer = service.post(&rotate, keeper, json!({ "grace_seconds": 0 }).to_string()).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_key_for_some_sources_records_for_no_others() {
    let service = Service::start().await;
    let wanted = json!({ "name": "x", "roles": ["writer"], "sources": ["shop", "till"] });
    let key = made(&service, &admin(), wanted).await;
    let secret = text(&key["secret"]);
    for (source, status) in [(None, 201), (Some("till"), 201), (Some("bank"), 422)] {
        let mut event = json!({ "type": "a.b", "user_id": "ann" });
        if let Some(source) = source {
            event["source"] = source.into();
        }
        let answer = service.post("/api/v1/logs", secret, event.to_string()).await;
        let refused = answer.status.is_client_error();
        assert_eq!(refused, status == 422, "{source:?}: {}", answer.text);
    }
    let relay = json!({ "subject": { "id": "ann" }, "types": ["a.b"], "source": "bank" });
    let answer = service.post("/api/v1/relay/tokens", secret, relay.to_string()).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_key_shows_when_it_was_used_last() {
    let service = Service::start().await;
    let key = writer_key(&service).await;
    let listed = async || service.get(PATH, &admin()).await.json()["api_keys"][0].clone();
    assert_eq!(listed().await["last_used_at"], Value::Null);
    me(&service, text(&key["secret"])).await;
    assert!(listed().await["last_used_at"].is_string());
    let register = "api-key-uses-acme";
    until("other nodes see it", async || {
        let written = service.registers.read(register).await.unwrap();
        written
            .is_some_and(|held| String::from_utf8(held.value).unwrap().contains(text(&key["id"])))
    })
    .await;
}

#[tokio::test]
async fn keys_go_on_when_the_tokens_of_their_maker_are_revoked() {
    let service = Service::start().await;
    let key = writer_key(&service).await;
    let revoked = json!({ "all": true, "reason": "a drill" }).to_string();
    let answer = service.post("/api/v1/revocations", &admin(), revoked).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(service.get(PATH, &admin()).await.status, 401);
    assert_eq!(me(&service, text(&key["secret"])).await.status, 200);
}

#[tokio::test]
async fn what_a_key_does_with_annals_is_told_of_a_service() {
    let service = Service::start().await;
    let keeper = json!({ "name": "keeper", "roles": ["admin"] });
    let keeper = made(&service, &admin(), keeper).await;
    let secret = text(&keeper["secret"]);
    made(&service, secret, json!({ "name": "second", "roles": ["user"] })).await;
    service.record(json!({ "type": "a.b", "user_id": "ann" })).await;
    let events = service.get("/api/v1/logs?q=type:annals.api_key.created", &admin()).await.json();
    let newest = &events["events"][0];
    assert_eq!(newest["actor"]["type"], "service");
    assert_eq!(newest["actor"]["id"], format!("api-key:{}", text(&keeper["id"])));
}
