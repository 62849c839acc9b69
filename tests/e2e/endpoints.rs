//! Endpoints of a tenant, as its people have them: made over GraphQL, tested, told of what happens with messages
//! that hold against their secret, and told once more with the same ids; also after a crash.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use annals_tests::{Caller, PATIENCE, TestService, samples, wait_until};
use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{service, text};

/// A message as it came.
#[derive(Debug, Clone)]
struct Message {
    id: String,
    timestamp: String,
    signatures: String,
    body: Vec<u8>,
}

/// An application that takes webhooks.
struct Shop {
    address: SocketAddr,
    messages: Arc<Mutex<Vec<Message>>>,
    serving: JoinHandle<()>,
}

impl Shop {
    async fn open() -> Self {
        let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
        let router = axum::Router::new().route("/hook/canary-path", post(take));
        let router = router.with_state(Arc::clone(&messages));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, messages, serving }
    }

    fn url(&self) -> String {
        format!("http://{}/hook/canary-path", self.address)
    }

    fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// Waits until so many have come.
    async fn wait_for(&self, count: usize) -> Vec<Message> {
        wait_until(&format!("{count} messages came"), PATIENCE, async || {
            let messages = self.messages();
            (messages.len() >= count).then_some(messages)
        })
        .await
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State(messages): State<Arc<Mutex<Vec<Message>>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    messages.lock().unwrap().push(Message {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature"),
        body: body.to_vec(),
    });
    StatusCode::NO_CONTENT
}

impl Message {
    /// Whether one of its signatures holds against a secret, as Standard Webhooks says.
    fn holds(&self, secret: &str) -> bool {
        let secret = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
        let mut signed = format!("{}.{}.", self.id, self.timestamp).into_bytes();
        signed.extend_from_slice(&self.body);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &signed);
        let expected = format!("v1,{}", BASE64.encode(tag.as_ref()));
        self.signatures.split(' ').any(|signature| signature == expected)
    }

    fn data(&self) -> Value {
        serde_json::from_slice::<Value>(&self.body).unwrap()["data"].take()
    }
}

/// Ids of messages, in the order in which they came.
fn ids(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| &*message.id).collect()
}

/// What a mutation answers.
async fn done(admin: &Caller, field: &str, input: Value, selection: &str) -> Value {
    let kind = format!("{}{}Input", field[..1].to_uppercase(), &field[1..]);
    let document = format!(
        "mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} userErrors {{ message }} }} }}"
    );
    let answer = admin.ask(&document, json!({ "input": input })).await;
    assert!(answer.errors.is_empty(), "{field}: {:#?}", answer.errors);
    let mut done = answer.data[field].clone();
    assert_eq!(done["userErrors"].take(), json!([]), "{field}");
    done
}

/// A service that may send to this machine, as an operator allows it.
async fn sending() -> TestService {
    let mut service = service().await;
    service.stop().await;
    service.configure("[outgoing]\nallow_networks = [\"127.0.0.0/8\"]\n");
    service.restart().await;
    service
}

#[tokio::test]
async fn an_endpoint_is_tested_told_and_told_once_more() {
    let (shop, mut service) = (Shop::open().await, sending().await);
    let admin = service.caller("root", "acme", "admin").await;
    let input = json!({ "name": "Shop", "kind": "WEBHOOK", "url": shop.url() });
    let made = done(&admin, "createNotificationEndpoint", input, "secret endpoint { id }").await;
    let (secret, id) = (text(&made["secret"]), text(&made["endpoint"]["id"]));
    let input = json!({ "id": id });
    let tested = done(&admin, "testNotificationEndpoint", input.clone(), "deliveryId").await;
    let messages = shop.wait_for(1).await;
    assert_eq!(messages[0].id, text(&tested["deliveryId"]));
    assert!(messages[0].holds(&secret), "{messages:?}");
    assert_eq!(messages[0].data()["rule"], "test");

    // What happens reaches it as well, here because of a shipped rule.
    let writer = service.caller("shop", "acme", "writer").await;
    for person in ["ann", "bob"] {
        let exported = json!({ "id": samples::id(), "type": "record.exported",
            "actor": { "id": "root" }, "subject": { "id": person } });
        let answer = writer.record(&exported).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let before = shop.wait_for(3).await;
    assert!(before.iter().all(|message| message.holds(&secret)));

    // After a rotation both secrets hold.
    let rotated = done(&admin, "rotateNotificationEndpoint", input.clone(), "secret").await;
    done(&admin, "testNotificationEndpoint", input.clone(), "deliveryId").await;
    let both = shop.wait_for(4).await;
    assert!(both[3].holds(&secret) && both[3].holds(&text(&rotated["secret"])));
    wait_until("all are delivered", PATIENCE, async || {
        let path = "/api/v1/notifications/deliveries";
        let page = admin.get(path, &[("endpoint_id", &id), ("state", "delivered")]).await;
        let page = page.expect(200);
        (page["deliveries"].as_array().unwrap().len() == 4).then_some(())
    })
    .await;

    let now = jiff::Timestamp::now().to_string();
    let range = json!({ "id": id, "from": "2026-01-01T00:00:00Z", "to": now });
    let replayed = done(&admin, "replayNotificationEndpoint", range, "messages").await;
    assert_eq!(replayed["messages"], 4);
    let again = shop.wait_for(8).await;
    let mut expected = ids(&both);
    let mut came = ids(&again[4..]);
    expected.sort_unstable();
    came.sort_unstable();
    assert_eq!(came, expected, "the same ids, each once");
    let tests = |messages: &[Message]| {
        let tests = messages.iter().filter(|message| message.data()["rule"] == "test");
        tests.map(|message| message.id.clone()).collect::<Vec<String>>()
    };
    assert_eq!(tests(&again[4..]), tests(&both), "in order");

    // It knows its endpoint after a crash, and nothing on disk tells the path of the URL.
    service.kill9().await;
    let told = walk(&service.data_dir(), b"canary-path");
    assert!(told.is_empty(), "{told:?}");
    service.restart().await;
    let admin = service.caller("root", "acme", "admin").await;
    let tested = done(&admin, "testNotificationEndpoint", input, "deliveryId").await;
    wait_until("the test after the crash came", PATIENCE, async || {
        let id = text(&tested["deliveryId"]);
        shop.messages().iter().any(|message| message.id == id).then_some(())
    })
    .await;
    assert!(!service.operations_log().contains("canary-path"));
}

/// Files below a directory that hold these bytes.
fn walk(directory: &std::path::Path, bytes: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path, bytes));
        } else if std::fs::read(&path).unwrap().windows(bytes.len()).any(|it| it == bytes) {
            found.push(path);
        }
    }
    found
}
