use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::examples::{event, full_event};

fn told(event: &Event) -> Vec<(String, String)> {
    let mut list = Vec::new();
    facts_of(event, &mut |path: &str, fact: Fact<'_>| {
        list.push((path.into(), format!("{fact:?}")))
    });
    list
}

#[test]
fn text_facts_are_exact_where_the_field_is_and_folded_elsewhere() {
    facts_of(&full_event(), &mut |path: &str, fact: Fact<'_>| match fact {
        Fact::Exact(_) => assert!(!is_folded(path), "{path}"),
        Fact::Folded(_) => assert!(is_folded(path), "{path}"),
        _ => {}
    });
}

#[test]
fn every_fact_has_a_name_in_the_query_language_and_every_name_a_fact() {
    let event = full_event();
    let facts = told(&event);
    let mut named = BTreeSet::new();
    for (path, _) in &facts {
        let found = crate::query::fields().iter().find(|info| {
            info.paths.iter().any(|known| match info.takes_key() {
                true => path.starts_with(known),
                false => path == known,
            })
        });
        assert!(found.is_some(), "no field for {path}");
        named.insert(path.clone());
    }
    for info in crate::query::fields() {
        for known in info.paths {
            let has = named.iter().any(|path| path == known || path.starts_with(known));
            assert!(has, "no fact for {known}");
        }
    }
}

#[test]
fn the_address_is_told_in_its_own_family() {
    let facts = told(&full_event());
    assert!(facts.contains(&("client.ip".into(), "Address(10.1.2.3)".into())));
}

#[test]
fn values_in_lists_and_objects_have_the_path_of_their_keys() {
    let facts = told(&full_event());
    let of = |path: &str| -> Vec<&str> {
        facts.iter().filter(|(p, _)| p == path).map(|(_, fact)| fact.as_str()).collect()
    };
    assert_eq!(of("metadata.ticket.id"), [r#"Folded("T-1")"#]);
    assert_eq!(of("metadata.ticket.tags"), [r#"Folded("Urgent")"#, r#"Folded("night")"#]);
    assert_eq!(of("metadata.nothing"), ["Present"]);
    assert_eq!(of("metadata.empty"), ["Present"]);
    assert_eq!(of("metadata.amount"), ["Number(150.5)"]);
    assert_eq!(of("metadata.flag"), ["Flag(true)"]);
    assert_eq!(of("id"), [r#"Exact("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")"#]);
}

#[test]
fn a_long_value_is_there_but_not_comparable() {
    let edge = "x".repeat(VALUE_BYTES_MAX);
    let beyond = "x".repeat(VALUE_BYTES_MAX + 1);
    let event = event(json!({"type": "a.b", "metadata": {"edge": edge, "beyond": beyond}}));
    let facts = told(&event);
    assert!(facts.contains(&("metadata.beyond".into(), "Present".into())));
    assert!(facts.contains(&("metadata.edge".into(), format!("Folded({edge:?})"))));
}

#[test]
fn values_of_the_metadata_are_bounded() {
    let items: Vec<usize> = (0..VALUES_MAX + 10).collect();
    let event = event(json!({"type": "a.b", "metadata": {"items": items}}));
    let count = told(&event).iter().filter(|(path, _)| path == "metadata.items").count();
    assert_eq!(count, VALUES_MAX);
}

#[test]
fn folding_forgets_case_in_every_script_and_letter_by_letter() {
    assert_eq!(fold("ANN Ünsal"), "ann ünsal");
    assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
    assert_eq!(fold("STRASSE"), fold("Straße"));
    assert_eq!(fold("Cafe\u{301}"), "café");
    assert_ne!(fold("cafe"), fold("café"), "behind a field accents count");
    let whole = fold("ΟΔΟΣΑ");
    assert!(whole.starts_with(&fold("ΟΔΟΣ")));
}

#[test]
fn numbers_are_read_only_when_they_are_finite_decimals() {
    for (text, number) in [("100", 100.0), ("-0.5", -0.5), ("+1e3", 1000.0), ("1.", 1.0)] {
        assert_eq!(number_of(text), Some(number), "{text}");
    }
    for text in ["", "inf", "NaN", "1e999", "0x10", "1 ", "1_000", "١", "-", "."] {
        assert_eq!(number_of(text), None, "{text}");
    }
}

#[test]
fn a_number_is_written_plainly() {
    for (number, text) in [
        (100.0, "100"),
        (-0.0, "0"),
        (150.5, "150.5"),
        (9_007_199_254_740_992.0, "9007199254740992"),
    ] {
        assert_eq!(number_text(number), text);
    }
    assert_eq!(number_text(1e300).len(), "1e300".len());
}
