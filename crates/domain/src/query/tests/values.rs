use jiff::Timestamp;

use super::*;
use crate::event::Event;
use crate::examples::full_event;
use crate::filter::{Bound, Field, NumberRange, Test, TimeRange};

fn number(path: &str, from: Option<(f64, bool)>, to: Option<(f64, bool)>) -> Filter {
    let bound = |(at, inclusive)| Bound { at, inclusive };
    let range = NumberRange { from: from.map(bound), to: to.map(bound) };
    Filter::Field(Field(path.into()), Test::Number(range))
}

fn range(from: &str, until: &str) -> TimeRange {
    let time = |text: &str| (!text.is_empty()).then(|| text.parse::<Timestamp>().unwrap());
    TimeRange { from: time(from), until: time(until) }
}

#[track_caller]
fn occurred(text: &str, from: &str, until: &str) {
    assert_eq!(filter(text), Filter::Occurred(range(from, until)), "{text}");
}

#[test]
fn numbers_are_compared_and_lie_in_ranges() {
    let x = |from, to| number("metadata.x", from, to);
    for (text, expected) in [
        ("metadata.x>100", x(Some((100.0, false)), None)),
        ("metadata.x>=100", x(Some((100.0, true)), None)),
        ("metadata.x<-0.5", x(None, Some((-0.5, false)))),
        ("metadata.x<=1e3", x(None, Some((1000.0, true)))),
        ("metadata.x:10..20", x(Some((10.0, true)), Some((20.0, true)))),
        ("metadata.x:10<..<20", x(Some((10.0, false)), Some((20.0, false)))),
        ("metadata.x:10..", x(Some((10.0, true)), None)),
        ("metadata.x:10..*", x(Some((10.0, true)), None)),
        ("metadata.x:..20", x(None, Some((20.0, true)))),
        ("metadata.x:*..*", x(None, None)),
        ("metadata.x:100", Filter::equals("metadata.x", "100")),
        ("metadata.x:a..b", Filter::equals("metadata.x", "a..b")),
        ("metadata.x:..", Filter::equals("metadata.x", "..")),
    ] {
        assert_eq!(filter(text), expected, "{text}");
    }
}

#[test]
fn severities_rise() {
    let rank = |from, to| number("severity_rank", from, to);
    for (text, expected) in [
        ("severity>=warning", rank(Some((1.0, true)), None)),
        ("severity>WARNING", rank(Some((1.0, false)), None)),
        ("severity<error", rank(None, Some((2.0, false)))),
        ("severity:warning..error", rank(Some((1.0, true)), Some((2.0, true)))),
        ("severity:..error", rank(None, Some((2.0, true)))),
        ("severity:Warning", Filter::equals("severity", "warning")),
        ("severity_rank>=1", rank(Some((1.0, true)), None)),
    ] {
        assert_eq!(filter(text), expected, "{text}");
    }
}

#[test]
fn a_day_is_a_day_in_utc() {
    let day = "2026-01-01T00:00:00Z";
    let next = "2026-01-02T00:00:00Z";
    occurred("occurred:2026-01-01", day, next);
    occurred("after:2026-01-01", day, "");
    occurred("before:2026-01-01", "", day);
    occurred("occurred>=2026-01-01", day, "");
    occurred("occurred>2026-01-01", next, "");
    occurred("occurred<2026-01-01", "", day);
    occurred("occurred<=2026-01-01", "", next);
    occurred("occurred:2026-01-01..2026-02-01", day, "2026-02-01T00:00:00Z");
    occurred("occurred:2026-01-01..", day, "");
    occurred("occurred:*..2026-01-01", "", day);
    occurred("occurred:*", "", "");
    assert_eq!(filter("recorded_after:2026-01-01"), Filter::Received(range(day, "")));
    assert_eq!(filter("recorded_before:2026-01-01"), Filter::Received(range("", day)));
    assert_eq!(filter("recorded:2026-01-01"), Filter::Received(range(day, next)));
}

#[test]
fn an_instant_is_a_microsecond_and_has_a_zone_or_is_utc() {
    occurred("after:2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00Z", "");
    occurred("after:2026-01-01T10:00", "2026-01-01T10:00:00Z", "");
    occurred("after:\"2026-01-01 10:00:00Z\"", "2026-01-01T10:00:00Z", "");
    occurred(
        "occurred:2026-01-01T10:00:00Z",
        "2026-01-01T10:00:00Z",
        "2026-01-01T10:00:00.000001Z",
    );
    occurred("occurred>2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00.500001Z", "");
    occurred("after:2026-01-01T10:00:00.1234567Z", "2026-01-01T10:00:00.123456Z", "");
}

#[test]
fn durations_count_from_now() {
    occurred("after:-P7D", "2026-11-14T09:30:00Z", "");
    occurred("before:-PT90M", "", "2026-11-21T08:00:00Z");
    occurred("after:-P1M", "2026-10-21T09:30:00Z", "");
    occurred("before:P1D", "", "2026-11-22T09:30:00Z");
    occurred("occurred:-P2D..-P1D", "2026-11-19T09:30:00Z", "2026-11-20T09:30:00Z");
}

#[test]
fn times_that_cannot_be_are_refused() {
    for text in [
        "after:2026-02-30",
        "after:2026-01-01T25:00:00Z",
        "after:-P999999Y",
        "after:P",
        "after:7 days",
        "after:2026-01-01T00:00:00[Europe/Berlin]",
        "occurred>9999-12-31",
        "occurred:..",
        "occurred:2026-01-01,",
        "after:*",
    ] {
        error(text);
    }
    for text in ["occurred:2026-02-01..2026-01-01", "occurred:2026-01-01..2026-01-01"] {
        assert!(error(text).message.contains("no time lies in this range"));
    }
}

#[test]
fn addresses_are_told_in_one_form() {
    let network =
        |text: &str| Filter::Field(Field("client.ip".into()), Test::Network(text.parse().unwrap()));
    for (text, expected) in [
        ("ip:10.0.0.1", "10.0.0.1/32"),
        ("ip:10.9.9.9/8", "10.0.0.0/8"),
        ("ip:::1", "::1/128"),
        ("ip:::ffff:10.0.0.1", "10.0.0.1/32"),
        ("ip:::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("ip:2001:db8::/32", "2001:db8::/32"),
        ("ip=\"10.0.0.1\"", "10.0.0.1/32"),
    ] {
        assert_eq!(filter(text), network(expected), "{text}");
    }
    for text in ["ip:10.0.0.0/33", "ip:10.0", "ip:10.*", "ip:example.org", "ip:1.1.1.1..2.2.2.2"] {
        error(text);
    }
}

#[test]
fn what_is_there_can_be_asked_for() {
    let exists = |path: &str| Filter::Field(Field(path.into()), Test::Exists);
    assert_eq!(filter("has:metadata.ticket"), exists("metadata.ticket"));
    assert_eq!(filter("has:metadata"), exists("metadata"));
    assert_eq!(filter("has:justification"), exists("justification"));
    assert_eq!(filter("has:client"), exists("client"));
    assert_eq!(filter("has:ip"), exists("client.ip"));
    assert_eq!(filter("has:description"), exists("description"));
    assert_eq!(filter("has:label.env"), exists("labels.env"));
    assert_eq!(filter("metadata.ticket:*"), exists("metadata.ticket"));
    assert_eq!(filter("ip:*"), exists("client.ip"));
    same("has:subject", "has:subject.id,subject.name");
}

#[test]
fn an_event_id_is_found_however_it_is_written() {
    let id = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    for text in [id, "0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B", "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b"] {
        assert_eq!(filter(&format!("id:{text}")), Filter::equals("id", id));
    }
    same("id:0190A*", "id:0190a*");
}

#[test]
fn queries_find_the_event_they_describe() {
    let event: Event = full_event();
    for text in [
        "type:user.password.* actor:\"ann lee\" -outcome:success severity>=warning",
        "ip:10.0.0.0/8 target.type:invoice after:2026-01-01 metadata.amount>100",
        "changes.path:/role \"refund of the order\" refu*",
        "actor:ann@example.org user:u-Bob subject:u-Bob target:inv-7 OR target:INV-7",
        "metadata.ticket.tags:urgent labels.env:prod has:metadata.ticket mfa:false",
        "metadata.amount:150..151 metadata.whole:100 metadata.text_number:100 metadata.flag:true",
        "occurred:2026-11-21 recorded:2026-11-21 before:2027-01-01",
        "country:nl device:iphone os:ios* browser:safari client.device_type:mobile",
        "operation:update outcome:denied outcome.code:accessdenied actor.role:support",
        "metadata.\"odd key\":X id:0190a1b2* -has:metadata.absent tenant:acme",
        "Ann@Example.org 4bf92f3577b34da6a3ce929d0e0e4736 OR trace:4bf9*",
    ] {
        assert!(filter(text).matches(&event), "{text}");
        assert!(!filter(&format!("-({text})")).matches(&event), "{text}");
    }
}
