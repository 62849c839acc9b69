//! The catalogue that ships: complete, consistent, and described in `docs/events.md`.

use std::path::PathBuf;

use annals_domain::admission::{Admission, UnknownTypes, admit};
use annals_domain::catalogue::reference::render_markdown;
use annals_domain::catalogue::{Catalogue, EventType};
use annals_domain::event::Severity;
use annals_domain::input::EventInput;
use annals_domain::limits::Limits;
use annals_domain::sentence::sentence_of;
use annals_domain::{Event, EventId, TenantId};
use serde_json::{Value, json};

/// Significant types that are no warning, and why the subject is told all the same.
const GOOD_NEWS: &[(&str, &str)] = &[
    ("user.mfa.enabled", "it makes the account safer, but a thief may do it to shut the owner out"),
    ("user.payment_method.added", "it costs money, though it is an ordinary act"),
];

#[test]
fn the_shipped_catalogue_has_at_least_sixty_types_in_eight_families() {
    let catalogue = Catalogue::shipped();
    let families: Vec<&str> = catalogue.families().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        families,
        [
            "account",
            "administration",
            "annals",
            "authentication",
            "data_access",
            "detection",
            "lifecycle",
            "notifications",
            "security"
        ]
    );
    for family in catalogue.families() {
        assert!(!family.types.is_empty(), "{} has no types", family.name);
        assert!(family.title.len() > 3);
    }
    assert!(catalogue.types().count() >= 60);
}

#[test]
fn every_type_makes_an_event_that_is_told_in_a_whole_sentence() {
    let catalogue = Catalogue::shipped();
    for entry in catalogue.types() {
        let event = event_of(entry, &catalogue, sample_of(&entry.metadata))
            .unwrap_or_else(|errors| panic!("{}: {errors}", entry.name));
        let sentence = sentence_of(&event, &catalogue);
        assert!(!sentence.contains("(unknown)"), "{}: {sentence}", entry.name);
        assert!(!sentence.contains(['{', '}']), "{}: {sentence}", entry.name);
        assert!(!sentence.ends_with('.'), "{}: {sentence}", entry.name);
    }
}

#[test]
fn a_sentence_names_only_metadata_that_every_event_of_the_type_has() {
    for entry in Catalogue::shipped().types() {
        let required = required_of(&entry.metadata);
        for piece in entry.sentence.split("{metadata.").skip(1) {
            let key = piece.split('}').next().unwrap();
            assert!(required.contains(&key), "{}: `{key}` is not required", entry.name);
        }
    }
}

#[test]
fn whatever_the_subject_is_told_of_is_at_least_a_warning() {
    for entry in Catalogue::shipped().types().filter(|entry| entry.significant) {
        let excused = GOOD_NEWS.iter().any(|(name, _)| *name == entry.name);
        assert_eq!(entry.severity < Severity::Warning, excused, "{}", entry.name);
    }
}

#[test]
fn people_are_told_of_what_can_cost_them_their_account_or_their_privacy() {
    let catalogue = Catalogue::shipped();
    for name in [
        "user.password.changed",
        "user.email.changed",
        "user.phone.changed",
        "user.mfa.disabled",
        "user.recovery.changed",
        "user.role.granted",
        "api_key.created",
        "record.exported",
        "user.account.closed",
        "user.account.suspended",
        "user.device.added",
        "user.impersonation.started",
        "break_glass.used",
        "sensitive_record.viewed",
    ] {
        let entry = catalogue.find(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(entry.significant, "{name}");
    }
    for name in ["user.login.succeeded", "record.viewed", "annals.notification.read"] {
        assert!(!catalogue.find(name).unwrap().significant, "{name}");
    }
}

#[test]
fn a_password_in_the_metadata_is_refused() {
    let catalogue = Catalogue::shipped();
    for name in ["user.password.changed", "user.login.failed", "user.email.changed"] {
        let entry = catalogue.find(name).unwrap();
        let errors = event_of(entry, &catalogue, json!({ "password": "hunter2" })).unwrap_err();
        assert!(errors.contains("metadata.password"), "{name}: {errors}");
        assert!(!errors.contains("hunter2"), "{name}: {errors}");
    }
}

#[test]
fn metadata_of_the_wrong_kind_is_refused_and_further_keys_are_taken() {
    let catalogue = Catalogue::shipped();
    let granted = catalogue.find("user.role.granted").unwrap();
    assert!(event_of(granted, &catalogue, json!({})).unwrap_err().contains("role"));
    assert!(event_of(granted, &catalogue, json!({ "role": 7 })).is_err());
    event_of(granted, &catalogue, json!({ "role": "nurse", "facility": "North" })).unwrap();
}

#[test]
fn keys_with_a_rule_are_described_and_forbidden_ones_are_not() {
    for entry in Catalogue::shipped().types() {
        let described = |key: &String| entry.metadata["properties"].get(key).is_some();
        for key in entry.personal.iter().chain(&entry.masked) {
            assert!(described(key), "{}: `{key}` has a rule but no schema", entry.name);
        }
        for key in &entry.forbidden {
            assert!(!described(key), "{}: `{key}` is forbidden and described", entry.name);
        }
    }
}

#[test]
fn notifications_are_marked_as_read_by_a_list_of_uuids() {
    let catalogue = Catalogue::shipped();
    let entry = catalogue.find(annals_domain::notification::READ_TYPE).unwrap();
    let ids = json!({ "notifications": ["0192f0c1-2b6e-7a44-8f6b-3f2a9c8d1e07"] });
    event_of(entry, &catalogue, ids).unwrap();
    assert!(event_of(entry, &catalogue, json!({ "notifications": ["seven"] })).is_err());
}

/// `UPDATE_CONTRACTS=1` writes the page instead; `cargo xtask contracts` sets it.
#[test]
fn the_page_of_event_types_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.md");
    let page = render_markdown(&Catalogue::shipped());
    if std::env::var_os("UPDATE_CONTRACTS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/events.md is stale: run `cargo xtask contracts`");
}

/// The event of that type with that metadata, or what is wrong with it.
fn event_of(entry: &EventType, catalogue: &Catalogue, metadata: Value) -> Result<Event, String> {
    let input = json!({
        "type": entry.name,
        "actor": { "id": "u-1", "name": "Ann Archer" },
        "subject": { "id": "u-2", "name": "Ben Baker" },
        "targets": [{ "type": "record", "id": "r-7", "name": "Blood count" }],
        "metadata": metadata,
    });
    let input =
        EventInput::from_json(input.to_string().as_bytes()).expect("the event is well formed");
    let limits = Limits::shipped();
    let admission = Admission {
        catalogue,
        limits: &limits.event,
        tenant: &TenantId::new("clinic").expect("the name is well formed"),
        source: "test",
        now: jiff::Timestamp::UNIX_EPOCH,
        fresh_id: EventId(uuid::Uuid::from_u128(7)),
        unknown_types: UnknownTypes::Reject,
        own_facts: true,
    };
    admit(input, &admission)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// The least metadata that the schema takes.
fn sample_of(schema: &Value) -> Value {
    let sample = |key: &str| {
        let property = &schema["properties"][key];
        let value = match property["type"].as_str() {
            Some("string") => property["enum"].get(0).cloned().unwrap_or_else(|| json!("sample")),
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(true),
            Some("array") => json!([]),
            Some("object") => json!({}),
            other => panic!("`{key}` has the unexpected type {other:?}"),
        };
        (key.to_owned(), value)
    };
    Value::Object(required_of(schema).into_iter().map(sample).collect())
}

fn required_of(schema: &Value) -> Vec<&str> {
    let keys = schema["required"].as_array();
    keys.map(|keys| keys.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}
