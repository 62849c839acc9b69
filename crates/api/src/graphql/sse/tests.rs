//! What is said when, with time that only moves when nothing else does.

use annals_domain::access::AccessPolicy;
use async_graphql::Response;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};

use super::*;
use crate::auth::Principal;
use crate::live::OpenStreams;

fn open() -> OpenStream {
    let claims = serde_json::json!({
        "sub": "ann", "tenant": "acme", "roles": ["user"], "exp": 4_000_000_000_i64,
    });
    let claims = serde_json::from_value(claims).unwrap();
    let principal =
        Principal::new(claims, jiff::Timestamp::MAX, None, &AccessPolicy::shipped()).unwrap();
    OpenStreams::default().open(&principal, 1).unwrap()
}

/// A speaker whose client may listen for so many seconds.
fn speaker(seconds: u64) -> (Speaker, mpsc::Receiver<Bytes>) {
    let (outbox, inbox) = mpsc::channel(OUTBOX_MAX);
    let expiry = Instant::now() + Duration::from_secs(seconds);
    let speaker = Speaker { outbox, expiry, stopping: CancellationToken::new(), _open: open() };
    (speaker, inbox)
}

/// Access that stays.
fn never() -> BoxFuture<'static, ()> {
    std::future::pending().boxed()
}

fn numbers(count: i32) -> BoxStream<'static, Response> {
    stream::iter((0..count).map(Response::new)).boxed()
}

async fn heard(inbox: &mut mpsc::Receiver<Bytes>) -> String {
    let mut text = String::new();
    while let Some(bytes) = inbox.recv().await {
        text.push_str(std::str::from_utf8(&bytes).unwrap());
    }
    text
}

#[tokio::test(start_paused = true)]
async fn every_response_is_an_event_and_the_end_is_one_too() {
    let (speaker, mut inbox) = speaker(100);
    tokio::spawn(speaker.run(numbers(2), never()));
    assert_eq!(
        heard(&mut inbox).await,
        "event: next\ndata: {\"data\":0}\n\nevent: next\ndata: {\"data\":1}\n\n\
         event: complete\ndata:\n\n"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_comments_until_the_token_ends_with_a_word() {
    let (speaker, mut inbox) = speaker(50);
    tokio::spawn(speaker.run(stream::pending().boxed(), never()));
    let text = heard(&mut inbox).await;
    let last = text.strip_prefix(":\n\n:\n\n:\n\nevent: next\ndata: ").unwrap();
    assert!(last.contains("\"code\":\"UNAUTHENTICATED\""), "{last}");
    assert!(last.ends_with(COMPLETE) && !last.contains("\"data\""), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_stream_without_completing_it() {
    let (speaker, mut inbox) = speaker(1000);
    let stopping = speaker.stopping.clone();
    let first = numbers(1).chain(stream::pending()).boxed();
    tokio::spawn(speaker.run(first, never()));
    assert!(inbox.recv().await.unwrap().starts_with(b"event: next"));
    stopping.cancel();
    assert_eq!(heard(&mut inbox).await, "");
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_cut_off_and_who_goes_is_not_served() {
    let began = Instant::now();
    let (slow, mut inbox) = speaker(1000);
    slow.run(numbers(10), never()).await;
    assert_eq!(began.elapsed(), SEND_PATIENCE);
    assert!(!heard(&mut inbox).await.contains("complete"), "the client is to come back");
    let (gone, inbox) = speaker(1000);
    drop(inbox);
    gone.run(stream::pending().boxed(), never()).await;
    assert_eq!(began.elapsed(), SEND_PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_ours_is_told_and_ends_the_stream() {
    let (speaker, mut inbox) = speaker(1000);
    let broken = stream::poll_fn(|_| -> std::task::Poll<Option<Response>> {
        std::panic::panic_any("a test wanted it")
    });
    tokio::spawn(speaker.run(broken.boxed(), never()));
    let text = heard(&mut inbox).await;
    assert!(text.contains("INTERNAL_SERVER_ERROR") && text.ends_with(COMPLETE), "{text}");
}

#[tokio::test]
async fn a_client_whose_access_is_lost_is_told_so_and_let_go() {
    let (speaker, mut inbox) = speaker(3600);
    let lost = std::future::ready(()).boxed();
    speaker.run(stream::pending().boxed(), lost).await;
    let last = heard(&mut inbox).await;
    assert!(last.contains("UNAUTHENTICATED") && last.ends_with(COMPLETE), "{last}");
    assert!(inbox.recv().await.is_none());
}
