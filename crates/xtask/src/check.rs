//! Everything that must hold before a change lands; the same for a developer and for CI.
//!
//! Every cargo command names the whole workspace: features then unify the same way in each, and no
//! crate is built twice.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::cargo::{cargo, line_of, run};
use crate::{contracts, say};

/// Runs every check in turn, the quick ones first, and stops at the first that fails.
pub(crate) fn check() -> Result<(), String> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    run(cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    contracts::compare()?;
    test()
}

/// Runs all tests, showing what they print, and closes with one line over all of them.
fn test() -> Result<(), String> {
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    let line = line_of(&command);
    say(&format!("$ {line}"));
    let mut tests = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    let output = tests.stdout.take().ok_or("the tests have no output to read")?;
    let mut shown = std::io::stdout();
    let counted = show_and_count(BufReader::new(output), &mut shown)
        .map_err(|error| format!("cannot show what the tests print: {error}"))?;
    let status = tests.wait().map_err(|error| format!("cannot wait for `{line}`: {error}"))?;
    writeln!(shown, "{} passed, {} failed", counted.passed, counted.failed)
        .map_err(|error| format!("cannot print: {error}"))?;
    if !status.success() {
        return Err(format!("`{line}` failed ({status}); see above"));
    }
    if counted.passed == 0 {
        return Err(format!("`{line}` ran no test"));
    }
    Ok(())
}

/// How many tests ran, over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    passed: u64,
    failed: u64,
}

fn show_and_count(output: impl BufRead, shown: &mut impl Write) -> std::io::Result<Counted> {
    let mut counted = Counted::default();
    for line in output.lines() {
        let line = line?;
        writeln!(shown, "{line}")?;
        if let Some(result) = line.strip_prefix("test result: ") {
            counted.passed += number_before(result, " passed");
            counted.failed += number_before(result, " failed");
        }
    }
    Ok(counted)
}

/// The number in front of a word: 12 in `ok. 12 passed; 0 failed`.
fn number_before(text: &str, word: &str) -> u64 {
    let before = text.split(word).next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
