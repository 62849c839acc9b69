//! Delivery passes from node to node: exactly one at a time, nothing lost, little repeated.

use std::time::Duration;

use annals_domain::Position;
use tokio::time::Instant;

use super::machine::tenant;
use super::nodes::{Answers, Nodes, change_passwords, wait_until, wait_until_held};
use crate::System;

/// The time within which another node takes over from one that died.
const TAKE_OVER: Duration = Duration::from_secs(15);

fn holders(systems: &[&System]) -> usize {
    systems.iter().filter(|system| system.delivery.holds_lease()).count()
}

#[tokio::test(start_paused = true)]
async fn of_three_nodes_one_delivers_what_any_of_them_records() {
    let nodes = Nodes::new();
    let (one, two, three) =
        (nodes.start("one").await, nodes.start("two").await, nodes.start("three").await);
    wait_until("one of them holds the lease", async || holders(&[&one, &two, &three]) == 1).await;
    for (round, system) in [&one, &two, &three].into_iter().enumerate() {
        let first = round as u64 * 10;
        change_passwords(system, first..first + 10).await;
    }
    nodes.wait_for_deliveries(0..30).await;
    let begun = Instant::now();
    // For a whole minute nobody else begins.
    wait_until("a minute passes", async || {
        assert_eq!(holders(&[&one, &two, &three]), 1);
        begun.elapsed() > Duration::from_secs(60)
    })
    .await;
    assert!(nodes.delivered().values().all(|times| *times == 1));
    let taken = nodes.channel.taken().borrow().clone();
    assert_eq!((taken.len(), taken[0].title.as_str()), (30, "Password changed"));
    assert_eq!(taken[0].tenant, tenant());
    for person in 0..5 {
        let of_person = taken.iter().filter(|delivery| delivery.recipient == format!("p{person}"));
        let positions: Vec<Position> = of_person.map(|delivery| delivery.position).collect();
        assert!(positions.is_sorted() && positions.len() == 6, "{positions:?}");
    }
    for system in [one, two, three] {
        system.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_node_that_delivers_is_killed_another_goes_on_where_it_was() {
    let nodes = Nodes::new();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    let two = nodes.start("two").await;
    change_passwords(&one, 0..10).await;
    nodes.wait_for_deliveries(0..10).await;
    nodes.wait_until_settled().await;
    // These are delivered, but the progress is not written any more; and these are under way.
    change_passwords(&one, 10..15).await;
    nodes.wait_for_deliveries(10..15).await;
    nodes.channel.hold(true);
    change_passwords(&two, 15..20).await;
    nodes.wait_for_attempts(20).await;
    one.kill().await;
    nodes.channel.hold(false);
    let died = Instant::now();
    change_passwords(&two, 20..25).await;
    nodes.wait_for_deliveries(0..25).await;
    assert!(died.elapsed() <= TAKE_OVER, "it took {:?}", died.elapsed());
    assert!(two.delivery.holds_lease());
    assert_eq!(nodes.register("lease-delivery").await["epoch"], 2);
    for (number, times) in nodes.delivered() {
        let expected = if (10..15).contains(&number) { 2 } else { 1 };
        assert_eq!(times, expected, "event {number}: only what was not written down is repeated");
    }
    two.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_when_a_node_died_is_delivered_by_the_next() {
    let nodes = Nodes::new();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    let two = nodes.start("two").await;
    nodes.channel.hold(true);
    change_passwords(&one, 0..5).await;
    nodes.wait_for_attempts(5).await;
    // It has time enough to write down what is not done.
    wait_until("the lease is renewed", async || {
        nodes.register("lease-delivery").await["beat"].as_u64() >= Some(2)
    })
    .await;
    one.kill().await;
    nodes.channel.hold(false);
    nodes.wait_for_deliveries(0..5).await;
    two.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_stopped_hands_over_at_once_and_nothing_is_repeated() {
    let nodes = Nodes::new();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    let two = nodes.start("two").await;
    let newest = change_passwords(&one, 0..20).await;
    nodes.wait_for_deliveries(0..20).await;
    one.stop().await;
    let stopped = Instant::now();
    assert_eq!(nodes.register("lease-delivery").await["released"], true);
    assert!(nodes.progress().await >= Some(newest));
    wait_until_held(&two).await;
    assert!(stopped.elapsed() <= Duration::from_millis(1100), "{:?}", stopped.elapsed());
    change_passwords(&two, 20..25).await;
    nodes.wait_for_deliveries(0..25).await;
    assert!(nodes.delivered().values().all(|times| *times == 1));
    two.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_cut_off_from_the_registers_stops_before_another_begins() {
    for answers in [Answers::WithErrors, Answers::Never] {
        stops_before_another_begins(answers).await;
    }
}

async fn stops_before_another_begins(answers: Answers) {
    let nodes = Nodes::new();
    let (one, registers) = nodes.start_with_cut("one").await;
    wait_until_held(&one).await;
    let two = nodes.start("two").await;
    change_passwords(&one, 0..10).await;
    nodes.wait_for_deliveries(0..10).await;
    // What is under way when the lease runs out ends there: it is not delivered by both.
    nodes.channel.hold(true);
    change_passwords(&one, 10..15).await;
    nodes.wait_for_attempts(15).await;
    registers.send_replace(answers);
    let cut = Instant::now();
    wait_until("it steps down", async || {
        assert!(!two.delivery.holds_lease(), "the other begins later");
        !one.delivery.holds_lease()
    })
    .await;
    nodes.channel.hold(false);
    wait_until("the other takes over", async || {
        assert!(!one.delivery.holds_lease());
        two.delivery.holds_lease()
    })
    .await;
    assert!(cut.elapsed() <= TAKE_OVER, "it took {:?}", cut.elapsed());
    change_passwords(&one, 15..20).await;
    nodes.wait_for_deliveries(0..20).await;
    let delivered = nodes.delivered();
    assert!((10..20).all(|number| delivered[&number] == 1), "{delivered:?}");
    // When it sees the registers again, it waits for its turn.
    registers.send_replace(Answers::Truly);
    two.stop().await;
    wait_until_held(&one).await;
    change_passwords(&one, 20..25).await;
    nodes.wait_for_deliveries(0..25).await;
    one.stop().await;
}

#[tokio::test(start_paused = true)]
async fn over_many_deaths_nobody_is_forgotten_and_never_do_two_deliver() {
    let nodes = Nodes::new();
    let mut systems = vec![nodes.start("n0").await, nodes.start("n1").await];
    for round in 0..8u64 {
        wait_until("one delivers", async || {
            let all: Vec<&System> = systems.iter().collect();
            assert!(holders(&all) <= 1);
            holders(&all) == 1
        })
        .await;
        systems.push(nodes.start(&format!("n{}", round + 2)).await);
        change_passwords(&systems[0], round * 10..round * 10 + 5).await;
        nodes.wait_for_attempts(1 + round as usize * 2).await;
        let holder = systems.iter().position(|system| system.delivery.holds_lease()).unwrap();
        let holder = systems.remove(holder);
        if round % 2 == 0 {
            holder.kill().await
        } else {
            holder.stop().await
        }
        change_passwords(&systems[0], round * 10 + 5..round * 10 + 10).await;
    }
    nodes.wait_for_deliveries(0..80).await;
    assert_eq!(nodes.delivered().len(), 80);
    for system in systems {
        system.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_again_under_its_name_goes_on_at_once() {
    let nodes = Nodes::new();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    change_passwords(&one, 0..5).await;
    nodes.wait_for_deliveries(0..5).await;
    nodes.wait_until_settled().await;
    nodes.channel.hold(true);
    change_passwords(&one, 5..15).await;
    nodes.wait_for_attempts(10).await;
    one.kill().await;
    nodes.channel.hold(false);
    let begun = Instant::now();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    // What was on its way is sent once more, and what waited behind it goes as well.
    nodes.wait_for_deliveries(0..15).await;
    assert!(nodes.delivered().values().all(|times| *times == 1));
    one.stop().await;
}
