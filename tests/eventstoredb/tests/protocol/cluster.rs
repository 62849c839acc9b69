//! Leaders, followers, and what clients are told.

use annals_eventstoredb_double::{Cluster, Options};
use eventstore::{Error, ExpectedRevision};

use crate::{client, event, expecting, soon};

#[tokio::test]
async fn a_follower_sends_writers_to_the_leader() {
    let cluster = Cluster::start(3, Options::default());
    let client = client(&cluster.url());
    let any = expecting(ExpectedRevision::Any);
    soon(client.append_to_stream("s", &any, event(1))).await.unwrap();
    assert_eq!(cluster.node(0).counters().appends(), 1, "gossip named the leader");
    cluster.elect(2);
    let error = soon(client.append_to_stream("s", &any, event(2))).await.unwrap_err();
    let Error::NotLeaderException(leader) = error else { panic!("{error}") };
    assert_eq!(leader.port, u32::from(cluster.node(2).address().port()));
    soon(client.append_to_stream("s", &any, event(2))).await.unwrap();
    assert_eq!(cluster.node(2).counters().appends(), 1);
    cluster.depose();
    let error = soon(client.append_to_stream("s", &any, event(3))).await.unwrap_err();
    assert!(matches!(error, Error::ServerError(_)), "{error}");
    assert_eq!(cluster.store().len(), 2);
}

#[tokio::test]
async fn another_leads_when_the_leader_dies() {
    let cluster = Cluster::start(3, Options::default());
    let any = expecting(ExpectedRevision::Any);
    let old = client(&cluster.url());
    soon(old.append_to_stream("s", &any, event(1))).await.unwrap();
    cluster.kill(0);
    assert_eq!(cluster.leader(), Some(1));
    soon(old.append_to_stream("s", &any, event(2))).await.unwrap_err();
    let new = client(&cluster.url());
    soon(new.append_to_stream("s", &any, event(2))).await.unwrap();
    cluster.revive(0);
    assert_eq!(cluster.leader(), Some(1), "who comes back follows");
    assert_eq!(cluster.node(0).store().len(), 2);
}
