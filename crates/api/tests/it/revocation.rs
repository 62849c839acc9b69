//! Revoked tokens are refused, and whoever is inside by them is put out.

use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Method, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::support::{
    Listening, SECRET, Service, Socket, claims, connect, in_seconds, request, signed, subscribe,
    token, until, within,
};

const PATH: &str = "/api/v1/revocations";

fn admin() -> String {
    token("keeper", "acme", "admin")
}

/// A token that was issued so many seconds from now.
fn issued(sub: &str, role: &str, seconds: i64, id: &str) -> String {
    let mut claims = claims(sub, "acme", role);
    claims["iat"] = in_seconds(seconds).into();
    claims["jti"] = id.into();
    signed(r#"{"alg":"HS256"}"#, &claims.to_string(), SECRET)
}

/// A token that is issued after this moment, by the clock of tokens.
async fn issued_later(sub: &str, role: &str) -> String {
    let now = in_seconds(0);
    until("the clock of tokens goes on", async || in_seconds(0) > now).await;
    issued(sub, role, 0, "later")
}

async fn revoke(service: &Service, what: Value) -> Value {
    let mut asked = what;
    asked["reason"] = "the phone was stolen".into();
    let answer = service.post(PATH, &admin(), asked.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn status(service: &Service, token: &str) -> u16 {
    service.get("/api/v1/access/me", token).await.status.as_u16()
}

#[tokio::test]
async fn a_token_is_refused_by_its_id_and_no_other_is() {
    let service = Service::start().await;
    let (stolen, other) = (issued("ann", "user", -10, "t1"), issued("ann", "user", -10, "t2"));
    assert_eq!(status(&service, &stolen).await, 200);
    let told = revoke(&service, json!({ "token_id": "t1" })).await;
    assert_eq!((&told["token_id"], &told["revoked_by"]), (&json!("t1"), &json!("keeper")));
    assert_eq!(status(&service, &stolen).await, 401);
    assert_eq!(status(&service, &other).await, 200);
}

#[tokio::test]
async fn all_tokens_of_a_subject_are_refused_that_are_older() {
    let service = Service::start().await;
    let undated = token("ann", "acme", "user");
    revoke(&service, json!({ "subject": "ann" })).await;
    assert_eq!(status(&service, &issued("ann", "user", -10, "t1")).await, 401);
    assert_eq!(status(&service, &undated).await, 401, "it does not say that it is newer");
    assert_eq!(status(&service, &issued_later("ann", "user").await).await, 200);
    assert_eq!(status(&service, &issued("bob", "user", -10, "t3")).await, 200);
}

#[tokio::test]
async fn revoking_all_ends_at_the_border_of_the_tenant() {
    let service = Service::start().await;
    revoke(&service, json!({ "all": true })).await;
    assert_eq!(status(&service, &token("bob", "acme", "user")).await, 401);
    assert_eq!(status(&service, &token("bob", "other", "user")).await, 200);
    assert_eq!(status(&service, &admin()).await, 401, "also whoever did it");
    assert_eq!(status(&service, &issued_later("keeper", "admin").await).await, 200);
    let other = service.get(PATH, &token("zoe", "other", "admin")).await.json();
    assert_eq!(other["total"], 0);
}

#[tokio::test]
async fn what_is_revoked_is_listed_and_its_reason_is_an_event() {
    let service = Service::start().await;
    revoke(&service, json!({ "token_id": "t1" })).await;
    let told = revoke(&service, json!({ "subject": "ann" })).await;
    let listed = service.get(PATH, &admin()).await.json();
    assert_eq!(listed["total"], 2);
    assert_eq!(listed["revocations"][0]["subject"], "ann");
    let path = format!("/api/v1/logs/{}", told["id"].as_str().unwrap());
    let event = service.get(&path, &admin()).await.json();
    assert_eq!(event["type"], "annals.access.revoked");
    assert_eq!(event["justification"]["reason"], "the phone was stolen");
}

#[tokio::test]
async fn what_does_not_say_what_and_why_is_refused() {
    let service = Service::start().await;
    for wrong in [
        json!({ "reason": "because" }),
        json!({ "all": false, "reason": "because" }),
        json!({ "subject": "ann" }),
        json!({ "subject": "ann", "reason": " x " }),
        json!({ "subject": "", "reason": "because" }),
        json!({ "subject": "ann", "all": true, "reason": "because" }),
        json!({ "subject": "ann", "token_id": "t", "reason": "because" }),
        json!({ "subjects": ["ann"], "reason": "because" }),
        json!(["t1", "because"]),
    ] {
        let answer = service.post(PATH, &admin(), wrong.to_string()).await;
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text);
    }
    assert_eq!(service.get(PATH, &admin()).await.json()["total"], 0);
}

/// Revokes everything of `bob` and tells how long the work took to end.
async fn put_out<T>(listening: &Listening, ended: impl Future<Output = T>) -> T {
    revoke(&listening.service, json!({ "subject": "bob" })).await;
    let begun = Instant::now();
    let told = within(ended).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "it took {:?}", begun.elapsed());
    told
}

#[tokio::test]
async fn open_sockets_of_graphql_are_closed_with_4403() {
    let listening = Service::start().await.listen().await;
    let bob = issued("bob", "admin", -10, "t1");
    let mut socket = Socket::graphql_of(listening.address, &bob).await;
    let mut other = Socket::graphql_of(listening.address, &admin()).await;
    socket.say(subscribe("1", "subscription { auditEventStream { cursor } }")).await;
    let closed = put_out(&listening, async { socket.closed().await }).await;
    assert_eq!(closed, Some(4403));
    other.say(json!({ "type": "ping" })).await;
    assert_eq!(other.next().await.unwrap()["type"], "pong", "others go on");
}

#[tokio::test]
async fn open_live_streams_are_closed_with_4403() {
    let listening = Service::start().await.listen().await;
    let bob = format!("annals.v1, bearer.{}", issued("bob", "admin", -10, "t1"));
    let headers = [("sec-websocket-protocol", &*bob)];
    let live = connect(listening.address, "/api/v1/logs/stream", &headers).await.unwrap();
    let closed = put_out(&listening, async { live.closed().await }).await;
    assert_eq!(closed, Some(4403));
    assert_eq!(connect(listening.address, "/api/v1/logs/stream", &headers).await.err(), Some(401));
}

#[tokio::test]
async fn open_event_streams_end() {
    let listening = Service::start().await.listen().await;
    let body = json!({ "query": "subscription { auditEventStream { cursor } }" }).to_string();
    let bob = issued("bob", "admin", -10, "t1");
    let mut asked = request(Method::POST, "/graphql", Some(&bob), Body::from(body));
    asked.headers_mut().insert(header::ACCEPT, "text/event-stream".parse().unwrap());
    let answer = listening.service.open(asked).await;
    assert_eq!(answer.status(), 200);
    let text = put_out(&listening, answer.into_body().collect()).await.unwrap().to_bytes();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(text.contains("UNAUTHENTICATED"), "{text}");
}

#[tokio::test]
async fn a_revoked_key_closes_the_sockets_it_opened() {
    let listening = Service::start().await.listen().await;
    let keys = "/api/v1/api-keys";
    let wanted = json!({ "name": "board", "roles": ["auditor"] }).to_string();
    let key = listening.service.post(keys, &admin(), wanted).await.json();
    let secret = key["secret"].as_str().unwrap();
    let socket = Socket::graphql_of(listening.address, secret).await;
    let path = format!("{keys}/{}", key["id"].as_str().unwrap());
    let answer =
        listening.service.call(request(Method::DELETE, &path, Some(&admin()), Body::empty())).await;
    assert_eq!(answer.status, 204);
    assert_eq!(within(socket.closed()).await, Some(4403));
}
