//! Finding by its value what was masked.

use super::*;
use crate::filter::{Filter, TextTest};

const RULES: &str = r#"
[catalogue]
action = "pseudonym"

[[rule]]
name = "national-id"
detector = "value"
action = "pseudonym"
fields = ["metadata.national_id", "session.id"]

[[rule]]
name = "pin"
detector = "key"
action = "pseudonym"
keys = ["=pin"]

[[rule]]
name = "iban"
detector = "iban"
action = "pseudonym"

[[rule]]
name = "card"
detector = "card"
action = "redact"
"#;

const IBAN: &str = "DE89 3704 0044 0532 0130 00";

static MASKER: LazyLock<Masker> = LazyLock::new(|| Masker::read(RULES).unwrap());

fn finds(filter: Filter) -> bool {
    let mut event = admitted(json!({
        "type": "invoice.viewed", "user_id": "ann", "session_id": "S-1", "description": format!("to {IBAN}"),
        "labels": { "account": IBAN },
        "metadata": { "national_id": "AB 12", "pin": 4711, "card": "4111111111111111", "other": "x" },
    }))
    .unwrap();
    MASKER.mask(&mut event, catalogue(), &pseudonym);
    let asked = MASKER.search(filter, catalogue(), &pseudonym);
    asked.matches(&event)
}

#[test]
fn equality_finds_the_value_behind_a_pseudonym() {
    assert!(MASKER.needs_key());
    for (field, value) in [
        ("metadata.national_id", "AB 12"),
        ("metadata.national_id", "ab 12"),
        ("metadata.pin", "4711"),
        ("session.id", "S-1"),
        ("labels.account", IBAN),
        ("labels.account", "de89370400440532013000"),
        ("metadata.other", "x"),
    ] {
        assert!(finds(Filter::equals(field, value)), "{field}:{value}");
    }
    for (field, value) in [
        ("metadata.national_id", "AB 13"),
        ("metadata.other", "AB 12"),
        ("session.id", "s-1"),
        ("labels.account", "GB82WEST12345698765432"),
        ("metadata.card", "4111111111111111"),
        ("actor.id", "AB 12"),
    ] {
        assert!(!finds(Filter::equals(field, value)), "{field}:{value}");
    }
}

#[test]
fn it_holds_inside_of_other_conditions_and_in_words() {
    let id = || Filter::equals("metadata.national_id", "AB 12");
    assert!(finds(id().and(Filter::equals("metadata.other", "x"))));
    assert!(!finds(Filter::Not(Box::new(id()))));
    assert!(finds(Filter::Or(vec![id(), Filter::equals("metadata.other", "y")])));
    let words =
        |text: &str| Filter::Text(TextTest { words: crate::text::words(text), prefix: false });
    assert!(finds(words(IBAN)) && finds(words("DE89370400440532013000")));
    assert!(!finds(words("GB82WEST12345698765432")) && !finds(words("4111111111111111")));
}
