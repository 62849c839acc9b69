//! The rules that ship: well-formed, and quiet or loud where they should be.

use std::collections::BTreeSet;

use super::*;

fn shipped() -> Detector {
    Detector::new(RuleSet::shipped(&Catalogue::shipped()).into_rules())
}

fn rules_found(events: &[Event]) -> BTreeSet<String> {
    let mut detector = shipped();
    events.iter().flat_map(|event| detector.take(event)).map(|finding| finding.rule).collect()
}

#[test]
fn every_kind_is_shipped_and_every_type_that_is_named_exists() {
    let catalogue = Catalogue::shipped();
    let set = RuleSet::shipped(&catalogue);
    let kinds: BTreeSet<&str> = set.rules().iter().map(|rule| rule.kind.as_str()).collect();
    assert_eq!(
        kinds.len(),
        8,
        "{kinds:?}: all but outside_hours, for nobody's hours are known here"
    );
    assert!(set.rules().len() >= 25, "{}", set.rules().len());
    for rule in set.rules() {
        let named = rule.query.split_whitespace().filter_map(|word| word.strip_prefix("type:"));
        for name in named.flat_map(|names| names.split(',')) {
            let known =
                name.contains('*') || name.starts_with("aws.") || catalogue.find(name).is_some();
            assert!(known, "{}: there is no type `{name}`", rule.id);
        }
    }
}

#[test]
fn a_burst_of_failed_sign_ins_across_accounts_is_found() {
    let burst: Vec<Event> =
        (0..30).map(|number| failure(number, &format!("p{number}"), "203.0.113.9")).collect();
    assert_eq!(rules_found(&burst), BTreeSet::from(["password-spraying".to_owned()]));
    let spread: Vec<Event> = (0..250)
        .map(|n| failure(n, &format!("p{n}"), &format!("203.{}.113.{}", n % 200, n / 200)))
        .collect();
    assert_eq!(rules_found(&spread), BTreeSet::from(["failed-sign-ins-everywhere".to_owned()]));
}

#[test]
fn a_password_that_is_guessed_is_found() {
    let mut events: Vec<Event> = (0..12).map(|n| failure(n, "ann", "203.0.113.9")).collect();
    events.push(login(20, "ann", json!({"ip": "203.0.113.9"})));
    let expected = ["password-guessed", "password-guessing"].map(str::to_owned);
    assert_eq!(rules_found(&events), BTreeSet::from(expected));
}

#[test]
fn somebody_who_forgot_their_password_is_no_attack() {
    let mut events: Vec<Event> = (0..4).map(|n| failure(n * 5, "ann", "203.0.113.9")).collect();
    events.push(login(60, "ann", json!({"ip": "203.0.113.9"})));
    assert_eq!(rules_found(&events), BTreeSet::new());
}

#[test]
fn a_finding_becomes_an_event_that_fits_its_type() {
    let catalogue = Catalogue::shipped();
    let mut detector = shipped();
    let events: Vec<Event> = (0..10).map(|n| failure(n, "ann", "203.0.113.9")).collect();
    let findings: Vec<Finding> = events.iter().flat_map(|event| detector.take(event)).collect();
    let told = findings[0].event(&catalogue, events[9].received_at);
    assert_eq!(told.event_type, "annals.detection.raised");
    assert_eq!((told.id, &told.tenant), (findings[0].id, &events[0].tenant));
    assert_eq!(told.subject.as_ref().unwrap().id, "ann");
    assert_eq!(told.severity, crate::event::Severity::Warning);
    assert_eq!(told.metadata["key"], json!({"subject": "ann"}));
    let metadata = Value::Object(told.metadata.clone());
    assert_eq!(catalogue.check_metadata(&told.event_type, told.schema_version, &metadata), []);
    assert_eq!(detector.take(&told), [], "nothing is found in what was found");
}
