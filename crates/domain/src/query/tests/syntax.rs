use super::*;
use crate::filter::{Field, Test, TextTest};

fn word(text: &str) -> Filter {
    Filter::Text(TextTest { words: vec![text.into()], prefix: false })
}

fn phrase(words: &[&str], prefix: bool) -> Filter {
    Filter::Text(TextTest { words: words.iter().map(|w| (*w).into()).collect(), prefix })
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

#[test]
fn nothing_asks_for_everything() {
    for text in ["", " ", "\n\t", "*"] {
        assert_eq!(filter(text), Filter::All);
    }
    assert_eq!(filter("* a"), word("a"));
}

#[test]
fn words_are_joined_with_and() {
    let both = Filter::And(vec![word("a"), word("b")]);
    assert_eq!(filter("a b"), both);
    assert_eq!(filter("a AND b"), both);
    assert_eq!(filter("a (b c)"), Filter::And(vec![word("a"), word("b"), word("c")]));
}

#[test]
fn or_binds_less_than_and_and_not_binds_most() {
    let b_and_c = Filter::And(vec![word("b"), word("c")]);
    assert_eq!(filter("a OR b c"), Filter::Or(vec![word("a"), b_and_c]));
    assert_eq!(
        filter("(a OR b) c"),
        Filter::And(vec![Filter::Or(vec![word("a"), word("b")]), word("c")])
    );
    assert_eq!(filter("NOT a b"), Filter::And(vec![not(word("a")), word("b")]));
    same("-a", "NOT a");
    same("-(a OR b)", "NOT (a OR b)");
    same("NOT NOT a", "a");
    same("--a", "a");
    same("a OR (b OR c)", "a OR b OR c");
    // In lower case they are words to look for.
    assert_eq!(filter("a or b"), Filter::And(vec![word("a"), word("or"), word("b")]));
}

#[test]
fn several_words_in_one_are_a_phrase() {
    assert_eq!(filter("\"Exact Phrase\""), phrase(&["exact", "phrase"], false));
    assert_eq!(filter("ann@example.org"), phrase(&["ann", "example", "org"], false));
    assert_eq!(filter("10.1.2.3"), phrase(&["10", "1", "2", "3"], false));
    assert_eq!(filter("2001:db8::1"), phrase(&["2001", "db8", "1"], false));
    assert_eq!(filter("fe80::1"), phrase(&["fe80", "1"], false));
    assert_eq!(filter("refund*"), phrase(&["refund"], true));
    assert_eq!(filter("\"exact phr\"*"), phrase(&["exact", "phr"], true));
    assert_eq!(filter("user.password.*"), phrase(&["user", "password"], false));
    assert_eq!(filter("\"refund*\""), phrase(&["refund"], false));
    assert_eq!(filter("\"AND\""), word("and"));
    assert_eq!(filter(r#""say \"hi\"""#), phrase(&["say", "hi"], false));
}

#[test]
fn a_list_of_values_is_any_of_them() {
    let types = Filter::Or(vec![Filter::equals("type", "a"), Filter::equals("type", "b")]);
    assert_eq!(filter("type:a,b"), types);
    assert_eq!(filter("type:(a OR b)"), types);
    assert_eq!(filter("type:(a,b)"), types);
    assert_eq!(filter("type:(\"a\" OR (b))"), types);
    same("type:(a* -ab)", "type:a* -type:ab");
    same("severity:(>=error OR info)", "severity>=error OR severity:info");
    same("severity>=(warning)", "severity>=warning");
    same("metadata.x:(1..2 OR >9)", "metadata.x:1..2 OR metadata.x>9");
    same(
        "occurred:(2026-01-01T10:00:00Z..2026-01-02)",
        "occurred:2026-01-01T10:00:00Z..2026-01-02",
    );
    same("ip:(fe80::1 OR ::1)", "ip:fe80::1,::1");
    same("has:(session OR metadata.x)", "has:session,metadata.x");
}

#[test]
fn quotation_marks_take_everything_literally() {
    assert_eq!(filter("type:\"a b\""), Filter::equals("type", "a b"));
    assert_eq!(filter("type:\"a,b\""), Filter::equals("type", "a,b"));
    assert_eq!(filter("type:\"a*\""), Filter::equals("type", "a*"));
    assert_eq!(filter("metadata.x:\"1..2\""), Filter::equals("metadata.x", "1..2"));
    assert_eq!(filter("type:\"\""), Filter::equals("type", ""));
    assert_eq!(filter(r#"type:"C:\temp\\x \"y\"""#), Filter::equals("type", r#"C:\temp\x "y""#));
    let like = |pattern: &str| Filter::Field(Field("type".into()), Test::Like(pattern.into()));
    assert_eq!(filter("type:\"a b\"*"), like("a b*"));
    assert_eq!(filter("type:a**b"), like("a*b"));
    assert_eq!(filter("metadata.\"odd key\".x:1"), Filter::equals("metadata.odd key.x", "1"));
    assert_eq!(
        filter("has:metadata.\"odd key\""),
        Filter::Field(Field("metadata.odd key".into()), Test::Exists)
    );
}

#[test]
fn names_are_found_under_their_other_names_and_in_any_case() {
    for (short, long) in [
        ("action:a", "type:a"),
        ("user_id:a", "actor.id:a"),
        ("resource_type:a", "target.type:a"),
        ("resource_id:a", "target.id:a"),
        ("session:a", "session.id:a"),
        ("request:a", "request.id:a"),
        ("request_id:a", "request.id:a"),
        ("correlation:a", "request.correlation_id:a"),
        ("country:a", "client.country:a"),
        ("browser:a", "client.browser:a"),
        ("os:a", "client.os:a"),
        ("device:a", "client.device:a"),
        ("trace:a", "request.trace_id:a"),
        ("ip:1.2.3.4", "client.ip:1.2.3.4"),
        ("label.env:a", "labels.env:a"),
        ("TYPE:a", "type:a"),
        ("Actor.Id:a", "actor.id:a"),
        ("METADATA.Key:a", "metadata.Key:a"),
        ("type=a", "type:a"),
        ("type==a", "type:a"),
        ("severity:>=error", "severity>=error"),
    ] {
        same(short, long);
    }
}

#[test]
fn some_names_stand_for_several_fields() {
    same("actor:a", "actor.id:a OR actor.name:a OR actor.email:a");
    same("subject:a", "subject.id:a OR subject.name:a");
    same("target:a", "target.id:a OR target.name:a");
    same("user:a", "actor.id:a OR subject.id:a");
}

#[test]
fn every_example_of_the_table_can_be_read() {
    for info in fields() {
        filter(info.example);
        assert!(!info.description.is_empty());
    }
}

#[test]
fn a_mistake_is_told_with_its_column_and_what_was_expected() {
    for (text, column, message) in [
        ("typ:a", 1, "no field `typ`"),
        ("a (b", 3, "not closed"),
        ("a b)", 4, "closes nothing"),
        ("ä \"b", 3, "not closed"),
        ("a OR", 5, "missing"),
        ("OR a", 1, "stand between"),
        ("a AND AND b", 7, "stand between"),
        ("a AND OR b", 7, "stand between"),
        ("()", 2, "missing"),
        ("a -", 3, "no letter or digit"),
        ("NOT", 4, "missing"),
        ("***", 1, "no letter or digit"),
        ("ä & b", 3, "no letter or digit"),
        ("*fund", 1, "can only end"),
        ("re*fund", 1, "can only end"),
        ("type:", 6, "no value"),
        ("type: a", 6, "no value"),
        ("type:a,", 8, "no value"),
        ("type:a,,b", 8, "no value"),
        ("type:()", 7, "missing"),
        ("type:(a", 1, "not closed"),
        ("type:(a type:b)", 9, "inside the parentheses"),
        ("type:(a OR actor:(b))", 12, "inside the parentheses"),
        ("type>a", 6, "does not rise or fall"),
        ("severity>=a", 11, "no severity"),
        ("metadata.x>1,2", 14, "only one value"),
        (">5", 1, "needs a field"),
        ("amount > 5", 8, "needs a field"),
        (":a", 1, "needs a field"),
        ("outcome!=success", 8, "no operator `!=`"),
        ("outcome:sucess", 9, "no value of `outcome`"),
        ("ip:10.0.0.999", 4, "not an address"),
        ("id:7", 4, "not the id"),
        ("mfa:maybe", 5, "no value of `session.mfa`"),
        ("type:\"a*\"*", 6, "character `*` itself"),
        ("metadata.:x", 1, "no field"),
        ("description:x", 13, "free text"),
        ("has:nothing", 5, "no field"),
        ("has:after", 5, "cannot be absent"),
        ("has:meta*", 5, "takes a field name"),
        ("after>2026-01-01", 7, "compares already"),
        ("after:tomorrow", 7, "not a time"),
        ("metadata.x>abc", 12, "not a number"),
        ("metadata.x:9..1", 12, "ends before it begins"),
        ("https://example.org", 1, "no field `https`"),
    ] {
        let error = error(text);
        assert!(error.message.contains(message), "{text}: {error}");
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(!error.expected.is_empty());
    }
}

#[test]
fn the_nearest_word_is_suggested() {
    for (text, suggestion) in [
        ("typ:a", Some("type")),
        ("acto:a", Some("actor")),
        ("severty:a", Some("severity")),
        ("email:a", Some("actor.email")),
        ("metdata.amount:1", Some("metadata.amount")),
        ("outcome:sucess", Some("success")),
        ("severity:warn", None),
        ("severity>=warnig", Some("warning")),
        ("ip:10.1.*", Some("10.1.0.0/16")),
        ("zzzzzz:a", None),
        ("x:1", None),
    ] {
        let error = error(text);
        assert_eq!(error.suggestion.as_deref(), suggestion, "{text}: {error}");
    }
    let shown = error("typ:a").to_string();
    assert!(shown.starts_with("column 1: there is no field `typ`; expected"), "{shown}");
    assert!(shown.ends_with("did you mean `type`?"), "{shown}");
}

#[test]
fn no_name_of_the_table_is_used_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for name in fields().iter().flat_map(|info| info.aliases.iter().chain([&info.name])) {
        assert!(seen.insert(name), "{name}");
    }
}
