//! The page's own tests: the module in Node.js, and the page in Chromium.

use std::path::Path;
use std::process::Command;

use super::{built_to, write};
use crate::cargo::{cargo, output_of, root, run};

const TESTS: &str = "crates/verify-wasm/page/test";
/// Names the browser, if it is not where Debian has it.
const BROWSER_VARIABLE: &str = "CHROMIUM";
const DEBIAN_BROWSER: &str = "/usr/bin/chromium";

/// Builds the page and runs all its tests, with a bundle that is made for them.
///
/// Fails at once, and names all that is missing, where a tool is not there.
pub(crate) fn test() -> Result<(), String> {
    let browser = std::env::var(BROWSER_VARIABLE).unwrap_or_else(|_| DEBIAN_BROWSER.to_owned());
    let tools = [("node", "nodejs"), ("npm", "npm"), (browser.as_str(), "chromium")];
    say_missing(&tools, |tool| output_of(Command::new(tool).arg("--version")).is_ok())?;
    let page = write()?;
    let (bundle, keys) = (built_to("demonstration.zip")?, built_to("demonstration.keys")?);
    let make =
        ["run", "--locked", "--package", "annals-evidence", "--example", "make_bundle", "--"];
    run(cargo(&make).arg(&bundle).arg(&keys))?;
    let tests = root().join(TESTS);
    run(in_directory("npm", &tests).args(["ci", "--no-progress", "--ignore-scripts"]))?;
    run(in_directory("npm", &tests)
        .arg("test")
        .env(BROWSER_VARIABLE, browser)
        .env("VERIFY_PAGE", page)
        .env("DEMONSTRATION_BUNDLE", bundle)
        .env("DEMONSTRATION_KEYS", keys))
}

fn in_directory(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory);
    command
}

/// An error that names all tools that do not start, each given with its package of Debian.
fn say_missing(tools: &[(&str, &str)], starts: impl Fn(&str) -> bool) -> Result<(), String> {
    let missing: Vec<_> = tools.iter().filter(|(tool, _)| !starts(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|(tool, _)| format!("`{tool}`")).collect();
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    Err(format!(
        "the page cannot be tested without {}. On Debian run `apt-get install {}`; another browser of \
         Chromium's kind is named in {BROWSER_VARIABLE}",
        names.join(", "),
        packages.join(" ")
    ))
}

#[cfg(test)]
mod tests;
