//! Running a command of the program to its end.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::waiting::PATIENCE;

/// The built program.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    environment: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Program {
    /// The program at `path`.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), environment: Vec::new() }
    }

    /// The same with these variables for all that is run of it.
    pub fn with(mut self, environment: &[(String, String)]) -> Self {
        self.environment.extend_from_slice(environment);
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A command in an environment without settings of Annals but those of the test.
    pub fn command(&self) -> Command {
        self.command_by(&self.path)
    }

    /// A command of another program that makes way for this one.
    pub(crate) fn command_by(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = clean(Command::new(program));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with_input(arguments, b"").await
    }

    /// Runs a command to its end, with this on standard input.
    pub async fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program must start");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let feeding = async {
            // A command that does not read its input may end before it has all of it.
            let _ = stdin.write_all(input).await;
            drop(stdin);
        };
        let ending = async { tokio::join!(feeding, child.wait_with_output()).1 };
        let output = tokio::time::timeout(PATIENCE * 3, ending).await;
        let output = output.unwrap_or_else(|_| panic!("`annals {}` hangs", arguments.join(" ")));
        let output = output.expect("the program's output must be readable");
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The settings of whoever runs the tests must not change their outcome.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ANNALS_") {
            command.env_remove(name);
        }
    }
    command.kill_on_drop(true);
    command
}

impl Ended {
    /// What it printed, provided that it ended with this code.
    ///
    /// # Panics
    /// When it ended otherwise.
    pub fn expect(self, code: i32) -> String {
        let Self { code: ended, stdout, stderr } = self;
        assert_eq!(ended, Some(code), "stdout: {stdout}\nstderr: {stderr}");
        stdout
    }
}
