use super::*;
use crate::filter::Field;
use crate::statistics::Question;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn occurred(from: Option<&str>, until: Option<&str>) -> Filter {
    Filter::Occurred(TimeRange { from: from.map(at), until: until.map(at) })
}

fn range(from: &str, until: &str) -> TimeRange {
    TimeRange { from: Some(at(from)), until: Some(at(until)) }
}

const NOW: &str = "2026-03-08T00:00:00Z";

#[test]
fn the_earlier_period_is_as_long_and_ends_where_the_other_begins() {
    let filter = Filter::equals("actor.id", "ann")
        .and(occurred(Some("2026-03-01T00:00:00Z"), Some("2026-03-04T00:00:00Z")));
    let found = periods(&filter, None, at(NOW)).unwrap();
    assert_eq!(found.filter, Filter::equals("actor.id", "ann"), "times are not asked for twice");
    assert_eq!(found.current, range("2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z"));
    assert_eq!(found.before, range("2026-02-26T00:00:00Z", "2026-03-01T00:00:00Z"));
    let since = Some(at("2025-12-01T00:00:00Z"));
    let longer = periods(&filter, since, at(NOW)).unwrap();
    assert_eq!(longer.before, range("2025-12-01T00:00:00Z", "2026-03-01T00:00:00Z"));
}

#[test]
fn a_period_that_nobody_names_is_the_last_seven_days() {
    let found = periods(&Filter::All, None, at(NOW)).unwrap();
    assert_eq!(found.current, range("2026-03-01T00:00:00.001Z", "2026-03-08T00:00:00.001Z"));
    assert_eq!(found.before, range("2026-02-22T00:00:00.001Z", "2026-03-01T00:00:00.001Z"));
}

#[test]
fn periods_that_hold_nothing_are_refused() {
    let backwards = occurred(Some("2026-03-04T00:00:00Z"), Some("2026-03-01T00:00:00Z"));
    assert!(periods(&backwards, None, at(NOW)).is_err());
    let filter = occurred(Some("2026-03-01T00:00:00Z"), None);
    assert!(periods(&filter, Some(at("2026-03-01T00:00:00Z")), at(NOW)).is_err());
}

fn tally(values: &[(&str, u64)], dropped: u64, complete: bool) -> Tally {
    let question = Question { fields: vec![Field("type".into())], ..Question::default() };
    let mut tally = Tally::of(&question);
    tally.complete = complete;
    tally.facets[0].dropped = dropped;
    values.iter().for_each(|(value, count)| tally.facets[0].add(*value, *count));
    tally
}

fn told(values: &ChangedValues) -> Vec<(&str, u64)> {
    values.values.iter().map(|one| (one.value.as_str(), one.count)).collect()
}

#[test]
fn new_are_the_values_that_the_earlier_period_has_not_and_vanished_the_others() {
    let current = tally(&[("both", 9), ("rare", 1), ("often", 5), ("also", 1)], 0, true);
    let before = tally(&[("both", 1), ("gone", 3)], 0, true);
    let compared = Comparison::of(&current, &before, 2);
    assert_eq!(told(&compared.new), [("often", 5), ("also", 1)]);
    assert_eq!(compared.new.total, 3);
    assert_eq!(told(&compared.vanished), [("gone", 3)]);
    assert_eq!(compared.precision, Precision::Exact);
}

#[test]
fn what_was_not_counted_to_the_end_is_not_called_exact() {
    let whole = tally(&[("a", 1)], 0, true);
    let cut = Comparison::of(&whole, &tally(&[], 0, false), 9);
    assert_eq!(cut.precision, Precision::AtLeast);
    let rough = Comparison::of(&whole, &tally(&[], 7, true), 9);
    assert_eq!(rough.precision, Precision::Approximate);
}
