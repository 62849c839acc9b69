//! Which snapshots are kept.

use super::*;

/// Snapshots every six hours, newest last, named by their number.
fn snapshots(count: i64) -> Vec<(String, Timestamp)> {
    let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let at = |n: i64| Timestamp::from_second(first.as_second() + n * 6 * 3600).unwrap();
    (0..count).map(|n| (n.to_string(), at(n))).collect()
}

fn numbers(count: i64, rules: KeepRules) -> Vec<i64> {
    let mut numbers: Vec<i64> =
        kept(&snapshots(count), &rules).iter().map(|name| name.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn without_rules_everything_is_kept_and_with_any_the_newest_always() {
    assert_eq!(numbers(9, KeepRules::default()).len(), 9);
    assert_eq!(numbers(9, KeepRules { last: 1, ..KeepRules::default() }), [8]);
    assert_eq!(numbers(9, KeepRules { yearly: 1, ..KeepRules::default() }), [8]);
    assert!(numbers(0, KeepRules { last: 3, ..KeepRules::default() }).is_empty());
}

#[test]
fn the_newest_of_each_period_is_kept() {
    // Four a day: 3, 7, 11 ... are the last of their days.
    let daily = KeepRules { daily: 3, ..KeepRules::default() };
    assert_eq!(numbers(14, daily), [7, 11, 13]);
    // 2026-01-01 is a Thursday: Sundays end with 15 and 43.
    let weekly = KeepRules { weekly: 2, ..KeepRules::default() };
    assert_eq!(numbers(50, weekly), [43, 49]);
    let monthly = KeepRules { monthly: 2, ..KeepRules::default() };
    assert_eq!(numbers(31 * 4 + 2, monthly), [31 * 4 - 1, 31 * 4 + 1]);
    let both = KeepRules { last: 2, daily: 2, ..KeepRules::default() };
    assert_eq!(numbers(14, both), [11, 12, 13]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_rule_keeps_is_deleted_with_what_only_it_needed() {
    let (_dir, place) = folder();
    let mut log = Log::default();
    let keep = KeepRules { last: 1, ..KeepRules::default() };
    for _ in 0..3 {
        log.append();
        let how = MakeSettings { full: true, keep, ..verified() };
        back_up(&place, &mut log, &how).await.unwrap();
    }
    for folder in ["snapshots", "keys", "pieces", "removals"] {
        assert_eq!(place.list(folder).await.unwrap().len(), 1, "{folder}");
    }
    let (memory, _) = restored(&place, Point::Newest).await.unwrap();
    assert_eq!(memory.rows, log.up_to(Position(3)));
}
