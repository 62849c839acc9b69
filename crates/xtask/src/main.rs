//! Chores of the repository: `cargo xtask <command>`.
//!
//! What the repository demands of itself stands in `tidy.rs` as tests, so that `cargo test` keeps it.

use std::io::Write as _;
use std::process::ExitCode;

mod cargo;
mod check;
mod contracts;
#[cfg(test)]
mod tidy;
mod verify_page;

const USAGE: &str = "\
Chores of the repository.

Usage: cargo xtask <command>

  check              everything that must hold before a change lands: format, lints,
                     documentation, generated contracts, all tests
  contracts          regenerates graphql/schema.graphql, docs/openapi.json,
                     docs/annals.postman_collection.json and docs/events.md
  contracts --check  says whether they are up to date, and changes nothing
  verify-page        builds the verifier for browsers, and writes target/verify.html
  verify-page --test builds it and runs its tests in Node.js and Chromium
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["check"] => check::check(),
        ["contracts"] => contracts::regenerate(),
        ["contracts", "--check"] => contracts::compare(),
        ["verify-page"] => verify_page::write().map(drop),
        ["verify-page", "--test"] => verify_page::test(),
        [] | ["help" | "--help" | "-h"] => {
            say(USAGE);
            Ok(())
        }
        _ => {
            say(USAGE);
            return ExitCode::from(64);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            say(&format!("cargo xtask: {problem}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells the person at the terminal. Nobody may be listening, and then there is nobody to tell.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
