use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use annals_domain::admission::{Admission, UnknownTypes, admit};
use annals_domain::catalogue::Catalogue;
use annals_domain::event::Event;
use annals_domain::input::EventInput;
use annals_domain::{EventId, TenantId};
use serde_json::Value;
use uuid::Uuid;

use super::mapping::{Mapped, map};
use super::*;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::shipped);

const LOGS: &[(Format, &str, Counts)] = &[
    (Format::CloudTrail, "cloudtrail", Counts { lines: 282, events: 282, timeless: 10 }),
    (Format::CloudTrail, "cloudtrail_attack", Counts { lines: 103, events: 103, timeless: 0 }),
    (Format::GitHub, "github", Counts { lines: 52, events: 52, timeless: 13 }),
    (Format::Okta, "okta", Counts { lines: 49, events: 47, timeless: 8 }),
    (Format::Kubernetes, "kubernetes", Counts { lines: 102, events: 102, timeless: 92 }),
    (Format::GSuite, "gsuite", Counts { lines: 74, events: 72, timeless: 29 }),
];

#[derive(Debug, Default, PartialEq)]
struct Counts {
    lines: usize,
    events: usize,
    /// Events whose line tells no usable time.
    timeless: usize,
}

fn log(name: &str) -> Vec<String> {
    let path = format!("{}/../../tests/data/audit-logs/{name}.ndjson", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(str::to_owned).collect()
}

fn mapped(format: Format, line: &str) -> Result<Vec<Mapped>, String> {
    map(format, &Limits::shipped().event, 1, line).map_err(|reject| reject.reason)
}

/// The event that the server makes of a mapped line.
fn admitted(mapped: &Mapped) -> Event {
    let json = Value::Object(mapped.event.clone()).to_string();
    let input = EventInput::from_json(json.as_bytes()).unwrap_or_else(|e| panic!("{e}: {json}"));
    let limits = Limits::shipped();
    assert!(json.len() <= limits.event.bytes_max);
    annals_domain::json::check_depth(json.as_bytes(), limits.event.json_depth_max).unwrap();
    let admission = Admission {
        catalogue: &CATALOGUE,
        limits: &limits.event,
        tenant: &TenantId::new("acme").unwrap(),
        source: "import",
        now: "2026-11-21T00:00:00Z".parse().unwrap(),
        fresh_id: EventId(Uuid::nil()),
        unknown_types: UnknownTypes::Accept,
        own_facts: false,
    };
    admit(input, &admission).unwrap_or_else(|errors| panic!("{errors:?}: {json}"))
}

/// The one event of a line, checked as the server checks it.
pub(super) fn event(format: Format, line: &Value) -> Value {
    let mapped = mapped(format, &line.to_string()).unwrap();
    assert_eq!(mapped.len(), 1, "{line} tells of one event");
    admitted(&mapped[0]);
    Value::Object(mapped[0].event.clone())
}

/// Why a line is refused.
pub(super) fn refusal(format: Format, line: &Value) -> String {
    mapped(format, &line.to_string()).unwrap_err()
}

#[test]
fn every_line_of_the_sample_logs_is_an_admitted_event_or_tells_of_no_act() {
    for (format, name, expected) in LOGS {
        let mut counts = Counts::default();
        let mut refused = Vec::new();
        for line in log(name) {
            counts.lines += 1;
            match mapped(*format, &line) {
                Ok(events) => {
                    for mapped in events {
                        counts.events += 1;
                        let event = admitted(&mapped);
                        counts.timeless += usize::from(event.metadata.contains_key("time_missing"));
                    }
                }
                Err(reason) => refused.push(reason),
            }
        }
        assert_eq!(counts, *expected, "{name}: {refused:?}");
        assert!(refused.iter().all(|reason| reason.ends_with("no act is told")), "{refused:?}");
        assert_eq!(refused.len() + counts.events, counts.lines, "{name}");
    }
}

#[test]
fn at_least_98_of_100_lines_become_events() {
    let lines: usize = LOGS.iter().map(|(_, _, counts)| counts.lines).sum();
    let events: usize = LOGS.iter().map(|(_, _, counts)| counts.events).sum();
    assert!(events * 100 >= lines * 98, "{events} of {lines}");
}

#[test]
fn importing_twice_gives_the_same_ids_and_no_two_lines_share_one() {
    let mut lines_by_id = BTreeMap::new();
    for (format, name, _) in LOGS {
        for line in log(name) {
            let first = mapped(*format, &line);
            assert_eq!(first, mapped(*format, &line));
            for mapped in first.unwrap_or_default() {
                assert!(mapped.id_from_content);
                let id = mapped.event["id"].as_str().unwrap().to_owned();
                if let Some(other) = lines_by_id.insert(id, line.clone()) {
                    panic!("one id for two lines:\n{other}\n{line}");
                }
            }
        }
    }
}

/// The bytes of every text and number of a line are somewhere in its event.
#[test]
fn no_value_of_a_line_is_lost() {
    for (format, name, _) in LOGS {
        for line in log(name) {
            let Ok(events) = mapped(*format, &line) else { continue };
            let event = Value::Object(events[0].event.clone()).to_string().to_lowercase();
            let mut values = BTreeSet::new();
            collect_texts(&serde_json::from_str(&line).unwrap(), &mut values);
            for value in values {
                let json = Value::from(value.trim()).to_string().to_lowercase();
                let found = event.contains(json.trim_matches('"')) || is_told_otherwise(&value);
                assert!(found, "`{value}` of {line} is not in {event}");
            }
        }
    }
}

/// Times and words that an event writes in its own form.
fn is_told_otherwise(value: &str) -> bool {
    let own_words = ["INFO", "WARN", "DEBUG", "Computer", "User", "USER", "United States", "null"];
    let words_for_nothing = ["unknown", "Unknown", "UNKNOWN", "", "0", "1"];
    timestamps::read(&value.into()).is_some()
        || countries::code(value).is_some()
        || own_words.contains(&value)
        || words_for_nothing.contains(&value)
}

fn collect_texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Number(number) if timestamps::read(value).is_none() => {
            into.insert(number.to_string());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, into)),
        Value::Object(object) => object.values().for_each(|value| collect_texts(value, into)),
        Value::Number(_) | Value::Null | Value::Bool(_) => {}
    }
}

#[test]
fn chosen_lines_map_as_reviewed() {
    for (format, name, numbers) in [
        (Format::CloudTrail, "cloudtrail", &[1_usize, 30][..]),
        (Format::CloudTrail, "cloudtrail_attack", &[50]),
        (Format::GitHub, "github", &[1, 27, 30, 36]),
        (Format::Okta, "okta", &[3, 4, 24]),
        (Format::Kubernetes, "kubernetes", &[1, 4]),
        (Format::GSuite, "gsuite", &[1, 4, 19, 24]),
    ] {
        let lines = log(name);
        for number in numbers {
            let events = mapped(format, &lines[number - 1]).unwrap();
            insta::assert_json_snapshot!(format!("{name}_{number}"), events[0].event);
        }
    }
}

#[test]
fn refused_lines_go_beside_the_file_unless_told_otherwise() {
    let mut args = ImportArgs {
        format: Format::Okta,
        file: "logs/okta.ndjson".into(),
        url: String::new(),
        token: None,
        rejects: None,
        dry_run: true,
    };
    assert_eq!(args.rejects_path(), Path::new("logs/okta.ndjson.rejects.ndjson"));
    args.file = "-".into();
    assert_eq!(args.rejects_path(), Path::new("import.rejects.ndjson"));
    args.rejects = Some("elsewhere".into());
    assert_eq!(args.rejects_path(), Path::new("elsewhere"));
}

#[tokio::test]
async fn a_dry_run_of_a_file_tells_what_would_happen() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("okta.ndjson");
    std::fs::write(&file, log("okta").join("\n")).unwrap();
    let args = ImportArgs {
        format: Format::Okta,
        file: file.clone(),
        url: "http://127.0.0.1:1".into(),
        token: None,
        rejects: None,
        dry_run: true,
    };
    let summary = run(args).await.unwrap();
    assert_eq!((summary.lines, summary.recorded, summary.rejected), (49, 47, 2));
    let rejects = summary.rejects_file.clone().unwrap();
    let kept = std::fs::read_to_string(&rejects).unwrap();
    let first: Value = serde_json::from_str(kept.lines().next().unwrap()).unwrap();
    assert_eq!(first["line"], 40);
    assert_eq!(first["reason"], "has no `eventType`: no act is told");
    assert!(first["input"].as_str().unwrap().starts_with("{\"p_any_ip_addresses\""));
    assert_eq!(
        summary.to_string(),
        format!(
            "49 lines: 47 would be recorded, 0 duplicates, 2 rejected (see {})",
            rejects.display()
        )
    );
}

#[tokio::test]
async fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let args = ImportArgs {
        format: Format::Okta,
        file: "no/such/log".into(),
        url: String::new(),
        token: None,
        rejects: None,
        dry_run: true,
    };
    let error = run(args).await.unwrap_err();
    assert_eq!(error.to_string(), "opening `no/such/log`");
}
