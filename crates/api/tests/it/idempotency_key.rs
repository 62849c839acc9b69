//! The header `Idempotency-Key`: the same key means the same event, for ever.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Service, token};

async fn send(service: &Service, path: &str, sub: &str, keys: &[&str], body: &Value) -> Answer {
    let mut request = Request::post(path)
        .header("authorization", format!("Bearer {}", token(sub, "acme", "writer")))
        .header("content-type", "application/json");
    for key in keys {
        request = request.header("idempotency-key", *key);
    }
    service.call(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn one(service: &Service, key: &str, body: &Value) -> Answer {
    send(service, "/api/v1/logs", "shop", &[key], body).await
}

#[tokio::test]
async fn the_same_key_and_event_get_the_same_receipt() {
    let service = Service::start().await;
    let event = json!({ "type": "a.b", "actor": { "id": "ann" } });
    let first = one(&service, "k-1", &event).await;
    assert_eq!(first.status, 201, "{}", first.text);
    // Bare and quoted are the same key; the order of fields makes no other event.
    for key in ["k-1", "\"k-1\""] {
        let again = one(&service, key, &event).await;
        assert_eq!((again.status.as_u16(), again.json()), (200, first.json()), "{key}");
    }
    let place = format!("/api/v1/logs/{}", first.json()["id"].as_str().unwrap());
    assert_eq!(first.header("location"), place);
    let other = one(&service, "k-2", &event).await;
    assert_eq!(other.status, 201);
    assert_ne!(other.json()["id"], first.json()["id"]);
}

#[tokio::test]
async fn the_same_key_for_another_event_is_a_conflict() {
    let service = Service::start().await;
    assert_eq!(one(&service, "k", &json!({ "type": "a.b" })).await.status, 201);
    let other = one(&service, "k", &json!({ "type": "a.c" })).await;
    assert_eq!((other.status.as_u16(), other.code()), (409, "IDEMPOTENCY_CONFLICT".into()));
    // What was refused used nothing up.
    assert_eq!(one(&service, "l", &json!({ "type": "" })).await.status, 422);
    assert_eq!(one(&service, "l", &json!({ "type": "a.b" })).await.status, 201);
}

#[tokio::test]
async fn keys_of_different_callers_never_meet() {
    let service = Service::start().await;
    let event = json!({ "type": "a.b" });
    let of = async |sub: &str| send(&service, "/api/v1/logs", sub, &["1"], &event).await;
    let (shop, bank) = (of("shop").await, of("bank").await);
    assert_eq!((shop.status.as_u16(), bank.status.as_u16()), (201, 201));
    assert_ne!(shop.json()["id"], bank.json()["id"]);
}

#[tokio::test]
async fn an_id_in_the_event_goes_before_the_key() {
    let service = Service::start().await;
    let id = uuid::Uuid::now_v7().to_string();
    let event = json!({ "id": id, "type": "a.b" });
    for key in ["k", "other"] {
        let answer = one(&service, key, &event).await;
        assert_eq!(answer.json()["id"], id, "{}", answer.text);
    }
    // The key must be well-formed all the same.
    assert_eq!(one(&service, "", &event).await.status, 400);
}

#[tokio::test]
async fn a_key_that_is_not_well_formed_is_refused_and_nothing_recorded() {
    let service = Service::start().await;
    let long = "k".repeat(256);
    for keys in
        [&[""][..], &["\"\""], &["\"a"], &["a\"b\"\u{e9}"], &[&long], &["a", "b"], &["a", "a"]]
    {
        for path in ["/api/v1/logs", "/api/v1/logs/bulk"] {
            let answer = send(&service, path, "shop", keys, &json!([{ "type": "a.b" }])).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT".into()));
            assert!(answer.text.contains("Idempotency-Key"), "{}", answer.text);
        }
    }
    assert_eq!(service.api.queries.head(), annals_domain::Position::START);
}

#[tokio::test]
async fn in_a_bulk_each_place_has_a_key_of_its_own() {
    let service = Service::start().await;
    let bulk = async |events: &Value| {
        send(&service, "/api/v1/logs/bulk", "shop", &["k"], events).await.json()["results"].take()
    };
    let same = json!({ "type": "a.b" });
    let events = json!([same, same, { "id": "01890a5d-ac96-774b-bcce-b302099a8057", "type": "c" }]);
    let first = bulk(&events).await;
    assert_ne!(first[0]["id"], first[1]["id"]);
    assert_eq!(first[2]["id"], "01890a5d-ac96-774b-bcce-b302099a8057");
    let again = bulk(&events).await;
    for index in 0..3 {
        assert_eq!(again[index]["status"], 200);
        assert_eq!(again[index]["id"], first[index]["id"]);
    }
    // Whoever changes one event of them hears of that one.
    let changed = bulk(&json!([same, { "type": "a.x" }])).await;
    assert_eq!((&changed[0]["status"], &changed[1]["status"]), (&json!(200), &json!(409)));
    // A key of a bulk and the same key of one event are two.
    assert_eq!(one(&service, "k", &same).await.status, 201);
}
