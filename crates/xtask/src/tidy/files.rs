//! The text files of the repository.

use std::process::Command;

use crate::cargo::root;

/// A file that git knows of or would take up, with its text.
pub(super) struct TextFile {
    /// From the top of the checkout, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl TextFile {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.extension() == Some("rs")
    }

    /// Written by people for people: not data, not generated.
    pub(super) fn is_written_by_hand(&self) -> bool {
        let generated = self.path.starts_with("graphql/schema") || self.path == "docs/events.md";
        let script = self.path.starts_with(".ci/");
        let readable = matches!(self.extension(), Some("rs" | "md" | "toml" | "graphql" | "sh"));
        !generated && (script || readable)
    }

    pub(super) fn is_document(&self) -> bool {
        self.extension() == Some("md")
    }

    /// Only compiled for tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Numbered lines, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn extension(&self) -> Option<&str> {
        self.name().rsplit_once('.').map(|(_, extension)| extension)
    }
}

/// Every text file of the repository.
pub(super) fn text_files() -> Vec<TextFile> {
    let files: Vec<_> = paths().iter().filter_map(|path| read(path)).collect();
    assert!(files.len() > 20, "git names only {} text files", files.len());
    files
}

fn paths() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git must be installed: these checks ask it which files belong to the repository");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("file names are UTF-8");
    listed.split_terminator('\0').map(str::to_owned).collect()
}

/// Nothing for what is deleted but not yet committed, and for what is not text.
fn read(path: &str) -> Option<TextFile> {
    let bytes = std::fs::read(root().join(path)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(TextFile { path: path.into(), text })
}
