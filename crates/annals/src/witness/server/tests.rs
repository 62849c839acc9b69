use std::net::SocketAddr;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::desk::tests::{Log, ORIGIN, desk};
use super::*;

async fn served() -> (SocketAddr, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let desk = Arc::new(desk(dir.path()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener, desk, "vkey", std::future::pending()).await });
    (address, dir)
}

async fn asked(address: SocketAddr, body: String) -> (u16, String, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{address}/add-checkpoint");
    let answer = client.post(url).body(body).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn each_answer_is_as_the_specification_says() {
    let (address, _dir) = served().await;
    let log = Log::honest();
    let (status, _, body) = asked(address, log.request(0, 9)).await;
    assert_eq!(status, 200);
    assert!(body.starts_with("\u{2014} witness.test ") && body.ends_with('\n'), "{body}");
    let (status, kind, body) = asked(address, log.request(3, 9)).await;
    assert_eq!((status, &*kind, &*body), (409, "text/x.tlog.size", "9\n"));
    assert_eq!(asked(address, Log::fork().request(9, 12)).await.0, 422);
    assert_eq!(asked(address, log.request(0, 3).replace(ORIGIN, "other")).await.0, 404);
    assert_eq!(asked(address, log.request(0, 3).replace("\n3\n", "\n4\n")).await.0, 403);
    assert_eq!(asked(address, "old 0\n".to_owned()).await.0, 400);
    let about = reqwest::get(format!("http://{address}/")).await.unwrap().text().await.unwrap();
    assert!(about.contains("vkey"));
    assert_eq!(reqwest::get(format!("http://{address}/healthz")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_body_may_be_as_long_as_a_request_and_no_longer() {
    let (address, _dir) = served().await;
    assert_eq!(asked(address, "a".repeat(REQUEST_LEN_MAX)).await.0, 400);
    assert_eq!(asked(address, "a".repeat(REQUEST_LEN_MAX + 1)).await.0, 413);
}

#[tokio::test]
async fn connections_that_say_nothing_are_cut_off_and_hold_up_others_for_no_longer() {
    let (address, _dir) = served().await;
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n").await.unwrap();
        silent.push(stream);
    }
    let (status, _, _) = asked(address, Log::honest().request(0, 9)).await;
    assert_eq!(status, 200);
    // Cut off, with or without a word.
    let mut rest = Vec::new();
    let _ = silent[0].read_to_end(&mut rest).await;
}
