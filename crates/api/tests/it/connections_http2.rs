//! HTTP/2 as attackers speak it: requests taken back at once, headers without end.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Listening, Service, until, within};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET / http a`, by the static table.
const REQUEST: &[u8] = &[0x82, 0x84, 0x86, 0x41, 0x01, b'a'];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

async fn connected(listening: &Listening) -> TcpStream {
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    stream
}

/// The kinds of frames that come until the other side closes.
async fn frames(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let (mut kinds, mut head) = (Vec::new(), [0; 9]);
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).await.is_err() {
            break;
        }
        kinds.push(head[3]);
    }
    kinds
}

async fn is_served(listening: &Listening) -> bool {
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    let _ = within(stream.read_to_string(&mut answer)).await;
    answer.starts_with("HTTP/1.1 200")
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_the_connection() {
    let listening = Service::start().await.listen().await;
    let mut stream = connected(&listening).await;
    let (mut reading, mut writing) = stream.split();
    let flood = async {
        for number in 0..20_000_u32 {
            let stream = 2 * number + 1;
            let mut bytes = frame(HEADERS, END_STREAM | END_HEADERS, stream, REQUEST);
            bytes.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
            if writing.write_all(&bytes).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let kinds = tokio::select! {
        kinds = within(frames(&mut reading)) => kinds,
        () = flood => unreachable!("it waits for the end"),
    };
    assert!(kinds.contains(&GOAWAY), "{:?}", &kinds[..kinds.len().min(20)]);
    assert!(is_served(&listening).await);
}

#[tokio::test]
async fn headers_without_end_end_the_connection() {
    let listening = Service::start().await.listen().await;
    let mut stream = connected(&listening).await;
    let (mut reading, mut writing) = stream.split();
    let flood = async {
        let mut begun = writing.write_all(&frame(HEADERS, END_STREAM, 1, REQUEST)).await;
        // A header of a name and a value that no table holds, again and again.
        let header: Vec<u8> = [&[0x00, 0x01, b'x', 0x40][..], &[b'y'; 0x40]].concat();
        let headers = header.repeat(100);
        while begun.is_ok() {
            begun = writing.write_all(&frame(CONTINUATION, 0, 1, &headers)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = within(frames(&mut reading)) => {}
        () = flood => unreachable!("it waits for the end"),
    }
    assert!(is_served(&listening).await);
}

#[tokio::test]
async fn frames_without_a_request_do_not_keep_a_connection_open() {
    let listening = Service::with_limits(|limits| {
        limits.request.header_seconds_max = 1;
        limits.request.idle_seconds_max = 1;
    });
    let listening = listening.await.listen().await;
    let mut stream = connected(&listening).await;
    stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, REQUEST)).await.unwrap();
    until("pings are not answered any more", async || {
        let _ = tokio::time::timeout(Duration::from_millis(10), stream.read(&mut [0; 1024])).await;
        stream.write_all(&frame(PING, 0, 0, &[0; 8])).await.is_err()
    })
    .await;
}
