//! Whoever is slow: with headers, with a body, with taking an answer, or between requests.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Listening, PATIENCE, Service, token, until, within};

const GET: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

/// A service with little patience: a second for headers, for a rest and for bytes that stand still.
async fn impatient() -> Listening {
    let service = Service::with_limits(|limits| {
        limits.request.header_seconds_max = 1;
        limits.request.idle_seconds_max = 3;
        limits.request.stall_seconds_max = 1;
        limits.request.body_bytes_per_second_min = 1000;
        limits.request.answer_bytes_per_second_min = 100_000;
    });
    service.await.listen().await
}

/// Sends bytes one by one until the other side closes; what it said.
async fn drip(mut stream: TcpStream, bytes: &[u8], pause: Duration) -> String {
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    let dripping = async {
        for byte in bytes.iter().cycle() {
            if writing.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        // What was said before the end is still to be read.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        // A connection that is reset has ended as well.
        _ = reading.read_to_end(&mut answer) => {}
        () = dripping => {}
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads one answer to a request for `/healthz`.
async fn answered(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"{\"status\":\"ok\"}") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    head.starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn headers_that_come_byte_by_byte_are_not_waited_for_on_a_used_connection_either() {
    let listening = impatient().await;
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    assert!(within(answered(&mut stream)).await);
    let began = Instant::now();
    let dripped = drip(stream, b"GET /healthz HTTP/1.1\r\nx: ", Duration::from_millis(50));
    assert_eq!(within(dripped).await, "");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_connection_may_rest_for_longer_than_headers_may_take_and_then_ends() {
    let listening = impatient().await;
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    assert!(within(answered(&mut stream)).await);
    // Longer than headers may take, and less than a connection may rest.
    tokio::time::sleep(Duration::from_millis(1800)).await;
    stream.write_all(GET).await.unwrap();
    assert!(within(answered(&mut stream)).await);
    let rested = Instant::now();
    assert_eq!(within(stream.read(&mut [0])).await.unwrap(), 0);
    let rested = rested.elapsed().as_secs_f64();
    assert!((2.5..10.0).contains(&rested), "{rested}");
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_given_up_and_gives_its_room_back() {
    let listening = impatient().await;
    let head = format!(
        "POST /api/v1/logs HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100000\r\n\r\n",
        token("shop", "acme", "writer")
    );
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let permits = listening.service.api.recorder.permits.clone();
    until("its room is taken", async || permits.under_way().0 > 0).await;
    let began = Instant::now();
    let answer = within(drip(stream, b" ", Duration::from_millis(20))).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("too slowly"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    listening.service.is_idle().await;
}

#[tokio::test]
async fn a_body_that_keeps_the_pace_is_taken_however_long_it_lasts() {
    let listening = impatient().await;
    let event = json!({ "type": "a.b", "description": "x".repeat(4000) }).to_string();
    let head = format!(
        "POST /api/v1/logs HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        token("shop", "acme", "writer"),
        event.len()
    );
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let began = Instant::now();
    for piece in event.as_bytes().chunks(400) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(2), "longer than bytes may stand still");
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[tokio::test]
async fn whoever_asks_and_does_not_take_the_answers_is_cut_off() {
    let listening = impatient().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(listening.address).await.unwrap();
    let request = format!(
        "GET /api/v1/limits HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n",
        token("ann", "acme", "admin")
    );
    let began = Instant::now();
    // Asks on and on: the system's own buffers take some megabytes of answers.
    let asking = async {
        while stream.write_all(request.as_bytes()).await.is_ok() {
            assert!(began.elapsed() < PATIENCE, "nobody cuts it off");
        }
    };
    within(asking).await;
    let mut other = TcpStream::connect(listening.address).await.unwrap();
    other.write_all(GET).await.unwrap();
    assert!(within(answered(&mut other)).await);
}
