//! What an endpoint is sent once more: the same messages with the same ids in order, also when the outbox is
//! filled anew in the midst of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use annals_domain::Event;
use annals_domain::notification::{ENDPOINT_SET, ENDPOINT_TESTED, Outgoing, REPLAY_REQUESTED};
use annals_ports::{Carrier, DeliveryError, Handed, InboxStore, SharedRegisters, Target};
use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::inbox::{catalogue, password_change};
use super::machine::{Machine, event, record_all, tenant};
use super::nodes::{delivering, wait_until, wait_until_held};
use crate::System;

const SHOP: Uuid = Uuid::from_u128(7);

/// Carries to endpoints, and keeps what it was given while it works.
#[derive(Default)]
struct Webhooks {
    taken: Mutex<Vec<(Uuid, String)>>,
    broken: AtomicBool,
    failures: Mutex<usize>,
}

impl Webhooks {
    fn ids(&self) -> Vec<Uuid> {
        self.taken.lock().unwrap().iter().map(|(id, _)| *id).collect()
    }
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
        if self.broken.load(Ordering::SeqCst) {
            *self.failures.lock().unwrap() += 1;
            let (doing, source) = ("deliver", "a test wanted it".into());
            return Err(DeliveryError { doing, permanent: false, retry_after: None, source });
        }
        self.taken.lock().unwrap().push((message.id, open.endpoint.url.clone()));
        Ok(Handed { code: Some(204) })
    }
}

async fn start(machine: &Machine) -> System {
    let system = machine.start_knowing(catalogue(), delivering("one")).await;
    wait_until_held(&system).await;
    system
}

/// Records what only Annals writes.
async fn fact(system: &System, number: u64, event_type: &str, metadata: Value) {
    let mut fact: Event = event(number, "root", "does something");
    fact.event_type = event_type.into();
    fact.source = "annals".into();
    fact.metadata = metadata.as_object().unwrap().clone();
    record_all(system, vec![fact]).await;
}

/// A machine with an endpoint that was told of five events.
async fn told() -> (Machine, Arc<Webhooks>, System) {
    let webhooks = Arc::new(Webhooks::default());
    let machine = Machine { carriers: vec![webhooks.clone()], ..Machine::default() };
    let system = start(&machine).await;
    let secrets = &system.endpoint_secrets;
    let (_, sealed) = secrets.make(&tenant(), SHOP).unwrap();
    let sealed_url = secrets.seal_url(&tenant(), SHOP, "https://example.org/hook/secret").unwrap();
    let endpoint = json!({"id": SHOP, "event": Uuid::nil(), "name": "Shop", "kind": "webhook",
        "url": "https://example.org", "enabled": true});
    let set = json!({"sealed_secret": sealed, "sealed_url": sealed_url, "endpoint": endpoint});
    fact(&system, 500, ENDPOINT_SET, set).await;
    // One lane: one person.
    let changes = (0..5).map(|number| password_change(number, "ann")).collect();
    record_all(&system, changes).await;
    wait_until("all are told", async || webhooks.ids().len() == 5).await;
    wait_until_settled(&machine, &system).await;
    (machine, webhooks, system)
}

async fn ask_for_all(system: &System, number: u64) {
    let range = json!({"endpoint": SHOP, "from": "1970-01-01T00:00:00Z",
        "to": "2200-01-01T00:00:00Z"});
    fact(system, number, REPLAY_REQUESTED, range).await;
}

/// Everything is done, and the register says so.
async fn wait_until_settled(machine: &Machine, system: &System) {
    wait_until("everything is settled", async || {
        let register =
            SharedRegisters::read(&machine.registers, "progress-delivery").await.unwrap();
        let Some(register) = register else { return false };
        let value: Value = serde_json::from_slice(&register.value).unwrap();
        let head = system.queries.log.head().await.unwrap();
        value["position"].as_u64() >= Some(head.0.saturating_sub(2))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_told_is_told_once_more_and_not_a_third_time() {
    let (machine, webhooks, system) = told().await;
    let first = webhooks.ids();
    let urls = webhooks.taken.lock().unwrap().clone();
    assert!(urls.iter().all(|(_, url)| url == "https://example.org/hook/secret"), "{urls:?}");
    ask_for_all(&system, 600).await;
    wait_until("all are told again", async || webhooks.ids().len() == 10).await;
    assert_eq!(webhooks.ids(), [first.clone(), first.clone()].concat());
    wait_until_settled(&machine, &system).await;
    system.stop().await;
    // A node that begins anew reads of the replay once more, and of what came of it.
    machine.inbox.clear().unwrap();
    let system = start(&machine).await;
    fact(&system, 601, ENDPOINT_TESTED, json!({"endpoint": SHOP})).await;
    wait_until("the test is told", async || webhooks.ids().len() == 11).await;
    wait_until_settled(&machine, &system).await;
    assert_eq!(webhooks.ids()[..10], [first.clone(), first].concat());
    assert_eq!(webhooks.ids().len(), 11);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_rebuild_in_the_midst_of_a_replay_goes_on_with_it() {
    let (machine, webhooks, system) = told().await;
    let first = webhooks.ids();
    webhooks.broken.store(true, Ordering::SeqCst);
    ask_for_all(&system, 600).await;
    wait_until("it is tried", async || *webhooks.failures.lock().unwrap() > 0).await;
    system.stop().await;
    machine.inbox.clear().unwrap();
    webhooks.broken.store(false, Ordering::SeqCst);
    let system = start(&machine).await;
    wait_until("all are told again", async || webhooks.ids().len() >= 10).await;
    wait_until_settled(&machine, &system).await;
    assert_eq!(webhooks.ids(), [first.clone(), first].concat());
    system.stop().await;
}
