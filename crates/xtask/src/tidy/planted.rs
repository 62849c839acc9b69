//! Every rule finds the fault that is planted for it, and is quiet without one.

use std::collections::BTreeSet;

use serde_json::json;

use super::architecture::{code_map, crates_in_workspace, disagreements};
use super::documents::{dead_links, defines, promises_without_proof, unexplained_settings};
use super::files::TextFile;
use super::sources::*;

/// Checks that a rule complains of one text and not of another.
fn tells_apart(rule: fn(&TextFile) -> Vec<String>, path: &str, wrong: &str, right: &str) {
    assert_ne!(rule(&TextFile::new(path, wrong)), [""; 0], "finds nothing in `{wrong}`");
    assert_eq!(rule(&TextFile::new(path, right)), [""; 0], "complains of `{right}`");
}

#[test]
fn a_file_without_purpose_is_found() {
    tells_apart(begins_with_its_purpose, "a.rs", "use std::fs;\n", "//! Reads.\nuse std::fs;\n");
    tells_apart(begins_with_its_purpose, "a.rs", "//!\n", "//! Reads.\n");
}

#[test]
fn a_name_that_says_nothing_is_found() {
    assert_eq!(has_a_name_that_says_something(&TextFile::new("src/utils.rs", "")).len(), 1);
    assert_eq!(has_a_name_that_says_something(&TextFile::new("src/recorder.rs", "")), [""; 0]);
}

#[test]
fn unfinished_code_is_found() {
    for unfinished in [
        concat!("todo", "!()"),
        concat!("unimplemented", "!()"),
        concat!("dbg", "!(1)"),
        concat!("#[", "ignore]"),
    ] {
        tells_apart(is_finished, "a.rs", unfinished, "done()");
    }
}

#[test]
fn work_put_off_is_found_but_not_words_that_look_alike() {
    tells_apart(puts_nothing_off, "a.rs", concat!("// TO", "DO: later"), "// TODOS are a noun");
    tells_apart(puts_nothing_off, "a.rs", concat!("// HA", "CK"), "// a SHACK");
    tells_apart(puts_nothing_off, "a.md", concat!("empty for", " now."), "knows for nowhere");
}

#[test]
fn a_file_of_more_than_500_lines_is_found() {
    tells_apart(is_short, "a.rs", &"x\n".repeat(501), &"x\n".repeat(500));
}

#[test]
fn a_path_of_one_machine_is_found_but_not_a_folder_of_the_same_name() {
    let wrong = concat!("open(\"/ho", "me/ann/x\")");
    tells_apart(names_no_machine, "a.rs", wrong, concat!("docs/ho", "me/index.md"));
    let wrong = concat!("in /wo", "rk/main");
    tells_apart(names_no_machine, "a.md", wrong, concat!("see host.org/wo", "rk/list"));
}

#[test]
fn the_code_map_is_read_row_by_row() {
    let text = "text | `no` | row | `here` |\n\n\
        | crate | what it is for | may use |\n|---|---|---|\n\
        | `core` | the core | |\n| `shell` | the `outside` | `core`, `ports` |\n\n\
        | `other` | another table | `core` |\n";
    let expected = [("core", vec![]), ("shell", vec!["core", "ports"])];
    assert_eq!(code_map(text), expected.map(|(name, uses)| (name.into(), set(&uses))).into());
}

#[test]
fn a_forbidden_arrow_a_new_crate_and_a_lost_crate_are_found() {
    let allowed = [("a", vec!["b"]), ("b", vec![]), ("lost", vec![])];
    let used = [("a", vec!["b"]), ("b", vec!["a"]), ("new", vec![])];
    let [allowed, used] =
        [allowed, used].map(|arrows| arrows.map(|(name, uses)| (name.into(), set(&uses))).into());
    let complaints = disagreements(&allowed, &used);
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    assert_eq!(disagreements(&allowed, &allowed), [""; 0]);
}

#[test]
fn what_only_tests_use_is_no_arrow() {
    let metadata = json!({"packages": [{"name": "a", "dependencies": [
        {"name": "b", "kind": null, "path": "b"},
        {"name": "c", "kind": "dev", "path": "c"},
        {"name": "d", "kind": "build", "path": "d"},
        {"name": "serde", "kind": null},
    ]}]});
    assert_eq!(crates_in_workspace(&metadata), [("a".into(), set(&["b", "d"]))].into());
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn a_promise_with_a_test_that_does_not_exist_is_found() {
    let complaints = promises_without_proof(&promises("kept", "`there`, `gone`"), |t| t == "there");
    assert_eq!(complaints, ["promise 18: no test `gone`"]);
}

#[test]
fn a_promise_that_is_kept_without_a_test_is_found() {
    assert_eq!(promises_without_proof(&promises("kept", ""), |_| true).len(), 1);
    assert_eq!(promises_without_proof(&promises("in part", ""), |_| true).len(), 1);
    assert_eq!(promises_without_proof(&promises("mostly", ""), |_| true).len(), 1);
    assert_eq!(promises_without_proof(&promises("not in this version", ""), |_| true), [""; 0]);
}

#[test]
fn a_forgotten_promise_is_found() {
    let all = promises("kept", "`there`");
    assert_eq!(promises_without_proof(&all, |_| true), [""; 0]);
    assert_eq!(promises_without_proof(&all.replace("| 7 |", "| 77 |"), |_| true).len(), 1);
}

/// Seventeen promises that are kept, and an eighteenth as given.
fn promises(state: &str, tests: &str) -> String {
    let kept = (1..18).map(|number| format!("| {number} | p | kept | `there` |\n"));
    let head = "| no | promise | state | tests |\n|---|---|---|---|\n".to_owned();
    head + &kept.collect::<String>() + &format!("| 18 | p | {state} | {tests} |\n")
}

#[test]
fn a_function_is_found_by_its_whole_name_only() {
    assert!(defines("async fn it_holds() {", "it_holds"));
    assert!(defines("fn it_holds<T>(x: T) {", "it_holds"));
    assert!(!defines("fn it_holds_always() {", "it_holds"));
}

#[test]
fn an_unexplained_setting_is_found() {
    let path = "config/annals.toml";
    let rule = unexplained_settings;
    tells_apart(rule, path, "listen = 1\n", "# Where.\nlisten = 1\n");
    tells_apart(rule, path, "# Where.\n\nlisten = 1\n", "listen = 1 # where\n");
    tells_apart(rule, path, "# a = 1\nb = 2 # b\n", "# Explains.\n# a = 1\n");
    tells_apart(rule, path, "# Where.\na = 1\nb = 2\n", "a = 1 # a\nb = 2 # b\n");
}

#[test]
fn a_dead_link_is_found_but_not_one_to_elsewhere_or_in_code() {
    let exists = |path: &std::path::Path| path == std::path::Path::new("docs/there.md");
    let dead = |text| dead_links(&TextFile::new("docs/decisions/a.md", text), exists).len();
    assert_eq!(dead("[a](../there.md) and [b](../gone.md)"), 1);
    assert_eq!(
        dead("[a](../there.md#part), [b](#here), [c](https://x.org/y), [d](mailto:a@b.c)"),
        0
    );
    assert_eq!(dead("```\n[a](gone.md)\n```\n"), 0);
}
