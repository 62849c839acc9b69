use annals_domain::catalogue::Catalogue;
use annals_domain::masking::Masker;

use super::events::of_file;
use super::report::Report;

fn report_on(lines: &str, limit: Option<u64>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("events.ndjson");
    std::fs::write(&file, lines).unwrap();
    let (masker, catalogue) = (Masker::shipped(), Catalogue::shipped());
    let mut report = Report::new(&masker, &catalogue);
    report.skipped = of_file(&file, limit, |event| report.look(event)).unwrap();
    report.told()
}

#[test]
fn a_report_counts_by_rule_and_field_and_never_shows_what_was_found() {
    let line = |card: &str| {
        format!("{{\"type\":\"a.b\",\"user_id\":\"ann\",\"metadata\":{{\"list\":[\"{card}\"]}}}}\n")
    };
    let told =
        report_on(&(line("4111 1111 1111 1111") + "\n" + &line("5555-5555-5555-4444")), None);
    assert!(told.contains("card                    2  metadata.list[]"), "{told}");
    assert!(told.contains("4... (19), 5... (19)"), "{told}");
    assert!(told.contains("2 events, 2 of them would be masked"), "{told}");
    assert!(!told.contains("1111") && !told.contains("4444"), "{told}");
}

#[test]
fn a_limit_ends_the_look_and_what_is_no_event_is_counted() {
    let long = "x".repeat(300_000);
    let events = format!("no event\n{long}\n{{\"type\":\"a.b\"}}\n{{\"type\":\"a.b\"}}");
    let told = report_on(&events, None);
    assert!(told.contains("2 could not be read") && told.contains("2 events, 0 of them"), "{told}");
    assert!(report_on(&events, Some(1)).contains("1 events, 0 of them"));
}
