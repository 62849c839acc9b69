//! Running cargo, and the program it built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::say;

/// Top of the checkout.
pub(crate) fn root() -> PathBuf {
    // Asked at run time: a build directory shared by several checkouts may hold an older path.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.ancestors().nth(2).map_or_else(|| manifest.clone(), Path::to_path_buf)
}

/// A cargo command at the top of the checkout.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    // What the outer cargo says of xtask is not true of what the inner one builds; some build
    // scripts watch these variables and would run again.
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command in the open; says what to look at when it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let line = line_of(command);
    say(&format!("$ {line}"));
    let status = command.status().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status}); see above")) }
}

/// What a command prints on standard output.
pub(crate) fn output_of(command: &mut Command) -> Result<String, String> {
    let line = line_of(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` failed ({})", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{line}` printed what is not UTF-8"))
}

/// What cargo knows of the workspace.
pub(crate) fn metadata() -> Result<Value, String> {
    let text = output_of(&mut cargo(&["metadata", "--no-deps", "--format-version=1"]))?;
    serde_json::from_str(&text).map_err(|error| format!("cannot read `cargo metadata`: {error}"))
}

/// Builds the workspace and tells where the `annals` binary came to lie.
///
/// The whole workspace, here as in every other step: one set of features, so nothing is built twice.
pub(crate) fn build_annals() -> Result<PathBuf, String> {
    run(&mut cargo(&["build", "--workspace"]))?;
    let metadata = metadata()?;
    let target = metadata["target_directory"].as_str().ok_or("cargo names no target directory")?;
    let program = Path::new(target).join("debug").join("annals");
    Ok(program.with_extension(std::env::consts::EXE_EXTENSION))
}

pub(crate) fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let mut words = vec![program.to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}
