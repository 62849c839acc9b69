//! API keys, revocations and tokens of browsers: on one machine through crashes and rebuilds, and on
//! several nodes of one log.

use std::time::{Duration, Instant};

use annals_eventstoredb_double::{Options, Server};
use annals_tests::{
    Caller, GraphqlSocket, LogStream, PATIENCE, Secrets, Setup, TestService, samples, wait_until,
};
use serde_json::{Value, json};

use crate::{ANNALS, service, text};

/// A revocation has reached every node and every socket by then.
const REACHES_WITHIN: Duration = Duration::from_secs(5);

async fn ask(caller: &Caller, path: &str, body: Value, status: u16) -> Value {
    caller.post(path, "application/json", body.to_string()).await.expect(status)
}

async fn key(admin: &Caller, role: &str) -> String {
    let made = ask(admin, "/api/v1/api-keys", json!({ "name": "x", "roles": [role] }), 201).await;
    text(&made["secret"])
}

async fn revoke(admin: &Caller, what: Value) {
    let mut what = what;
    what["reason"] = "the phone was stolen".into();
    ask(admin, "/api/v1/revocations", what, 201).await;
}

async fn me(caller: &Caller) -> u16 {
    caller.get("/api/v1/access/me", &[]).await.status
}

#[tokio::test]
async fn keys_and_revocations_hold_through_crashes_and_rebuilds() {
    let mut service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    let kept = service.caller_with_token(&key(&admin, "writer").await);
    let taken = service.caller_with_token(&key(&admin, "writer").await);
    let listed = admin.get("/api/v1/api-keys", &[]).await.expect(200);
    let path = format!("/api/v1/api-keys/{}", text(&listed["api_keys"][1]["id"]));
    let deleted = admin.request(reqwest::Method::DELETE, &path);
    assert_eq!(annals_tests::Answer::of(deleted).await.unwrap().status, 204);
    let bob = service.caller("bob", "acme", "user").await;
    revoke(&admin, json!({ "subject": "bob" })).await;
    let check = async || {
        assert_eq!((me(&kept).await, me(&taken).await, me(&bob).await), (200, 401, 401));
    };
    check().await;
    service.kill9().await;
    service.restart().await;
    check().await;
    service.stop().await;
    service.run(&["rebuild", "all"]).await.expect(0);
    service.restart().await;
    check().await;
    service.stop().await;
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(service.data_dir().join(format!("access.db{suffix}")));
    }
    service.restart().await;
    check().await;
}

#[tokio::test]
async fn a_revocation_at_one_node_closes_sockets_at_another_within_five_seconds() {
    let server = Server::start(Options::default());
    let secrets = Secrets::make();
    let start =
        async || TestService::start_as(ANNALS, Setup::node_of(&server.url(), &secrets)).await;
    let (here, there) = (start().await, start().await);
    let admin = here.caller("root", "acme", "admin").await;
    let bob = there.caller("bob", "acme", "admin").await;
    let mut stream = LogStream::open(&bob, &[]).await.unwrap();
    let mut socket = GraphqlSocket::open(&bob).await.unwrap();
    let begun = Instant::now();
    revoke(&admin, json!({ "subject": "bob" })).await;
    let (first, second) = tokio::join!(stream.closed(), socket.closed());
    let took = begun.elapsed();
    println!("the sockets of another node were closed after {took:?}");
    assert_eq!((first.code, second.code), (Some(4403), Some(4403)));
    assert!(took < REACHES_WITHIN, "it took {took:?}");
    assert_eq!(me(&bob).await, 401);
}

#[tokio::test]
async fn what_one_node_gives_out_is_good_at_another() {
    let server = Server::start(Options::default());
    let secrets = Secrets::make();
    let start =
        async || TestService::start_as(ANNALS, Setup::node_of(&server.url(), &secrets)).await;
    let (here, there) = (start().await, start().await);
    let secret = key(&here.caller("root", "acme", "admin").await, "writer").await;
    let elsewhere = there.caller_with_token(&secret);
    wait_until("the other node knows the key", PATIENCE, async || {
        (me(&elsewhere).await == 200).then_some(())
    })
    .await;
    let wanted = json!({ "subject": { "id": "ann" }, "types": ["page.viewed"] });
    let token = ask(&here.caller_with_token(&secret), "/api/v1/relay/tokens", wanted, 201).await;
    let browser = there.caller_with_token(&text(&token["token"]));
    ask(&browser, "/api/v1/relay", json!({ "type": "page.viewed" }), 201).await;
}

#[tokio::test]
async fn a_changed_configuration_leaves_one_trace_and_the_same_one_none() {
    let mut service = service().await;
    let keeper = service.caller("root", "system", "auditor").await;
    let loaded = async |count: usize| {
        wait_until("the starts are recorded", PATIENCE, async || {
            let found = keeper.find("type:annals.configuration.loaded").await;
            (found.len() == count).then_some(found)
        })
        .await
    };
    let started = async |count: usize| {
        wait_until("the start is recorded", PATIENCE, async || {
            let found = keeper.find("type:annals.service.started").await;
            (found.len() == count).then_some(())
        })
        .await;
    };
    let first = loaded(1).await;
    assert_eq!(first[0]["metadata"]["changed_settings"], json!([]));
    service.stop().await;
    service.restart().await;
    started(2).await;
    assert_eq!(loaded(1).await.len(), 1);
    assert_eq!(keeper.find("type:annals.service.stopped").await.len(), 1);
    // What it tells are names and digests.
    let text = first[0].to_string();
    assert!(text.contains("rate_limits") && !text.contains("127.0.0.1"), "{text}");
    // Whoever records nothing here sees nothing of it either.
    let other = service.caller("root", "acme", "admin").await;
    other.record(&samples::login("ann")).await.expect(201);
    assert!(other.find("type:annals.configuration.*").await.is_empty());
}
