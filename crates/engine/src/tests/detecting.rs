//! What is suspicious is recorded, once, whatever happens in between; history is only learned from.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::catalogue::Catalogue;
use annals_domain::detection::{DetectionRule, RuleSet};
use annals_domain::{Event, Position};
use annals_ports::memory::MemoryDetection;
use annals_record::RootKey;

use super::machine::{Machine, PATIENCE, event, record_all, settings, start};
use crate::{Clock, DetectionParts, Ports, System, read_events};

const RULES: &str = r#"
[[rule]]
id = "three-times"
title = "Three times"
why = "Once is enough."
severity = "warning"
filter = "type:user.signed.in"
key = ["subject"]
threshold = { times = 3, within = "PT1H" }
"#;

/// A machine whose learning outlives the engine, too.
#[derive(Default)]
struct Detecting {
    machine: Machine,
    learned: Arc<MemoryDetection>,
}

impl Detecting {
    /// Starts; what was learned is kept at the stop, and before that only where it is to be often.
    async fn start(&self, save_interval: Duration) -> System {
        let set = RuleSet::read([("rules.toml", RULES)], &Catalogue::default()).unwrap();
        let rules: Vec<DetectionRule> = set.into_rules();
        let parts = DetectionParts {
            store: self.learned.clone(),
            rules: rules.into(),
            clock: Arc::new(Clock::default()),
            save_interval,
        };
        let ports = Ports { detection: Some(parts), ..self.machine.ports() };
        start(ports, Catalogue::shipped(), settings()).await
    }

    /// Every finding in the log.
    async fn raised(&self) -> Vec<Event> {
        let (log, keys) = (self.machine.log.clone(), self.machine.keys.clone());
        let mut raised = Vec::new();
        let root = RootKey::from_bytes([9; 32]);
        let each = |recorded: annals_domain::Recorded| {
            if recorded.event.event_type == "annals.detection.raised" {
                raised.push(Event::clone(&recorded.event));
            }
        };
        read_events(log, keys, root, Position::START, each).await.unwrap();
        raised
    }
}

async fn taken_in(system: &System, position: Position) {
    let progress = system.detection.clone().expect("this node detects");
    assert!(progress.reaches(position, PATIENCE).await, "it follows the log");
}

const NEVER: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_is_recorded_about_the_person_and_with_its_events() {
    let detecting = Detecting::default();
    let system = detecting.start(NEVER).await;
    let events = vec![
        event(1, "ann", "x"),
        event(2, "bob", "x"),
        event(3, "ann", "x"),
        event(4, "ann", "x"),
    ];
    taken_in(&system, record_all(&system, events).await).await;
    let raised = detecting.raised().await;
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0].subject.as_ref().unwrap().id, "ann");
    assert_eq!(raised[0].metadata["rule"], "three-times");
    let named: Vec<&str> = raised[0].metadata["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|id| id.as_str())
        .collect();
    let expected = [1, 3, 4].map(|number| super::machine::id(number).to_string());
    assert_eq!(named, expected);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_neither_loses_nor_repeats_a_finding() {
    for save_interval in [NEVER, Duration::from_millis(1)] {
        let detecting = Detecting::default();
        for round in 0..4 {
            let system = detecting.start(save_interval).await;
            // Ann is found in the first round; Bob's third time comes after two kills.
            let mut events = vec![event(round + 10, "bob", "x")];
            if round == 0 {
                events.extend((1..=3).map(|number| event(number, "ann", "x")));
            }
            taken_in(&system, record_all(&system, events).await).await;
            system.kill().await;
        }
        let system = detecting.start(save_interval).await;
        taken_in(&system, record_all(&system, vec![event(99, "cem", "x")]).await).await;
        let mut persons: Vec<String> =
            detecting.raised().await.into_iter().map(|event| event.subject.unwrap().id).collect();
        persons.sort();
        assert_eq!(persons, ["ann", "bob"]);
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_there_before_is_learned_from_and_not_raised() {
    let detecting = Detecting::default();
    let system = detecting.machine.start().await;
    let before = (1..=3)
        .map(|number| event(number, "ann", "x"))
        .chain([event(4, "bob", "x"), event(5, "bob", "x")]);
    record_all(&system, before.collect()).await;
    system.stop().await;
    // Also when it is killed before it has kept anything but where it began.
    for number in [6, 7] {
        let system = detecting.start(NEVER).await;
        let position = record_all(&system, vec![event(number, "bob", "x")]).await;
        taken_in(&system, position).await;
        system.kill().await;
    }
    let raised = detecting.raised().await;
    let persons: Vec<&str> =
        raised.iter().map(|event| &*event.subject.as_ref().unwrap().id).collect();
    assert_eq!(persons, ["bob"]);
}
