//! Rules for documents and for the configuration that documents itself.

use std::path::{Component, Path, PathBuf};

use super::architecture::quoted;
use super::files::{TextFile, text_files};
use super::{keep, nothing_to_complain_of};
use crate::cargo::root;

/// DESIGN counts them; a promise may be unkept, but it may not be forgotten.
const PROMISES: usize = 18;

#[test]
fn every_promise_names_tests_that_exist() {
    let files = text_files();
    let promises = files.iter().find(|file| file.path == "docs/promises.md").unwrap();
    let sources: Vec<_> = files.iter().filter(|file| file.is_rust()).collect();
    let exists = |test: &str| sources.iter().any(|file| defines(&file.text, test));
    nothing_to_complain_of(&promises_without_proof(&promises.text, exists));
}

#[test]
fn every_setting_is_explained() {
    keep(|file| file.path == "config/annals.toml", unexplained_settings);
}

#[test]
fn every_link_to_a_file_of_the_repository_leads_somewhere() {
    keep(TextFile::is_document, |file| dead_links(file, |path| root().join(path).exists()));
}

/// Whether a function of that name is defined in the text.
pub(super) fn defines(source: &str, function: &str) -> bool {
    let definition = format!("fn {function}");
    let opens = |rest: &str| rest.starts_with(['(', '<']);
    source.match_indices(&definition).any(|(at, found)| opens(&source[at + found.len()..]))
}

/// Reads the rows `| number | promise | state | tests |`.
pub(super) fn promises_without_proof(text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut next = 1;
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [number, _, state, tests] = cells[..] else { continue };
        if number.parse() != Ok(next) {
            continue;
        }
        next += 1;
        let tests: Vec<_> = quoted(tests).collect();
        match state {
            "kept" | "in part" if tests.is_empty() => {
                complaints.push(format!("promise {number} is {state}, but no test shows it"));
            }
            "kept" | "in part" | "not in this version" => {}
            _ => complaints.push(format!("promise {number}: `{state}` is not a state")),
        }
        let missing = tests.iter().filter(|test| !exists(test));
        complaints.extend(missing.map(|test| format!("promise {number}: no test `{test}`")));
    }
    if next <= PROMISES {
        complaints.push(format!("promise {next} of {PROMISES} is missing, or has no full row"));
    }
    complaints
}

/// Settings with a comment neither beside them nor on the line above.
pub(super) fn unexplained_settings(file: &TextFile) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut above = "";
    for (number, line) in file.lines() {
        if let Some(key) = setting(line) {
            let value = line.split_once('=').map_or("", |(_, value)| value);
            if !value.contains(" # ") && !is_explanation(above) {
                complaints.push(format!("{}:{number}: say what `{key}` is for", file.path));
            }
        }
        above = line;
    }
    complaints
}

/// The key that a line sets, or would set if it were not commented out.
fn setting(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix("# ").unwrap_or(line).split_once(" =")?;
    let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!key.is_empty() && key.chars().all(is_key)).then_some(key)
}

fn is_explanation(line: &str) -> bool {
    line.starts_with("# ") && setting(line).is_none()
}

/// Links `[text](path)` to files that are not there.
pub(super) fn dead_links(file: &TextFile, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut complaints = Vec::new();
    for (number, link) in links(file) {
        let path = link.split('#').next().unwrap_or_default();
        let elsewhere = link.contains("://") || link.starts_with("mailto:");
        if !path.is_empty() && !elsewhere && !exists(&without_dots(&folder.join(path))) {
            complaints.push(format!("{}:{number}: `{link}` leads nowhere", file.path));
        }
    }
    complaints
}

/// Links outside of code blocks, with their line.
fn links(file: &TextFile) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            let ends = line.split("](").skip(1);
            links.extend(ends.filter_map(|rest| Some((number, rest.split_once(')')?.0))));
        }
    }
    links
}

/// Resolves `a/../b` by itself, without asking the file system.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
