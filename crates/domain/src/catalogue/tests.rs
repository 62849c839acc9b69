use serde_json::json;

use super::*;
use crate::examples::{CATALOGUE, catalogue};

fn problem_with(change: impl FnOnce(&str) -> String) -> String {
    let text = change(CATALOGUE);
    assert_ne!(text, CATALOGUE, "the change must change something");
    let error = Catalogue::read([("account.toml", &*text)]).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    format!("{error} {source}")
}

#[test]
fn types_are_read_with_what_they_leave_out() {
    let catalogue = catalogue();
    let entry = catalogue.find("invoice.viewed").unwrap();
    assert_eq!((entry.retention.as_str(), entry.ingest), ("standard", IngestMode::Spool));
    assert!(!entry.significant);
    assert_eq!(catalogue.families()[0].types, ["user.password.changed", "invoice.viewed"]);
    assert_eq!(catalogue.types().count(), 2);
    assert!(catalogue.find("invoice").is_none());
}

#[test]
fn a_wrong_file_is_refused_with_its_name_and_the_type() {
    type Change = fn(&str) -> String;
    let cases: &[(Change, &str)] = &[
        (|t| t.replacen("version = 2", "version = 0", 1), "`version` begins at 1"),
        (|t| t.replacen("\"Password changed\"", "\" \"", 1), "`title` and `sentence`"),
        (|t| t.replacen("{actor} changed", "{actr} changed", 1), "`{actr}`"),
        (|t| t.replacen("{actor} changed", "{actor changed", 1), "`sentence` has"),
        (|t| t.replacen("({metadata.method})", "{metadata.}", 1), "`{metadata.}`"),
        (|t| t.replacen("invoice.viewed", "user.password.changed", 1), "is defined twice"),
        (|t| t.replacen("invoice.viewed", "Invoice.viewed", 1), "is not a type name"),
        (|t| t.replacen("invoice.viewed", "invoice", 1), "is not a type name"),
        (|t| t.replacen("invoice.viewed", "invoice..viewed", 1), "is not a type name"),
        (|t| t.replacen("type = \"object\"", "type = \"objekt\"", 1), "is not a JSON Schema"),
        (|t| t.replacen("operation = \"read\"", "operation = \"look\"", 1), "unknown variant"),
        (|t| t.replacen("severity = \"info\"", "severty = \"info\"", 1), "unknown field"),
        (|t| t.replacen("family = \"account\"", "", 1), "missing field"),
    ];
    for (change, expected) in cases {
        let problem = problem_with(change);
        assert!(problem.contains("account.toml"), "{problem}");
        assert!(problem.contains(expected), "{problem} should say {expected}");
    }
}

#[test]
fn metadata_is_checked_by_the_schema_without_repeating_it() {
    let catalogue = catalogue();
    let check = |metadata| catalogue.check_metadata("user.password.changed", 2, &metadata);
    assert!(check(json!({"method": "self", "more": 1})).is_empty());
    let errors = check(json!({"method": "hunter2", "attempts": "hunter2"}));
    let mut paths: Vec<_> = errors.iter().map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["metadata.attempts", "metadata.method"]);
    assert!(!format!("{errors:?}").contains("hunter2"));
    assert_eq!(check(json!({})).len(), 1);
    assert!(catalogue.check_metadata("unknown.type", 1, &json!({})).is_empty());
}
