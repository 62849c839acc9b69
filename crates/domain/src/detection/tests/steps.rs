//! Thresholds and sequences.

use super::*;

const THREE: &str = r#"
filter = "type:user.login.failed"
key = ["subject"]
cooldown = "PT1H"
threshold = { times = 3, within = "PT10M" }
"#;

#[test]
fn so_many_within_the_time_are_found_and_one_less_is_not() {
    let mut detector = detector(THREE);
    let events = [0, 300, 600].map(|second| failure(second, "ann", "10.0.0.1"));
    assert_eq!(found(&mut detector, &events[..2]), [0usize; 0]);
    let findings = detector.take(&events[2]);
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(finding.events, events.each_ref().map(|event| event.id));
    assert_eq!((finding.count, finding.person.as_deref()), (3, Some("ann")));
    assert_eq!(finding.key, [("subject".to_owned(), "ann".to_owned())]);
    assert_eq!((finding.since, finding.at), (start(), start() + SignedDuration::from_mins(10)));
}

#[test]
fn a_second_more_than_the_time_is_too_long() {
    let events = [0, 300, 601].map(|second| failure(second, "ann", "10.0.0.1"));
    assert_eq!(found(&mut detector(THREE), &events), [0usize; 0]);
    // The first one is over; two more make three.
    let events = [0, 300, 601, 900].map(|second| failure(second, "ann", "10.0.0.1"));
    assert_eq!(found(&mut detector(THREE), &events), [4]);
}

#[test]
fn keys_and_tenants_are_counted_apart() {
    let mut other = failure(2, "ann", "10.0.0.1");
    other.tenant = crate::TenantId::new("other").unwrap();
    let events = [
        failure(0, "ann", "10.0.0.1"),
        failure(1, "bob", "10.0.0.1"),
        other,
        failure(3, "ann", "10.0.0.1"),
    ];
    assert_eq!(found(&mut detector(THREE), &events), [0usize; 0]);
}

#[test]
fn events_that_come_late_count_by_when_they_happened() {
    let events = [600, 0, 300].map(|second| failure(second, "ann", "10.0.0.1"));
    assert_eq!(found(&mut detector(THREE), &events), [3]);
    let too_late = [601, 0, 300].map(|second| failure(second, "ann", "10.0.0.1"));
    assert_eq!(found(&mut detector(THREE), &too_late), [0usize; 0]);
}

#[test]
fn a_clock_that_is_ahead_moves_nothing_out_of_sight() {
    let mut ahead = failure(1, "ann", "10.0.0.1");
    ahead.occurred_at.timestamp += SignedDuration::from_hours(24 * 365);
    let events = [failure(0, "ann", "10.0.0.1"), ahead, failure(2, "ann", "10.0.0.1")];
    assert_eq!(found(&mut detector(THREE), &events), [3]);
}

#[test]
fn one_attack_is_one_finding_until_the_cooldown_is_over() {
    let events: Vec<Event> = (0..1000).map(|second| failure(second, "ann", "10.0.0.1")).collect();
    assert_eq!(found(&mut detector(THREE), &events), [3]);
    // The finding is of second 2, so second 3602 is the first after its hour.
    let later: Vec<Event> = [2, 3, 4, 3599, 3600, 3601, 3602, 3603, 3604]
        .map(|second| failure(second, "ann", "10.0.0.1"))
        .into();
    let events: Vec<Event> =
        [0, 1].map(|s| failure(s, "ann", "10.0.0.1")).into_iter().chain(later).collect();
    assert_eq!(found(&mut detector(THREE), &events), [3, 11]);
}

#[test]
fn only_different_values_count_where_that_is_asked() {
    let lines = r#"
filter = "type:user.login.failed"
key = ["ip"]
threshold = { times = 3, within = "PT10M", distinct = "subject" }
"#;
    let mut same: Vec<Event> = (0..50).map(|second| failure(second, "ann", "10.0.0.1")).collect();
    same.push(failure(60, "bob", "10.0.0.1"));
    assert_eq!(found(&mut detector(lines), &same), [0usize; 0]);
    same.push(failure(61, "cem", "10.0.0.1"));
    let mut burst = detector(lines);
    let findings: Vec<Finding> = same.iter().flat_map(|event| burst.take(event)).collect();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].person, None, "of a burst over many accounts no one alone is concerned");
    assert_eq!(findings[0].key, [("ip".to_owned(), "10.0.0.1".to_owned())]);
}

#[test]
fn a_value_counts_from_when_it_came_last() {
    let lines = r#"
filter = "type:user.login.failed"
key = ["ip"]
threshold = { times = 2, within = "PT1M", distinct = "subject" }
"#;
    let events = [
        failure(0, "ann", "10.0.0.1"),
        failure(60, "ann", "10.0.0.1"),
        failure(110, "bob", "10.0.0.1"),
    ];
    assert_eq!(found(&mut detector(lines), &events), [3]);
}

#[test]
fn an_event_without_the_key_is_not_looked_at() {
    let nobody =
        |second| at(second, json!({"type": "user.login.failed", "actor": {"type": "anonymous"}}));
    assert_eq!(found(&mut detector(THREE), &[0, 1, 2, 3].map(nobody)), [0usize; 0]);
}

const GUESSED: &str = r#"
filter = "type:user.login.failed"
key = ["subject"]
sequence = { times = 2, then = "type:user.login.succeeded outcome:success", within = "PT5M" }
"#;

#[test]
fn a_sequence_is_its_steps_in_order_and_within_the_time() {
    let fail = |second| failure(second, "ann", "10.0.0.1");
    let succeed = |second| login(second, "ann", json!({}));
    let found = |events: &[Event]| found(&mut detector(GUESSED), events);
    let none = [0usize; 0];
    assert_eq!(found(&[fail(0), fail(1), succeed(300)]), [3]);
    assert_eq!(found(&[fail(0), fail(1), succeed(301)]), none, "the first one is over");
    assert_eq!(found(&[fail(1), succeed(2)]), none, "one is too few");
    assert_eq!(found(&[succeed(0), fail(1), fail(2)]), none, "in the other order it is nothing");
    assert_eq!(
        found(&[fail(0), fail(1), fail(200), succeed(400)]),
        none,
        "only one of three is near"
    );
    assert_eq!(found(&[fail(0), fail(1), fail(2), login(3, "bob", json!({}))]), none);
    // The log has the end before the beginning.
    assert_eq!(found(&[succeed(300), fail(0), fail(1)]), [3]);
    assert_eq!(found(&[fail(0), fail(1), succeed(2), fail(3), fail(4), succeed(5)]), [3]);
}

#[test]
fn an_event_that_is_both_steps_is_not_its_own_sequence() {
    let lines = r#"
filter = "operation:delete"
key = ["actor"]
sequence = { then = "operation:delete", within = "PT5M" }
"#;
    let delete = |second| {
        at(second, json!({"type": "record.removed", "operation": "delete", "actor": {"id": "ann"}}))
    };
    assert_eq!(found(&mut detector(lines), &[delete(0)]), [0usize; 0]);
    assert_eq!(found(&mut detector(lines), &[delete(0), delete(1)]), [2]);
}

#[test]
fn a_grant_to_oneself_is_found_and_one_to_another_is_not() {
    let lines = r#"
filter = "type:user.role.granted outcome:success"
key = ["actor"]
self_grant = {}
"#;
    let grant = |second, to: &str| {
        at(
            second,
            json!({"type": "user.role.granted", "actor": {"id": "ann"}, "subject": {"id": to}}),
        )
    };
    assert_eq!(
        found(&mut detector(lines), &[grant(0, "bob"), grant(1, "ann"), grant(2, "ann")]),
        [2]
    );
    let target = at(
        0,
        json!({
            "type": "user.role.granted", "actor": {"id": "ann"}, "subject": {"id": "bob"},
            "targets": [{"type": "user", "id": "ann"}]
        }),
    );
    assert_eq!(found(&mut detector(lines), &[target]), [1]);
}

#[test]
fn of_many_events_the_first_ones_and_the_last_are_named() {
    let lines = r#"
filter = "type:user.login.failed"
key = ["subject"]
threshold = { times = 100, within = "PT10M" }
"#;
    let events: Vec<Event> = (0..100).map(|second| failure(second, "ann", "10.0.0.1")).collect();
    let mut detector = detector(lines);
    let findings: Vec<Finding> = events.iter().flat_map(|event| detector.take(event)).collect();
    assert_eq!(findings[0].count, 100);
    assert_eq!(findings[0].events.len(), FINDING_EVENTS_MAX);
    assert_eq!(findings[0].events[0], events[0].id);
    assert_eq!(findings[0].events[FINDING_EVENTS_MAX - 1], events[99].id);
}
