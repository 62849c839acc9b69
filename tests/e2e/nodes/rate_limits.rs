//! Two nodes count together in one Redis, and each for itself when it is gone.

use std::time::Instant;

use annals_tests::{Caller, Redis, Secrets, Setup, TestService, samples};

use super::server;
use crate::ANNALS;

const BURST: usize = 12;
const PER_SECOND: usize = 1;

#[tokio::test]
async fn two_nodes_share_one_quota_as_long_as_redis_is_there() {
    let server = server();
    let mut redis = Redis::start().await;
    let setup = Setup::node_of(&server.url(), &Secrets::make())
        .with("ANNALS_REDIS__URL", &redis.url())
        .with("ANNALS_REDIS__TIMEOUT_MS", "1000")
        .with("ANNALS_RATE_LIMITS__REQUESTS_PER_SECOND", &PER_SECOND.to_string())
        .with("ANNALS_RATE_LIMITS__REQUESTS_BURST", &BURST.to_string());
    let mut nodes = Vec::new();
    for _ in 0..2 {
        nodes.push(TestService::start_as(ANNALS, setup.clone()).await);
    }
    let (taken, refilled) = ask(&callers(&nodes, "shop").await).await;
    assert!((BURST..=BURST + refilled).contains(&taken), "{taken}, {refilled} of them refilled");
    // Somebody else has a quota of their own.
    let (taken, refilled) = ask(&callers(&nodes, "office").await).await;
    assert!((BURST..=BURST + refilled).contains(&taken), "{taken}, {refilled} of them refilled");

    redis.kill().await;
    let (taken, refilled) = ask(&callers(&nodes, "cellar").await).await;
    let alone = 2 * BURST..=2 * (BURST + refilled);
    assert!(alone.contains(&taken), "{taken}, {refilled} of them refilled");
}

async fn callers(nodes: &[TestService], who: &str) -> [Caller; 2] {
    [nodes[0].caller(who, "acme", "writer").await, nodes[1].caller(who, "acme", "writer").await]
}

/// Asks both nodes in turn, more often than both together may let through. Tells how often it was let, and
/// how many requests may have come back to the quota meanwhile.
async fn ask(callers: &[Caller; 2]) -> (usize, usize) {
    let began = Instant::now();
    let mut taken = 0;
    for n in 0..3 * BURST {
        let answer = callers[n % 2].record(&samples::numbered("quota", n)).await;
        match answer.status {
            201 => taken += 1,
            _ => {
                assert_eq!(answer.expect(429)["code"], "RATE_LIMITED");
                assert!(answer.headers.contains_key("retry-after"));
            }
        }
    }
    (taken, usize::try_from(began.elapsed().as_secs()).unwrap() * PER_SECOND + 1)
}
