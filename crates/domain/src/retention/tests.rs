use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::access::state;
use crate::notification::{DISPUTE_RAISED, NOTIFICATION_TYPES};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn end(span: &str, received: &str) -> String {
    RetentionSpan::parse(span).unwrap().end(at(received)).unwrap().to_string()
}

fn policy(spans: &[(&str, &str)]) -> Result<RetentionPolicy, InvalidRetention> {
    let spans = spans.iter().map(|(class, span)| ((*class).to_owned(), (*span).to_owned()));
    RetentionPolicy::try_from(spans.collect::<BTreeMap<_, _>>())
}

#[test]
fn an_event_is_due_at_the_same_instant_seven_years_later_and_not_before() {
    let policy = RetentionPolicy::default();
    let received = at("2019-11-21T10:20:30.123Z");
    assert!(!policy.due(received, STANDARD, at("2026-11-21T10:20:30.122999999Z")));
    assert!(policy.due(received, STANDARD, at("2026-11-21T10:20:30.123Z")));
}

#[test]
fn a_day_that_the_year_does_not_have_is_the_next() {
    let table = [
        ("P7Y", "2024-02-29T23:59:59Z", "2031-03-01T23:59:59Z"),
        ("P7Y", "2024-02-28T12:00:00Z", "2031-02-28T12:00:00Z"),
        ("P7Y", "2025-03-01T00:00:00Z", "2032-03-01T00:00:00Z"),
        ("P4Y", "2024-02-29T12:00:00Z", "2028-02-29T12:00:00Z"),
        ("P4Y", "2096-02-29T12:00:00Z", "2100-03-01T12:00:00Z"),
        ("P1M", "2026-01-31T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("P1M", "2026-08-31T12:00:00Z", "2026-10-01T12:00:00Z"),
        ("P1Y1M", "2023-01-30T12:00:00Z", "2024-03-01T12:00:00Z"),
        ("P1M1D", "2026-01-31T12:00:00Z", "2026-03-02T12:00:00Z"),
    ];
    for (span, received, expected) in table {
        assert_eq!(end(span, received), expected, "{span} from {received}");
    }
}

#[test]
fn summer_time_moves_nothing() {
    // On this day clocks went back in Europe.
    assert_eq!(end("P1D", "2026-10-24T23:30:00Z"), "2026-10-25T23:30:00Z");
    assert_eq!(end("PT24H", "2026-10-24T23:30:00Z"), "2026-10-25T23:30:00Z");
}

#[test]
fn classes_are_due_each_by_their_own_span_and_unknown_ones_never() {
    let policy = policy(&[("standard", "P7Y"), ("short", "P90D")]).unwrap();
    let (received, now) = (at("2026-01-01T00:00:00Z"), at("2026-06-01T00:00:00Z"));
    assert!(policy.due(received, "short", now));
    assert!(!policy.due(received, STANDARD, now));
    assert!(!policy.due(Timestamp::MIN, "unheard-of", Timestamp::MAX));
    assert!(policy.any_due(received, now));
    assert!(!policy.any_due(at("2026-05-01T00:00:00Z"), now));
}

#[test]
fn what_would_remove_at_once_or_is_no_span_is_refused() {
    for text in ["P0D", "PT0S", "-P7Y", "-PT1S"] {
        let refused = InvalidRetention::NotPositive(text.to_owned());
        assert_eq!(RetentionSpan::parse(text).unwrap_err(), refused);
    }
    for text in ["", "7", "7 years", "P", "seven", "P7Y extra", "2026-01-01"] {
        let refused = InvalidRetention::Malformed(text.to_owned());
        assert_eq!(RetentionSpan::parse(text).unwrap_err(), refused);
    }
    assert_eq!(policy(&[("short", "P1D")]).unwrap_err(), InvalidRetention::NoStandard);
}

#[test]
fn what_lies_beyond_all_time_is_never_due() {
    let policy = policy(&[("standard", "P9998Y")]).unwrap();
    assert!(!policy.due(at("2026-01-01T00:00:00Z"), STANDARD, Timestamp::MAX));
}

#[test]
fn events_that_who_may_come_in_is_made_of_are_always_kept() {
    for event_type in [
        state::KEY_CREATED,
        state::KEY_ROTATED,
        state::KEY_REVOKED,
        state::ACCESS_REVOKED,
        state::BREAK_GLASS_OPENED,
        state::BREAK_GLASS_CLOSED,
        state::CONFIGURATION_LOADED,
        "annals.retention.run",
        "annals.integrity.finding",
    ] {
        assert!(is_always_kept(event_type), "{event_type}");
    }
    for event_type in NOTIFICATION_TYPES.iter().filter(|one| **one != DISPUTE_RAISED) {
        assert!(is_always_kept(event_type), "{event_type}: who is told of what is made of it");
    }
    for event_type in [
        DISPUTE_RAISED,
        "annals.notification.delivered",
        "annals.log.read",
        "user.login.succeeded",
        "annals.accessory",
    ] {
        assert!(!is_always_kept(event_type), "{event_type}");
    }
}

proptest! {
    /// As people count years: whoever looks at a calendar and a clock finds seven whole years.
    #[test]
    fn no_event_is_due_before_its_years_are_full(
        second in 0_i64..4_102_444_800,
        years in 1_i16..60,
    ) {
        let received = Timestamp::from_second(second).unwrap();
        let end = RetentionSpan(Span::new().years(years)).end(received).unwrap();
        let (from, to) =
            (received.to_zoned(TimeZone::UTC).datetime(), end.to_zoned(TimeZone::UTC).datetime());
        prop_assert_eq!(from.time(), to.time());
        prop_assert_eq!(from.year() + years, to.year());
        let day = |date: jiff::civil::DateTime| (date.month(), date.day());
        prop_assert!(day(to) >= day(from));
        let slack = if day(from) == (2, 29) { 1 } else { 0 };
        prop_assert!(to.date() <= from.date().checked_add(years.years()).unwrap() + slack.days());
    }

    /// What makes it right to stop at the first that is not due.
    #[test]
    fn what_is_received_later_is_never_due_earlier(
        first in 0_i64..4_102_444_800,
        later in 0_i64..100_000_000,
        months in 1_i32..200,
        days in 0_i32..40,
    ) {
        let span = RetentionSpan(Span::new().months(months).days(days));
        let end = |second| span.end(Timestamp::from_second(second).unwrap()).unwrap();
        prop_assert!(end(first) <= end(first + later));
    }
}
