//! Receivers that mean ill: they are left in bounded time and memory, and others are not kept waiting.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

#[tokio::test]
async fn a_redirect_is_not_followed_wherever_it_leads() {
    let (inside, mut gotten) = receiver(|| StatusCode::OK.into_response()).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = move || {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::LOCATION, format!("http://{inside}/"))]).into_response()
        };
        let (address, _gotten) = receiver(answer).await;
        let error = post(&http(10), &format!("http://{address}/")).await.unwrap_err();
        assert!(error.source.to_string().contains(&status.to_string()), "{:?}", error.source);
        assert!(!error.permanent);
    }
    assert!(gotten.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_of_a_gibibyte_is_left_behind() {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    const CHUNK: usize = 64 * 1024;
    let answer = || {
        let chunks = stream::iter((0..16 * 1024).map(|_| {
            SENT.fetch_add(CHUNK, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'a'; CHUNK]))
        }));
        Response::new(Body::from_stream(chunks))
    };
    let (address, _gotten) = receiver(answer).await;
    let handed = post(&http(20), &format!("http://{address}/")).await.unwrap();
    assert_eq!(handed, Handed { code: Some(200) });
    // What buffers of sockets hold is sent, and no more.
    assert!(SENT.load(Ordering::SeqCst) < 64 * 1024 * 1024);
}

/// Starts a server that does this with each connection once the request has begun.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut begun = [0; 16];
            if stream.read(&mut begun).await.is_ok() {
                tokio::spawn(serve(stream));
            }
        }
    });
    address
}

/// Writes one byte again and again until the other side has had enough.
async fn drip(mut stream: TcpStream, first: &[u8]) -> std::io::Result<()> {
    stream.write_all(first).await?;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    loop {
        ticks.tick().await;
        stream.write_all(b"a").await?;
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_or_drips_is_left_in_time() {
    let hangs = server(|stream| async move {
        let _stream = stream;
        std::future::pending().await
    });
    let drips_headers = server(|stream| drip(stream, b"HTTP/1.1 200 OK\r\nx: "));
    for address in [hangs.await, drips_headers.await] {
        let begun = Instant::now();
        let error = post(&http(1), &format!("http://{address}/")).await.unwrap_err();
        assert!(!error.permanent && begun.elapsed() < BOUNDED);
        assert_eq!(error.source.to_string(), "it did not answer in time");
    }
    // The status came: what drips after it changes nothing.
    let drips_body =
        server(|stream| drip(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"));
    post(&http(10), &format!("http://{}/", drips_body.await)).await.unwrap();
}

#[tokio::test]
async fn what_is_no_http_or_ends_early_is_tried_again() {
    let silent = server(|stream| async move {
        drop(stream);
        Ok(())
    });
    let babbles = server(|mut stream| async move { stream.write_all(&[b'x'; 9000]).await });
    let endless = server(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
        loop {
            stream.write_all(b"x-header: value\r\n").await?;
        }
    });
    for address in [silent.await, babbles.await, endless.await] {
        let error = post(&http(20), &format!("http://{address}/")).await.unwrap_err();
        assert!(!error.permanent, "{error:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_keeps_no_other_waiting() {
    let hangs = server(|stream| async move {
        let _stream = stream;
        std::future::pending().await
    });
    let hangs = format!("http://{}/", hangs.await);
    let http = http(20);
    let stuck: Vec<_> = (0..50)
        .map(|_| {
            let (http, url) = (Arc::clone(&http), hangs.clone());
            tokio::spawn(async move { http.post(&url, HeaderMap::new(), Vec::new()).await })
        })
        .collect();
    let (address, _gotten) = receiver(|| StatusCode::OK.into_response()).await;
    post(&http, &format!("http://{address}/")).await.unwrap();
    assert!(stuck.iter().all(|stuck| !stuck.is_finished()));
    stuck.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn what_is_about_the_message_is_final_and_what_is_about_the_receiver_is_not() {
    for (status, permanent) in [
        (400, true),
        (410, true),
        (413, true),
        (422, true),
        (401, false),
        (403, false),
        (404, false),
        (429, false),
        (500, false),
        (503, false),
    ] {
        let answer = move || StatusCode::from_u16(status).unwrap().into_response();
        let (address, _gotten) = receiver(answer).await;
        let error = post(&http(10), &format!("http://{address}/")).await.unwrap_err();
        assert_eq!(error.permanent, permanent, "{status}");
    }
}
