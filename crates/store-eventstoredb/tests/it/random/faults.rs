//! Faults at random times.

use std::time::Duration;

use annals_eventstoredb_double::{AppendFault, Cluster, Refusal, Server, SubscriptionEnd};
use tokio::time::Instant;

use super::{Random, World};

/// A server that things go wrong with.
pub(super) struct Target<'a> {
    pub(super) server: &'a Server,
    pub(super) number: usize,
}

fn append_fault(random: &mut Random) -> AppendFault {
    let refusal = match random.below(3) {
        0 => Refusal::Timeout,
        1 => Refusal::Aborted,
        _ => Refusal::Unavailable("on command".into()),
    };
    match random.below(8) {
        0 => AppendFault::Refuse(refusal),
        1 => AppendFault::CommitThenFail(refusal),
        2 => AppendFault::CommitSilently,
        3 => AppendFault::Swallow,
        4 => AppendFault::AnswerLate,
        5 => AppendFault::AnswerTwice,
        6 => AppendFault::AnswerStrayFirst,
        _ => AppendFault::BreakSession,
    }
}

fn subscription_end(random: &mut Random) -> SubscriptionEnd {
    match random.below(3) {
        0 => SubscriptionEnd::Ok,
        1 => SubscriptionEnd::Unavailable,
        _ => SubscriptionEnd::Aborted,
    }
}

async fn a_while(random: &mut Random, millis: u64) {
    tokio::time::sleep(Duration::from_millis(random.below(millis))).await;
}

/// Makes faults until a deadline.
pub(super) async fn make(
    world: &World,
    targets: &[Target<'_>],
    cluster: Option<&Cluster>,
    random: &mut Random,
    deadline: Instant,
) {
    while Instant::now() < deadline {
        a_while(random, 250).await;
        let target = &targets[random.below(targets.len() as u64) as usize];
        let faults = target.server.faults();
        match random.below(100) {
            0..50 => {
                let count = 1 + random.below(4) as usize;
                faults.next_appends(count, append_fault(random));
            }
            50..60 => faults.release_late_answers(),
            60..67 => faults.end_subscriptions(subscription_end(random)),
            67..72 => faults.end_next_subscriptions(1, subscription_end(random)),
            72..77 => {
                faults.stall_subscriptions();
                a_while(random, 800).await;
                faults.resume_subscriptions();
            }
            77..80 => {
                faults.slow_subscriptions(Duration::from_millis(3));
                a_while(random, 500).await;
                faults.slow_subscriptions(Duration::ZERO);
            }
            80..84 => {
                faults.stall();
                a_while(random, 1_200).await;
                faults.resume();
            }
            84..88 => world.restart(0).await,
            88..94 => {
                target.server.stop();
                a_while(random, 1_000).await;
                target.server.resume();
            }
            _ => match cluster {
                None => target.server.restart().await,
                Some(cluster) if random.percent(60) => cluster.elect(target.number),
                Some(cluster) => {
                    cluster.depose();
                    a_while(random, 800).await;
                    cluster.elect(target.number);
                }
            },
        }
    }
}

/// Everything is well again.
pub(super) fn end_all(targets: &[Target<'_>], cluster: Option<&Cluster>) {
    for target in targets {
        target.server.resume();
        let faults = target.server.faults();
        faults.resume();
        faults.resume_subscriptions();
        faults.slow_subscriptions(Duration::ZERO);
        faults.release_late_answers();
    }
    if let Some(cluster) = cluster
        && cluster.leader().is_none()
    {
        cluster.elect(0);
    }
}
