//! The code map of ARCHITECTURE.md against what cargo knows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::nothing_to_complain_of;
use crate::cargo::{metadata, root};

/// Each crate with those others of the workspace that it uses, or may use.
pub(super) type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn crates_use_only_what_the_architecture_allows() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let used = crates_in_workspace(&metadata().unwrap());
    assert!(used.contains_key("xtask"), "cargo does not name the crates of the workspace");
    nothing_to_complain_of(&disagreements(&code_map(&text), &used));
}

/// The lines of the map that are missing, left over, or broken by a manifest.
pub(super) fn disagreements(allowed: &Arrows, used: &Arrows) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, uses) in used {
        match allowed.get(name) {
            None => complaints.push(format!("`{name}` is missing from the map in ARCHITECTURE.md")),
            Some(may_use) => complaints
                .extend(uses.difference(may_use).map(|other| {
                    format!("`{name}` uses `{other}`, which ARCHITECTURE.md forbids")
                })),
        }
    }
    let gone = allowed.keys().filter(|name| !used.contains_key(*name));
    complaints
        .extend(gone.map(|name| format!("ARCHITECTURE.md names `{name}`; it does not exist")));
    complaints
}

/// Reads the rows ``| `crate` | what it is for | `may`, `use` |`` of the table headed `| crate |`.
pub(super) fn code_map(text: &str) -> Arrows {
    text.lines()
        .skip_while(|line| !line.starts_with("| crate |"))
        .take_while(|line| line.starts_with('|'))
        .filter_map(|row| {
            let [_, name, _, uses, _] = row.split('|').collect::<Vec<_>>()[..] else {
                return None;
            };
            Some((quoted(name).next()?, quoted(uses).collect()))
        })
        .collect()
}

/// What stands in backquotes.
pub(super) fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// What is built into each crate. Tests may use what they like.
pub(super) fn crates_in_workspace(metadata: &Value) -> Arrows {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .map(|package| {
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            let built_in = dependencies
                .filter(|dependency| dependency["kind"] != "dev" && dependency["path"].is_string());
            (name_of(package), built_in.map(name_of).collect())
        })
        .collect()
}

fn name_of(package: &Value) -> String {
    package["name"].as_str().unwrap_or_default().to_owned()
}
