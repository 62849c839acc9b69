//! Servers that Annals does not work with, each said in a sentence.

use annals_eventstoredb_double::{Expected, NewEvent, Options, Server, User};
use annals_store_eventstoredb::{Refusal, Settings};

use super::support::{Acked, Load, Node, RECOVERY, open, server, within};

async fn refusal(url: &str) -> Refusal {
    let dir = tempfile::tempdir().unwrap();
    match open(url, &dir, Settings::default()).await {
        Ok(_) => panic!("the server was accepted"),
        Err(refusal) => refusal,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_refused() {
    let users = vec![User::admin("admin", "changeit")];
    let server = Server::start(Options { users, ..Options::default() });
    for credentials in ["admin:wrong@", "nobody:changeit@", ""] {
        let url = server.url().replace("esdb://", &format!("esdb://{credentials}"));
        let refusal = refusal(&url).await;
        assert!(matches!(refusal, Refusal::Credentials { .. }), "{credentials}: {refusal}");
        assert!(!refusal.to_string().contains("wrong@"), "{refusal}");
    }
    let url = server.url().replace("esdb://", "esdb://admin:change%69t@");
    Node::on(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_batch_append_is_too_old() {
    let options = Options { version: "20.10.4".into(), batch_append: false, ..Options::default() };
    let server = Server::start(options);
    assert!(matches!(refusal(&server.url()).await, Refusal::TooOld { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_told_in_many_ways() {
    for version in ["21.10.0", "23.10.7.0", "24.10.0-nightly", "26.1.0"] {
        let server = Server::start(Options { version: version.into(), ..Options::default() });
        Node::on(&server.url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_to_a_server_without_it_is_no_panic() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    let url = server.url().replace("tls=false", "tls=true&maxDiscoverAttempts=1");
    // It may be a proxy that is not up yet: the service starts, and says what it meets.
    let log = open(&url, &dir, Settings::default()).await.unwrap();
    let trouble = annals_ports::EventLog::health(&log).trouble.unwrap();
    assert!(trouble.contains("cannot be reached"), "{trouble}");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_somebody_else_under_our_names_are_refused() {
    let server = server();
    let event = NewEvent::json("created", "{}");
    server.store().append("person-acme.x", Expected::Any, vec![event]).await.unwrap();
    let refusal = refusal(&server.url()).await;
    assert!(matches!(refusal, Refusal::Foreign { .. }), "{refusal}");
    assert!(refusal.to_string().contains("person-acme.x"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_streams_of_somebody_else_are_no_matter() {
    let server = server();
    let event = NewEvent::json("created", "{}");
    server.store().append("orders-1", Expected::Any, vec![event]).await.unwrap();
    Node::on(&server.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_begun_under_another_master_key_is_refused() {
    let server = server();
    let mark = NewEvent::json("annals.installation.begun", r#"{"version":1,"key_check":"other"}"#);
    let stream = "annals-installation";
    server.store().append(stream, Expected::NoStream, vec![mark]).await.unwrap();
    assert!(matches!(refusal(&server.url()).await, Refusal::MasterKey { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_restored_from_an_older_backup_is_refused() {
    let server = server();
    let node = Node::on(&server.url()).await;
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 20, &mut acked).await;
    node.log.caught_up().await;
    let middle = acked.0.iter().map(|(_, place)| place.position.0).min().unwrap();
    let Node { log, dir } = node;
    let copied = annals_ports::LogReader::head(&*log).await.unwrap();
    drop(log);
    assert!(copied.0 > middle);
    server.stop();
    server.store().truncate_after(middle).unwrap();
    server.resume();
    match open(&server.url(), &dir, Settings::default()).await {
        Err(refusal @ Refusal::OtherLog { .. }) => {
            assert!(refusal.to_string().contains("annals rebuild"), "{refusal}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("events would be passed over"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_log_of_the_same_length_is_refused() {
    let one = server();
    let node = Node::on(&one.url()).await;
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 20, &mut acked).await;
    node.log.caught_up().await;
    let Node { log, dir } = node;
    drop(log);
    let other = server();
    let event = || NewEvent::json("filler", format!(r#"{{"text":"{}"}}"#, "x".repeat(4000)));
    for _ in 0..20 {
        other.store().append("orders-1", Expected::Any, vec![event()]).await.unwrap();
    }
    match open(&other.url(), &dir, Settings::default()).await {
        Err(Refusal::OtherLog { .. }) => {}
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it is another log"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_restored_while_a_node_runs_is_not_followed_on() {
    let server = server();
    let node = Node::on(&server.url()).await;
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 20, &mut acked).await;
    node.log.caught_up().await;
    let copied = annals_ports::LogReader::head(&*node.log).await.unwrap();
    let middle = acked.0.iter().map(|(_, place)| place.position.0).min().unwrap();
    server.stop();
    server.store().truncate_after(middle).unwrap();
    server.resume();
    let trouble = async || annals_ports::EventLog::health(&*node.log).trouble.unwrap_or_default();
    within(RECOVERY, "it is said", async || trouble().await.contains("annals rebuild")).await;
    let another = annals_ports::contract::item(&load.tenant, "another", 1_000_000, "x");
    let refused = annals_ports::EventLog::append(&*node.log, vec![another]).await;
    assert!(refused.is_err(), "{refused:?}");
    let still = annals_ports::LogReader::head(&*node.log).await.unwrap();
    assert_eq!(still, copied, "nothing is copied from it");
}
