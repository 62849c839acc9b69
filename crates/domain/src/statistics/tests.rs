use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn occurred(from: Option<&str>, until: Option<&str>) -> Filter {
    Filter::Occurred(TimeRange { from: from.map(at), until: until.map(at) })
}

#[test]
fn an_instant_falls_into_the_stretch_that_begins_at_or_before_it() {
    let edges = vec![0, 10, 20, 50];
    let timeline = Timeline { time: EventTime::Occurred, edges, split: None };
    for near in 0..5 {
        let buckets = [-1, 0, 9, 10, 19, 20, 49, 50].map(|instant| timeline.bucket(instant, near));
        let expected = [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(2), None];
        assert_eq!(buckets, expected, "guessing {near}");
    }
}

#[test]
fn the_times_of_a_filter_are_those_that_must_hold() {
    let early = occurred(Some("2026-01-01T00:00:00Z"), None);
    let late = occurred(Some("2026-02-01T00:00:00Z"), Some("2026-03-01T00:00:00Z"));
    let both = Filter::And(vec![early.clone(), Filter::equals("type", "x"), late.clone()]);
    let range = range_of(&both, EventTime::Occurred);
    assert_eq!(range.from, Some(at("2026-02-01T00:00:00Z")));
    assert_eq!(range.until, Some(at("2026-03-01T00:00:00Z")));
    assert_eq!(range_of(&both, EventTime::Received), TimeRange::default());
    let either = Filter::Or(vec![early.clone(), late]);
    assert_eq!(range_of(&either, EventTime::Occurred), TimeRange::default());
    assert_eq!(range_of(&Filter::Not(Box::new(early)), EventTime::Occurred), TimeRange::default());
}

#[test]
fn a_histogram_without_times_reaches_back_from_now() {
    let now = at("2026-11-21T09:30:00Z");
    let (from, until) = shown_range(&Filter::All, EventTime::Occurred, Interval::Hour, now);
    assert!(until > now, "an event of this very moment is shown");
    assert_eq!(until.duration_since(from).as_hours(), 24);
    let until_then = occurred(None, Some("2026-01-02T00:00:00Z"));
    let (from, until) = shown_range(&until_then, EventTime::Occurred, Interval::Hour, now);
    assert_eq!(from, at("2026-01-01T00:00:00Z"));
    assert_eq!(until, at("2026-01-02T00:00:00Z"));
}
