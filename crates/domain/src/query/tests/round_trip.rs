//! What is printed is read back as the same filter.

use proptest::prelude::*;

use super::*;
use crate::examples::full_event;
use crate::filter::{Bound, Field, NumberRange, Scope, Test, TextTest, TimeRange};

/// Printing may lengthen a query, so it is read back without a limit of bytes; nesting and
/// conditions never grow.
fn read_back(text: &str) -> Result<Filter, QueryError> {
    let limits = QueryLimits { bytes_max: 1 << 20, ..shipped() };
    let now = "2001-01-01T00:00:00Z".parse().unwrap();
    parse(text, &QueryContext { limits: &limits, now, catalogue: catalogue() })
}

#[track_caller]
fn comes_back(text: &str) {
    let read = filter(text);
    let printed = print(&read);
    let again = read_back(&printed).unwrap_or_else(|error| panic!("{text} → {printed}: {error}"));
    assert_eq!(again, read, "{text} → {printed}");
    assert_eq!(print(&again), printed, "{text}");
}

#[test]
fn every_example_comes_back() {
    for info in fields() {
        comes_back(info.example);
    }
}

#[test]
fn queries_are_printed_in_their_plain_form() {
    for (text, printed) in [
        ("", ""),
        ("*", ""),
        ("a AND b", "a b"),
        ("NOT a", "-a"),
        ("NOT (a OR b)", "-(a OR b)"),
        ("(a OR b) c", "(a OR b) c"),
        ("a OR (b c)", "a OR b c"),
        ("-(a b)", "-(a b)"),
        ("Exact-Phrase", "\"exact phrase\""),
        ("refund*", "refund*"),
        ("Refnud~", "refnud~2"),
        ("東京都*", "東京都"),
        ("\"v2 東京\"", "v2東京"),
        ("is:failed", "outcome:failure,denied"),
        ("actor:ann", "actor:ann"),
        ("-actor:ann,bob", "-actor:ann,bob"),
        ("action:(a OR b)", "type:a,b"),
        ("type:a OR type:b OR outcome:denied", "type:a,b OR outcome:denied"),
        ("ip:10.0.0.1", "client.ip:10.0.0.1"),
        ("ip:10.1.2.3/8", "client.ip:10.0.0.0/8"),
        ("severity:>warning", "severity>warning"),
        ("severity:info..error", "severity:info..error"),
        ("metadata.x:10..20", "metadata.x:10..20"),
        ("metadata.x>1e300", "metadata.x>1e300"),
        ("metadata.\"odd key\":\"a b\"", "metadata.\"odd key\":\"a b\""),
        ("has:subject", "has:subject"),
        ("metadata.x:*", "has:metadata.x"),
        ("after:-P7D", "after:2026-11-14T09:30:00Z"),
        ("occurred:2026-01-01", "occurred:2026-01-01T00:00:00Z..2026-01-02T00:00:00Z"),
        ("a OR *", "a OR *"),
        ("-*", "-*"),
    ] {
        assert_eq!(print(&filter(text)), printed, "{text}");
        comes_back(text);
    }
}

#[test]
fn what_only_programs_make_is_printed_with_the_same_meaning() {
    let event = full_event();
    let field = |path: &str, test: Test| Filter::Field(Field(path.into()), test);
    let bound = |at: f64| Some(Bound { at, inclusive: false });
    let scope = Scope::person(crate::examples::tenant(), "u-Ann");
    for made in [
        Filter::And(vec![]),
        Filter::Or(vec![]),
        Filter::Not(Box::new(Filter::Or(vec![]))),
        Filter::And(vec![Filter::Or(vec![])]),
        Filter::Or(vec![Filter::And(vec![]), Filter::equals("type", "x")]),
        Filter::Or(vec![Filter::Or(vec![Filter::equals("type", "x")]), Filter::All]),
        Filter::Not(Box::new(Filter::Not(Box::new(Filter::equals("type", "x"))))),
        field(
            "metadata.amount",
            Test::Number(NumberRange { from: bound(150.0), to: bound(151.0) }),
        ),
        field(
            "metadata.amount",
            Test::Number(NumberRange { from: bound(150.5), to: bound(151.0) }),
        ),
        field("severity_rank", Test::Number(NumberRange { from: bound(0.5), to: None })),
        field("client.ip", Test::Equals("10.1.2.3".into())),
        field("actor", Test::Exists),
        Filter::Occurred(TimeRange::default()),
        Filter::Text(TextTest { words: vec!["refund".into()], prefix: false }),
        scope.filter(),
    ] {
        let printed = print(&made);
        let read = read_back(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
        assert_eq!(read.matches(&event), made.matches(&event), "{made:?} → {printed}");
    }
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9._@-]{1,8}",
        2 => "[a-z*]{1,6}".prop_filter("a star alone means another thing", |t| t != "*"),
        1 => Just("*".to_owned()),
        3 => "[ -~é東]{0,10}".prop_map(|t| quoted(&t)),
        1 => ("[a b\"\\\\.*]{1,6}", "[a-c*]{1,3}").prop_map(|(q, p)| format!("{}{p}", quoted(&q.replace('*', "")))),
        1 => (-50..50i32, -50..50i32).prop_map(|(a, b)| format!("{}..{}", a.min(b), a.max(b))),
    ]
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn any_condition() -> impl Strategy<Value = String> {
    let named = |names: &'static [&'static str]| proptest::sample::select(names);
    let texts = named(&[
        "type",
        "actor",
        "actor.id",
        "subject",
        "user",
        "target",
        "target.type",
        "labels.env",
        "label.\"a b\"",
        "metadata.x",
        "metadata.\"(odd)\"",
        "country",
        "session",
        "source",
        "actor.alt_ids.icn",
    ]);
    let values = proptest::collection::vec(any_value(), 1..4);
    let words = named(&["info", "warning", "error", "critical"]);
    let operators = named(&[":", "=", ">", ">=", "<", "<=", ":>="]);
    let times =
        named(&["2026-01-01", "-P7D", "-PT1H", "2026-01-01T10:00:00.5+02:00", "2026-01-01T10:00"]);
    prop_oneof![
        (texts, values).prop_map(|(name, values)| format!("{name}:{}", values.join(","))),
        (named(&["type", "actor", "metadata.x"]), any_value(), any_value())
            .prop_map(|(name, a, b)| format!("{name}:({a} OR -{b} {a})")),
        (operators.clone(), words).prop_map(|(op, word)| format!("severity{op}{word}")),
        (operators.clone(), any::<f64>().prop_filter("finite", |n| n.is_finite()))
            .prop_map(|(op, n)| format!("metadata.n{op}{n:e}")),
        (operators, times.clone()).prop_map(|(op, time)| format!("occurred{op}{time}")),
        (named(&["after:", "before:", "recorded_after:", "recorded_before:", "recorded:"]), times)
            .prop_map(|(name, time)| format!("{name}{time}")),
        named(&["ip:10.0.0.1", "ip:10.1.0.0/16,::1", "ip:*", "mfa:true", "operation:read,delete"])
            .prop_map(str::to_owned),
        named(&["has:session", "has:actor,metadata.x", "has:metadata", "outcome:den*", "id:01*"])
            .prop_map(str::to_owned),
        "[a-zé]{1,6}",
        "[a-z]{1,4}\\*",
        "[a-z東京é]{1,8}~[12]?",
        "[東京ไทย]{1,3}[a-z]{0,2}[東京]{0,2}\\*?",
        named(&["is:failed", "is:significant,change", "-is:(change OR failed)"])
            .prop_map(str::to_owned),
        "[a-z0-9]{1,3}[-.@/][a-z]{1,3}",
        "\"[a-z]{1,3} [A-Z]{1,3}\"\\*?",
        Just("*".to_owned()),
    ]
}

fn any_query() -> impl Strategy<Value = String> {
    any_condition().prop_recursive(4, 24, 3, |inner| {
        let list = proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            list.clone().prop_map(|parts| format!("({})", parts.join(" OR "))),
            list.clone().prop_map(|parts| format!("({})", parts.join(" "))),
            list.prop_map(|parts| parts.join(" AND ")),
            inner.clone().prop_map(|part| format!("-{part}")),
            inner.prop_map(|part| format!("NOT {part}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_was_read_is_printed_and_read_back_as_the_same(text in any_query()) {
        // Some generated values are refused on purpose, such as a pattern with a quoted star.
        let Ok(read) = read(&text) else { return Ok(()) };
        let printed = print(&read);
        let again = read_back(&printed);
        prop_assert_eq!(again.as_ref(), Ok(&read), "{} → {}", text, printed);
        prop_assert_eq!(print(&read), printed);
    }

    #[test]
    fn whatever_can_be_read_comes_back(text in "[a-c:()\"* ,.<>=1-]{0,24}") {
        let Ok(read) = read(&format!("metadata.{text}")) else { return Ok(()) };
        let printed = print(&read);
        let again = read_back(&printed);
        prop_assert_eq!(again.as_ref(), Ok(&read), "{} → {}", text, printed);
    }

    #[test]
    fn every_value_can_be_written_in_quotation_marks(value in "\\PC{0,20}") {
        let made = Filter::equals("metadata.x", value.as_str());
        prop_assert_eq!(read_back(&print(&made)), Ok(made.clone()));
        prop_assert_eq!(read(&format!("metadata.x:{}", quoted(&value))), Ok(made));
    }

    #[test]
    fn every_key_can_be_written(key in "\\PC{1,20}") {
        let made = Filter::equals(&format!("metadata.{key}"), "v");
        prop_assert_eq!(read_back(&print(&made)), Ok(made));
        let exists = Filter::Field(Field(format!("labels.{key}")), Test::Exists);
        prop_assert_eq!(read_back(&print(&exists)), Ok(exists));
    }
}
