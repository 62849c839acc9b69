//! Credentials that were worth more, or longer, than they should be.

use std::num::NonZeroU32;

use annals_api::RateLimitSettings;
use serde_json::{Value, json};

use super::{admin, started, text};
use crate::support::{SECRET, Service, claims, connect, in_seconds, signed, token, until};

async fn key(service: &Service, maker: &str, wanted: Value) -> (u16, Value) {
    let answer = service.post("/api/v1/api-keys", maker, wanted.to_string()).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn a_key_for_some_sources_makes_and_renews_none_for_others() {
    let service = started().await;
    let wanted = |sources: Value| json!({ "name": "k", "roles": ["admin"], "sources": sources });
    let (_, bound) = key(&service, &admin(), wanted(json!(["shop", "till"]))).await;
    let secret = text(&bound["secret"]);
    for sources in [json!(["bank"]), json!(["shop", "bank"])] {
        assert_eq!(key(&service, secret, wanted(sources.clone())).await.0, 403, "{sources}");
    }
    let (status, inherited) = key(&service, secret, wanted(json!([]))).await;
    assert_eq!((status, &inherited["sources"]), (201, &json!(["shop", "till"])));
    assert_eq!(key(&service, secret, wanted(json!(["till"]))).await.0, 201);
    let (_, free) = key(&service, &admin(), wanted(json!([]))).await;
    let path = format!("/api/v1/api-keys/{}/rotate", text(&free["id"]));
    let renewed = service.post(&path, secret, r#"{"grace_seconds":0}"#).await;
    assert_eq!(renewed.status, 403, "{}", renewed.text);
    let own = format!("/api/v1/api-keys/{}/rotate", text(&bound["id"]));
    assert_eq!(service.post(&own, secret, r#"{"grace_seconds":60}"#).await.status, 200);
}

#[tokio::test]
async fn no_token_speaks_in_the_name_of_an_api_key() {
    let service = started().await;
    let (_, made) = key(&service, &admin(), json!({ "name": "k", "roles": ["admin"] })).await;
    let name = format!("api-key:{}", text(&made["id"]));
    let answer = service.get("/api/v1/access/me", &token(&name, "acme", "admin")).await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(service.get("/api/v1/access/me", text(&made["secret"])).await.status, 200);
}

#[tokio::test]
async fn a_browsers_token_ends_with_the_very_token_it_was_made_with() {
    let service = started().await;
    let mut shop = claims("shop", "acme", "writer");
    shop["jti"] = "stolen".into();
    shop["iat"] = in_seconds(-60).into();
    let shop = signed(r#"{"alg":"HS256"}"#, &shop.to_string(), SECRET);
    let wanted = json!({ "subject": { "id": "ann" }, "types": ["page.viewed"] }).to_string();
    let issued = service.post("/api/v1/relay/tokens", &shop, wanted).await;
    assert_eq!(issued.status, 201, "{}", issued.text);
    let browser = issued.json()["token"].as_str().unwrap().to_owned();
    let event = json!({ "type": "page.viewed" }).to_string();
    assert_eq!(service.post("/api/v1/relay", &browser, event.clone()).await.status, 201);
    let revoked = json!({ "token_id": "stolen", "reason": "it was stolen" }).to_string();
    assert_eq!(service.post("/api/v1/revocations", &admin(), revoked).await.status, 201);
    assert_eq!(service.post("/api/v1/relay", &browser, event).await.status, 401);
}

#[tokio::test]
async fn bad_tokens_are_counted_at_streams_as_well() {
    let service = Service::with_quotas(|quotas: &mut RateLimitSettings| {
        quotas.failures_burst = NonZeroU32::new(3).unwrap();
        quotas.failures_per_second = NonZeroU32::MIN;
    })
    .await;
    let listening = service.listen().await;
    let path = "/api/v1/logs/stream";
    for _ in 0..3 {
        let bad =
            connect(listening.address, path, &[("sec-websocket-protocol", "annals.v1, bearer.no")])
                .await;
        assert_eq!(bad.err(), Some(401));
    }
    for headers in
        [("sec-websocket-protocol", "annals.v1, bearer.no"), ("authorization", "Bearer no")]
    {
        assert_eq!(connect(listening.address, path, &[headers]).await.err(), Some(429));
    }
}

#[tokio::test]
async fn whoever_cannot_open_emergency_access_learns_of_nobody_by_trying() {
    let service = started().await;
    service.record(json!({ "type": "a.b", "user_id": "wim" })).await;
    until("the log knows Wim", async || {
        let asked = json!({ "query": "{ person(id: \"wim\") { id } }" }).to_string();
        service.post("/graphql", &admin(), asked).await.json()["data"]["person"].is_object()
    })
    .await;
    let open = async |witness: &str| {
        let wanted =
            json!({ "reason": "a customer reports a sign-in", "minutes": 5, "witness": witness });
        service
            .post("/api/v1/break-glass", &token("rita", "acme", "responder"), wanted.to_string())
            .await
            .status
            .as_u16()
    };
    assert_eq!(open("wim").await, 201);
    assert_eq!((open("wim").await, open("nobody").await), (409, 409));
}
