use serde_json::{Value, json};

use super::*;
use crate::examples::CATALOGUE;

fn read(text: &str) -> Catalogue {
    Catalogue::read([("account.toml", text)]).unwrap()
}

/// What is found after that change.
fn found(old: &str, new: &str) -> Vec<Finding> {
    let text = CATALOGUE.replacen(old, new, 1);
    assert_ne!(text, CATALOGUE, "the change must change something");
    compare(&read(CATALOGUE), &read(&text))
}

#[test]
fn the_same_catalogue_is_compatible_with_itself() {
    assert_eq!(compare(&read(CATALOGUE), &read(CATALOGUE)), []);
    assert_eq!(compare(&Catalogue::shipped(), &Catalogue::shipped()), []);
    assert_eq!(compare(&Catalogue::default(), &read(CATALOGUE)), []);
}

#[test]
fn what_refuses_or_hides_what_was_accepted_is_breaking() {
    let cases = [
        ("name = \"invoice.viewed\"", "name = \"invoice.seen\"", "is gone"),
        ("significant = true\n", "", "no longer significant"),
        ("forbidden = [\"password\"]", "forbidden = [\"password\", \"pin\"]", "`metadata.pin`"),
        ("required = [\"method\"]", "required = [\"method\", \"attempts\"]", "\"attempts\""),
        ("[\"self\", \"reset\"]", "[\"self\"]", "no longer takes \"reset\""),
        ("attempts = { type = \"integer\" }", "attempts = { type = \"boolean\" }", "\"boolean\""),
        ("{ type = \"integer\" }", "{ type = \"integer\", maximum = 3 }", "`maximum`"),
        ("^[0-9]{1,3}$", "^[0-9]{1,2}$", "`pattern`"),
        ("how = { type = \"string\" }", "how = { enum = [\"own\"] }", "takes only \"own\""),
    ];
    for (old, new, expected) in cases {
        let findings = found(old, new);
        let breaking: Vec<&Finding> = findings.iter().filter(|it| it.breaking).collect();
        assert_eq!(breaking.len(), 1, "{new}: {findings:?}");
        let told = breaking[0].to_string();
        assert!(told.starts_with("breaking: account.toml, `"), "{told}");
        assert!(told.contains(expected), "{told} should say {expected}");
    }
}

#[test]
fn what_means_something_else_from_now_on_is_a_warning() {
    let cases = [
        ("operation = \"update\"", "operation = \"other\"", "`update` and is `other`"),
        ("severity = \"warning\"", "severity = \"info\"", "`warning` and is `info`"),
        ("significant = true", "significant = true\nretention = \"long\"", "`long`"),
        (
            "severity = \"info\"\n",
            "severity = \"info\"\nsignificant = true\n",
            "became significant",
        ),
        ("forbidden = [\"password\"]\n", "", "no longer in `forbidden`"),
        ("otherwise = \"reset\"", "otherwise = \"self\"", "the steps of version 1"),
        (
            "properties.attempts",
            "properties.fresh = { type = \"string\" }\nproperties.attempts",
            "is new",
        ),
    ];
    for (old, new, expected) in cases {
        let findings = found(old, new);
        assert_eq!(findings.len(), 1, "{new}: {findings:?}");
        assert!(!findings[0].breaking);
        let told = findings[0].to_string();
        assert!(told.starts_with("warning: ") && told.contains(expected), "{told}");
    }
}

#[test]
fn what_only_takes_more_or_says_it_better_is_no_finding() {
    let cases = [
        ("required = [\"method\"]\n", ""),
        ("[\"self\", \"reset\"]", "[\"self\", \"reset\", \"helpdesk\"]"),
        ("{ type = \"integer\" }", "{ type = \"number\" }"),
        ("{ type = \"integer\" }", "{ type = [\"string\", \"integer\"] }"),
        ("{ type = \"integer\" }", "{ type = \"integer\", description = \"How many.\" }"),
        ("properties.attempts = { type = \"integer\" }\n", ""),
        ("title = \"Password changed\"", "title = \"Password was changed\""),
    ];
    for (old, new) in cases {
        assert_eq!(found(old, new), [], "{new}");
    }
}

#[test]
fn a_new_version_may_ask_for_anything_as_long_as_the_older_ones_stay() {
    let second = "version = 1\ntitle = \"Invoice viewed\"";
    let with = |earlier: &str| {
        let text = CATALOGUE.replacen(second, "version = 2\ntitle = \"Invoice viewed\"", 1);
        format!("{text}metadata = {{ type = \"object\", required = [\"page\"] }}\n{earlier}")
    };
    let good = with(
        "[[type.earlier]]\nversion = 1\nsteps = [{ default = { key = \"page\", value = 1 } }]\n",
    );
    assert_eq!(compare(&read(CATALOGUE), &read(&good)), []);
    let narrowed =
        with("[[type.earlier]]\nversion = 1\nsteps = []\nmetadata = { required = [\"x\"] }\n");
    let findings = compare(&read(CATALOGUE), &read(&narrowed));
    assert!(findings[0].to_string().contains("version 1: `metadata` requires \"x\""));
    let back = compare(&read(&good), &read(CATALOGUE));
    assert!(back.iter().any(|it| it.breaking && it.problem == "version 2 is gone"), "{back:?}");
    let error = Catalogue::read([("account.toml", &*with(""))]).unwrap_err().to_string();
    assert!(error.contains("`[[type.earlier]]` must tell of [1]"), "{error}");
}

/// Whether one schema refuses more than another, by many small pairs.
#[test]
fn schemas_are_compared_keyword_by_keyword() {
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let closed = json!({
        "type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false
    });
    let none = json!({"type": "object", "additionalProperties": false});
    let items = |of: Value| json!({"properties": {"l": {"type": "array", "items": of}}});
    let of = |schema: Value| json!({"properties": {"k": schema}});
    let cases = [
        (open.clone(), closed.clone(), true),
        (closed.clone(), open.clone(), false),
        (closed.clone(), none, true),
        (of(json!({"minimum": 2})), of(json!({"minimum": 1})), false),
        (of(json!({"minimum": 1})), of(json!({"minimum": 2})), true),
        (of(json!({})), of(json!({"minimum": 2})), true),
        (of(json!({"maximum": 2})), of(json!({"maximum": 3})), false),
        (of(json!({"maximum": 3})), of(json!({"maximum": 2})), true),
        (of(json!({"maxLength": 3})), of(json!({"maxLength": 2})), true),
        (of(json!({"type": "string"})), of(json!(true)), false),
        (of(json!(true)), of(json!({"type": "string"})), true),
        (of(json!({"type": "number"})), of(json!({"type": "integer"})), true),
        (items(json!({"type": "string"})), items(json!({"type": "string", "title": "t"})), false),
        (items(json!({"type": "string"})), items(json!({"type": "integer"})), true),
        (of(json!({"oneOf": [true]})), of(json!({"oneOf": [false]})), true),
        (of(json!({"uniqueItems": true})), of(json!({"uniqueItems": false})), false),
        (of(json!({"uniqueItems": false})), of(json!({"uniqueItems": true})), true),
    ];
    for (then, now, refuses) in cases {
        let changes = schemas::changes(&then, &now);
        assert_eq!(!changes.narrowed.is_empty(), refuses, "{then} to {now}: {changes:?}");
    }
}

#[test]
fn schemas_too_deep_to_compare_count_as_ones_that_refuse() {
    let nested = |depth: usize, leaf: Value| {
        (0..depth).fold(leaf, |schema, _| json!({"properties": {"k": schema}}))
    };
    let at = |depth| {
        let (then, now) = (nested(depth, json!({})), nested(depth, json!({"title": "t"})));
        schemas::changes(&then, &now).narrowed.len()
    };
    assert_eq!((at(15), at(16)), (0, 1));
}
