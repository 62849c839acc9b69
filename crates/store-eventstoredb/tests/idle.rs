//! A connection on which nothing happens costs no processor time, also after a subscription was ended in
//! order, which lets the client library spin. In a process of its own, since that of others counts.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails a test")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_eventstoredb_double::{Options, Server, SubscriptionEnd};
use annals_store_eventstoredb::{Address, EventStoreLog, Settings};
use annals_store_sqlite::SqliteReplica;

/// How long is looked, and how much of it may be used. A spinning thread would use all.
const LOOKED_AT: Duration = Duration::from_secs(3);
const USED_MAX: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_costs_no_processor_time() {
    let server = Server::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let replica = Arc::new(SqliteReplica::open(dir.path()).unwrap());
    let address = Address::parse(&server.url()).unwrap();
    let marks = annals_record::MarkKey::new(&[7; 32]);
    let log = EventStoreLog::open(address, Settings::default(), replica, "k".into(), marks)
        .await
        .unwrap();
    log.caught_up().await;
    server.faults().end_next_subscriptions(2, SubscriptionEnd::Ok);
    server.faults().end_subscriptions(SubscriptionEnd::Ok);
    let deadline = Instant::now() + PATIENCE;
    while server.counters().subscriptions() < 4 || server.counters().open_subscriptions() != 1 {
        assert!(Instant::now() < deadline, "the subscription is begun again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let before = processor_time();
    // What is looked at is what happens while nothing happens.
    tokio::time::sleep(LOOKED_AT).await;
    let used = processor_time() - before;
    assert!(used < USED_MAX, "{used:?} of {LOOKED_AT:?} were used");
}

/// User and system time of this process so far, in steps of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u64>().unwrap();
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}
