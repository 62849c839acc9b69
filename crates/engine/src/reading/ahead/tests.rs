use std::time::Duration;

use annals_domain::Position;
use annals_ports::EventLog;

use super::*;
use crate::sealing::Fresh;
use crate::tests::machine::{Machine, events, record_all};

/// A log of so many events, and what opens it.
async fn log_of(count: u64) -> (Machine, Arc<dyn EventLog>, Opener) {
    let machine = Machine::default();
    let system = machine.start().await;
    record_all(&system, events(0, count)).await;
    let keys = Arc::clone(&system.queries.opener.keys);
    system.stop().await;
    let log: Arc<dyn EventLog> = machine.log.clone();
    (machine, log, Opener { keys, fresh: Arc::new(Fresh::default()), upcasters: Arc::default() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_ahead_comes_in_order_and_ends_with_the_log() {
    let (_machine, log, opener) = log_of(1000).await;
    let mut ahead = ReadAhead::start(log, opener, Position(10), 7);
    let mut positions = Vec::new();
    while let Some(opened) = ahead.next().await {
        let opened = opened.unwrap();
        assert!(opened.events.len() <= 7);
        positions.extend(opened.events.iter().map(|event| event.position.0));
        assert_eq!(positions.last(), Some(&opened.end.0));
    }
    assert_eq!(positions, (11..=1000).collect::<Vec<u64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stops_waiting_loses_nothing() {
    let (_machine, log, opener) = log_of(300).await;
    let mut ahead = ReadAhead::start(log, opener, Position::START, 3);
    let mut positions = Vec::new();
    loop {
        match tokio::time::timeout(Duration::ZERO, ahead.next()).await {
            Err(_) => tokio::task::yield_now().await,
            Ok(None) => break,
            Ok(Some(opened)) => {
                positions.extend(opened.unwrap().events.iter().map(|e| e.position.0))
            }
        }
    }
    assert_eq!(positions, (1..=300).collect::<Vec<u64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_records_are_passed_over() {
    let (machine, log, opener) = log_of(50).await;
    machine.log.corrupt.lock().unwrap().extend([Position(1), Position(20), Position(50)]);
    let mut ahead = ReadAhead::start(log, opener, Position::START, 8);
    let (mut positions, mut end) = (Vec::new(), Position::START);
    while let Some(opened) = ahead.next().await {
        let opened = opened.unwrap();
        positions.extend(opened.events.iter().map(|event| event.position.0));
        end = opened.end;
    }
    let whole: Vec<u64> = (1..=50).filter(|at| ![1, 20, 50].contains(at)).collect();
    assert_eq!((positions, end), (whole, Position(50)));
}
