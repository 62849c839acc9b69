use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;
use crate::bench::TargetArgs;

#[test]
fn requests_of_an_open_loop_are_due_at_even_distances_whatever_becomes_of_them() {
    let load = Load::at_rate(50.0, 2, 4);
    assert_eq!(load.requests, 100);
    assert_eq!(load.due(0), Some(Duration::ZERO));
    assert_eq!(load.due(75), Some(Duration::from_millis(1500)));
    assert_eq!(Load { rate: None, ..load }.due(75), None);
    let slower = load.slower(0.5);
    assert_eq!((slower.rate, slower.requests), (Some(0.5), 30));
    assert_eq!(load.slower(80.0).requests, 100);
}

/// A service that answers at once, but the first request only after `stall`.
fn stalling(stall: Duration) -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut left = Some(stall);
        while let Some(Ok(line)) = lines.next() {
            if line.is_empty() {
                std::thread::sleep(left.take().unwrap_or_default());
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            }
        }
    });
    let target = TargetArgs {
        url: Some(url),
        token: Some("t".into()),
        data: None,
        data_dir: None,
        store: None,
        seed: 1,
    };
    Service::obtain(&target, false, &[]).unwrap()
}

fn median_ms(rate: Option<f64>, stall: Duration) -> f64 {
    let load = Load { requests: 50, rate, connections: 1 };
    let send = |client: &mut Client, _| client.get("/").map(drop);
    let outcome = load.run(&stalling(stall), 1, |_| 0, send).unwrap();
    outcome.summary()["p50_ms"].as_f64().unwrap()
}

#[test]
fn a_service_that_stands_still_makes_all_requests_late_that_were_due_meanwhile() {
    let stall = Duration::from_millis(400);
    // Half of the 50 requests are due in the first 250 ms: they wait for 150 ms and more.
    let open = median_ms(Some(100.0), stall);
    assert!(open >= 140.0, "{open} ms");
    let closed = median_ms(None, stall);
    assert!(closed < 140.0, "only one request of a closed loop waits, not {closed} ms");
}
