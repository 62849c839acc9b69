//! The index finds an event exactly when the filter holds for it in memory.

use annals_domain::catalogue::Catalogue;
use annals_domain::facts::{self, Fact};
use annals_domain::filter::{Bound, Field, NumberRange, Test, TextTest, TimeRange};
use annals_domain::limits::Limits;
use annals_domain::query::{self, QueryContext};
use annals_domain::text::{NearWord, SLIPS_MAX};
use annals_domain::{Filter, Position, Recorded, text};
use annals_ports::SearchIndex;
use jiff::Timestamp;
use proptest::prelude::*;

use super::events::{
    ADDRESSES, KEYS, NOW_S, NUMBERS, TYPES, WORDS, event, filled_index, found, log, pick,
    plain_event, recorded,
};

pub(super) const FIELDS: &[&str] = &[
    "id",
    "tenant",
    "type",
    "severity",
    "severity_rank",
    "outcome",
    "actor",
    "actor.id",
    "actor.email",
    "actor.name",
    "actor.role",
    "actor.alt_ids",
    "actor.alt_ids.a",
    "on_behalf_of.alt_ids.a",
    "on_behalf_of.id",
    "subject",
    "subject.id",
    "target",
    "target.name",
    "changes.path",
    "client.ip",
    "request.id",
    "description",
    "metadata",
    "metadata.a",
    "metadata.a.b",
    "metadata.b",
    "metadata.amount",
    "metadata.k=v",
    "metadata.k?",
    "metadata.é",
    "labels.a",
    "nothing",
];
const NUMBER_FIELDS: &[&str] = &["severity_rank", "metadata.a", "metadata.b", "metadata.amount"];
const PATTERNS: &[&str] = &[
    "*",
    "**",
    "a*",
    "*a",
    "*n*",
    "re*d",
    "*e*f*d*",
    "É*",
    "E\u{301}*",
    "οδος",
    "1*",
    "*.*",
    "tru*",
    "*σ",
    "*ss*",
    "東*",
    "*京*",
];

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![prop::sample::select(NUMBERS), (-2_i32..200).prop_map(f64::from)]
}

fn range() -> impl Strategy<Value = NumberRange> {
    let bound = || {
        let bound = (number(), any::<bool>());
        prop::option::of(bound.prop_map(|(at, inclusive)| Bound { at, inclusive }))
    };
    (bound(), bound()).prop_map(|(from, to)| NumberRange { from, to })
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        Just(Test::Exists),
        prop_oneof![pick(WORDS), pick(TYPES), pick(ADDRESSES), pick(&["100.0", "-0", "warning"])]
            .prop_map(Test::Equals),
        prop_oneof![pick(PATTERNS), pick(WORDS)].prop_map(Test::Like),
        range().prop_map(Test::Number),
        network(),
    ]
}

fn network() -> impl Strategy<Value = Test> {
    (pick(ADDRESSES), 0_u8..=128).prop_map(|(address, bits)| {
        let address: std::net::IpAddr = address.parse().unwrap();
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        Test::Network(ipnet::IpNet::new(address, bits.min(bits_max)).unwrap())
    })
}

fn times() -> impl Strategy<Value = TimeRange> {
    let bound = || {
        let second = prop::option::of(-3_000_000_i64..6_000_000);
        second.prop_map(|second| second.map(|s| Timestamp::from_second(NOW_S + s).unwrap()))
    };
    (bound(), bound()).prop_map(|(from, until)| TimeRange { from, until })
}

/// Queries about times of other zones, days, ranks and classes, as people write them.
fn written() -> impl Strategy<Value = Filter> {
    let queries: &[&str] = &[
        "occurred:2026-11-21",
        "occurred>=2026-11-21T09:30:00+05:45",
        "after:2026-11-20T23:00:00-01:00 before:-P1D",
        "occurred:2026-11-01..2026-12-01 -after:2026-11-21T00:00:00.000001Z",
        "recorded<=2026-11-21",
        "is:significant",
        "-is:failed",
        "is:change OR severity>=error",
        "ip:2001:db8::/32",
        "ip:::ffff:10.0.0.0/104,192.168.0.0/16",
        "-ip:*",
        "metadata.a:1..100",
        "metadata.amount:0<..<1e301 -metadata.amount:100",
        "metadata.tag:(ann emile*)",
        "has:metadata.a -metadata.a:*e*",
        "actor:STRASSE",
        "actor.name:\"E\u{301}mile\"",
        "strasse -refnud~",
        "東京都",
        "ログ",
        "\"refund ann\"",
        "refu* (ann~ OR emle~1 OR annn~1)",
    ];
    let (limits, catalogue) = (Limits::shipped().query, Catalogue::shipped());
    let context = QueryContext {
        limits: &limits,
        now: Timestamp::from_second(NOW_S).unwrap(),
        catalogue: &catalogue,
    };
    let read = |text: &&str| query::parse(text, &context).unwrap_or_else(|e| panic!("{text}: {e}"));
    prop::sample::select(queries.iter().map(read).collect::<Vec<_>>())
}

fn words() -> impl Strategy<Value = TextTest> {
    let texts = prop::collection::vec(pick(WORDS), 1..4);
    let begun = (texts, any::<bool>(), 0_usize..3);
    begun.prop_filter_map("some words", |(texts, prefix, cut)| {
        let mut words = text::words(&texts.join(" "));
        if prefix {
            let last = words.pop()?;
            let kept = last.chars().count().saturating_sub(cut).max(1);
            words.push(last.chars().take(kept).collect());
        }
        (!words.is_empty()).then_some(TextTest { words, prefix })
    })
}

/// A word of the vocabulary that was mistyped, which need not be found; or one that is no word.
fn near_word() -> impl Strategy<Value = NearWord> {
    let slip = (0_usize..6, prop::sample::select(&['x', 'e', 'n', 'é', '京'][..]), 0..4);
    let slips = prop::collection::vec(slip, 0..3);
    (pick(WORDS), slips, 0..=SLIPS_MAX).prop_map(|(word, mistakes, slips)| {
        let mut letters: Vec<char> = text::words(&word).concat().chars().collect();
        for (at, letter, mistake) in mistakes {
            let at = at.min(letters.len());
            match mistake {
                0 => letters.insert(at, letter),
                _ if at + 1 >= letters.len() => {}
                1 => letters[at] = letter,
                2 => letters.swap(at, at + 1),
                _ => drop(letters.remove(at)),
            }
        }
        NearWord { word: letters.into_iter().collect(), slips }
    })
}

fn leaf() -> impl Strategy<Value = Filter> {
    let field = prop_oneof![
        6 => pick(FIELDS),
        1 => pick(KEYS).prop_map(|key| format!("metadata.{key}")),
    ];
    let on_field = |(field, test)| Filter::Field(Field(field), test);
    prop_oneof![
        6 => (field, test()).prop_map(on_field),
        2 => (pick(NUMBER_FIELDS), range().prop_map(Test::Number)).prop_map(on_field),
        1 => (Just("client.ip".to_owned()), network()).prop_map(on_field),
        4 => words().prop_map(Filter::Text),
        2 => near_word().prop_map(Filter::Near),
        1 => times().prop_map(Filter::Occurred),
        1 => times().prop_map(Filter::Received),
        1 => written(),
        1 => Just(Filter::All),
    ]
}

pub(super) fn filter() -> impl Strategy<Value = Filter> {
    leaf().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// Filters that hold for the event, made from its own facts and words.
fn filters_that_hold(recorded: &Recorded) -> Vec<Filter> {
    let mut filters = Vec::new();
    let mut hold = |path: &str, test| filters.push(Filter::Field(Field(path.to_owned()), test));
    facts::facts_of(&recorded.event, &mut |path: &str, fact: Fact<'_>| {
        hold(path, Test::Exists);
        match fact {
            Fact::Exact(text) | Fact::Folded(text) => {
                hold(path, Test::Equals(text.to_owned()));
                // Cut where a letter ends whose accent may be written behind it.
                let folded = if facts::is_folded(path) { facts::fold(text) } else { text.into() };
                let text = folded.as_str();
                let (half, _) = text.split_at(text.floor_char_boundary(text.len() / 2));
                hold(path, Test::Like(format!("{half}*")));
                hold(path, Test::Like(format!("*{}", &text[half.len()..])));
            }
            Fact::Number(number) => {
                let at = Some(Bound { at: number, inclusive: true });
                hold(path, Test::Equals(format!("{number:?}")));
                hold(path, Test::Like(facts::number_text(number)));
                hold(path, Test::Number(NumberRange { from: at, to: at }));
            }
            Fact::Flag(flag) => hold(path, Test::Equals(flag.to_string())),
            Fact::Address(address) => {
                hold(path, Test::Equals(address.to_string()));
                hold(path, Test::Network(ipnet::IpNet::new(address, 9).unwrap()));
            }
            Fact::Present => {}
        }
    });
    let mut texts = text::Texts::default();
    facts::texts_of(&recorded.event, &mut texts);
    for words in texts.iter().map(text::words).filter(|words| !words.is_empty()) {
        filters.push(Filter::Text(TextTest { words: words.clone(), prefix: true }));
        let near = |word: &String| NearWord { word: word.clone(), slips: 1 };
        filters.extend(words.last().map(near).map(Filter::Near));
        // Any part of a text is a phrase of it, also where letters are words.
        let middle = words[words.len() / 3..].to_vec();
        filters.push(Filter::Text(TextTest { words: middle, prefix: false }));
        filters.push(Filter::Text(TextTest { words, prefix: false }));
    }
    filters
}

fn expected(log: &[Recorded], filter: &Filter) -> Vec<u64> {
    let matching = log.iter().filter(|recorded| filter.matches(&recorded.event));
    matching.map(|recorded| recorded.position.0).rev().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_the_filter_holds_for(
        events in prop::collection::vec(event(), 1..40),
        leaves in prop::collection::vec(leaf(), 60),
        trees in prop::collection::vec(filter(), 60),
        cut in 0.0_f64..1.0,
    ) {
        let log = log(events);
        let (before, behind) = log.split_at((cut * log.len() as f64) as usize);
        let (_dir, index) = filled_index(&[before, behind]);
        let own = filters_that_hold(&log[0]);
        for filter in &own {
            prop_assert!(filter.matches(&log[0].event), "{:?}", filter);
        }
        for filter in leaves.iter().chain(&trees).chain(&own) {
            let expected = expected(&log, filter);
            prop_assert_eq!(&found(&index, filter), &expected, "{:?}", filter);
            let count = index.count(filter, Position(u64::MAX), u64::MAX).unwrap();
            prop_assert_eq!(count.value, expected.len() as u64, "count of {:?}", filter);
            prop_assert!(!count.at_least);
        }
    }
}

#[test]
fn a_pattern_finds_more_values_than_are_read_side_by_side() {
    let events = (0..300_i64).map(|number| {
        let mut event = plain_event(NOW_S);
        event.actor.id = Some(format!("user-{number:03}"));
        event.description = Some(format!("refund no{number}"));
        event
    });
    let log = log(events.collect());
    let (_dir, index) = filled_index(&[&log]);
    let like = |pattern: &str| Filter::Field(Field("actor.id".into()), Test::Like(pattern.into()));
    let phrase = |words: &[&str], prefix| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Filter::Text(TextTest { words, prefix })
    };
    let filters = [
        like("user-*"),
        like("*-2*"),
        phrase(&["no"], true),
        phrase(&["refund", "no"], true),
        phrase(&["refund", "no2"], true),
        phrase(&["refund", "no29"], false),
    ];
    for (filter, matches) in filters.iter().zip([300, 100, 300, 300, 111, 1]) {
        assert_eq!(found(&index, filter), expected(&log, filter), "{filter:?}");
        assert_eq!(found(&index, filter).len(), matches, "{filter:?}");
    }
}

#[test]
fn what_every_event_is_said_to_have_a_plain_one_has() {
    let event = plain_event(NOW_S);
    for path in crate::fact_terms::ALWAYS {
        let exists = Filter::Field(Field((*path).to_owned()), Test::Exists);
        assert!(exists.matches(&event), "{path}");
    }
}

#[test]
fn very_long_paths_are_told_apart() {
    let key = |end: &str| format!("{}{end}", "k".repeat(400));
    let mut event = plain_event(NOW_S);
    event.metadata.insert(key("1"), "here".into());
    let log = vec![recorded(1, event)];
    let (_dir, index) = filled_index(&[&log]);
    let there = |end: &str| Filter::equals(&format!("metadata.{}", key(end)), "here");
    assert_eq!(found(&index, &there("1")), [1]);
    assert!(found(&index, &there("2")).is_empty());
}

#[test]
fn values_that_no_field_holds_find_nothing() {
    let log = vec![recorded(1, plain_event(NOW_S))];
    let (_dir, index) = filled_index(&[&log]);
    let nan = Bound { at: f64::NAN, inclusive: true };
    let filters = [
        Filter::equals("source", "x".repeat(100_000)),
        Filter::Field(Field("source".into()), Test::Like("x".repeat(100_000))),
        Filter::Field(
            Field("severity_rank".into()),
            Test::Number(NumberRange { from: Some(nan), to: None }),
        ),
        Filter::Text(TextTest { words: vec!["user".into(), "lo.*".into()], prefix: false }),
    ];
    for filter in filters {
        assert!(found(&index, &filter).is_empty(), "{filter:?}");
        assert!(!filter.matches(&log[0].event), "{filter:?}");
    }
}
