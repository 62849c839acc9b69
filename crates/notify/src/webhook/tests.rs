//! Against a receiver on this machine that does what a test wants.

use std::net::SocketAddr;
use std::sync::Arc;

use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, TenantId};
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use data_encoding::BASE64;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn delivery() -> Delivery {
    let tenant = TenantId::new("acme").unwrap();
    let event = EventId(Uuid::from_u128(7));
    Delivery {
        id: Uuid::from_u128(9),
        tenant,
        recipient: "ann".into(),
        kind: "user.password.changed".into(),
        title: "Password changed".into(),
        body: "Bob changed the password of Ann".into(),
        event,
        event_type: "user.password.changed".into(),
        occurred_at: DateTime::parse("2026-11-21T09:30:00+01:00").unwrap(),
        position: Position(3),
    }
}

fn open(url: &str, secret: &str, timeout_seconds: u64) -> Result<WebhookChannel, WebhookError> {
    let dir = tempfile::tempdir().unwrap();
    let secret_file = dir.path().join("secret");
    std::fs::write(&secret_file, secret).unwrap();
    WebhookChannel::open(
        "webhook",
        &WebhookSettings { url: url.into(), secret_file, timeout_seconds },
    )
}

fn channel(address: SocketAddr, timeout_seconds: u64) -> WebhookChannel {
    open(&format!("http://{address}/hook"), SECRET, timeout_seconds).unwrap()
}

/// What a receiver answers, and where it tells what it got.
type Answer = Arc<dyn Fn() -> Response + Send + Sync>;
type Got = mpsc::UnboundedSender<(HeaderMap, Bytes)>;

async fn receive(
    State((answer, got)): State<(Answer, Got)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    got.send((headers, body)).unwrap();
    answer()
}

/// Starts a receiver on `/hook`, and on `/elsewhere`, where nothing should ever come.
async fn receiver(
    answer: impl Fn() -> Response + Send + Sync + 'static,
) -> (SocketAddr, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) {
    let (got, gotten) = mpsc::unbounded_channel();
    let state: (Answer, Got) = (Arc::new(answer), got);
    let router = Router::new()
        .route("/hook", post(receive))
        .route("/elsewhere", post(receive).get(receive))
        .with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, gotten)
}

/// HMAC-SHA-256 as RFC 2104 writes it, from the hash alone.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner: Vec<u8> = block.iter().map(|byte| byte ^ 0x36).chain(message.to_vec()).collect();
    let inner = digest(&SHA256, &inner);
    let outer: Vec<u8> =
        block.iter().map(|byte| byte ^ 0x5c).chain(inner.as_ref().to_vec()).collect();
    digest(&SHA256, &outer).as_ref().to_vec()
}

#[tokio::test]
async fn a_message_is_signed_tells_ids_and_names_nobody() {
    let (address, mut gotten) = receiver(|| StatusCode::NO_CONTENT.into_response()).await;
    let delivery = delivery();
    channel(address, 5).deliver(&delivery).await.unwrap();
    let (headers, body) = gotten.recv().await.unwrap();
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("webhook-id"), delivery.id.to_string());
    let sent: i64 = header("webhook-timestamp").parse().unwrap();
    assert!((Timestamp::now().as_second() - sent).abs() <= 5);
    let key = BASE64.decode(SECRET.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let mut signed = format!("{}.{sent}.", delivery.id).into_bytes();
    signed.extend_from_slice(&body);
    let expected = format!("v1,{}", BASE64.encode(&hmac_sha256(&key, &signed)));
    assert_eq!(header("webhook-signature"), expected);
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        told,
        json!({
            "type": "user.password.changed",
            "timestamp": "2026-11-21T09:30:00+01:00",
            "data": {
                "delivery_id": delivery.id,
                "event_id": Uuid::from_u128(7),
                "tenant": "acme",
                "recipient_id": "ann",
                "kind": "user.password.changed",
                "title": "Password changed",
            }
        })
    );
    // Once more: the same id, so that the receiver can tell.
    channel(address, 5).deliver(&delivery).await.unwrap();
    assert_eq!(gotten.recv().await.unwrap().0["webhook-id"], delivery.id.to_string());
}

#[tokio::test]
async fn a_receiver_that_is_busy_is_tried_again_when_it_says_and_one_that_refuses_is_not() {
    let busy = || (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "17")]).into_response();
    let (address, _gotten) = receiver(busy).await;
    let error = channel(address, 5).deliver(&delivery()).await.unwrap_err();
    assert_eq!((error.permanent, error.retry_after), (false, Some(Duration::from_secs(17))));
    let (address, _gotten) = receiver(|| StatusCode::GONE.into_response()).await;
    let error = channel(address, 5).deliver(&delivery()).await.unwrap_err();
    assert!(error.permanent);
    assert_eq!(error.source.to_string(), "it answered with status 410");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [StatusCode::FOUND, StatusCode::TEMPORARY_REDIRECT] {
        let away = move || (status, [(header::LOCATION, "/elsewhere")]).into_response();
        let (address, mut gotten) = receiver(away).await;
        let error = channel(address, 5).deliver(&delivery()).await.unwrap_err();
        assert!(!error.permanent);
        gotten.recv().await.unwrap();
        assert!(gotten.try_recv().is_err(), "nothing comes a second time");
    }
}

#[tokio::test]
async fn of_a_huge_answer_little_is_read() {
    // An answer without an end.
    let endless = || {
        let chunk = Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b'x'; 8192]));
        let chunks = futures_util::stream::repeat(chunk);
        (StatusCode::OK, Body::from_stream(chunks)).into_response()
    };
    let (address, _gotten) = receiver(endless).await;
    let begun = std::time::Instant::now();
    channel(address, 20).deliver(&delivery()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_left_after_the_time_set() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hanging = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = listener.accept().await {
            held.push(connection);
        }
    });
    let begun = std::time::Instant::now();
    let error = channel(address, 1).deliver(&delivery()).await.unwrap_err();
    assert!(!error.permanent && begun.elapsed() < Duration::from_secs(5));
    hanging.abort();
}

#[tokio::test]
async fn a_receiver_that_cannot_be_reached_is_tried_again_and_its_url_is_not_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/secret-token");
    let channel = open(&url, SECRET, 5).unwrap();
    let error = channel.deliver(&delivery()).await.unwrap_err();
    assert!(!error.permanent);
    let mut text = error.to_string();
    let mut cause: Option<&dyn std::error::Error> = Some(&*error.source);
    while let Some(error) = cause {
        text.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(!text.contains("secret-token"), "{text}");
}

#[test]
fn what_cannot_be_a_webhook_is_refused_in_a_sentence_that_holds_no_secret() {
    let text = |refused: Result<WebhookChannel, WebhookError>| {
        let Err(error) = refused else { panic!("it must be refused") };
        format!("{error} {:?}", std::error::Error::source(&error).map(ToString::to_string))
    };
    let none = text(open("example.org/hook", SECRET, 5));
    assert!(none.starts_with("the URL of the webhook is none"), "{none}");
    assert!(text(open("ftp://example.org/hook", SECRET, 5)).contains("must begin with https://"));
    let credentials = text(open("https://ann:pass@example.org/hook", SECRET, 5));
    assert!(credentials.contains("user name or password") && !credentials.contains("pass@"));
    assert!(text(open("https://example.org/", SECRET, 0)).contains("must be from 1 to 50"));
    assert!(text(open("https://example.org/", SECRET, 51)).contains("must be from 1 to 50"));
    let secret = text(open("https://example.org/", "hunter2", 5));
    assert!(secret.contains("does not hold the secret") && !secret.contains("hunter2"));
    let settings = WebhookSettings {
        url: "https://example.org/".into(),
        secret_file: "/nowhere/at/all".into(),
        timeout_seconds: 5,
    };
    assert!(!format!("{settings:?}").contains("example.org"), "a path may be a secret");
    let missing = text(WebhookChannel::open("webhook", &settings));
    assert!(missing.contains("cannot read the secret of the webhook from `/nowhere/at/all`"));
}

#[test]
fn setting_a_webhook_up_leaves_the_cryptography_of_the_process_alone() {
    // The client of EventStoreDB panics where something was installed before it.
    open("https://example.org/", SECRET, 5).unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[test]
fn only_addresses_of_this_machine_go_past_a_proxy() {
    let loopback = |text: &str| is_loopback(&Url::parse(text).unwrap());
    assert!(loopback("http://127.0.0.1:80/") && loopback("http://[::1]/"));
    assert!(loopback("http://localhost/") && !loopback("http://10.0.0.1/"));
    assert!(!loopback("http://localhost.example.org/"));
}

#[tokio::test]
async fn a_checkpoint_is_told_whole_and_has_the_same_id_each_time() {
    let (address, mut gotten) = receiver(|| StatusCode::NO_CONTENT.into_response()).await;
    let (origin, note) = ("log.test/annals/2026".to_owned(), "a signed note\n".to_owned());
    let checkpoint = OutgoingCheckpoint { origin, shard: "2026".to_owned(), size: 7, note };
    let mut ids = Vec::new();
    for size in [7, 7, 8] {
        let checkpoint = OutgoingCheckpoint { size, ..checkpoint.clone() };
        channel(address, 5).put(&checkpoint).await.unwrap();
        let (headers, body) = gotten.recv().await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(told["type"], "annals.checkpoint.signed");
        assert_eq!(
            told["data"],
            json!({ "origin": "log.test/annals/2026", "size": size, "checkpoint": "a signed note\n" })
        );
        assert!(headers.contains_key("webhook-signature"));
        ids.push(headers["webhook-id"].clone());
    }
    assert!(ids[0] == ids[1] && ids[1] != ids[2]);
    let (address, _gotten) = receiver(|| StatusCode::GONE.into_response()).await;
    assert!(channel(address, 5).put(&checkpoint).await.is_err());
}
