//! Against a server on this machine that answers what a test wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use futures_util::StreamExt;
use tokio::net::TcpListener;

use super::*;

/// Asks a server that answers so; `at` is what stands behind its address.
async fn asked(
    at: &str,
    answer: impl Fn(Bytes) -> Response + Clone + Send + Sync + 'static,
) -> Result<WitnessAnswer, PublishError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answering = move |body: Bytes| async move { answer(body) };
    let path = format!("{}/add-checkpoint", at.trim_end_matches('/'));
    let router = Router::new().route(&path, post(answering));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let witness = HttpWitness::new(&format!("http://{address}{at}")).unwrap();
    witness.add_checkpoint("old 0\n\nnote".to_owned()).await
}

fn filled(bytes: usize) -> Response {
    vec![b'a'; bytes].into_response()
}

#[tokio::test]
async fn the_request_goes_below_the_prefix_and_status_and_body_come_back() {
    for at in ["", "/", "/one/two", "/one/two/"] {
        let answer = asked(at, |body: Bytes| {
            assert_eq!(&body[..], b"old 0\n\nnote");
            (axum::http::StatusCode::CONFLICT, "7\n").into_response()
        });
        assert_eq!(answer.await.unwrap(), WitnessAnswer { status: 409, body: "7\n".to_owned() });
    }
}

#[tokio::test]
async fn the_longest_answer_is_read_and_one_byte_more_is_not() {
    let longest = asked("", |_| filled(WITNESS_ANSWER_BYTES_MAX)).await.unwrap();
    assert_eq!(longest.body.len(), WITNESS_ANSWER_BYTES_MAX);
    let error = asked("", |_| filled(WITNESS_ANSWER_BYTES_MAX + 1)).await.unwrap_err();
    assert!(error.source.to_string().contains("longer than"), "{:?}", error.source);
}

#[tokio::test]
async fn of_an_answer_of_a_gibibyte_next_to_nothing_is_read() {
    const CHUNK: usize = 64 * 1024;
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let answer = asked("", move |_| {
        let counted = counted.clone();
        let chunks = futures_util::stream::iter(0..(1_usize << 30) / CHUNK).map(move |_| {
            counted.fetch_add(CHUNK, Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'a'; CHUNK]))
        });
        Body::from_stream(chunks).into_response()
    });
    assert!(answer.await.is_err());
    // What fits into the buffers of the connection was made, too.
    assert!(made.load(Relaxed) < 64 << 20, "{} bytes were made", made.load(Relaxed));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_nobody_there_is_an_error() {
    let answer = asked("", |_| Redirect::temporary("http://127.0.0.1:9/").into_response()).await;
    assert_eq!(answer.unwrap().status, 307);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = HttpWitness::new(&gone).unwrap().add_checkpoint(String::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot reach the witness");
}

#[test]
fn only_plain_addresses_are_taken() {
    for wrong in [
        "",
        "witness.example",
        "ftp://witness.example",
        "http://",
        "https://ann:secret@witness.example",
        "https://witness.example/?q=1",
        "https://witness.example/#top",
    ] {
        assert!(matches!(HttpWitness::new(wrong), Err(WitnessUrlError::Url(_))), "{wrong}");
    }
    assert!(HttpWitness::new("https://witness.example/w1").is_ok());
}
