use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::access::{Mask, Masks};
use crate::examples::{catalogue, event, full_event, now, shipped_limits};
use crate::facts::{facts_of, texts_of};
use crate::query::{QueryContext, parse};
use crate::text::{Texts, words};

/// What a query marks: place, and the marked parts of the fragment.
fn marked(event: &Event, query: &str) -> Vec<(String, Vec<String>)> {
    let context =
        QueryContext { limits: &shipped_limits().query, now: now(), catalogue: catalogue() };
    let filter = parse(query, &context).unwrap();
    let told = highlights(event, &filter);
    told.into_iter().map(|one| (one.path.clone(), parts(&one))).collect()
}

/// The marked parts, cut out as JavaScript would.
fn parts(highlight: &Highlight) -> Vec<String> {
    let units: Vec<u16> = highlight.fragment.encode_utf16().collect();
    let part = |range: &Range<usize>| String::from_utf16(&units[range.clone()]).unwrap();
    highlight.ranges.iter().map(part).collect()
}

fn described(text: &str) -> Event {
    event(json!({ "type": "a.b", "actor": { "id": "u-1" }, "description": text }))
}

#[track_caller]
fn check(text: &str, query: &str, expected: &[&str]) {
    let marked = marked(&described(text), query);
    let found = marked.iter().find(|(path, _)| path == "/description");
    let found = found.map(|(_, parts)| parts.clone()).unwrap_or_default();
    assert_eq!(found, expected, "{query} in {text}");
}

#[test]
fn words_are_marked_whatever_their_case_and_accents() {
    check("Refund of the REFUND", "refund", &["Refund", "REFUND"]);
    check("naïve Cafe\u{301} and CAFÉ", "café", &["Cafe\u{301}", "CAFÉ"]);
    check("naïve Cafe\u{301} and CAFÉ", "naive", &["naïve"]);
    check("die Straße", "STRASSE", &["Straße"]);
    check("a refund, and refunds", "refund", &["refund"]);
}

#[test]
fn phrases_are_marked_as_one_and_prefixes_mark_the_whole_word() {
    check("the order was refused, the order", "\"the order\"", &["the order", "the order"]);
    check("refused: the  order!", "\"refused the order\"", &["refused: the  order"]);
    check("Refunded and refunds", "refund*", &["Refunded", "refunds"]);
    check("the order was refused", "\"order the\"", &[]);
}

#[test]
fn words_that_are_nearly_so_are_marked_where_that_is_asked() {
    check("the refund came", "refnud~", &["refund"]);
    check("the refund came", "refnud", &[]);
}

#[test]
fn scripts_without_blanks_are_marked_inside_of_a_sentence() {
    check("昨日は東京都で会議", "東京", &["東京"]);
    check("請求書を東京都で東京へ", "東京", &["東京", "東京"]);
}

#[test]
fn ranges_count_as_javascript_does() {
    let told = highlights(&described("👩‍🚀 sent 👍 to Ann"), &Filter::Text(text_test("ann")));
    assert_eq!(told.len(), 1);
    assert_eq!(parts(&told[0]), ["Ann"]);
    assert_eq!(told[0].ranges, std::iter::once(17..20).collect::<Vec<_>>());
}

fn text_test(phrase: &str) -> TextTest {
    TextTest { words: words(phrase), prefix: false }
}

#[test]
fn values_of_fields_are_marked_whole_where_they_stand() {
    let event = full_event();
    for (query, path, value) in [
        ("actor.name:ann*", "/actor/name", "Ann Lee"),
        ("type:user.password.*", "/type", "user.password.changed"),
        ("target.id:INV-7", "/targets/0/id", "INV-7"),
        ("target.type:file", "/targets/1/type", "file"),
        ("on_behalf_of.role:clerk", "/on_behalf_of/0/roles/0", "clerk"),
        ("metadata.ticket.tags:night", "/metadata/ticket/tags/1", "night"),
        ("metadata.amount>100", "/metadata/amount", "150.5"),
        ("metadata.flag:true", "/metadata/flag", "true"),
        ("labels.team:billing", "/labels/team", "billing"),
        ("ip:10.0.0.0/8", "/client/ip", "10.1.2.3"),
        ("severity>=warning", "/severity", "error"),
        ("outcome:denied", "/outcome/status", "denied"),
        ("changes.path:/role", "/changes/0/path", "/role"),
        ("client.browser:safari", "/client/device/browser", "Safari"),
    ] {
        assert_eq!(marked(&event, query), [(path.to_owned(), vec![value.to_owned()])], "{query}");
    }
}

#[test]
fn a_name_that_stands_for_several_fields_marks_those_that_match() {
    assert_eq!(marked(&full_event(), "actor:u-Ann"), [("/actor/id".into(), vec!["u-Ann".into()])]);
}

#[test]
fn what_is_denied_timed_or_only_there_is_not_marked() {
    for query in ["-refund", "NOT actor:u-Bob", "after:2026-01-01", "has:description", "*", ""] {
        assert_eq!(marked(&full_event(), query), [], "{query}");
    }
    // Nor is what a negation holds that does not hold as a whole.
    assert_eq!(marked(&full_event(), "-(refund absent)"), []);
}

#[test]
fn a_part_of_the_query_that_does_not_hold_marks_nothing() {
    let event = full_event();
    let holds = marked(&event, "(refund outcome:denied) OR ticket");
    assert!(holds.iter().any(|(path, _)| path == "/description"), "{holds:?}");
    let fails = marked(&event, "(refund outcome:success) OR outcome:denied");
    assert_eq!(fails, [("/outcome/status".into(), vec!["denied".into()])]);
}

#[test]
fn a_word_and_a_value_in_one_place_are_marked_together() {
    assert_eq!(
        marked(&full_event(), "ann actor.name:*lee"),
        [
            ("/actor/id".to_owned(), vec!["Ann".to_owned()]),
            ("/actor/name".to_owned(), vec!["Ann Lee".to_owned()]),
            ("/actor/email".to_owned(), vec!["Ann".to_owned()]),
        ]
    );
}

#[test]
fn what_is_masked_is_not_marked() {
    let mut event = full_event();
    Masks::from_iter(Mask::ALL.iter().copied()).apply(&mut event, catalogue());
    for query in ["refund", "lee", "manager", "actor.name:ann*", "ip:10.0.0.0/8"] {
        assert_eq!(marked(&event, query), [], "{query}");
    }
    assert_ne!(marked(&event, "outcome:denied"), []);
}

#[test]
fn of_a_long_text_the_part_around_the_first_mark_is_shown() {
    let text = format!("{}needle {}", "hay ".repeat(300), "stack ".repeat(300));
    let told = highlights(&described(&text), &Filter::Text(text_test("needle")));
    let one = &told[0];
    assert_eq!(parts(one), ["needle"]);
    assert!(one.fragment.chars().count() <= fragment::FRAGMENT_CHARS_MAX);
    assert!(one.fragment.starts_with("hay "), "{}", one.fragment);
    assert_eq!(text[one.offset..][..one.fragment.len()], one.fragment);
}

#[test]
fn marks_of_a_text_and_places_of_an_event_are_bounded() {
    let many = highlights(&described(&"ann ".repeat(500)), &Filter::Text(text_test("ann")));
    assert!(many[0].ranges.len() <= fragment::RANGES_MAX);
    let labels: serde_json::Map<String, serde_json::Value> =
        (0..40).map(|n| (format!("l{n}"), "ann".into())).collect();
    let event = event(json!({ "type": "a.b", "actor": { "id": "u-1" }, "labels": labels }));
    let told = highlights(&event, &Filter::Text(text_test("ann")));
    assert_eq!(told.len(), HIGHLIGHTS_MAX);
}

/// Texts as search knows them, and as they are marked.
fn texts_agree(event: &Event) {
    let mut searched = Texts::default();
    texts_of(event, &mut searched);
    let mut told = Vec::new();
    texts::each_text(event, &mut |_, _, text| told.push(text.to_owned()));
    assert_eq!(told, searched.iter().collect::<Vec<_>>());
}

#[test]
fn texts_and_values_are_those_that_search_knows() {
    texts_agree(&full_event());
    let long = json!({ "type": "a.b", "actor": { "id": "u-1" }, "description": "x".repeat(4000),
        "metadata": { "long": ["y".repeat(20_000), "é".repeat(9_000), "z"] } });
    texts_agree(&event(long));
    let mut facts = Vec::new();
    facts_of(&full_event(), &mut |path: &str, fact: Fact<'_>| {
        // Presence alone has no place.
        if fact != Fact::Present {
            facts.push(format!("{path} {fact:?}"));
        }
    });
    let mut told = Vec::new();
    values::each_value(&full_event(), &mut |path, _, fact| {
        if fact != Fact::Present {
            told.push(format!("{path} {fact:?}"));
        }
    });
    facts.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, facts);
}

#[test]
fn places_lead_to_what_stands_there() {
    let event = full_event();
    let json = serde_json::to_value(&event).unwrap();
    let mut seen = 0;
    values::each_value(&event, &mut |path, place, fact| {
        // An address is shown in its shortest form, and a trace is a part of its field.
        let other_form = ["client.ip", "request.trace_id", "severity_rank"].contains(&path);
        let found = json.pointer(&place.to_string());
        assert!(found.is_some(), "{path} at {place}");
        if let (Fact::Exact(text) | Fact::Folded(text), false) = (fact, other_form) {
            assert_eq!(found.and_then(serde_json::Value::as_str), Some(text), "{path}");
        }
        seen += 1;
    });
    assert!(seen > 50);
    texts::each_text(&event, &mut |field, place, text| {
        let found = json.pointer(&place.to_string()).and_then(serde_json::Value::as_str);
        assert_eq!(found, Some(text), "{field} at {place}");
    });
}

#[test]
fn keys_with_signs_of_their_own_are_escaped_in_places() {
    let event = event(json!({
        "type": "a.b", "actor": { "id": "u-1" }, "metadata": { "a/b~c": "needle" }
    }));
    assert_eq!(marked(&event, "needle"), [("/metadata/a~1b~0c".into(), vec!["needle".into()])]);
}

proptest! {
    #[test]
    fn located_words_are_the_words_and_stand_in_order(text in "[ -~é—ßςü½⑴が字東京กขα\u{301}\u{3099}한글 ]{0,40}") {
        let located = located::words_of(&text);
        let told: Vec<&str> = located.iter().map(|word| word.text.as_str()).collect();
        prop_assert_eq!(told, words(&text));
        for word in &located {
            prop_assert!(text.get(word.place.clone()).is_some_and(|part| !part.is_empty()));
        }
        prop_assert!(located.is_sorted_by_key(|word| word.place.start));
    }

    #[test]
    fn a_text_is_marked_just_when_it_matches(text in "[ab é]{0,12}", asked in "[abé]{1,2}( [abé]{1,2})?", prefix: bool) {
        let filter = Filter::Text(TextTest { words: words(&asked), prefix });
        let event = described(&format!("x{text}"));
        let told = highlights(&event, &filter);
        prop_assert_eq!(!told.is_empty(), filter.matches(&event));
        for one in told {
            for part in parts(&one) {
                prop_assert!(filter.matches(&described(&part)), "{}", part);
            }
        }
    }
}
