use std::collections::{HashMap, HashSet};

use annals_domain::admission::{Admission, UnknownTypes, admit};
use annals_domain::catalogue::Catalogue;
use annals_domain::input::EventInput;
use annals_domain::limits::Limits;
use annals_domain::{Event, EventId, TenantId};

use super::*;

const COUNT: usize = 10_000;

fn generator(seed: u64) -> Generator {
    Generator::new(seed, 1_000, time_of("2025-01-01").unwrap(), time_of("2025-01-31").unwrap())
}

fn lines(mut generator: Generator, count: usize) -> Vec<Vec<u8>> {
    let line = |_| {
        let mut line = Vec::new();
        generator.next_into(&mut line);
        line
    };
    (0..count).map(line).collect()
}

/// The events as the shipped catalogue and limits take them; none may be refused.
fn admitted(lines: &[Vec<u8>]) -> Vec<Event> {
    let (catalogue, limits) = (Catalogue::shipped(), Limits::shipped());
    let admission = Admission {
        catalogue: &catalogue,
        limits: &limits.event,
        tenant: &TenantId::new("clinic").unwrap(),
        source: "test",
        now: time_of("2025-02-01").unwrap(),
        fresh_id: EventId(uuid::Uuid::nil()),
        unknown_types: UnknownTypes::Reject,
        own_facts: false,
    };
    let event = |line: &Vec<u8>| {
        let text = String::from_utf8_lossy(line);
        let input = EventInput::from_json(line).unwrap_or_else(|error| panic!("{error}: {text}"));
        admit(input, &admission).unwrap_or_else(|errors| panic!("{errors:?}: {text}"))
    };
    lines.iter().map(event).collect()
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_gives_others() {
    assert_eq!(lines(generator(7), 500), lines(generator(7), 500));
    assert_ne!(lines(generator(7), 1), lines(generator(8), 1));
}

#[test]
fn every_event_is_admitted_and_has_its_own_id() {
    let events = admitted(&lines(generator(1), COUNT));
    let ids: HashSet<EventId> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), COUNT);
    assert!(ids.iter().all(|id| id.0.get_version_num() == 7));
}

#[test]
fn events_are_as_large_as_those_of_real_applications() {
    let bytes: usize = lines(generator(2), COUNT).iter().map(Vec::len).sum();
    let mean = bytes / COUNT;
    assert!((600..=800).contains(&mean), "{mean} bytes");
}

#[test]
fn a_few_persons_act_often_and_most_seldom() {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for event in admitted(&lines(generator(3), COUNT)) {
        if let Some(subject) = event.subject.filter(|subject| subject.id.starts_with("u-")) {
            *counts.entry(subject.id).or_default() += 1;
        }
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let all: usize = counts.iter().sum();
    let top: usize = counts[..10].iter().sum();
    assert!(top * 10 > all * 3, "the ten most frequent have {top} of {all}");
    assert!(counts.len() > 500, "only {} persons of 1000 were seen", counts.len());
}

#[test]
fn the_mixture_is_that_of_a_real_application() {
    let events = admitted(&lines(generator(4), COUNT));
    let share = |holds: &dyn Fn(&Event) -> bool| {
        events.iter().filter(|event| holds(event)).count() * 100 / COUNT
    };
    let by_others = share(&|event| {
        event.actor.is_person()
            && event
                .subject
                .as_ref()
                .is_some_and(|subject| event.actor.id.as_ref() != Some(&subject.id))
    });
    assert!((10..=20).contains(&by_others), "{by_others} % are done by staff on persons");
    let changed = share(&|event| !event.changes.is_empty());
    assert!((15..=28).contains(&changed), "{changed} % have changes");
    let unsuccessful =
        share(&|event| event.outcome.status != annals_domain::event::OutcomeStatus::Success);
    assert!((3..=15).contains(&unsuccessful), "{unsuccessful} % did not succeed");
    let types: HashSet<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert!(types.len() > 100, "only {} types", types.len());
}

#[test]
fn a_person_keeps_name_and_address_from_event_to_event() {
    let mut names: HashMap<String, HashSet<String>> = HashMap::new();
    let mut user_agents: HashMap<String, HashSet<String>> = HashMap::new();
    for event in admitted(&lines(generator(5), COUNT)) {
        let Some(id) = event.actor.id.filter(|id| id.starts_with("u-")) else { continue };
        names.entry(id.clone()).or_default().insert(event.actor.name.unwrap());
        user_agents.entry(id).or_default().insert(event.client.user_agent.unwrap());
    }
    assert!(names.values().all(|names| names.len() == 1));
    assert!(user_agents.values().all(|devices| devices.len() <= 3));
    assert!(user_agents.values().any(|devices| devices.len() >= 2));
}

#[test]
fn events_lie_in_the_time_asked_for_and_in_order_when_asked() {
    let (from, to) = (time_of("2025-01-02T06:00:00Z").unwrap(), time_of("2025-01-05").unwrap());
    let generator = Generator::new(6, 100, from, to).in_order(2_000);
    let events = admitted(&lines(generator, 2_000));
    let times: Vec<Timestamp> = events.iter().map(|event| event.occurred_at.timestamp).collect();
    assert!(times.iter().all(|time| (from..to).contains(time)));
    let is_by_day = |time: &&Timestamp| (9..18).contains(&(time.as_second() / 3600 % 24));
    assert!(times.iter().filter(is_by_day).count() > 900, "most happens by day");
    let first_midnight = time_of("2025-01-03").unwrap();
    assert!(times.iter().filter(|time| **time >= first_midnight).is_sorted());
}

#[test]
fn times_are_dates_or_instants() {
    assert_eq!(time_of("2025-01-01").unwrap(), time_of("2025-01-01T00:00:00Z").unwrap());
    assert_eq!(time_of("2025-01-01T09:00:00+09:00").unwrap(), time_of("2025-01-01").unwrap());
    assert!(time_of("yesterday").unwrap_err().to_string().contains("2026-11-21"));
}

#[test]
fn years_reach_back_from_the_end_by_the_calendar() {
    let to = time_of("2026-11-21T08:30:00Z").unwrap();
    assert_eq!(years_before(to, 7).unwrap(), time_of("2019-11-21T08:30:00Z").unwrap());
    let refused = years_before(Timestamp::MIN, 100).unwrap_err();
    assert!(refused.to_string().contains("100 years"), "{refused}");
}

#[test]
fn tenants_are_named_by_zipfs_law_and_change_nothing_else() {
    let plain = lines(generator(9), 2_000);
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (line, plain) in lines(generator(9).among(20, 9), 2_000).iter().zip(&plain) {
        let mut event: serde_json::Value = serde_json::from_slice(line).unwrap();
        let tenant = event.as_object_mut().unwrap().remove("tenant").unwrap();
        assert_eq!(event, serde_json::from_slice::<serde_json::Value>(plain).unwrap());
        *counts.entry(tenant.as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(counts.len(), 20);
    assert!(counts["tenant-1"] > 4 * counts["tenant-20"], "{counts:?}");
}

#[test]
fn a_file_holds_one_event_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("events.ndjson");
    let mut args = GenerateArgs {
        count: 25,
        seed: 1,
        persons: 10,
        from: "2025-01-01".into(),
        to: "2025-01-02".into(),
        years: None,
        tenants: None,
        output: Some(output.clone()),
    };
    run(args.clone()).unwrap();
    let text = std::fs::read_to_string(output).unwrap();
    assert_eq!(text.lines().count(), 25);
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    args.to = "2024-01-01".into();
    assert!(run(args).unwrap_err().to_string().contains("before"));
}
