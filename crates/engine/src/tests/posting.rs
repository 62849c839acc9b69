//! What leaves through the outbox: everything, once, in order for each person, whoever else hangs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_domain::Event;
use annals_domain::notification::{DELIVERED, ENDPOINT_SET, FAILED, Outgoing};
use annals_ports::memory::MemoryChannel;
use annals_ports::outbox::{MessageState, MessagesAsked};
use annals_ports::{Carrier, DeliveryError, Handed, InboxStore, Outbox, Target};
use async_trait::async_trait;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::inbox::{catalogue, password_change};
use super::machine::{Machine, event, id, record_all, tenant, wait_until_durable};
use super::nodes::{delivering, wait_until, wait_until_held};
use crate::System;

/// A machine with one endpoint of its own.
pub(super) fn machine() -> (Machine, MemoryChannel) {
    let channel = MemoryChannel::new("webhook");
    (Machine { standing: vec![channel.clone()], ..Machine::default() }, channel)
}

pub(super) async fn start(machine: &Machine) -> System {
    let system = machine.start_knowing(catalogue(), delivering("one")).await;
    wait_until_held(&system).await;
    system
}

pub(super) async fn change_passwords(system: &System, numbers: std::ops::Range<u64>) {
    let events = numbers.map(|n| password_change(n, &format!("p{}", n % 5))).collect();
    record_all(system, events).await;
}

/// Numbers of the events, as they were taken.
pub(super) fn taken(channel: &MemoryChannel) -> Vec<u64> {
    channel.taken().borrow().iter().map(|one| one.event.0.as_u128() as u64).collect()
}

pub(super) async fn wait_for(channel: &MemoryChannel, count: usize) {
    wait_until("all are taken", async || taken(channel).len() >= count).await;
}

/// Nothing waits, and the register says so.
pub(super) async fn wait_until_settled(machine: &Machine, system: &System) {
    wait_until("everything is settled", async || {
        let register = annals_ports::SharedRegisters::read(&machine.registers, "progress-delivery");
        let value = register.await.unwrap().unwrap().value;
        let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
        let head = system.queries.log.head().await.unwrap();
        value["position"].as_u64() == Some(head.0)
    })
    .await;
}

pub(super) fn check_order(taken: &[u64]) {
    for person in 0..5 {
        let theirs: Vec<&u64> = taken.iter().filter(|number| *number % 5 == person).collect();
        assert!(theirs.is_sorted(), "person {person} was told out of order: {theirs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_leaves_is_told_once_also_after_a_restart_and_a_rebuild() {
    let (machine, channel) = machine();
    let system = start(&machine).await;
    change_passwords(&system, 0..20).await;
    record_all(&system, vec![event(99, "ann", "nobody is told of this")]).await;
    wait_for(&channel, 20).await;
    wait_until_settled(&machine, &system).await;
    system.stop().await;
    machine.inbox.clear().unwrap();
    let system = start(&machine).await;
    change_passwords(&system, 20..30).await;
    wait_for(&channel, 30).await;
    wait_until_settled(&machine, &system).await;
    let told = taken(&channel);
    check_order(&told);
    let mut sorted = told.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..30).collect::<Vec<u64>>());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_rebuild_knows_from_the_log_what_was_delivered_beside_what_is_not() {
    let (machine, channel) = machine();
    let system = start(&machine).await;
    channel.fail_always(id(0));
    change_passwords(&system, 0..10).await;
    // The one that fails holds the progress back, so only the log tells of the others.
    wait_for(&channel, 8).await;
    wait_until("outcomes are recorded", async || {
        let head = system.queries.log.head().await.unwrap();
        wait_until_durable(&system, head).await;
        head.0 > 10
    })
    .await;
    system.stop().await;
    machine.inbox.clear().unwrap();
    let system = start(&machine).await;
    wait_until("all but one are taken", async || taken(&channel).len() >= 9).await;
    wait_until_settled(&machine, &system).await;
    let told = taken(&channel);
    check_order(&told);
    let mut sorted = told.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..10).collect::<Vec<u64>>(), "each once, and what fails never");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_hangs_holds_up_no_other() {
    let (mut machine, channel) = machine();
    let other = MemoryChannel::new("other");
    machine.standing.push(other.clone());
    let system = start(&machine).await;
    channel.hold(true);
    let begun = Instant::now();
    change_passwords(&system, 0..50).await;
    wait_for(&other, 50).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(taken(&channel).is_empty());
    channel.hold(false);
    wait_for(&channel, 50).await;
    check_order(&taken(&channel));
    check_order(&taken(&other));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_in_its_place_and_poison_is_given_up() {
    let (machine, channel) = machine();
    let system = start(&machine).await;
    channel.fail_next(7);
    channel.refuse(id(3));
    change_passwords(&system, 0..30).await;
    wait_for(&channel, 29).await;
    wait_until_settled(&machine, &system).await;
    let told = taken(&channel);
    check_order(&told);
    assert_eq!(told.len(), 29);
    let messages = machine.inbox.page(&tenant(), &MessagesAsked::default(), 100).unwrap();
    let given_up: Vec<_> =
        messages.iter().filter(|one| one.state == MessageState::GivenUp).collect();
    assert_eq!(given_up.len(), 1);
    let attempts = machine.inbox.attempts_of(given_up[0].message.id).unwrap();
    assert!(attempts.last().unwrap().cause.is_some(), "{attempts:?}");
    system.stop().await;
}

/// Carries to endpoints, and keeps what it was given.
#[derive(Default)]
pub(super) struct Webhooks {
    pub(super) taken: Mutex<Vec<(Outgoing, Vec<[u8; 32]>)>>,
    pub(super) refuses: bool,
    /// Fails for this person, in a way that trying again might cure.
    pub(super) fails_for: Option<&'static str>,
    /// Attempts wait until this says that they may go on.
    pub(super) holds: watch::Sender<bool>,
}

#[async_trait]
impl Carrier for Webhooks {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn carries_to(&self, target: &Target) -> bool {
        matches!(target, Target::Endpoint(_))
    }

    async fn carry(&self, message: &Outgoing, target: &Target) -> Result<Handed, DeliveryError> {
        let Target::Endpoint(open) = target else { panic!("not an endpoint") };
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.holds.subscribe().wait_for(|holds| !holds).await;
        self.taken.lock().unwrap().push((message.clone(), open.secrets.clone()));
        let (doing, source) = ("deliver", "a test wanted it".into());
        let fails = self.fails_for.is_some() && message.recipient.as_deref() == self.fails_for;
        match self.refuses || fails {
            true => {
                Err(DeliveryError { doing, permanent: self.refuses, retry_after: None, source })
            }
            false => Ok(Handed { code: Some(204) }),
        }
    }
}

/// Records that the tenant has an endpoint; tells its open secret.
pub(super) async fn add_endpoint(system: &System, number: u64) -> [u8; 32] {
    let endpoint = Uuid::from_u128(7);
    let (secret, sealed) = system.endpoint_secrets.make(&tenant(), endpoint).unwrap();
    let mut set: Event = event(number, "root", "sets an endpoint");
    set.event_type = ENDPOINT_SET.into();
    set.source = "annals".into();
    set.metadata = json!({"sealed_secret": sealed, "endpoint": {
        "id": endpoint, "event": Uuid::nil(), "name": "Shop", "kind": "webhook",
        "url": "https://example.org/hook", "enabled": true,
    }})
    .as_object()
    .unwrap()
    .clone();
    record_all(system, vec![set]).await;
    secret
}

pub(super) async fn types(system: &System) -> Vec<String> {
    let head = system.queries.log.head().await.unwrap();
    let positions: Vec<_> = (1..=head.0).map(annals_domain::Position).collect();
    let entries = system.queries.log.read_at(&positions).await.unwrap();
    entries.into_iter().flatten().map(|entry| entry.record.event_type.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_of_a_tenant_is_told_with_its_own_secret_and_the_log_tells_what_came_of_it() {
    for (refuses, outcome) in [(false, DELIVERED), (true, FAILED)] {
        let webhooks = Arc::new(Webhooks { refuses, ..Webhooks::default() });
        let machine = Machine { carriers: vec![webhooks.clone()], ..Machine::default() };
        let system = start(&machine).await;
        let secret = add_endpoint(&system, 500).await;
        change_passwords(&system, 0..5).await;
        wait_until("the log tells of the outcomes", async || {
            types(&system).await.contains(&outcome.to_owned())
        })
        .await;
        let given = webhooks.taken.lock().unwrap().clone();
        assert_eq!(given.len(), 5);
        assert!(given.iter().all(|(_, secrets)| *secrets == [secret]));
        assert!(given.iter().all(|(message, _)| message.rule == "significant"));
        // What tells of outcomes tells nobody.
        wait_until_settled(&machine, &system).await;
        assert_eq!(webhooks.taken.lock().unwrap().len(), 5);
        system.stop().await;
    }
}
