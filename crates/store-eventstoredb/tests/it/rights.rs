//! The rights that setup writes, and what they keep whom from.

use annals_eventstoredb_double::{Options, Server, User};
use annals_ports::KeyStore;
use annals_record::{KeyId, WrappedKey};
use annals_store_eventstoredb::rights::{self, Rights, Users};
use annals_store_eventstoredb::{Address, EventStoreLog, Settings};
use annals_store_sqlite::SqliteReplica;

use super::support::{Acked, KEY_CHECK, Load, nothing_is_lost_or_doubled};
use super::support::{Node, marks, open};

fn guarded() -> Server {
    let users = vec![
        User::admin("admin", "changeit"),
        User::new("annals", "writes"),
        User::new("annals-keeper", "keeps"),
        User::new("other", "curious"),
    ];
    Server::start(Options { users, ..Options::default() })
}

fn url_of(server: &Server, user: &str) -> String {
    server.url().replace("esdb://", &format!("esdb://{user}@"))
}

async fn set_up(server: &Server) {
    let admin = Address::parse(&url_of(server, "admin:changeit")).unwrap();
    let users = Users { writer: "annals".into(), keeper: Some("annals-keeper".into()) };
    rights::setup(&admin, &users).await.unwrap();
    rights::setup(&admin, &users).await.unwrap();
    assert_eq!(
        server.store().stream("$settings").len(),
        1,
        "what is set up already is not written again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_wide_before_and_narrow_after_the_setup() {
    let server = guarded();
    let admin = Address::parse(&url_of(&server, "admin:changeit")).unwrap();
    assert!(matches!(rights::look(&admin).await.unwrap(), Rights::Wide { .. }));
    set_up(&server).await;
    let narrow = Rights::Narrow { writers: vec!["annals".into()] };
    assert_eq!(rights::look(&admin).await.unwrap(), narrow);
    let writer = Address::parse(&url_of(&server, "annals:writes")).unwrap();
    assert_eq!(rights::look(&writer).await.unwrap(), Rights::Hidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_appends_and_others_cannot_even_read() {
    let server = guarded();
    set_up(&server).await;
    let node = Node::on(&url_of(&server, "annals:writes")).await;
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 50, &mut acked).await;
    nothing_is_lost_or_doubled(&node, &load, &acked).await;
    let dir = tempfile::tempdir().unwrap();
    let other = open(&url_of(&server, "other:curious"), &dir, Settings::default()).await;
    assert!(other.is_err_and(|refusal| refusal.to_string().contains("setup")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keeper_takes_destroyed_keys_out_and_the_writer_cannot() {
    let server = guarded();
    set_up(&server).await;
    let tenant = annals_domain::TenantId::new("acme").unwrap();
    let (id, key) = (KeyId([1; 20]), WrappedKey(vec![7; 60]));
    let writer = Node::on(&url_of(&server, "annals:writes")).await;
    let keys = writer.log.keys();
    keys.put_person_keys(&tenant, vec![(id, key)]).await.unwrap();
    let refused = keys.destroy_person_key(&tenant, &id).await.unwrap_err();
    assert!(format!("{:?}", refused.source).contains("Denied"), "{refused:?}");
    assert_eq!(keys.person_keys(&tenant, &[id]).await.unwrap(), [None], "it is out of reach");

    let dir = tempfile::tempdir().unwrap();
    let address = Address::parse(&url_of(&server, "annals:writes")).unwrap();
    let address = address.with_keeper("annals-keeper", "keeps");
    let replica = std::sync::Arc::new(SqliteReplica::open(dir.path()).unwrap());
    let log = EventStoreLog::open(address, Settings::default(), replica, KEY_CHECK.into(), marks());
    let keys = log.await.unwrap().keys();
    assert!(!keys.destroy_person_key(&tenant, &id).await.unwrap(), "it was destroyed before");
    let stream = format!("annals-key-acme.{}", id.as_text());
    assert_eq!(&*server.store().stream(&stream).last().unwrap().event_type, "annals.key.destroyed");
    let metadata = server.store().stream(&format!("$${stream}"));
    assert_eq!(metadata.len(), 1);
    assert_eq!(
        metadata[0].data,
        br#"{"$maxCount":1}"#.as_slice(),
        "the key goes with the next scavenge"
    );
}
