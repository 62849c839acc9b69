//! The recorded intrusion is found, and ordinary traffic is quiet.

use std::collections::BTreeMap;
use std::path::Path;

use annals_domain::admission::{Admission, UnknownTypes, admit};
use annals_domain::detection::{Detector, Finding};
use annals_domain::input::EventInput;
use annals_domain::limits::Limits;
use annals_domain::{Event, EventId, TenantId};
use uuid::Uuid;

use super::*;
use crate::generate::Generator;
use crate::import::{Format, mapping};

/// Events as a server admits them.
struct Admitting {
    catalogue: Catalogue,
    limits: Limits,
    tenant: TenantId,
}

impl Admitting {
    fn new() -> Self {
        let tenant = TenantId::new("acme").unwrap();
        Self { catalogue: Catalogue::shipped(), limits: Limits::shipped(), tenant }
    }

    fn event(&self, json: &[u8]) -> Event {
        let admission = Admission {
            catalogue: &self.catalogue,
            limits: &self.limits.event,
            tenant: &self.tenant,
            source: "tests",
            now: jiff::Timestamp::now(),
            fresh_id: EventId(Uuid::nil()),
            unknown_types: UnknownTypes::Accept,
            own_facts: false,
        };
        let input = EventInput::from_json(json).unwrap();
        admit(input, &admission).unwrap()
    }

    /// A log that the CloudTrail importer reads.
    fn imported(&self, file: &str) -> Vec<Event> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/audit-logs").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let mut events = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let mapped =
                mapping::map(Format::CloudTrail, &self.limits.event, number as u64 + 1, line);
            for one in mapped.map_err(|_| number).unwrap() {
                events.push(self.event(&serde_json::to_vec(&one.event).unwrap()));
            }
        }
        events
    }
}

fn findings<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<Finding> {
    let mut detector = Detector::new(rules(None, None).unwrap());
    events.into_iter().flat_map(|event| detector.take(event)).collect()
}

#[test]
fn the_recorded_intrusion_is_found_by_the_shipped_rules() {
    let events = Admitting::new().imported("cloudtrail_attack.ndjson");
    let found = findings(&events);
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &found {
        *by_rule.entry(&finding.rule).or_default() += 1;
    }
    // A server's credentials were taken through a proxy and used from a Mac: to look at all buckets, and to
    // take what lay in one.
    let expected = [("aws-buckets-listed-and-read", 1), ("aws-instance-credentials-elsewhere", 1)];
    assert_eq!(by_rule, BTreeMap::from(expected));
    for finding in &found {
        let (name, role) = &finding.key[0];
        assert_eq!(name, "actor");
        assert!(role.contains("BankingWAFRole"), "{role}");
        assert_eq!(finding.severity, annals_domain::event::Severity::Critical);
        for id in &finding.events {
            let event = events.iter().find(|event| event.id == *id).unwrap();
            assert!(event.event_type.starts_with("aws.s3."), "{}", event.event_type);
        }
    }
}

#[test]
fn what_the_owner_of_the_account_did_beside_it_is_quiet() {
    let events = Admitting::new().imported("cloudtrail_attack.ndjson");
    let is_owner = |event: &&Event| event.actor.name.as_deref() == Some("pedro");
    let own: Vec<&Event> = events.iter().filter(is_owner).collect();
    assert!(own.len() > 50, "{}", own.len());
    assert_eq!(findings(own), []);
}

#[test]
fn ordinary_events_raise_no_alarm() {
    const EVENTS: u64 = 20_000;
    let admitting = Admitting::new();
    let (from, to) =
        ("2025-01-01T00:00:00Z".parse().unwrap(), "2025-01-31T00:00:00Z".parse().unwrap());
    let mut detector = Detector::new(rules(None, None).unwrap());
    let mut generator = Generator::new(42, 10_000, from, to).in_order(EVENTS);
    let mut line = Vec::new();
    let mut found = Vec::new();
    for _ in 0..EVENTS {
        line.clear();
        generator.next_into(&mut line);
        found.extend(detector.take(&admitting.event(&line)));
    }
    assert_eq!(found, []);
}

#[test]
fn rules_of_a_directory_are_added_and_rules_can_be_turned_off() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::shipped();
    let text = "[[rule]]\nid = \"own\"\ntitle = \"Own\"\nwhy = \"It is ours.\"\nseverity = \"info\"\n\
                filter = \"*\"\nthreshold = { times = 5, within = \"PT1M\" }\n";
    std::fs::write(dir.path().join("own.toml"), text).unwrap();
    std::fs::write(dir.path().join("notes.txt"), "not a rule").unwrap();
    let mut settings = Settings::load(None).unwrap().detection;
    let shipped = settings.rules(&catalogue).unwrap().len();
    settings.rules_dir = dir.path().into();
    settings.off = vec!["mass-reading".into()];
    let rules = settings.rules(&catalogue).unwrap();
    assert_eq!(rules.len(), shipped);
    assert!(rules.iter().any(|rule| rule.id == "own"));
    assert!(rules.iter().all(|rule| rule.id != "mass-reading"));
    settings.off = vec!["mass-raeding".into()];
    let told = settings.rules(&catalogue).unwrap_err().to_string();
    assert!(told.contains("mass-raeding"), "{told}");
}

#[test]
fn a_rule_is_shown_whole_and_in_one_line() {
    let rules = rules(None, None).unwrap();
    let rule = rules.iter().find(|rule| rule.id == "password-spraying").unwrap();
    let text = shown::whole(rule);
    for part in
        ["type:user.login.failed", "counts by  ip", "15 different values of `subject` within 30m"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(shown::table(&rules).lines().count(), rules.len() + 1);
}
