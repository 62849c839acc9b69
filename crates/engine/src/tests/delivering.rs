//! What one node delivers, and how it meets failures.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_ports::memory::MemoryChannel;
use annals_ports::{Delivery, DeliveryChannel, DeliveryError, SharedRegisters};
use async_trait::async_trait;
use tokio::time::Instant;

use super::inbox::{catalogue, password_change};
use super::machine::{Machine, event, id, record_all, settings, start};
use super::nodes::{Nodes, change_passwords, delivering, wait_until, wait_until_held};
use crate::{
    DeliverySettings, InvalidDelivery, Role, Roles, Settings, StartError, SupervisionSettings,
    System,
};

#[tokio::test(start_paused = true)]
async fn delivery_begins_with_what_comes_after_the_first_start_and_misses_nothing_later() {
    let nodes = Nodes::new();
    let roles = Roles::new(&[Role::Ingest]).unwrap();
    let ingest = async || {
        let settings = Settings { roles, ..delivering("two") };
        start(nodes.ports("two"), catalogue(), settings).await
    };
    let before = ingest().await;
    change_passwords(&before, 0..10).await;
    assert!(!before.delivery.takes_part() && !before.delivery.holds_lease());
    before.stop().await;
    assert_eq!(nodes.machine.registers.read("lease-delivery").await.unwrap(), None);

    let one = nodes.start("one").await;
    assert!(one.delivery.takes_part());
    nodes.wait_until_settled().await;
    change_passwords(&one, 10..12).await;
    record_all(&one, vec![event(12, "ann", "nobody is told of this")]).await;
    nodes.wait_for_deliveries(10..12).await;
    nodes.wait_until_settled().await;
    one.stop().await;

    let between = ingest().await;
    change_passwords(&between, 13..20).await;
    between.stop().await;
    let one = nodes.start("one").await;
    nodes.wait_for_deliveries(13..20).await;
    one.stop().await;
    let expected = (10..20).filter(|number| *number != 12).map(|number| (number, 1)).collect();
    assert_eq!(nodes.delivered(), expected);
}

#[tokio::test(start_paused = true)]
async fn poison_is_given_up_and_holds_up_neither_others_nor_the_progress() {
    let nodes = Nodes::new();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    nodes.channel.fail_always(id(0));
    nodes.channel.refuse(id(1));
    change_passwords(&one, 0..20).await;
    // 0 and 1 are of the persons 0 and 1, of whom 5, 6, 10 … are too.
    let others = (2..20).filter(|number| number % 5 != 0);
    let begun = Instant::now();
    nodes.wait_for_deliveries(others).await;
    // What only fails is tried for longer than that.
    assert!(begun.elapsed() < Duration::from_secs(1), "others do not wait for it");
    nodes.wait_for_deliveries(2..20).await;
    nodes.wait_until_settled().await;
    assert!(nodes.delivered().len() == 18 && nodes.delivered().values().all(|times| *times == 1));
    // One attempt for what is refused, five for what only fails.
    assert_eq!(*nodes.channel.attempts().borrow(), 18 + 1 + 5);
    one.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_and_then_delivered_once() {
    let nodes = Nodes::new();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    nodes.channel.fail_next(9);
    change_passwords(&one, 0..5).await;
    nodes.wait_for_deliveries(0..5).await;
    assert!(nodes.delivered().values().all(|times| *times == 1));
    assert_eq!(*nodes.channel.attempts().borrow(), 14);
    one.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_does_not_answer_costs_neither_the_lease_nor_the_other_channels() {
    let mut nodes = Nodes::new();
    let other = MemoryChannel::new("other");
    nodes.machine.standing.push(other.clone());
    let narrow = DeliverySettings { in_flight_max: 2, ..settings().delivery };
    let settings = Settings { delivery: narrow, ..delivering("one") };
    let one = start(nodes.ports("one"), catalogue(), settings).await;
    wait_until_held(&one).await;
    nodes.channel.hold(true);
    change_passwords(&one, 0..20).await;
    let begun = Instant::now();
    wait_until("two minutes pass", async || {
        assert!(one.delivery.holds_lease());
        begun.elapsed() > Duration::from_secs(120)
    })
    .await;
    assert_eq!(other.taken().borrow().len(), 20);
    assert_eq!(nodes.register("lease-delivery").await["epoch"], 1);
    assert_eq!(nodes.progress().await, Some(Position::START));
    nodes.channel.hold(false);
    nodes.wait_for_deliveries(0..20).await;
    nodes.wait_until_settled().await;
    let ids = |taken: &[Delivery]| taken.iter().map(|d| d.id).collect::<Vec<_>>();
    let (here, there) = (ids(&nodes.channel.taken().borrow()), ids(&other.taken().borrow()));
    assert!(here.iter().all(|id| !there.contains(id)), "each channel has ids of its own");
    one.stop().await;
}

/// A channel that panics over everything.
struct Panicking;

#[async_trait]
impl DeliveryChannel for Panicking {
    fn name(&self) -> &str {
        "panicking"
    }

    async fn deliver(&self, _: &Delivery) -> Result<(), DeliveryError> {
        panic!("a test wanted it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_panics_costs_only_its_own_deliveries() {
    let nodes = Nodes::new();
    let mut ports = nodes.ports("one");
    ports.standing.insert(0, Arc::new(Panicking));
    let supervision = SupervisionSettings { restarts_max: 0, restarts_within_seconds: 3600 };
    let one = start(ports, catalogue(), Settings { supervision, ..delivering("one") }).await;
    wait_until_held(&one).await;
    change_passwords(&one, 0..10).await;
    nodes.wait_for_deliveries(0..10).await;
    // What the one that panics was to deliver is parked in the end.
    nodes.wait_until_settled().await;
    assert!(nodes.delivered().values().all(|times| *times == 1));
    one.stop().await;
}

#[tokio::test(start_paused = true)]
async fn progress_that_another_node_wrote_ends_the_turn() {
    let nodes = Nodes::new();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    change_passwords(&one, 0..5).await;
    nodes.wait_for_deliveries(0..5).await;
    nodes.wait_until_settled().await;
    let registers = &nodes.machine.registers;
    let register = registers.read("progress-delivery").await.unwrap().unwrap();
    let position = nodes.progress().await.unwrap();
    let other = format!(r#"{{"position": {position}, "epoch": 9}}"#).into_bytes();
    registers.write("progress-delivery", Some(register.version), other).await.unwrap();
    change_passwords(&one, 5..10).await;
    // It begins anew, in an epoch of its own, and goes on from what the other wrote.
    nodes.wait_for_deliveries(5..10).await;
    nodes.wait_until_settled().await;
    assert_eq!(nodes.register("lease-delivery").await["epoch"], 2);
    assert_eq!(nodes.delivered().len(), 10);
    one.stop().await;
}

#[tokio::test(start_paused = true)]
async fn progress_that_is_not_ours_is_neither_guessed_nor_overwritten() {
    let nodes = Nodes::new();
    let registers = &nodes.machine.registers;
    let version = registers.write("progress-delivery", None, b"what?".to_vec()).await.unwrap();
    let one = nodes.start("one").await;
    wait_until_held(&one).await;
    change_passwords(&one, 0..5).await;
    let begun = Instant::now();
    wait_until("a minute passes", async || {
        assert!(nodes.delivered().is_empty() && one.delivery.holds_lease());
        begun.elapsed() > Duration::from_secs(60)
    })
    .await;
    let mended = br#"{"position": 2, "epoch": 1}"#.to_vec();
    registers.write("progress-delivery", Some(version), mended).await.unwrap();
    nodes.wait_for_deliveries(2..5).await;
    assert_eq!(nodes.delivered().len(), 3);
    one.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_channel_or_the_role_nothing_is_done_and_without_project_no_projection_runs() {
    let machine = Machine::default();
    let silent = machine.start_knowing(catalogue(), delivering("one")).await;
    assert!(!silent.delivery.takes_part());
    assert!(silent.queries.progress().is_empty());
    // What is recorded is followed all the same: live readers and delivery need it.
    let position = record_all(&silent, vec![password_change(1, "ann")]).await;
    wait_until("the feed has it", async || silent.queries.head() >= position).await;
    silent.stop().await;
    assert!(machine.index.ids().is_empty());
    assert_eq!(machine.registers.read("lease-delivery").await.unwrap(), None);
}

#[tokio::test]
async fn settings_that_make_no_sense_stop_the_start() {
    let machine = Machine::default();
    let delivery = DeliverySettings { attempts_max: 0, ..settings().delivery };
    let settings = Settings { delivery, ..settings() };
    let root = annals_record::RootKey::from_bytes([9; 32]);
    let refused = System::start(machine.ports(), root, catalogue().into(), settings).await;
    assert!(matches!(refused, Err(StartError::Delivery(InvalidDelivery::Nothing))));
}
