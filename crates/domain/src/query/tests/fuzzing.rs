//! Whatever is written: reading and completing it end soon, and a mistake has a place in the text.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::examples::catalogue;

/// Far beyond what reading a text takes, also on a machine that does other things.
const SOON: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn check(text: &str) -> Result<(), TestCaseError> {
    let begun = Instant::now();
    match read(text) {
        Err(error) => {
            let columns = text.chars().count() + 1;
            prop_assert!((1..=columns).contains(&error.column), "{text:?}: {error}");
            prop_assert!(!error.message.is_empty() && !error.expected.is_empty());
            prop_assert!(error.to_string().len() < 4096, "{error}");
        }
        Ok(filter) => {
            let printed = print(&filter);
            let limits = QueryLimits { bytes_max: 1 << 20, ..shipped() };
            let context = QueryContext { limits: &limits, now: now(), catalogue: catalogue() };
            prop_assert_eq!(parse(&printed, &context), Ok(filter), "{} → {}", text, printed);
        }
    }
    prop_assert!(begun.elapsed() < SOON, "{text:?} took {:?}", begun.elapsed());
    Ok(())
}

fn check_completion(text: &str, cursor: usize) -> Result<(), TestCaseError> {
    let context = QueryContext { limits: &shipped(), now: now(), catalogue: catalogue() };
    let completion = complete(text, cursor, &context);
    let replaced = text.get(completion.replace.clone());
    prop_assert!(replaced.is_some(), "{text:?} at {cursor}: {completion:?}");
    let cursor = text.floor_char_boundary(cursor);
    prop_assert!(completion.replace.start <= cursor && cursor <= completion.replace.end);
    Ok(())
}

/// Queries with something of everything, to be damaged.
const QUERIES: &[&str] = &[
    "type:user.password.* actor:ann -outcome:success severity>=warning",
    "ip:10.0.0.0/8,::ffff:10.0.0.1 target.type:invoice after:2026-01-01 metadata.amount>100",
    "changes.path:/role \"exact phrase\"* refund* refnud~ paymnet~1 東京都 ไทย",
    "(type:(user.* -admin.*) OR severity:critical..) before:-P7D NOT is:significant",
    "metadata.\"key with \\\" signs\":\"value, \\\\ with\" has:client metadata.n:10<..<20",
    "occurred:2026-01-01..2026-02-01 recorded>=2026-01-31T09:30:00+01:00 labels.env:é*ß",
];

#[derive(Debug, Clone)]
enum Damage {
    Remove(usize, usize),
    Insert(usize, String),
    Repeat(usize, usize, usize),
    Swap(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let sign = prop_oneof![
        "[ ()\"*:=<>,.~\\\\-]{1,3}",
        "(AND|OR|NOT|type|has|is|after|\\.\\.|metadata\\.|~2|-P1D)",
        "\\PC{1,2}",
    ];
    prop_oneof![
        (0_usize..90, 1_usize..9).prop_map(|(at, count)| Damage::Remove(at, count)),
        (0_usize..90, sign).prop_map(|(at, text)| Damage::Insert(at, text)),
        (0_usize..90, 1_usize..30, 2_usize..40).prop_map(|(a, b, c)| Damage::Repeat(a, b, c)),
        (0_usize..90, 0_usize..90).prop_map(|(a, b)| Damage::Swap(a, b)),
    ]
}

fn damaged(query: &str, damages: Vec<Damage>) -> String {
    let mut letters: Vec<char> = query.chars().collect();
    for damage in damages {
        let length = letters.len();
        let piece = |at: usize, count: usize| at.min(length)..(at + count).min(length);
        match damage {
            Damage::Remove(at, count) if at < length => drop(letters.drain(piece(at, count))),
            Damage::Insert(at, text) => {
                letters.splice(at.min(length)..at.min(length), text.chars());
            }
            Damage::Repeat(at, count, times) if at < length && length < 5000 => {
                let repeated = letters[piece(at, count)].repeat(times);
                letters.splice(at..at, repeated);
            }
            Damage::Swap(a, b) if a < length && b < length => letters.swap(a, b),
            _ => {}
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_queries_are_read_or_refused_with_a_place(
        query in proptest::sample::select(QUERIES),
        damages in proptest::collection::vec(damage(), 0..6),
        cursor in 0_usize..200,
    ) {
        let text = damaged(query, damages);
        check(&text)?;
        check_completion(&text, cursor.min(text.len()))?;
    }

}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_with_a_place(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let text = String::from_utf8_lossy(&bytes);
        check(&text)?;
        for cursor in 0..=text.len() {
            check_completion(&text, cursor)?;
        }
    }
}

#[test]
fn every_place_of_a_query_can_be_completed() {
    for query in QUERIES.iter().copied().chain(fields().iter().map(|info| info.example)) {
        for cursor in 0..=query.len() {
            check_completion(query, cursor).unwrap();
        }
    }
}

#[test]
fn the_longest_query_of_the_worst_kind_is_read_soon() {
    let longest = shipped().bytes_max;
    for part in
        ["(", "-", "\"", "a,", "a ", "type:(", "~", "a~1 ", "*a", "..", "é", "東", "NOT ", "\\"]
    {
        let text = part.repeat(longest / part.len());
        check(&text).unwrap();
        check_completion(&text, text.len()).unwrap();
        check(&format!("type:{text}")).unwrap();
    }
}
