//! Each fault survived: nothing that was acked is lost, nothing is stored twice, and the log takes
//! records again within five seconds after the fault has ended.

use std::time::Duration;

use annals_eventstoredb_double::{
    AppendFault, Cluster, Options, Refusal as Fault, Server, SubscriptionEnd,
};
use annals_ports::{EventLog, LogError, LogReader};
use annals_store_eventstoredb::Settings;
use tokio::time::Instant;

use super::support::{
    Acked, Load, Node, RECOVERY, eventually, nothing_is_lost_or_doubled, open, server, within,
};

/// Sends before, during and after a fault, and checks the outcome.
async fn survives(node: &Node, begin: impl AsyncFnOnce(), end: impl AsyncFnOnce()) {
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 50, &mut acked).await;
    begin().await;
    let mut during = Acked::default();
    let sending = load.send(&*node.log, 50, &mut during);
    let ending = async {
        end().await;
        Instant::now()
    };
    let ((), ended) = tokio::join!(sending, ending);
    load.send(&*node.log, 50, &mut acked).await;
    let took = ended.elapsed();
    assert!(took < RECOVERY, "records were taken again only after {took:?}");
    acked.0.extend(during.0);
    nothing_is_lost_or_doubled(node, &load, &acked).await;
}

async fn survives_append_fault(fault: AppendFault, count: usize) {
    let server = server();
    let node = Node::on(&server.url()).await;
    survives(
        &node,
        async || server.faults().next_appends(count, fault),
        async || {
            eventually("the faults were met", async || server.faults().appends_left() == 0).await
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_times_out_after_it_was_stored() {
    survives_append_fault(AppendFault::CommitThenFail(Fault::Timeout), 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_times_out_and_was_not_stored() {
    survives_append_fault(AppendFault::Refuse(Fault::Timeout), 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_was_stored_and_is_never_answered() {
    survives_append_fault(AppendFault::CommitSilently, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_swallowed() {
    survives_append_fault(AppendFault::Swallow, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_twice() {
    survives_append_fault(AppendFault::AnswerTwice, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_question_that_nobody_asked() {
    survives_append_fault(AppendFault::AnswerStrayFirst, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_breaks() {
    survives_append_fault(AppendFault::BreakSession, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_late_and_overtaken() {
    let server = server();
    let node = Node::on(&server.url()).await;
    survives(
        &node,
        async || server.faults().next_appends(5, AppendFault::AnswerLate),
        async || {
            eventually("they were met", async || server.faults().appends_left() == 0).await;
            server.faults().release_late_answers();
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts() {
    let server = server();
    let node = Node::on(&server.url()).await;
    survives(&node, async || server.stop(), async || server.resume()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_for_long() {
    let server = server();
    let node = Node::on(&server.url()).await;
    survives(
        &node,
        async || server.stop(),
        async || {
            eventually("it is said that there is none", async || {
                node.log.health().trouble.is_some()
            })
            .await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            server.resume();
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stalls() {
    let server = server();
    let node = Node::on(&server.url()).await;
    survives(
        &node,
        async || server.faults().stall(),
        async || {
            tokio::time::sleep(Duration::from_secs(2)).await;
            server.faults().resume();
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_dies() {
    let cluster = Cluster::start(3, Options::default());
    cluster.elect(0);
    let node = Node::on(&cluster.url()).await;
    survives(&node, async || cluster.kill(0), async || {}).await;
    cluster.revive(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_becomes_a_follower() {
    let cluster = Cluster::start(3, Options::default());
    cluster.elect(0);
    let node = Node::on(&cluster.url()).await;
    survives(&node, async || cluster.elect(2), async || {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_a_leader_for_a_while() {
    let cluster = Cluster::start(3, Options::default());
    cluster.elect(0);
    let node = Node::on(&cluster.url()).await;
    survives(
        &node,
        async || cluster.depose(),
        async || {
            tokio::time::sleep(Duration::from_secs(2)).await;
            cluster.elect(1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_ends_in_order_neither_spins_nor_stops() {
    let server = server();
    let node = Node::on(&server.url()).await;
    node.log.caught_up().await;
    survives(
        &node,
        async || {
            server.faults().end_next_subscriptions(3, SubscriptionEnd::Ok);
            server.faults().end_subscriptions(SubscriptionEnd::Ok);
        },
        async || {
            eventually("it is begun again", async || server.counters().subscriptions() >= 5).await;
        },
    )
    .await;
    let cpu = cpu_of_this_process();
    let waited = Duration::from_secs(2);
    tokio::time::sleep(waited).await;
    let used = cpu_of_this_process() - cpu;
    // Other tests of this process may run beside this one; a spinning thread uses all of the time.
    eprintln!("used {used:?} of {waited:?}");
    assert_eq!(server.counters().open_subscriptions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_aborted() {
    let server = server();
    let node = Node::on(&server.url()).await;
    survives(
        &node,
        async || server.faults().end_subscriptions(SubscriptionEnd::Aborted),
        async || {},
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_falls_behind_holds_nothing_up_but_the_copy() {
    let server = server();
    let node = Node::on(&server.url()).await;
    node.log.caught_up().await;
    server.faults().slow_subscriptions(Duration::from_millis(5));
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 200, &mut acked).await;
    server.faults().slow_subscriptions(Duration::ZERO);
    nothing_is_lost_or_doubled(&node, &load, &acked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_wait_when_the_copy_is_too_far_behind() {
    let server = server();
    let settings = Settings {
        ahead_records_max: 10,
        append_patience: Duration::from_millis(500),
        ..Settings::default()
    };
    let node = Node::with(&server.url(), settings).await;
    server.faults().stall_subscriptions();
    let (mut load, mut acked) = (Load::new(), Acked::default());
    for _ in 0..10 {
        let filling = load.send(&*node.log, 1, &mut acked);
        tokio::time::timeout(RECOVERY, filling).await.expect("there is room yet");
    }
    let one_more = annals_ports::contract::item(&load.tenant, "s", 1_000_000, "x");
    let refused = node.log.append(vec![one_more]).await;
    assert!(matches!(refused, Err(LogError::Unavailable { .. })), "{refused:?}");
    server.faults().resume_subscriptions();
    load.send(&*node.log, 10, &mut acked).await;
    nothing_is_lost_or_doubled(&node, &load, &acked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_at_the_start() {
    let server = Server::start(Options { listening: false, ..Options::default() });
    let node = Node::on(&server.url()).await;
    assert!(node.log.health().trouble.is_some());
    let item = annals_ports::contract::item("acme", "s", 1, "x");
    let begun = Instant::now();
    let refused = node.log.append(vec![item.clone()]).await;
    assert!(matches!(refused, Err(LogError::Unavailable { .. })), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "the caller is told in time");
    server.resume();
    within(RECOVERY, "it works", async || node.log.health().trouble.is_none()).await;
    node.log.append(vec![item]).await.unwrap().remove(0).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_is_read_while_the_server_is_away() {
    let server = server();
    let node = Node::on(&server.url()).await;
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 30, &mut acked).await;
    node.log.head().await.unwrap();
    server.stop();
    nothing_is_lost_or_doubled(&node, &load, &acked).await;
    let Node { log, dir } = node;
    drop(log);
    let log = open(&server.url(), &dir, Settings::default()).await.unwrap();
    assert_eq!(log.read_all(Default::default(), 100).await.unwrap().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_between_storing_and_hearing_of_it_stores_nothing_twice() {
    let server = server();
    let node = Node::on(&server.url()).await;
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 20, &mut acked).await;
    server.faults().next_appends(1, AppendFault::CommitSilently);
    let sent = annals_ports::contract::item(&load.tenant, "lost", 1_000_000, "x");
    let appending =
        tokio::time::timeout(Duration::from_millis(300), node.log.append(vec![sent.clone()]));
    assert!(appending.await.is_err(), "nobody answers");
    let node = node.restarted(&server.url()).await;
    let place = node.log.append(vec![sent.clone()]).await.unwrap().remove(0).unwrap()[0];
    assert_eq!(place.revision.0, 0, "it is the same append");
    let all = server.store().stream(sent.stream.as_str());
    assert_eq!(all.len(), 1);
}

/// User and system time of this process so far.
fn cpu_of_this_process() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit_once(')').map_or(Vec::new(), |(_, rest)| rest.split_whitespace().collect());
    let ticks = |index: usize| fields.get(index).and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}
