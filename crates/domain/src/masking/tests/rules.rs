//! What a file of rules may say.

use super::*;

fn read(rules: &str) -> Result<Masker, String> {
    Masker::read(&format!("[catalogue]\naction = \"redact\"\n{rules}")).map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    })
}

fn rule(name: &str, rest: &str) -> String {
    format!("[[rule]]\nname = \"{name}\"\n{rest}\n")
}

#[test]
fn the_shipped_rules_are_right_and_make_no_pseudonyms() {
    let masker = Masker::shipped();
    assert!(masker.rules().len() > 10 && !masker.needs_key());
    assert_eq!(masker.rules().last().unwrap().name, CATALOGUE_RULE);
}

#[test]
fn a_wrong_rule_is_refused_with_its_name() {
    for (name, rest, told) in [
        ("Card", "detector = \"card\"\naction = \"redact\"", "a-z"),
        ("catalogue", "detector = \"card\"\naction = \"redact\"", "take another"),
        ("card", "detector = \"cards\"\naction = \"redact\"", "cards"),
        ("card", "detector = \"card\"\naction = \"hide\"", "hide"),
        ("card", "detector = \"card\"\naction = \"redact\"\nkeys = [\"pan\"]", "`keys`"),
        ("key", "detector = \"key\"\naction = \"redact\"", "`keys`"),
        ("key", "detector = \"key\"\naction = \"redact\"\nkeys = [\"__\"]", "no name"),
        ("id", "detector = \"value\"\naction = \"drop\"", "needs `fields`"),
        ("id", "detector = \"value\"\naction = \"drop\"\nfields = [\"*\"]", "not `*`"),
        ("id", "detector = \"value\"\naction = \"drop\"\nfields = [\"metadata..x\"]", "no path"),
    ] {
        let error = read(&rule(name, rest)).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
    let twice = rule("card", "detector = \"card\"\naction = \"redact\"").repeat(2);
    assert!(read(&twice).unwrap_err().contains("twice"));
}

#[test]
fn no_rule_touches_what_names_the_event_or_its_people() {
    let value = |field: &str| {
        rule("x", &format!("detector = \"value\"\naction = \"redact\"\nfields = [\"{field}\"]"))
    };
    for field in [
        "id",
        "type",
        "tenant",
        "actor.id",
        "subject.id",
        "on_behalf_of.id",
        "target.owner",
        "client.ip",
        "occurred_at",
        "request.id",
        "producer.id",
        "severity",
        "target.type",
        "nothing",
    ] {
        assert!(read(&value(field)).unwrap_err().contains("may not be masked"), "{field}");
    }
    for field in
        ["target.id", "session.id", "actor.alt_ids.ssn", "metadata.a.*.b", "labels", "changes"]
    {
        assert!(read(&value(field)).is_ok(), "{field}");
    }
}

#[test]
fn there_are_at_most_64_rules_and_256_names_in_a_list() {
    let rules = |count: usize| {
        let one = |n| rule(&format!("r{n}"), "detector = \"card\"\naction = \"redact\"");
        (0..count).map(one).collect::<String>()
    };
    assert!(read(&rules(64)).is_ok());
    assert!(read(&rules(65)).unwrap_err().contains("at most 64"));
    let keys = |count: usize| {
        let keys: Vec<String> = (0..count).map(|n| format!("\"key{n}\"")).collect();
        rule("k", &format!("detector = \"key\"\naction = \"redact\"\nkeys = [{}]", keys.join(",")))
    };
    assert!(read(&keys(256)).is_ok());
    assert!(read(&keys(257)).unwrap_err().contains("256"));
    assert!(read(&"#".repeat(RULES_BYTES_MAX)).unwrap_err().contains("bytes"));
}

#[test]
fn rules_look_where_they_are_told_to() {
    let rules = rule(
        "card",
        "detector = \"card\"\naction = \"redact\"\nfields = [\"metadata.pay\"]",
    ) + &rule(
        "ssn",
        "detector = \"ssn\"\naction = \"drop\"\nexcept = [\"metadata.pay\"]",
    ) + &rule(
        "gone",
        "detector = \"value\"\naction = \"drop\"\nfields = [\"metadata.*.raw\", \"session.id\"]",
    );
    let masker = read(&rules).unwrap();
    let card = "4111111111111111";
    let (event, masked) = masked_with(
        &masker,
        json!({
            "type": "invoice.viewed", "user_id": "ann", "description": format!("{card} 123-45-6789"),
            "session_id": "s-1",
            "metadata": { "pay": { "card": card, "ssn": "123-45-6789" }, "a": { "raw": [1], "kept": card } },
        }),
    );
    assert_eq!(event["description"], format!("{card} "));
    assert_eq!(
        event["metadata"],
        json!({
            "pay": { "card": "[redacted:card]", "ssn": "123-45-6789" }, "a": { "kept": card },
        })
    );
    assert_eq!(event["session"], json!({}));
    let told: Vec<String> = masked.iter().map(|one| format!("{}:{}", one.path, one.rule)).collect();
    assert_eq!(
        told,
        ["description:ssn", "session.id:gone", "metadata.a.raw:gone", "metadata.pay.card:card"]
    );
}
