//! Several engines over one log, each with an outbox of its own, and one endpoint that all of them tell.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_domain::{EventId, Position};
use annals_ports::memory::{MemoryChannel, MemoryInbox, MemoryRegisters};
use annals_ports::{Delivery, LogReader, Register, RegisterError, SharedRegisters};
use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;

use super::inbox::{catalogue, password_change};
use super::machine::{Machine, id, record_all, settings, start};
use crate::{Ports, Role, Roles, Settings, System};

/// In the tests' own time, which passes at once.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What the nodes share.
pub(super) struct Nodes {
    pub(super) machine: Machine,
    pub(super) channel: MemoryChannel,
    /// What each node has of its own, by its name: it is there again after a crash.
    inboxes: Mutex<BTreeMap<String, Arc<MemoryInbox>>>,
}

/// How the registers answer one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    Truly,
    WithErrors,
    Never,
}

/// The registers as one node sees them: it can be cut off from them.
struct CutOff {
    registers: MemoryRegisters,
    answers: watch::Sender<Answers>,
}

/// The settings of a node that takes events on and delivers.
pub(super) fn delivering(name: &str) -> Settings {
    let roles = Roles::new(&[Role::Ingest, Role::Deliver]).unwrap();
    Settings { roles, node: name.into(), ..settings() }
}

impl Nodes {
    pub(super) fn new() -> Self {
        let channel = MemoryChannel::new("memory");
        let machine = Machine { standing: vec![channel.clone()], ..Machine::default() };
        Self { machine, channel, inboxes: Mutex::default() }
    }

    pub(super) async fn start(&self, name: &str) -> System {
        start(self.ports(name), catalogue(), delivering(name)).await
    }

    /// What a node runs on.
    pub(super) fn ports(&self, name: &str) -> Ports {
        let mut inboxes = self.inboxes.lock().unwrap();
        let inbox = Arc::clone(inboxes.entry(name.into()).or_default());
        Ports { inbox, ..self.machine.ports() }
    }

    /// Starts a node that can be cut off from the registers.
    pub(super) async fn start_with_cut(&self, name: &str) -> (System, watch::Sender<Answers>) {
        let answers = watch::Sender::new(Answers::Truly);
        let registers =
            CutOff { registers: self.machine.registers.clone(), answers: answers.clone() };
        let ports = Ports { registers: Arc::new(registers), ..self.ports(name) };
        (start(ports, catalogue(), delivering(name)).await, answers)
    }

    /// Waits until each of these events was delivered.
    pub(super) async fn wait_for_deliveries(&self, numbers: impl IntoIterator<Item = u64>) {
        let ids: Vec<EventId> = numbers.into_iter().map(id).collect();
        let mut taken = self.channel.taken();
        let all = |taken: &Vec<Delivery>| {
            ids.iter().all(|id| taken.iter().any(|delivery| delivery.event == *id))
        };
        let all = taken.wait_for(all);
        tokio::time::timeout(PATIENCE, all).await.expect("all are delivered").unwrap();
    }

    pub(super) async fn wait_for_attempts(&self, count: usize) {
        let mut attempts = self.channel.attempts();
        let enough = attempts.wait_for(|attempts| *attempts >= count);
        tokio::time::timeout(PATIENCE, enough).await.expect("it is tried").unwrap();
    }

    /// How often each event was delivered; the same event always has the same id.
    pub(super) fn delivered(&self) -> BTreeMap<u64, usize> {
        let taken = self.channel.taken().borrow().clone();
        let mut counts = BTreeMap::new();
        for delivery in &taken {
            *counts.entry(delivery.event.0.as_u128() as u64).or_default() += 1;
            let same = taken.iter().filter(|other| other.event == delivery.event);
            assert!(same.clone().all(|other| other == delivery), "a repeat is the same message");
        }
        counts
    }

    /// The value of a register, as JSON.
    pub(super) async fn register(&self, name: &str) -> serde_json::Value {
        let register = self.machine.registers.read(name).await.unwrap().unwrap();
        serde_json::from_slice(&register.value).unwrap()
    }

    /// Up to where the register tells that everything was delivered.
    pub(super) async fn progress(&self) -> Option<Position> {
        let register = self.machine.registers.read("progress-delivery").await.unwrap()?;
        let value: serde_json::Value = serde_json::from_slice(&register.value).unwrap();
        value["position"].as_u64().map(Position)
    }

    /// Waits until nothing is left to be delivered or told, and the register says so.
    pub(super) async fn wait_until_settled(&self) {
        wait_until("everything is settled", async || {
            let head = self.machine.log.head().await.unwrap();
            self.progress().await == Some(head)
        })
        .await;
    }
}

/// Records password changes of these numbers, of five persons in turn.
pub(super) async fn change_passwords(system: &System, numbers: Range<u64>) -> Position {
    let events = numbers.map(|n| password_change(n, &format!("p{}", n % 5))).collect();
    record_all(system, events).await
}

pub(super) async fn wait_until_held(system: &System) {
    wait_until("it takes the lease", async || system.delivery.holds_lease()).await;
}

/// Looks again and again, in the tests' own time.
pub(super) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < end, "it never comes to pass that {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl CutOff {
    async fn check(&self, doing: &'static str) -> Result<(), RegisterError> {
        let answers = *self.answers.borrow();
        match answers {
            Answers::Truly => Ok(()),
            Answers::WithErrors => {
                Err(RegisterError::Unavailable { doing, source: "a test wanted it".into() })
            }
            Answers::Never => std::future::pending().await,
        }
    }
}

#[async_trait]
impl SharedRegisters for CutOff {
    async fn read(&self, name: &str) -> Result<Option<Register>, RegisterError> {
        self.check("reading").await?;
        self.registers.read(name).await
    }

    async fn write(
        &self,
        name: &str,
        expected: Option<u64>,
        value: Vec<u8>,
    ) -> Result<u64, RegisterError> {
        self.check("writing").await?;
        self.registers.write(name, expected, value).await
    }
}
