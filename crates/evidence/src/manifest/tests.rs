//! The manifest has one form, and its signature one text.

use super::*;
use crate::names::MANIFEST_FILE;
use crate::testing::{Forgery, bundle_of};

fn manifest() -> String {
    Forgery::of(&bundle_of(3)).text(MANIFEST_FILE)
}

#[test]
fn a_manifest_is_read_and_written_alike() {
    let text = manifest();
    let manifest = Manifest::parse(text.as_bytes()).unwrap();
    assert_eq!(manifest.to_bytes().unwrap(), text.as_bytes());
    let fields = ["counts", "files", "format", "origin", "scope", "shards"];
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), fields);
    let files: Vec<_> = manifest.files.iter().map(|row| row.name.as_str()).collect();
    let expected = [
        "events.ndjson",
        "heads.ndjson",
        "checkpoints/2026",
        "checkpoints/2027",
        "log.policy",
        "VERIFY.txt",
    ];
    assert_eq!(files, expected);
}

#[test]
fn fields_that_are_unknown_missing_or_of_another_kind_are_refused() {
    for (from, to) in [
        ("\"events\":3,", ""),
        ("\"events\":3,", "\"events\":\"3\","),
        ("\"events\":3,", "\"events\":-3,"),
        ("\"format\":", "\"form\":1,\"format\":"),
        ("\"name\":\"2026\"", "\"name\":null"),
        ("\"origin\":\"", "\"origin\":\"a b"),
        ("\"origin\":\"", "\"origin\":\"\\u0007"),
    ] {
        let text = manifest().replacen(from, to, 1);
        assert!(Manifest::parse(text.as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn the_signed_text_has_three_lines() {
    let text = signed_text("audit.example/log", b"{}");
    let digest = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=";
    assert_eq!(text, format!("annals-evidence/v1\naudit.example/log\n{digest}\n"));
}
