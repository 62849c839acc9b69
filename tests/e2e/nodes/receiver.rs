//! A receiver of webhooks, as an application has one: it knows a message again by its id.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use annals_tests::Setup;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::text;

/// `whsec_` and 29 bytes in base64.
const SECRET: &str = "whsec_YW5uYWxzLXRlc3Qtd2ViaG9vay1zZWNyZXQtMDE=\n";

/// A forgetful receiver says of so many messages of one that it could not take it, when it has.
const DISOWNED: usize = 10;

/// Takes messages and keeps what they tell.
pub(crate) struct Receiver {
    address: SocketAddr,
    received: Arc<Received>,
    serving: JoinHandle<()>,
}

struct Received {
    messages: Mutex<Messages>,
    forgetful: bool,
}

/// What came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Messages {
    /// How often each event was told, after messages with the same id were counted once.
    pub(crate) effects: BTreeMap<String, usize>,
    /// The events, in the order in which they were told first.
    pub(crate) order: Vec<String>,
    /// Ids of messages seen.
    ids: BTreeSet<String>,
    /// Messages that came again.
    pub(crate) repeats: usize,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_as(false).await
    }

    /// One that makes senders repeat what it has taken already.
    pub(crate) async fn start_forgetful() -> Self {
        Self::start_as(true).await
    }

    async fn start_as(forgetful: bool) -> Self {
        let received = Arc::new(Received { messages: Mutex::default(), forgetful });
        let router = axum::Router::new().route("/hook", post(take)).with_state(received.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, received, serving }
    }

    /// Lets a node tell this receiver; the secret is kept in a directory of the test.
    pub(crate) fn told_by(&self, setup: Setup, dir: &Path) -> Setup {
        let file = dir.join("webhook.secret");
        std::fs::write(&file, SECRET).unwrap();
        setup
            .with("ANNALS_WEBHOOK__URL", &format!("http://{}/hook", self.address))
            .with("ANNALS_WEBHOOK__SECRET_FILE", file.to_str().unwrap())
    }

    /// What has come up to now.
    pub(crate) fn messages(&self) -> Messages {
        self.received.messages.lock().unwrap().clone()
    }

    /// Whether this event was told.
    pub(crate) fn knows(&self, event: &Value) -> bool {
        self.received.messages.lock().unwrap().effects.contains_key(&text(&event["id"]))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State(received): State<Arc<Received>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> StatusCode {
    let Some(id) = headers.get("webhook-id").and_then(|id| id.to_str().ok()) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut messages = received.messages.lock().unwrap();
    if !messages.ids.insert(id.to_owned()) {
        messages.repeats += 1;
        return StatusCode::NO_CONTENT;
    }
    messages.order.push(text(&body["data"]["event_id"]));
    *messages.effects.entry(text(&body["data"]["event_id"])).or_default() += 1;
    match received.forgetful && messages.ids.len().is_multiple_of(DISOWNED) {
        true => StatusCode::INTERNAL_SERVER_ERROR,
        false => StatusCode::NO_CONTENT,
    }
}
