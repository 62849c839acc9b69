//! What the repository demands of itself: its structure, its sources, its documents.
//!
//! Each rule is a pure function from text to a list of complaints. It is run twice: on the files of
//! the repository, and (in `planted.rs`) on a fault planted for it, so that no rule sleeps.

mod architecture;
mod deployment;
mod documents;
mod files;
mod planted;
mod sources;

use files::{TextFile, text_files};

/// Fails with all complaints at once, so that one run shows everything there is to mend.
fn nothing_to_complain_of(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Applies a rule about single files to those it concerns.
fn keep(concerned: fn(&TextFile) -> bool, rule: fn(&TextFile) -> Vec<String>) {
    let files = text_files();
    let concerned: Vec<_> = files.iter().filter(|file| concerned(file)).collect();
    assert!(!concerned.is_empty(), "the rule concerns no file; is its condition still right?");
    nothing_to_complain_of(&concerned.into_iter().flat_map(rule).collect::<Vec<_>>());
}
