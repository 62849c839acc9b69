use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::event::Event;
use crate::examples::{event, full_event};
use crate::text::words;

fn field(path: &str, test: Test) -> Filter {
    Filter::Field(Field(path.into()), test)
}

fn like(path: &str, pattern: &str) -> Filter {
    field(path, Test::Like(pattern.into()))
}

fn number(path: &str, from: Option<(f64, bool)>, to: Option<(f64, bool)>) -> Filter {
    let bound = |(at, inclusive)| Bound { at, inclusive };
    field(path, Test::Number(NumberRange { from: from.map(bound), to: to.map(bound) }))
}

fn network(path: &str, network: &str) -> Filter {
    field(path, Test::Network(network.parse().unwrap()))
}

fn text(phrase: &str, prefix: bool) -> Filter {
    Filter::Text(TextTest { words: words(phrase), prefix })
}

#[track_caller]
fn check(event: &Event, cases: Vec<(Filter, bool)>) {
    for (filter, expected) in cases {
        assert_eq!(filter.matches(event), expected, "{filter:?}");
    }
}

#[test]
fn text_is_equal_without_case_but_identifiers_are_not() {
    check(
        &full_event(),
        vec![
            (Filter::equals("type", "USER.password.Changed"), true),
            (Filter::equals("type", "user.password"), false),
            (Filter::equals("actor.email", "ann@example.ORG"), true),
            (Filter::equals("actor.id", "u-Ann"), true),
            (Filter::equals("actor.id", "u-ann"), false),
            (Filter::equals("on_behalf_of.alt_ids.icn", "B1"), true),
            (Filter::equals("on_behalf_of.alt_ids.icn", "b1"), false),
            (Filter::equals("actor.role", "support"), true),
            (Filter::equals("labels.env", "prod"), true),
            (Filter::equals("target.type", "file"), true),
            (Filter::equals("request.trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"), true),
            (Filter::equals("id", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"), true),
        ],
    );
}

#[test]
fn a_value_equals_numbers_flags_and_addresses_that_it_writes() {
    check(
        &full_event(),
        vec![
            (Filter::equals("metadata.whole", "100"), true),
            (Filter::equals("metadata.whole", "1e2"), true),
            (Filter::equals("metadata.whole", "100.5"), false),
            (Filter::equals("metadata.text_number", "100"), true),
            (Filter::equals("metadata.text_number", "1e2"), false),
            (Filter::equals("metadata.flag", "true"), true),
            (Filter::equals("metadata.flag", "TRUE"), true),
            (Filter::equals("metadata.flag", "false"), false),
            (Filter::equals("session.mfa", "false"), true),
            (Filter::equals("client.ip", "10.1.2.3"), true),
            (Filter::equals("client.ip", "::ffff:10.1.2.3"), true),
            (Filter::equals("client.ip", "10.1.2.4"), false),
            (Filter::equals("metadata.nothing", "null"), false),
        ],
    );
}

#[test]
fn something_exists_at_a_path_or_inside_it() {
    let exists = |path: &str| field(path, Test::Exists);
    check(
        &full_event(),
        vec![
            (exists("metadata.ticket"), true),
            (exists("metadata.ticket.id"), true),
            (exists("metadata.tick"), false),
            (exists("metadata.nothing"), true),
            (exists("metadata.absent"), false),
            (exists("justification"), true),
            (exists("metadata"), true),
        ],
    );
    check(
        &event(json!({"type": "a.b"})),
        vec![
            (exists("justification"), false),
            (exists("metadata"), false),
            (exists("actor"), true),
            (exists("subject"), false),
        ],
    );
    let with_reason = json!({"type": "a.b", "justification": {"reason": "asked"}});
    check(&event(with_reason), vec![(exists("justification"), true)]);
}

#[test]
fn patterns_take_any_run_of_characters_for_a_star() {
    check(
        &full_event(),
        vec![
            (like("type", "user.*"), true),
            (like("type", "*.Changed"), true),
            (like("type", "user.*.changed"), true),
            (like("type", "*"), true),
            (like("type", "user"), false),
            (like("type", "*user"), false),
            (like("type", "user.password.changed*changed"), false),
            (like("type", "u*r.*word*d"), true),
            (like("actor.id", "U-*"), false),
            (like("actor.id", "u-A*"), true),
            (like("metadata.whole", "10*"), true),
            (like("metadata.amount", "*.5"), true),
            (like("session.mfa", "f*"), true),
            (like("client.ip", "10*"), false),
        ],
    );
}

#[test]
fn a_pattern_of_many_stars_is_matched_in_linear_time() {
    let value = "a".repeat(1000);
    let event = event(json!({"type": "a.b", "metadata": {"value": value}}));
    let pattern = format!("{}b", "a*".repeat(500));
    // With going back this would take longer than the universe is old.
    check(&event, vec![(like("metadata.value", &pattern), false)]);
}

#[test]
fn numbers_lie_between_their_bounds() {
    let amount = |from, to| number("metadata.amount", from, to);
    check(
        &full_event(),
        vec![
            (amount(Some((150.5, true)), None), true),
            (amount(Some((150.5, false)), None), false),
            (amount(None, Some((150.5, true))), true),
            (amount(None, Some((150.5, false))), false),
            (amount(Some((100.0, true)), Some((200.0, true))), true),
            (amount(None, None), true),
            (number("metadata.text_number", None, None), false),
            (number("metadata.absent", None, None), false),
            (number("severity_rank", Some((2.0, true)), None), true),
            (number("severity_rank", Some((2.0, false)), None), false),
        ],
    );
}

#[test]
fn addresses_lie_in_networks_of_their_own_family() {
    check(
        &full_event(),
        vec![
            (network("client.ip", "10.0.0.0/8"), true),
            (network("client.ip", "10.1.2.3/32"), true),
            (network("client.ip", "10.1.2.9/24"), true),
            (network("client.ip", "10.2.0.0/16"), false),
            (network("client.ip", "::ffff:10.0.0.0/104"), true),
            (network("client.ip", "::/0"), false),
            (Filter::ip("client.ip", "::ffff:10.1.2.3".parse().unwrap()), true),
            (network("actor.id", "10.0.0.0/8"), false),
        ],
    );
}

#[test]
fn words_stand_one_after_the_other_in_one_text() {
    check(
        &full_event(),
        vec![
            (text("refund", false), true),
            (text("refund of the order", false), true),
            (text("refund the order", false), false),
            (text("order the", false), false),
            (text("REFUND", false), true),
            (text("ref", false), false),
            (text("ref", true), true),
            (text("the ord", true), true),
            (text("refu order", true), false),
            (text("naive cafe", false), true),
            (text("ann@example.org", false), true),
            // The end of one text and the beginning of the next are no phrase.
            (text("notes u Ann", false), false),
            (text("urgent", false), true),
            (text("manager", false), true),
            (text("weekend", false), true),
        ],
    );
}

#[test]
fn times_are_told_apart_by_occurrence_and_recording() {
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    let occurred = |from, until| Filter::Occurred(TimeRange { from, until });
    let received = |from, until| Filter::Received(TimeRange { from, until });
    check(
        &full_event(),
        vec![
            (occurred(at("2026-11-21T08:00:00.25Z"), None), true),
            (occurred(at("2026-11-21T08:00:00.250001Z"), None), false),
            (occurred(None, at("2026-11-21T08:00:00.25Z")), false),
            (occurred(None, at("2026-11-21T08:00:00.250001Z")), true),
            (occurred(None, None), true),
            (received(at("2026-11-21T09:30:00Z"), None), true),
            (received(None, at("2026-11-21T09:30:00Z")), false),
        ],
    );
}

#[test]
fn conditions_are_joined_as_in_logic() {
    let yes = || Filter::All;
    let no = || Filter::Not(Box::new(Filter::All));
    check(
        &full_event(),
        vec![
            (Filter::And(vec![]), true),
            (Filter::Or(vec![]), false),
            (Filter::And(vec![yes(), no()]), false),
            (Filter::And(vec![yes(), yes()]), true),
            (Filter::Or(vec![no(), yes()]), true),
            (Filter::Or(vec![no(), no()]), false),
            (Filter::Not(Box::new(no())), true),
        ],
    );
}

#[test]
fn joining_with_and_makes_one_list() {
    let (a, b, c) = (like("type", "a"), like("type", "b"), like("type", "c"));
    let flat = Filter::And(vec![a.clone(), b.clone(), c.clone()]);
    assert_eq!(a.clone().and(b.clone()).and(c.clone()), flat);
    assert_eq!(a.clone().and(b.clone().and(c)), flat);
    assert_eq!(Filter::All.and(a.clone()), a);
    assert_eq!(b.clone().and(Filter::All), b);
}

#[test]
fn a_scope_keeps_to_the_tenant_and_the_person() {
    let event = full_event();
    let scope = |tenant: &str, person: Option<&str>| {
        let tenant = TenantId::new(tenant).unwrap();
        match person {
            None => Scope::tenant(tenant),
            Some(person) => Scope::person(tenant, person),
        }
    };
    check(
        &event,
        vec![
            (scope("acme", None).filter(), true),
            (scope("other", None).filter(), false),
            (scope("acme", Some("u-Ann")).filter(), true),
            (scope("acme", Some("u-Bob")).filter(), true),
            (scope("acme", Some("u-ann")).filter(), false),
            (scope("other", Some("u-Ann")).filter(), false),
        ],
    );
}

#[test]
fn one_view_serves_many_filters() {
    let event = full_event();
    let view = EventView::of(&event);
    assert!(text("refund", false).matches_view(&view));
    assert!(Filter::equals("actor.id", "u-Ann").matches_view(&view));
    assert!(!Filter::equals("actor.id", "u-Bob").matches_view(&view));
}

/// Says the same as the linear matcher, in the slow way that is plainly right.
fn like_slowly(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| like_slowly(rest, &text[at..])),
        Some((c, rest)) => {
            text.split_first().is_some_and(|(t, text)| t == c && like_slowly(rest, text))
        }
    }
}

proptest! {
    #[test]
    fn the_linear_matcher_says_what_the_slow_one_says(
        pattern in "[ab*]{0,8}",
        text in "[ab]{0,10}",
    ) {
        let expected = like_slowly(pattern.as_bytes(), text.as_bytes());
        prop_assert_eq!(super::pattern::Pattern::new(&pattern).matches(&text), expected);
    }

    #[test]
    fn what_holds_and_what_does_not_are_opposites(value in "\\PC{0,12}", star in ".{0,12}") {
        let event = event(json!({"type": "a.b", "labels": {"x": "value"}, "description": value}));
        for filter in [Filter::equals("labels.x", &*star), like("labels.x", &star)] {
            let not = Filter::Not(Box::new(filter.clone()));
            prop_assert_ne!(filter.matches(&event), not.matches(&event));
        }
    }
}
