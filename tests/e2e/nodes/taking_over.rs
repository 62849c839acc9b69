//! One node tells people outside; another goes on when it dies.

use std::time::{Duration, Instant};

use annals_tests::{PATIENCE, Secrets, Setup, TestService, samples, wait_until};

use super::receiver::Receiver;
use super::server;
use crate::ANNALS;

/// From the death of the node that delivers to the first delivery of another.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);
/// A node that is stopped lays the lease down.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(8);

/// Which node delivers, once there is one.
pub(crate) async fn holder(nodes: &[TestService]) -> usize {
    wait_until("a node delivers", PATIENCE, async || {
        let mut holders = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let delivery = &node.readiness().await.1["delivery"];
            assert_eq!(delivery["takes_part"], true);
            holders.extend((delivery["holds_lease"] == true).then_some(index));
        }
        assert!(holders.len() < 2, "nodes {holders:?} deliver at the same time");
        holders.first().copied()
    })
    .await
}

#[tokio::test]
async fn another_node_delivers_within_fifteen_seconds_after_the_death_of_the_one_that_did() {
    let server = server();
    let receiver = Receiver::start().await;
    let dir = tempfile::tempdir().unwrap();
    let secrets = Secrets::make();
    let setup = receiver.told_by(Setup::node_of(&server.url(), &secrets), dir.path());
    let mut nodes = Vec::new();
    for _ in 0..2 {
        nodes.push(TestService::start_as(ANNALS, setup.clone()).await);
    }
    let first = holder(&nodes).await;
    tell(&nodes[first], &receiver, PATIENCE).await;

    nodes[first].kill9().await;
    let died = Instant::now();
    let heir = 1 - first;
    tell(&nodes[heir], &receiver, TAKEN_OVER_WITHIN).await;
    println!("delivered again {:?} after the death", died.elapsed());
    assert!(died.elapsed() <= TAKEN_OVER_WITHIN, "{:?}", died.elapsed());

    // A node that comes back waits its turn; one that is stopped makes way.
    nodes[first].restart().await;
    assert_eq!(holder(&nodes).await, heir);
    nodes[heir].terminate().await;
    let stopped = Instant::now();
    tell(&nodes[first], &receiver, HANDED_OVER_WITHIN).await;
    println!("delivered again {:?} after the stop", stopped.elapsed());
    nodes[heir].ended().await;

    let messages = receiver.messages();
    assert_eq!(messages.effects.len(), 3, "{messages:?}");
    assert!(messages.effects.values().all(|effects| *effects == 1), "{messages:?}");
}

/// Records something that a person is told of, and waits until they are.
async fn tell(node: &TestService, receiver: &Receiver, patience: Duration) {
    let writer = node.caller("shop", "acme", "writer").await;
    let event = samples::password_change("ann");
    writer.record(&event).await.expect(201);
    wait_until("the person is told", patience, async || receiver.knows(&event).then_some(())).await;
}
