//! Many connections that do nothing, or next to nothing, beside people who work.

use std::time::{Duration, Instant};

use annals_tests::{Caller, GraphqlSocket, PATIENCE, TestService, samples, wait_until};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service;

const SLOW: usize = 500;
const IDLE: usize = 1000;
/// Sockets of one caller, who may not have many.
const IDLE_EACH: usize = 40;
/// Requests that are measured.
const REQUESTS: usize = 200;
/// The service under test is not optimised, and its machine has other work.
const P99_MAX: Duration = Duration::from_secs(1);
/// A socket costs its buffers, a task or two, and no more.
const SOCKET_KIB_MAX: u64 = 64;

/// Records events one by one; the time that 99 of 100 do not exceed.
async fn p99(writer: &Caller) -> Duration {
    let mut times = Vec::with_capacity(REQUESTS);
    for number in 0..REQUESTS {
        let began = Instant::now();
        writer.record(&samples::numbered("worker", number)).await.expect(201);
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[REQUESTS * 99 / 100 - 1]
}

/// Memory of the service, kibibytes.
fn memory_kib(service: &TestService) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.process_id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_whose_headers_never_end_hold_up_nobody_and_are_cut_off() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let before = p99(&writer).await;
    let address = service.address().get();
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"GET /api/v1/logs HTTP/1.1\r\nhost: a\r\nx-slow: ").await.unwrap();
        slow.push(stream);
    }
    wait_until("all of them are taken on", PATIENCE, async || {
        (writer.metric("annals_connections").await? >= SLOW as f64).then_some(())
    })
    .await;
    // Each says a little more while the others work.
    let dripping = tokio::spawn(async move {
        let drip = async |mut stream: TcpStream| {
            let mut byte = [0];
            loop {
                tokio::select! {
                    _ = stream.read(&mut byte) => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {
                        if stream.write_all(b"a").await.is_err() {
                            return;
                        }
                    }
                }
            }
        };
        join_all(slow.into_iter().map(drip)).await;
    });
    let beside = p99(&writer).await;
    println!("99 of 100 within {before:?} alone, within {beside:?} beside {SLOW} slow connections");
    assert!(beside < P99_MAX, "{beside:?}");
    tokio::time::timeout(PATIENCE, dripping).await.expect("all are cut off").unwrap();
    wait_until("their places are free", PATIENCE, async || {
        (writer.metric("annals_connections").await? < 50.0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_sockets_are_harmless() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let mut readers = Vec::new();
    for number in 0..IDLE / IDLE_EACH {
        readers.push(service.caller(&format!("reader-{number}"), "acme", "user").await);
    }
    let before = p99(&writer).await;
    let memory_before = memory_kib(&service);
    let mut sockets = Vec::with_capacity(IDLE);
    for reader in &readers {
        let opened = join_all((0..IDLE_EACH).map(|_| GraphqlSocket::open(reader))).await;
        sockets.extend(opened.into_iter().map(|socket| socket.expect("there is a place")));
    }
    let each = memory_kib(&service).saturating_sub(memory_before) / IDLE as u64;
    let beside = p99(&writer).await;
    println!(
        "{IDLE} idle sockets: {each} KiB each; 99 of 100 requests within {before:?} alone, within \
         {beside:?} beside them"
    );
    assert!(each <= SOCKET_KIB_MAX, "{each} KiB a socket");
    assert!(beside < P99_MAX, "{beside:?}");
    let open = writer.metric("annals_connections").await.unwrap();
    assert!(open >= IDLE as f64, "{open}");
    drop(sockets);
    wait_until("their places are free", PATIENCE, async || {
        (writer.metric("annals_connections").await? < 50.0).then_some(())
    })
    .await;
}
