//! Every wait ends, and nothing piles up, however long a fault lasts.

use std::sync::Arc;
use std::time::Duration;

use annals_eventstoredb_double::{
    AppendFault, Cluster, Event, Expected as OnServer, NewEvent, Options,
};
use annals_ports::contract::{fresh_tenant, item, record};
use annals_ports::{AppendError, AppendItem, EventLog, Expected};
use annals_store_eventstoredb::Settings;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::support::{Node, PATIENCE, RECOVERY, eventually, server, within};

fn impatient() -> Settings {
    Settings {
        append_patience: Duration::from_millis(600),
        attempt_patience: Duration::from_millis(200),
        ..Settings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_to_one_stream_do_not_add_up_their_patience() {
    let server = server();
    let node = Node::with(&server.url(), impatient()).await;
    server.faults().next_appends(100_000, AppendFault::Swallow);
    let tenant = fresh_tenant();
    let begun = Instant::now();
    let appends = (0..12).map(|id| node.log.append(vec![item(&tenant, "s", id, "x")]));
    for answers in join_all(appends).await {
        let unknown = |answer: &_| matches!(answer, Err(AppendError::Unknown { .. }));
        assert!(answers.is_err() || answers.unwrap().iter().all(unknown));
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_says_nothing_does_not_hold_an_append_up_beyond_its_patience() {
    let cluster = Cluster::start(3, Options::default());
    let node = Node::with(&cluster.url(), impatient()).await;
    let tenant = fresh_tenant();
    node.log.append(vec![item(&tenant, "s", 1, "x")]).await.unwrap().remove(0).unwrap();
    cluster.node(2).faults().stall();
    cluster.elect(2);
    let begun = Instant::now();
    let appends = (2..6).map(|id| node.log.append(vec![item(&tenant, "s", id, "x")]));
    join_all(appends).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_connections_but_no_appends_is_not_connected_to_all_the_time() {
    let server = server();
    let node = Node::on(&server.url()).await;
    node.log.caught_up().await;
    let before = server.counters().connections();
    server.faults().next_appends(100_000, AppendFault::BreakSession);
    let tenant = fresh_tenant();
    let appends =
        (0..40).map(|id| node.log.append(vec![item(&tenant, &format!("s{id}"), id, "x")]));
    let _ = tokio::time::timeout(Duration::from_secs(4), join_all(appends)).await;
    let made = server.counters().connections() - before;
    assert!(made < 12, "{made} connections were made within four seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_has_gone_silent_is_begun_again() {
    let server = server();
    let node = Node::on(&server.url()).await;
    node.log.caught_up().await;
    server.faults().stall_subscriptions();
    let tenant = fresh_tenant();
    node.log.append(vec![item(&tenant, "s", 1, "x")]).await.unwrap().remove(0).unwrap();
    within(PATIENCE, "another is begun", async || server.counters().subscriptions() >= 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_subscription_is_not_taken_for_one_that_has_caught_up() {
    let server = server();
    server.faults().stall_subscriptions();
    let node = Node::on(&server.url()).await;
    let caught_up = tokio::time::timeout(Duration::from_millis(2500), node.log.caught_up()).await;
    assert!(caught_up.is_err(), "it has not even been confirmed");
    assert!(node.log.health().catching_up);
    server.faults().resume_subscriptions();
    tokio::time::timeout(RECOVERY, node.log.caught_up()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_still_copying_does_not_wait_for_the_copy_to_tell_places() {
    let server = server();
    server.faults().stall_subscriptions();
    let node = Node::on(&server.url()).await;
    let tenant = fresh_tenant();
    let records: Vec<_> = (0..3).map(|id| record(&tenant, "s", id, "x")).collect();
    let several =
        AppendItem { stream: records[0].stream.clone(), expected: Expected::Any, records };
    let begun = Instant::now();
    let places = node.log.append(vec![several]).await.unwrap().remove(0).unwrap();
    let took = begun.elapsed();
    let stored: Vec<u64> = server
        .store()
        .stream(&format!("person-{tenant}.s"))
        .iter()
        .map(|event| event.position)
        .collect();
    assert_eq!(places.iter().map(|place| place.position.0).collect::<Vec<_>>(), stored);
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_somebody_copied_into_another_stream_takes_no_room() {
    let server = server();
    let settings = Settings { ahead_records_max: 1, ..Settings::default() };
    let node = Node::with(&server.url(), settings).await;
    let tenant = fresh_tenant();
    let one = item(&tenant, "one", 1, "x");
    node.log.append(vec![one.clone()]).await.unwrap().remove(0).unwrap();
    node.log.caught_up().await;
    eventually("it is copied", async || {
        let find =
            annals_ports::LogReader::find(&*node.log, &one.records[0].tenant, one.records[0].id);
        find.await.unwrap().is_some()
    })
    .await;
    let copied: Arc<Event> = server.store().stream(one.stream.as_str()).remove(0);
    let event = NewEvent { data: copied.data.clone(), ..NewEvent::json(&copied.event_type, "") };
    server.faults().stall_subscriptions();
    let other = AppendItem { expected: Expected::Empty, ..item(&tenant, "other", 2, "y") };
    server.store().append(other.stream.as_str(), OnServer::Any, vec![event]).await.unwrap();
    let answer = node.log.append(vec![other]).await.unwrap().remove(0);
    assert!(matches!(answer, Err(AppendError::WrongRevision { .. })), "{answer:?}");
    server.faults().resume_subscriptions();
    let third = item(&tenant, "third", 3, "z");
    node.log.append(vec![third]).await.unwrap().remove(0).unwrap();
}
