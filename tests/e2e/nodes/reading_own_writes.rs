//! Whoever gives the position of one node's receipt to another node sees what they wrote.

use std::time::{Duration, Instant};

use annals_tests::{Caller, PATIENCE, Secrets, samples, wait_until};
use serde_json::Value;

use super::{node, server};
use crate::{ids, text};

const ROUNDS: usize = 60;
/// `query.wait_ms_max` in config/limits.toml, less than what clocks may differ by.
const WAITS_AT_LEAST: Duration = Duration::from_millis(4900);

#[tokio::test]
async fn what_was_written_at_one_node_is_read_at_another_at_once() {
    let server = server();
    let secrets = Secrets::make();
    let nodes = [node(&server.url(), &secrets).await, node(&server.url(), &secrets).await];
    let mut callers = Vec::new();
    for node in &nodes {
        callers.push(node.caller("root", "acme", "admin").await);
    }
    for round in 0..ROUNDS {
        let (here, there) = (&callers[round % 2], &callers[(round + 1) % 2]);
        let event = samples::numbered("writer", round);
        let position = text(&here.record(&event).await.expect(201)["position"]);
        let found = read(there, &position, &event).await.expect(200);
        assert_eq!(ids(found["events"].as_array().unwrap()), [text(&event["id"])], "{round}");
    }
}

#[tokio::test]
async fn a_node_that_does_not_hear_of_it_in_time_says_so_and_has_it_later() {
    let server = server();
    let secrets = Secrets::make();
    let (first, second) =
        (node(&server.url(), &secrets).await, node(&server.url(), &secrets).await);
    let (here, there) =
        (first.caller("root", "acme", "admin").await, second.caller("root", "acme", "admin").await);
    server.faults().stall_subscriptions();
    let event = samples::login("ann");
    let position = text(&here.record(&event).await.expect(201)["position"]);
    let began = Instant::now();
    let late = read(&there, &position, &event).await;
    assert!(began.elapsed() >= WAITS_AT_LEAST, "{:?}: {}", began.elapsed(), late.text);
    assert!(late.headers.contains_key("retry-after"), "{:?}", late.headers);
    let problem = late.expect(503);
    assert_eq!(problem["code"], "UNAVAILABLE");
    assert!(problem.to_string().contains("`min_position` is not visible yet"), "{problem}");

    server.faults().resume_subscriptions();
    wait_until("the other node has it", PATIENCE, async || {
        let found = read(&there, &position, &event).await;
        (found.status == 200).then(|| assert_eq!(found.json()["events"][0]["id"], event["id"]))
    })
    .await;
}

async fn read(there: &Caller, position: &str, event: &Value) -> annals_tests::Answer {
    let query = format!("id:{}", text(&event["id"]));
    there.list(&[("min_position", position), ("q", &query)]).await
}
