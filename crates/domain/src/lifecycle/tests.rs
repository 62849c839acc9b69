mod histories;

use serde_json::json;

use super::*;
use crate::retention::RetentionPolicy;

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn rules(json: serde_json::Value) -> TenantPolicy {
    TenantPolicy::new(serde_json::from_value(json).unwrap()).unwrap()
}

fn refused(json: serde_json::Value) -> String {
    TenantPolicy::new(serde_json::from_value(json).unwrap()).unwrap_err().to_string()
}

fn keep(policy: &TenantPolicy, event_type: &str, class: &str) -> String {
    policy.keep(&RetentionPolicy::default(), event_type, class).into()
}

#[test]
fn the_first_rule_that_is_about_an_event_counts_and_then_the_installation() {
    let policy = rules(json!([
        { "type": "user.login.failed", "keep": "P1Y" },
        { "type": "user.login.*", "keep": "P90D" },
        { "type": "user.*", "class": "long", "keep": "forever" },
        { "class": "short", "keep": "P30D" },
    ]));
    for (event_type, class, kept) in [
        ("user.login.failed", "standard", "P1Y"),
        ("user.login.succeeded", "short", "P90D"),
        ("user.role.granted", "long", "forever"),
        ("user.role.granted", "short", "P30D"),
        ("user.role.granted", "standard", "P7Y"),
        ("users.merged", "standard", "P7Y"),
        ("user.role.granted", "unheard-of", "forever"),
    ] {
        assert_eq!(keep(&policy, event_type, class), kept, "{event_type} {class}");
    }
}

#[test]
fn rules_that_mean_nothing_are_refused_by_number() {
    let many: Vec<_> =
        (0..=RULES_MAX).map(|n| json!({ "type": format!("t{n}"), "keep": "P1D" })).collect();
    let most = many[..RULES_MAX].to_vec();
    assert_eq!(rules(json!(most)).rules().len(), RULES_MAX);
    assert!(refused(json!(many)).contains("at most 200"));
    for pattern in ["", "*", ".*", "user*", "user.*.x", "us er"] {
        let told = refused(json!([{ "type": pattern, "keep": "P1D" }]));
        assert!(told.starts_with("rule 1: `type`"), "{pattern}: {told}");
    }
    let told = refused(json!([{ "keep": "P1D" }, { "type": "a", "keep": "P2D" }]));
    assert_eq!(told, "rule 2 is never reached: rule 1 before it is about the same events and more");
    assert!(refused(json!([{ "class": "", "keep": "P1D" }])).contains("1 to 200"));
}

#[test]
fn a_policy_is_shortened_when_anything_would_go_earlier() {
    let installation = RetentionPolicy::default();
    let none = TenantPolicy::default();
    let a_year = rules(json!([{ "type": "user.*", "keep": "P1Y" }]));
    let two_years = rules(json!([{ "type": "user.*", "keep": "P2Y" }]));
    let logins = rules(json!([
        { "type": "user.login.*", "keep": "P6M" }, { "type": "user.*", "keep": "P9Y" },
    ]));
    let for_ever = rules(json!([{ "keep": "forever" }]));
    for (before, after, shortened) in [
        (&none, &none, false),
        (&none, &a_year, true),
        (&a_year, &none, false),
        (&a_year, &two_years, false),
        (&two_years, &a_year, true),
        (&two_years, &logins, true),
        (&none, &for_ever, false),
        (&for_ever, &none, true),
        (&logins, &for_ever, false),
    ] {
        let told = before.is_shortened_by(after, &installation, []);
        assert_eq!(told, shortened, "{before:?} to {after:?}");
    }
    let ten_years = rules(json!([{ "type": "user.*", "keep": "P10Y" }]));
    assert!(!none.is_shortened_by(&ten_years, &installation, []));
    let of_a_class = none.is_shortened_by(&ten_years, &installation, ["kept-for-ever"]);
    assert!(of_a_class, "a class without a span was kept for ever");
}

#[test]
fn spans_that_depend_on_the_day_count_as_shorter() {
    let installation = RetentionPolicy::default();
    let of = |span: &str| rules(json!([{ "keep": span }]));
    for (before, after, shortened) in [
        ("P7Y", "P84M", false),
        ("P7Y", "P2555D", true),
        ("P7Y", "P2563D", false),
        ("P1M", "P30D", true),
        ("P1M", "P31D", false),
        ("P4W", "P1M", false),
        ("P1Y", "P1Y1D", false),
        ("P1Y1D", "P1Y", true),
        ("PT24H", "P1D", false),
    ] {
        let told = of(before).is_shortened_by(&of(after), &installation, []);
        assert_eq!(told, shortened, "{before} to {after}");
    }
}

#[test]
fn the_time_goes_on_as_it_is_measured_and_never_ahead_of_that() {
    use jiff::SignedDuration;
    let begin = TrustedTime::confirmed(at("2026-11-21T00:00:00Z"));
    let hour = SignedDuration::from_hours(1);
    let later = begin.advanced(hour);
    assert_eq!(later.now(at("2026-11-21T01:00:00Z")), at("2026-11-21T01:00:00Z").into());
    let an_hour_later = at("2026-11-21T01:00:00Z");
    let jumped = later.now(at("2036-11-21T00:00:00Z"));
    assert_eq!(jumped, an_hour_later.into(), "whatever the clock tells");
    let put_back = at("2020-01-01T00:00:00Z");
    let now = later.now(put_back);
    assert_eq!(now.expiry, put_back, "a clock that was ahead and was put right");
    assert_eq!(now.policy, an_hour_later, "what is in force stays so");
    let restarted = later.advanced(SignedDuration::ZERO);
    assert_eq!(restarted, later, "what nobody measured does not count");
    let behind = restarted.behind(at("2026-11-25T01:00:00Z"));
    assert_eq!(behind, SignedDuration::from_hours(4 * 24));
}

#[test]
fn what_is_looked_for_by_a_rule_is_all_that_it_is_about_and_little_else() {
    use crate::examples::full_event;
    let classes =
        [("invoice.sent", "books"), ("invoice.draft", "standard"), ("Page.Seen", "standard")];
    for (rule, found) in [
        (json!({ "type": "invoice.*", "keep": "P1Y" }), [true, true, false]),
        (json!({ "type": "invoice.sent", "keep": "P1Y" }), [true, false, false]),
        (json!({ "type": "Page.*", "keep": "P1Y" }), [false, false, true]),
        (json!({ "class": "books", "keep": "P1Y" }), [true, true, true]),
        (json!({ "class": "standard", "keep": "P1Y" }), [true, true, true]),
        (json!({ "type": "invoice.*", "class": "books", "keep": "P1Y" }), [true, true, false]),
        (json!({ "keep": "P1Y" }), [true, true, true]),
    ] {
        let law = json!([{ "type": rule["type"], "class": rule["class"], "keep": "P1Y", "legal_basis": "L" }]);
        let policy = rules(law);
        let (possible, _) = policy.obliging().next().unwrap();
        for ((name, class), found) in classes.iter().zip(found) {
            let event = crate::Event { event_type: (*name).into(), ..full_event() };
            let is_found = possible.possible().matches(&event);
            assert_eq!(is_found, found, "{rule} {name}");
            assert!(is_found || policy.obligation(name, class).is_none(), "{rule} {name}");
        }
    }
}
