//! Emergency access: everything for a short time, for a reason, before a witness.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Service, Socket, request, token, until, within};

const PATH: &str = "/api/v1/break-glass";

fn responder() -> String {
    token("rita", "acme", "responder")
}

fn admin() -> String {
    token("root", "acme", "admin")
}

fn wanted() -> Value {
    json!({ "reason": "a customer reports a foreign sign-in", "ticket": "INC-7", "minutes": 30, "witness": "wim" })
}

/// A service that knows Wim, and an event of Bob that concerns Rita in no way.
async fn started() -> (Service, String) {
    let service = Service::start().await;
    service.record(json!({ "type": "a.b", "user_id": "rita" })).await;
    service.record(json!({ "type": "a.b", "user_id": "wim" })).await;
    let of_bob = service.record(json!({ "type": "a.b", "user_id": "bob" })).await;
    until("the log knows Wim", async || {
        let asked = json!({ "query": "{ person(id: \"wim\") { id } }" }).to_string();
        service.post("/graphql", &admin(), asked).await.json()["data"]["person"].is_object()
    })
    .await;
    (service, of_bob)
}

async fn open(service: &Service, wanted: &Value) -> Answer {
    service.post(PATH, &responder(), wanted.to_string()).await
}

async fn opened(service: &Service) -> String {
    let answer = open(service, &wanted()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn close(service: &Service, id: &str, token: &str) -> u16 {
    let path = format!("{PATH}/{id}");
    let asked = request(Method::DELETE, &path, Some(token), Body::empty());
    service.call(asked).await.status.as_u16()
}

#[tokio::test]
async fn it_shows_everything_until_it_is_closed() {
    let (service, of_bob) = started().await;
    let path = format!("/api/v1/logs/{of_bob}");
    assert_eq!(service.get(&path, &responder()).await.status, 404);
    let id = opened(&service).await;
    assert_eq!(service.get(&path, &responder()).await.status, 200);
    let me = service.get("/api/v1/access/me", &responder()).await.json();
    assert_eq!(me["break_glass"]["id"], id);
    assert_eq!(close(&service, &id, &responder()).await, 204);
    assert_eq!(service.get(&path, &responder()).await.status, 404);
    assert_eq!(close(&service, &id, &responder()).await, 204, "twice is as good as once");
}

#[tokio::test]
async fn every_look_is_recorded_with_the_emergency_it_was_for() {
    let (service, of_bob) = started().await;
    let id = opened(&service).await;
    service.get(&format!("/api/v1/logs/{of_bob}"), &responder()).await;
    service.record(json!({ "type": "a.b", "user_id": "zoe" })).await;
    let path = "/api/v1/logs?q=type:annals.log.read+actor.id:rita";
    let reads = service.get(path, &admin()).await.json();
    assert_eq!(reads["events"][0]["metadata"]["break_glass"], id, "{reads}");
}

#[tokio::test]
async fn the_witness_is_told_and_the_reason_is_written_down() {
    let (service, _) = started().await;
    let id = opened(&service).await;
    let event = service.get(&format!("/api/v1/logs/{id}"), &admin()).await.json();
    assert_eq!(event["type"], "annals.break_glass.opened");
    assert_eq!(event["justification"]["reason"], wanted()["reason"]);
    assert_eq!(event["justification"]["ticket"], "INC-7");
    let wim = token("wim", "acme", "user");
    let asked = json!({ "query": "{ me { notifications(first: 5) { nodes { kind body } } } }" });
    until("Wim finds it in his inbox", async || {
        let told = service.post("/graphql", &wim, asked.to_string()).await.text;
        told.contains("annals.break_glass.opened") && told.contains("rita")
    })
    .await;
}

#[tokio::test]
async fn it_opens_reading_and_nothing_else() {
    let (service, _) = started().await;
    // Rita may also export what her role shows; while everything is open she may not.
    let both = |sub: &str| {
        let mut claims = crate::support::claims(sub, "acme", "responder");
        claims["roles"] = json!(["responder", "security_analyst"]);
        crate::support::signed(r#"{"alg":"HS256"}"#, &claims.to_string(), crate::support::SECRET)
    };
    let rita = both("rita");
    assert_eq!(service.get("/api/v1/exports", &rita).await.status, 200);
    opened(&service).await;
    for path in ["/api/v1/logs/export", "/api/v1/exports", "/api/v1/api-keys", "/api/v1/quarantine"]
    {
        assert_eq!(service.get(path, &rita).await.status, 403, "{path}");
    }
    assert_eq!(service.post("/api/v1/logs", &rita, "{}").await.status, 403);
    assert_eq!(service.get("/api/v1/exports", &both("others")).await.status, 200);
}

#[tokio::test]
async fn it_is_for_one_person_in_one_tenant() {
    let (service, of_bob) = started().await;
    opened(&service).await;
    let path = format!("/api/v1/logs/{of_bob}");
    assert_eq!(service.get(&path, &token("ruth", "acme", "responder")).await.status, 404);
    assert_eq!(service.get(&path, &token("rita", "other", "responder")).await.status, 404);
    let other = service.get(PATH, &token("zoe", "other", "admin")).await.json();
    assert_eq!(other["break_glass"], json!([]));
}

#[tokio::test]
async fn what_is_asked_for_must_be_short_reasoned_and_witnessed() {
    let (service, _) = started().await;
    for (field, wrong) in [
        ("reason", json!("too short")),
        ("reason", json!("x".repeat(1001))),
        ("minutes", json!(0)),
        ("minutes", json!(61)),
        ("witness", json!("rita")),
        ("witness", json!(" rita ")),
        ("witness", json!("nobody that the log knows")),
        ("ticket", json!("")),
    ] {
        let mut asked = wanted();
        asked[field] = wrong.clone();
        let answer = open(&service, &asked).await;
        assert_eq!(answer.status, 400, "{field}: {wrong}: {}", answer.text);
    }
    assert_eq!(service.post(PATH, &admin(), wanted().to_string()).await.status, 403);
}

#[tokio::test]
async fn it_is_opened_once_at_a_time_and_five_times_a_day() {
    let (service, _) = started().await;
    for _ in 0..5 {
        let id = opened(&service).await;
        assert_eq!(open(&service, &wanted()).await.code(), "CONFLICT");
        assert_eq!(close(&service, &id, &responder()).await, 204);
    }
    assert_eq!(open(&service, &wanted()).await.code(), "CONFLICT");
    let listed = service.get(PATH, &admin()).await.json();
    assert_eq!(listed["break_glass"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn whoever_takes_access_away_closes_it_and_others_do_not() {
    let (service, _) = started().await;
    let id = opened(&service).await;
    assert_eq!(close(&service, &id, &token("ruth", "acme", "responder")).await, 404);
    assert_eq!(close(&service, &id, &token("zoe", "other", "admin")).await, 404);
    assert_eq!(close(&service, &id, &admin()).await, 204);
    assert_eq!(service.get(PATH, &admin()).await.json()["break_glass"][0]["open"], false);
}

#[tokio::test]
async fn sockets_that_it_opened_close_with_it() {
    let (service, _) = started().await;
    let listening = service.listen().await;
    let id = opened(&listening.service).await;
    let socket = Socket::graphql_of(listening.address, &responder()).await;
    assert_eq!(close(&listening.service, &id, &responder()).await, 204);
    assert_eq!(within(socket.closed()).await, Some(4403));
}
