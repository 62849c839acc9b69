//! The contracts that the embedded store keeps, kept on a server.

use std::sync::Arc;

use annals_eventstoredb_double::{Cluster, Options};
use annals_ports::{EventLog, KeyStore, SharedRegisters, contract};
use annals_store_eventstoredb::{Address, Sandbox, Settings};

use super::support::{Node, server};

/// Names a real server that the contracts shall run against as well.
const REAL_SERVER: &str = "ANNALS_TEST_EVENTSTORE_URL";

async fn keeps_all_contracts(url: &str, settings: Settings) {
    let node = Node::with(url, settings.clone()).await;
    let second = Node::with(url, settings.clone()).await;
    let log: Arc<dyn EventLog> = node.log.clone();
    contract::event_log::run(Arc::clone(&log)).await;
    contract::nodes::run(log, second.log.clone()).await;
    let keys: Arc<dyn KeyStore> = Arc::new(node.log.keys());
    contract::key_store::run(keys).await;
    let registers: Arc<dyn SharedRegisters> = Arc::new(node.log.registers());
    contract::registers::run(registers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_server_keeps_the_contracts() {
    let server = server();
    keeps_all_contracts(&server.url(), Settings::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_keeps_the_contracts() {
    let cluster = Cluster::start(3, Options::default());
    cluster.elect(1);
    keeps_all_contracts(&cluster.url(), Settings::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_appends_and_sessions_keep_the_contracts() {
    let server = server();
    let settings = Settings {
        append_records_max: 2,
        in_flight_appends_max: 3,
        copy_batch_max: 3,
        copy_queue_max: 2,
        ahead_records_max: 5,
        namespace: "small.".into(),
        ..Settings::default()
    };
    keeps_all_contracts(&server.url(), settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_keeps_the_contracts_when_one_is_named() {
    let Ok(url) = std::env::var(REAL_SERVER) else { return };
    let sandbox = Sandbox::open(&Address::parse(&url).unwrap()).await.unwrap();
    let settings = Settings { namespace: sandbox.namespace().into(), ..Settings::default() };
    keeps_all_contracts(&url, settings).await;
    sandbox.clean_up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reopening_keeps_everything() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    contract::event_log::reopening_keeps_everything(async || {
        let log = super::support::open(&server.url(), &dir, Settings::default()).await.unwrap();
        log.caught_up().await;
        Arc::new(log) as Arc<dyn EventLog>
    })
    .await;
    let node = Node::on(&server.url()).await;
    contract::key_store::reopening_keeps_everything(async || {
        Box::new(node.log.keys()) as Box<dyn KeyStore>
    })
    .await;
    contract::registers::reopening_keeps_everything(async || {
        Arc::new(node.log.registers()) as Arc<dyn SharedRegisters>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_leaves_no_stream_behind() {
    let server = server();
    let sandbox = Sandbox::open(&Address::parse(&server.url()).unwrap()).await.unwrap();
    assert_eq!(sandbox.foreign_stream().await.unwrap(), None);
    let settings = Settings { namespace: sandbox.namespace().into(), ..Settings::default() };
    let node = Node::with(&server.url(), settings).await;
    let registers: Arc<dyn SharedRegisters> = Arc::new(node.log.registers());
    contract::registers::run(registers).await;
    drop(node);
    assert!(sandbox.clean_up().await.unwrap() > 3);
    sandbox.clean_up().await.unwrap();
    for event in server.store().events() {
        // A deleted stream has metadata that hides all its events.
        let metadata = server.store().stream(&format!("$${}", event.stream));
        assert!(event.stream.starts_with('$') || !metadata.is_empty(), "{} is left", event.stream);
    }
}
