//! Connections: bounded in number and in time, and closed in order.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Service, Socket, token, until, within};

const GET: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

/// What comes until the other side closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is reset has ended as well.
    let _ = within(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(request).await;
    rest(&mut stream).await
}

#[tokio::test]
async fn whoever_says_nothing_or_half_of_it_is_not_waited_for() {
    let listening = Service::with_limits(|limits| {
        limits.request.header_seconds_max = 1;
        limits.request.idle_seconds_max = 1;
    });
    let listening = listening.await.listen().await;
    for begun in [
        &b""[..],
        b"G",
        b"GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: ",
        b"P",
        b"PRI * HTTP/2.0\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        GET, // and then nothing more
    ] {
        let began = Instant::now();
        let answer = exchange(listening.address, begun).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{begun:?}: {:?}", began.elapsed());
        assert_eq!(answer.contains("200 OK"), begun == GET, "{answer}");
    }
}

#[tokio::test]
async fn as_many_connections_as_the_limit_are_served_and_places_come_back() {
    let listening =
        Service::with_limits(|limits| limits.request.connections_max = 3).await.listen().await;
    let is_served = async || {
        let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        exchange(listening.address, request).await.contains("200 OK")
    };
    assert!(is_served().await);
    // Sockets have their place as long as they are open: they are connections all the same.
    let first = Socket::graphql_of(listening.address, &token("a", "acme", "user")).await;
    let second = Socket::graphql_of(listening.address, &token("a", "acme", "user")).await;
    until("one place is left", async || is_served().await).await;
    let mut third = TcpStream::connect(listening.address).await.unwrap();
    third.write_all(GET).await.unwrap();
    let mut some = [0; 12];
    within(third.read_exact(&mut some)).await.unwrap();
    assert!(!is_served().await, "the fourth is turned away");
    drop(third);
    until("its place came back", is_served).await;
    drop(first);
    let again = async || {
        let mut streams = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(listening.address).await.unwrap();
            stream.write_all(GET).await.unwrap();
            let mut some = [0; 12];
            if within(stream.read_exact(&mut some)).await.is_err() {
                return false;
            }
            streams.push(stream);
        }
        true
    };
    until("the socket's place came back", again).await;
    drop(second);
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    let listening = Service::start().await.listen().await;
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x: {}\r\n", "a".repeat(1_000_000));
    for headers in [many, long] {
        let request =
            format!("GET /healthz HTTP/1.1\r\nhost: a\r\n{headers}connection: close\r\n\r\n");
        let answer = exchange(listening.address, request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let path =
        format!("GET /{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "a".repeat(100_000));
    let answer = exchange(listening.address, path.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 414"), "{answer}");
}

#[tokio::test]
async fn a_request_cannot_be_hidden_in_another() {
    let listening = Service::start().await.listen().await;
    let token = token("shop", "acme", "writer");
    let head = format!(
        "POST /api/v1/logs HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n"
    );
    let hidden = "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n";
    for framing in [
        "content-length: 14\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "content-length: 14\r\ncontent-length: 3\r\n\r\n{\"type\":\"a.b\"}",
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "content-length: +14\r\n\r\n{\"type\":\"a.b\"}",
        "content-length : 14\r\n\r\n{\"type\":\"a.b\"}",
    ] {
        let answer =
            exchange(listening.address, format!("{head}{framing}{hidden}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{framing:?}: {answer}");
        assert!(!answer.contains("annals_log_head"), "{framing:?}: {answer}");
    }
    assert!(listening.service.log.is_empty());
}

#[tokio::test]
async fn ids_and_names_cannot_split_an_answer() {
    let listening = Service::start().await.listen().await;
    for line in ["x-request-id: a\rset-cookie: b=c", "x-request-id: a\0b", "x-request-id: a\u{85}b"]
    {
        let request =
            format!("GET /healthz HTTP/1.1\r\nhost: a\r\n{line}\r\nconnection: close\r\n\r\n");
        let answer = exchange(listening.address, request.as_bytes()).await;
        assert!(!answer.contains("set-cookie"), "{answer}");
    }
}

#[tokio::test]
async fn bodies_in_chunks_are_read_and_bounded() {
    let listening =
        Service::with_limits(|limits| limits.event.bytes_max = 1_000).await.listen().await;
    let token = token("shop", "acme", "writer");
    let head = format!(
        "POST /api/v1/logs HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let good = format!("{head}7\r\n{{\"type\"\r\n7\r\n:\"a.b\"}}\r\n0\r\n\r\n");
    assert!(exchange(listening.address, good.as_bytes()).await.starts_with("HTTP/1.1 201"));
    let large = format!("{head}400\r\n{}\r\n0\r\n\r\n", " ".repeat(1024));
    assert!(exchange(listening.address, large.as_bytes()).await.starts_with("HTTP/1.1 413"));
    let bad = format!("{head}zz\r\n");
    assert!(exchange(listening.address, bad.as_bytes()).await.starts_with("HTTP/1.1 400"));
    listening.service.is_idle().await;
}

#[tokio::test]
async fn stopping_lets_requests_under_way_finish_and_takes_no_more() {
    let mut listening = Service::start().await.listen().await;
    let address = listening.address;
    listening.service.log.pause();
    let token = token("shop", "acme", "writer");
    let body = json!({ "type": "a.b" }).to_string();
    let request = format!(
        "POST /api/v1/logs HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let recording = tokio::spawn(async move { exchange(address, request.as_bytes()).await });
    let permits = listening.service.api.recorder.permits.clone();
    until("the event is under way", async || permits.under_way().1 == 1).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(GET).await.unwrap();
    let mut some = [0; 12];
    within(idle.read_exact(&mut some)).await.unwrap();
    listening.service.api.stopping.cancel();
    until("no more is taken", async || TcpStream::connect(address).await.is_err()).await;
    rest(&mut idle).await;
    listening.service.log.resume();
    assert!(within(recording).await.unwrap().starts_with("HTTP/1.1 201"));
    listening.stop().await;
}
