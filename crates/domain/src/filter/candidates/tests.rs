use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Event;
use crate::examples::event;
use crate::filter::{
    Bound, Field, Filter, NumberRange, Test, TextTest, TimeRange, canonical_network,
};
use crate::text::words;

const WORDS_USED: &[&str] =
    &["ann", "Ann", "Émile", "Straße", "refund", "refunds", "ΟΔΟΣ", "東京", "100", "true", "re"];
const PATHS: &[&str] = &[
    "type",
    "actor.id",
    "actor.name",
    "subject.id",
    "target.id",
    "client.ip",
    "severity",
    "severity_rank",
    "session.mfa",
    "metadata.a",
    "metadata.a.b",
    "labels.a",
    "tenant",
];
const TYPES: &[&str] = &["user.login", "user.password.reset", "invoice.paid", "100"];
const ADDRESSES: &[&str] = &["10.0.0.7", "10.1.2.3", "::ffff:10.0.0.7", "2001:db8::1"];
const NETWORKS: &[&str] = &["10.0.0.0/8", "10.0.0.7/32", "::ffff:10.0.0.0/104", "2001:db8::/32"];
const PATTERNS: &[&str] = &[
    "*",
    "user.*",
    "*login",
    "u*d",
    "a*",
    "re",
    "refund*",
    "10*",
    "tr*",
    "ο*",
    "user.password.changed*",
];

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS_USED).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        word().prop_map(Value::from),
        prop::sample::select(&[0.0, -0.0, 1.0, 100.0, 0.5][..]).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    prop_oneof![
        leaf.clone(),
        prop::collection::vec(leaf.clone(), 0..3).prop_map(Value::from),
        leaf.prop_map(|value| json!({ "b": value })),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    let id = || prop::option::of(word());
    let severity = prop::sample::select(&["info", "warning", "error", "critical"][..]);
    let kind = (prop::sample::select(TYPES), severity, any::<bool>());
    let rest = (prop::sample::select(ADDRESSES), value(), word(), word());
    (kind, (id(), id(), id()), rest).prop_map(|(kind, people, rest)| {
        let ((event_type, severity, mfa), (actor, subject, target)) = (kind, people);
        let (ip, metadata, label, description) = rest;
        event(json!({
            "type": event_type, "severity": severity, "session": { "mfa": mfa },
            "actor": { "type": "user", "id": actor.as_deref().unwrap_or("x"), "name": actor },
            "subject": { "id": subject.unwrap_or_else(|| "y".into()) },
            "targets": [{ "type": "file", "id": target }],
            "client": { "ip": ip }, "metadata": { "a": metadata }, "labels": { "a": label },
            "description": format!("{description} of {label}"),
        }))
    })
}

fn any_test() -> impl Strategy<Value = Test> {
    let bound = || {
        let at = prop::sample::select(&[0.0, 1.0, 2.0, 100.0][..]);
        prop::option::of((at, any::<bool>()).prop_map(|(at, inclusive)| Bound { at, inclusive }))
    };
    let text = || prop_oneof![word(), prop::sample::select(TYPES).prop_map(str::to_owned)];
    prop_oneof![
        Just(Test::Exists),
        text().prop_map(Test::Equals),
        prop::sample::select(&["0", "-0", "100", "1e2", "acme"][..])
            .prop_map(|text| Test::Equals(text.into())),
        prop::sample::select(ADDRESSES).prop_map(|text| Test::Equals(text.into())),
        prop::sample::select(PATTERNS).prop_map(|pattern| Test::Like(pattern.into())),
        (bound(), bound()).prop_map(|(from, to)| Test::Number(NumberRange { from, to })),
        prop::sample::select(NETWORKS)
            .prop_map(|network| Test::Network(canonical_network(network.parse().unwrap()))),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let field = (prop::sample::select(PATHS), any_test())
        .prop_map(|(path, test)| Filter::Field(Field(path.into()), test));
    let phrase = prop::collection::vec(word(), 0..3);
    let text = (phrase, any::<bool>()).prop_map(|(phrase, prefix)| {
        Filter::Text(TextTest { words: words(&phrase.join(" ")), prefix })
    });
    let leaf = prop_oneof![
        8 => field,
        3 => text,
        1 => Just(Filter::All),
        1 => Just(Filter::Occurred(TimeRange::default())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn entered(filters: &[Filter]) -> (Candidates, Vec<Matcher>) {
    let matchers: Vec<Matcher> = filters.iter().map(Matcher::new).collect();
    let mut candidates = Candidates::default();
    for (number, matcher) in (0..).zip(&matchers) {
        candidates.enter(number, matcher);
    }
    (candidates, matchers)
}

/// The numbers of the filters that hold, found among the candidates.
fn found(candidates: &Candidates, matchers: &[Matcher], event: &Event) -> Vec<u32> {
    let view = EventView::of(event);
    let mut found = candidates.of(&view);
    found.retain(|number| matchers[*number as usize].matches(&view));
    found.sort_unstable();
    found
}

fn all_that_hold(filters: &[Filter], event: &Event) -> Vec<u32> {
    (0..).zip(filters).filter(|(_, filter)| filter.matches(event)).map(|(n, _)| n).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn among_the_candidates_is_every_filter_that_holds_and_each_once(
        filters in prop::collection::vec(any_filter(), 1..40),
        events in prop::collection::vec(any_event(), 1..8),
    ) {
        let (candidates, matchers) = entered(&filters);
        for event in &events {
            let found = found(&candidates, &matchers, event);
            prop_assert_eq!(found, all_that_hold(&filters, event));
        }
    }

    #[test]
    fn whatever_holds_may_hold_at_a_glance(
        filters in prop::collection::vec(any_filter(), 1..40),
        events in prop::collection::vec(any_event(), 1..8),
    ) {
        for filter in &filters {
            let matcher = Matcher::new(filter);
            let glance = matcher.glance();
            for event in &events {
                let holds = matcher.matches(&EventView::of(event));
                prop_assert!(glance.may_hold(event) || !holds, "{filter:?}");
            }
        }
    }

    #[test]
    fn filters_that_were_taken_out_leave_nothing_and_the_others_stay(
        filters in prop::collection::vec((any_filter(), any::<bool>()), 1..20),
        events in prop::collection::vec(any_event(), 1..4),
    ) {
        let all: Vec<Filter> = filters.iter().map(|(filter, _)| filter.clone()).collect();
        let (mut candidates, matchers) = entered(&all);
        let numbered = || (0_u32..).zip(&filters).zip(&matchers);
        for ((number, _), matcher) in numbered().filter(|((_, (_, stays)), _)| !stays) {
            candidates.remove(number, matcher);
        }
        for event in &events {
            let mut left = all_that_hold(&all, event);
            left.retain(|number| filters[*number as usize].1);
            prop_assert_eq!(found(&candidates, &matchers, event), left);
        }
        for ((number, _), matcher) in numbered().filter(|((_, (_, stays)), _)| *stays) {
            candidates.remove(number, matcher);
        }
        prop_assert!(candidates.always.is_empty() && candidates.needing.is_empty());
        prop_assert!(candidates.fields.is_empty() && candidates.words.is_empty());
    }
}

#[test]
fn of_a_thousand_filters_with_something_rare_few_are_evaluated() {
    let rare = |n: u32| match n % 5 {
        0 => Filter::equals("actor.id", format!("u-{n}")),
        1 => Filter::Field(Field("type".into()), Test::Like(format!("shop.{n}.*"))),
        2 => Filter::Text(TextTest { words: words(&format!("order o{n}")), prefix: false }),
        3 => Filter::Or(vec![
            Filter::equals("subject.id", format!("u-{n}")),
            Filter::equals("actor.id", format!("u-{n}")),
        ]),
        _ => Filter::ip("client.ip", IpAddr::from([10, 1, (n / 250) as u8, (n % 250) as u8])),
    };
    let tenant = |filter| Filter::equals("tenant", "acme").and(filter);
    let filters: Vec<Filter> = (0..1000).map(|n| tenant(rare(n))).collect();
    let (candidates, _) = entered(&filters);
    let event = event(json!({
        "type": "shop.501.order.paid", "actor": { "id": "u-500" }, "subject": { "id": "u-503" },
        "client": { "ip": "10.1.2.4" }, "description": "order o502 was paid",
    }));
    let mut found = candidates.of(&EventView::of(&event));
    found.sort_unstable();
    assert!([500, 501, 502, 503, 504].iter().all(|number| found.contains(number)), "{found:?}");
    // Beginnings are cut, so a few more share one.
    assert!(found.len() < 20, "{found:?}");
}

#[test]
fn what_an_event_plainly_lacks_shows_at_a_glance() {
    let event = event(json!({
        "type": "user.login", "actor": { "id": "ann" }, "client": { "ip": "10.0.0.7" },
    }));
    let type_like = |pattern: &str| Filter::Field(Field("type".into()), Test::Like(pattern.into()));
    for (filter, may_hold) in [
        (Filter::equals("actor.id", "bob"), false),
        (Filter::equals("actor.id", "ann"), true),
        (type_like("user.log*"), true),
        (type_like("shop.*"), false),
        (Filter::ip("client.ip", IpAddr::from([10, 0, 0, 8])), false),
        (Filter::Field(Field("metadata.a".into()), Test::Number(NumberRange::default())), false),
        (Filter::Not(Box::new(Filter::equals("actor.id", "ann"))), true),
    ] {
        let tenant = Filter::equals("tenant", "acme").and(filter);
        let found = Matcher::new(&tenant).glance().may_hold(&event);
        assert_eq!(found, may_hold, "{tenant:?}");
    }
}

#[test]
fn what_never_holds_is_never_a_candidate() {
    let never = Filter::equals("tenant", "acme").and(Filter::Or(Vec::new()));
    let (candidates, _) = entered(&[never]);
    let event = event(json!({ "type": "a.b", "actor": { "id": "ann" } }));
    assert!(candidates.of(&EventView::of(&event)).is_empty());
}

#[test]
fn a_text_that_says_a_word_over_and_over_costs_one_look_at_each_filter() {
    let word = Filter::Text(TextTest { words: words("again"), prefix: false });
    let (candidates, _) = entered(&vec![word; 64]);
    let event = event(json!({
        "type": "a.b", "actor": { "id": "ann" }, "description": "again ".repeat(1000),
    }));
    assert_eq!(candidates.of(&EventView::of(&event)).len(), 64);
}
