//! Rules for single files.

use super::files::TextFile;
use super::keep;

/// More than this, and a second idea is hiding inside.
const LINES_MAX: usize = 500;

/// Files that may be longer: path, and why.
const LONG_FOR_A_REASON: &[(&str, &str)] = &[];

const NAMES_THAT_SAY_NOTHING: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "misc", "types", "manager"];

// The words are put together here, or this file would be the first to break its own rules.
const UNFINISHED: &[&str] = &[
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("#[", "ignore"),
];
const PUT_OFF: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("for", " now"),
];
const MACHINE_PATHS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/")];

#[test]
fn every_source_file_begins_by_saying_what_it_is_for() {
    // `src/recorder/tests.rs` tests `src/recorder.rs`: there is nothing to add.
    keep(
        |file| file.is_rust() && !(file.is_test() && file.path.contains("/src/")),
        begins_with_its_purpose,
    );
}

#[test]
fn file_names_say_something() {
    keep(TextFile::is_rust, has_a_name_that_says_something);
}

#[test]
fn nothing_is_left_unfinished() {
    keep(TextFile::is_rust, is_finished);
}

#[test]
fn no_work_is_put_off_in_a_comment() {
    keep(TextFile::is_written_by_hand, puts_nothing_off);
}

#[test]
fn a_source_file_holds_one_idea() {
    keep(|file| file.is_rust() && !file.is_test(), is_short);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    keep(|_| true, names_no_machine);
}

pub(super) fn begins_with_its_purpose(file: &TextFile) -> Vec<String> {
    let first = file.text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//!").is_some_and(|purpose| !purpose.trim().is_empty())
        || first.starts_with("#![doc = include_str!(");
    if says { vec![] } else { vec![format!("{}: begin with `//! what it is for`", file.path)] }
}

pub(super) fn has_a_name_that_says_something(file: &TextFile) -> Vec<String> {
    let stem = file.name().trim_end_matches(".rs");
    if NAMES_THAT_SAY_NOTHING.contains(&stem) {
        return vec![format!("{}: `{stem}` says nothing; name the thing inside", file.path)];
    }
    vec![]
}

pub(super) fn is_finished(file: &TextFile) -> Vec<String> {
    complain_of(file, |line| UNFINISHED.iter().find(|word| line.contains(**word)), "finish")
}

pub(super) fn puts_nothing_off(file: &TextFile) -> Vec<String> {
    complain_of(file, |line| PUT_OFF.iter().find(|word| has_word(line, word)), "do it now, without")
}

pub(super) fn names_no_machine(file: &TextFile) -> Vec<String> {
    complain_of(file, |line| MACHINE_PATHS.iter().find(|path| has_path(line, path)), "do not name")
}

pub(super) fn is_short(file: &TextFile) -> Vec<String> {
    let lines = file.lines().count();
    let excused = LONG_FOR_A_REASON.iter().any(|(path, _)| *path == file.path);
    match (lines > LINES_MAX, excused) {
        (true, false) => {
            vec![format!("{}: {lines} lines; look for the second idea inside", file.path)]
        }
        (false, true) => vec![format!("{}: short again; take its excuse back", file.path)],
        _ => vec![],
    }
}

fn complain_of(
    file: &TextFile,
    find: impl Fn(&str) -> Option<&&'static str>,
    advice: &str,
) -> Vec<String> {
    let found = file.lines().filter_map(|(number, line)| Some((number, find(line)?)));
    found.map(|(number, word)| format!("{}:{number}: {advice} `{word}`", file.path)).collect()
}

/// Whether the word stands there by itself, not inside of another.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

/// Whether an absolute path begins there: `docs/…` and `https://host/…` do not.
fn has_path(line: &str, path: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '}');
    line.match_indices(path).any(|(at, _)| !line[..at].chars().next_back().is_some_and(goes_on))
}
