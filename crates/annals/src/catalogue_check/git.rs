//! The files of a catalogue as they were at a commit: `git` is run as a process.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};

use super::files::{CatalogueFiles, FILE_BYTES_MAX, FILES_MAX};

/// How long one call of `git` may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// A git ref has at most so many bytes.
const REF_BYTES_MAX: usize = 256;

/// The `*.toml` files that `dir` had at that ref.
pub(super) fn files_at(reference: &str, dir: &Path) -> anyhow::Result<CatalogueFiles> {
    if !dir.is_dir() {
        bail!(
            "`{reference}` is no directory, and there is no {} to compare at that git ref: run this at the \
             top of a checkout, or name the directory",
            dir.display()
        );
    }
    let is_odd = |text: &str| text.starts_with('-') || text.contains([':', '\n', '\0']);
    if reference.is_empty() || reference.len() > REF_BYTES_MAX || is_odd(reference) {
        bail!("`{reference}` is neither a directory nor a git ref");
    }
    let listed = run(dir, &["ls-tree", "--name-only", "-z", "--end-of-options", reference, "./"])?;
    let names: Vec<&str> = listed.split('\0').filter(|name| name.ends_with(".toml")).collect();
    if names.len() > FILES_MAX {
        bail!("{} had more than {FILES_MAX} catalogue files at `{reference}`", dir.display());
    }
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let object = format!("{reference}:./{name}");
        files.push((name.to_owned(), run(dir, &["show", "--end-of-options", &object])?));
    }
    CatalogueFiles::new(files, &format!("{} at `{reference}`", dir.display()))
}

/// What `git` prints, bounded in time and size.
fn run(dir: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let line = format!("git {}", arguments.join(" "));
    let mut child = Command::new("git")
        .arg("--no-pager")
        .args(arguments)
        .current_dir(dir)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`: is git installed?"))?;
    let answer = read(&mut child);
    if answer.is_err() {
        // It has no reader any more; that it is gone already is no fault.
        let _ = child.kill();
    }
    let status = child.wait().with_context(|| format!("waiting for `{line}`"))?;
    let (printed, complaint) = answer.with_context(|| format!("running `{line}`"))?;
    if !status.success() {
        bail!("`{line}` in {} failed: {}", dir.display(), complaint.trim());
    }
    String::from_utf8(printed).with_context(|| format!("`{line}` printed something else than text"))
}

/// What the process prints to its two outputs, each read by a thread.
fn read(child: &mut Child) -> anyhow::Result<(Vec<u8>, String)> {
    let (out, error) = (child.stdout.take(), child.stderr.take());
    let (out, error) = out.zip(error).context("it has no outputs")?;
    let (printed, complaint) = (reader(out), reader(error));
    let wait = |output: &mpsc::Receiver<std::io::Result<Vec<u8>>>| {
        let bytes = output.recv_timeout(PATIENCE);
        bytes
            .with_context(|| format!("it takes more than {} s", PATIENCE.as_secs()))?
            .context("reading what it prints")
    };
    let printed = wait(&printed)?;
    if printed.len() as u64 > FILE_BYTES_MAX {
        bail!("it prints more than {FILE_BYTES_MAX} bytes");
    }
    let complaint = wait(&complaint)?;
    Ok((printed, String::from_utf8_lossy(&complaint).into_owned()))
}

/// Reads one byte more than is allowed, so that too much is noticed.
fn reader(output: impl Read + Send + 'static) -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
        // Nobody waits any more when it took too long.
        let _ = sender.send(read.map(|_| bytes));
    });
    receiver
}
