//! Memory stays bounded whatever comes, and a restart changes nothing.

use proptest::prelude::*;

use super::*;

/// One rule of each kind that remembers something.
const ALL_KINDS: &str = r#"
[[rule]]
id = "threshold"
title = "t"
why = "w"
severity = "info"
filter = "type:user.login.failed"
key = ["subject"]
threshold = { times = 3, within = "PT10M" }

[[rule]]
id = "distinct"
title = "t"
why = "w"
severity = "info"
filter = "type:user.login.failed"
key = ["ip"]
threshold = { times = 4, within = "PT10M", distinct = "subject" }

[[rule]]
id = "sequence"
title = "t"
why = "w"
severity = "info"
filter = "type:user.login.failed"
key = ["subject"]
sequence = { times = 2, then = "type:user.login.succeeded", within = "PT5M" }

[[rule]]
id = "first-seen"
title = "t"
why = "w"
severity = "info"
filter = "*"
key = ["subject"]
first_seen = { of = ["ip"], learn_events = 3, learn = "PT1M" }

[[rule]]
id = "rate"
title = "t"
why = "w"
severity = "info"
filter = "*"
rate = { least = 5, factor = 2, learn_days = 1 }

[[rule]]
id = "travel"
title = "t"
why = "w"
severity = "info"
filter = "*"
key = ["subject"]
travel = { speed_max = 900, least = 100 }

[[rule]]
id = "off-hours"
title = "t"
why = "w"
severity = "info"
filter = "*"
key = ["actor"]
off_hours = { learn_events = 4, margin = 1 }

[[rule]]
id = "vanished"
title = "t"
why = "w"
severity = "info"
filter = "*"
key = ["subject"]
vanished = { learn_events = 2, silence = "PT1H" }
"#;

fn all_kinds() -> Vec<DetectionRule> {
    RuleSet::read([("all.toml", ALL_KINDS)], &Catalogue::default()).unwrap().into_rules()
}

fn some_event() -> impl Strategy<Value = Event> {
    let people = prop_oneof![Just("ann"), Just("bob"), Just("cem")];
    let countries = prop_oneof![Just("NL"), Just("JP"), Just("BR")];
    (any::<bool>(), people, 0..3u8, countries, 0..200_000i64).prop_map(
        |(fails, person, ip, country, second)| {
            let kind = if fails { "user.login.failed" } else { "user.login.succeeded" };
            let ip = format!("10.0.0.{ip}");
            at(
                second,
                json!({
                    "type": kind, "actor": {"id": person},
                    "client": {"ip": ip, "geo": {"country": country}}
                }),
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_restart_in_the_middle_gives_the_same_findings(
        events in prop::collection::vec(some_event(), 1..120), cut in any::<prop::sample::Index>()
    ) {
        let mut whole = Detector::new(all_kinds());
        let expected: Vec<Finding> = events.iter().flat_map(|event| whole.take(event)).collect();
        let cut = cut.index(events.len());
        let mut first = Detector::new(all_kinds());
        // Saved twice: the second time only what changed since.
        let half = cut / 2;
        let mut found: Vec<Finding> = events[..half].iter().flat_map(|event| first.take(event)).collect();
        let mut saved = first.save().unwrap();
        found.extend(events[half..cut].iter().flat_map(|event| first.take(event)));
        for fresh in first.save().unwrap() {
            saved.retain(|held| held.rule != fresh.rule);
            saved.push(fresh);
        }
        drop(first);
        let mut second = Detector::restored(all_kinds(), &saved).unwrap();
        found.extend(events[cut..].iter().flat_map(|event| second.take(event)));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn the_same_events_once_more_give_findings_with_the_same_ids(
        events in prop::collection::vec(some_event(), 1..60)
    ) {
        let ids = || {
            let mut detector = Detector::new(all_kinds());
            events.iter().flat_map(|event| detector.take(event)).map(|found| found.id).collect::<Vec<_>>()
        };
        prop_assert_eq!(ids(), ids());
    }
}

#[test]
fn no_rule_keeps_more_than_its_cells_and_what_is_busy_stays() {
    let mut detector = Detector::new(all_kinds());
    let busy = |second| failure(second, "busy", "10.9.9.9");
    let mut found = Vec::new();
    let mut template = failure(0, "somebody", "10.0.0.1");
    for number in 0..150_000u32 {
        template.subject.as_mut().unwrap().id = format!("person {number}");
        template.client.ip = Some(std::net::Ipv4Addr::from(0x0b00_0000 + number).into());
        found.extend(detector.take(&template));
        if number % 10_000 == 0 {
            for cells in detector.cells() {
                assert!(cells <= CELLS_MAX + 8, "{cells} cells after {number} events");
            }
        }
    }
    let cells = detector.cells();
    assert!(cells[0] > CELLS_MAX / 4, "{cells:?}: it forgets no more than it must");
    assert!(cells.iter().all(|cells| *cells <= CELLS_MAX + 8), "{cells:?}");
    let found: usize = (0..3).map(|second| detector.take(&busy(second)).len()).sum();
    assert!(found > 0, "it still finds");
}

#[test]
fn a_key_that_is_touched_now_and_then_outlives_those_that_are_not() {
    let lines = r#"
filter = "type:user.login.failed"
key = ["subject"]
threshold = { times = 5, within = "P1D" }
"#;
    let mut detector = detector(lines);
    let mut other = failure(0, "somebody", "10.0.0.1");
    let mut found = 0;
    for number in 0..100_000u32 {
        other.subject.as_mut().unwrap().id = format!("person {number}");
        detector.take(&other);
        if number % 10_000 == 0 && number < 50_000 {
            found += detector.take(&failure(i64::from(number), "busy", "10.9.9.9")).len();
        }
    }
    assert_eq!(found, 1);
}

/// Somebody who wants the end of a series to go unnoticed makes up a great many others.
#[test]
fn a_regular_series_outlives_a_great_many_that_came_once() {
    let lines = r#"
filter = "type:user.login.failed"
key = ["subject"]
vanished = { learn_events = 10, silence = "PT6H" }
"#;
    let mut detector = detector(lines);
    (0..10).for_each(|minute| drop(detector.take(&failure(60 * minute, "nightly", "10.0.0.1"))));
    for number in 0..3 * SERIES_MAX {
        detector.take(&failure(1_000, &format!("person {number}"), "10.0.0.2"));
        assert!(detector.cells()[0] <= SERIES_MAX);
    }
    let found = detector.take(&failure(8 * 3_600, "later", "10.0.0.2"));
    assert_eq!(found.len(), 1, "its end is told");
}

#[test]
fn types_that_callers_make_up_are_not_all_remembered() {
    let mut detector = Detector::new(all_kinds());
    let mut event = failure(0, "ann", "10.0.0.1");
    for number in 0..3 * TYPES_MAX {
        event.event_type = format!("made.up{number}");
        detector.take(&event);
        assert!(detector.types() <= TYPES_MAX);
    }
}

#[test]
fn an_attack_on_a_great_many_is_not_told_of_each() {
    let lines = r#"
filter = "type:user.login.failed"
key = ["subject"]
threshold = { times = 1, within = "PT1M" }
"#;
    let mut detector = detector(lines);
    let mut found = 0;
    for number in 0..1000 {
        found += detector.take(&failure(number % 60, &format!("p{number}"), "10.0.0.1")).len();
    }
    assert_eq!(found, FINDINGS_AN_HOUR_MAX as usize);
    assert_eq!(detector.take(&failure(3600, "p", "10.0.0.1")).len(), 1, "the next hour is another");
}

#[test]
fn a_rule_that_was_changed_begins_anew_and_one_that_is_gone_is_passed_over() {
    let lines = |times: u32| {
        format!(
            "filter = \"type:user.login.failed\"\nkey = [\"subject\"]\nthreshold = {{ times = {times}, within = \"PT1H\" }}"
        )
    };
    let mut first = detector(&lines(3));
    assert_eq!(
        found(&mut first, &[0, 1].map(|second| failure(second, "ann", "10.0.0.1"))),
        [0usize; 0]
    );
    let mut saved = first.save().unwrap();
    saved.push(SavedRule { rule: "gone".into(), state: b"not even JSON".to_vec() });
    let third = failure(2, "ann", "10.0.0.1");
    let mut same = Detector::restored(vec![rule(&lines(3))], &saved).unwrap();
    assert_eq!(same.take(&third).len(), 1);
    let mut changed = Detector::restored(vec![rule(&lines(2))], &saved).unwrap();
    assert_eq!(changed.take(&third).len(), 0);
    let damaged = [SavedRule { rule: "tried".into(), state: b"{}".to_vec() }];
    assert!(Detector::restored(vec![rule(&lines(3))], &damaged).is_err());
}
