//! Programs that others wrote, run against the service: their packages, and the conversation with
//! their scripts.
//!
//! A script says what it wants by a line of JSON on standard output, and reads the answer on
//! standard input: a token, or a restart of the service.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use crate::TestService;

/// Fetching packages may take this long.
const INSTALLED_WITHIN: Duration = Duration::from_secs(600);
/// A script may take this long.
const DONE_WITHIN: Duration = Duration::from_secs(240);

/// Directories whose packages are there.
static NODE: Mutex<BTreeSet<PathBuf>> = Mutex::const_new(BTreeSet::new());
static PYTHONS: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::const_new(BTreeMap::new());

/// Installs the packages of `package-lock.json` in this directory, once.
///
/// # Panics
/// When the machine has no `npm`, or a package cannot be had.
pub async fn install_node_packages(directory: &Path) {
    let mut there = NODE.lock().await;
    if there.contains(directory) {
        return;
    }
    let lock = std::fs::read(directory.join("package-lock.json")).expect("a lock file");
    let installed = directory.join("node_modules/.installed-lock.json");
    if std::fs::read(&installed).is_ok_and(|earlier| earlier == lock) {
        there.insert(directory.to_owned());
        return;
    }
    let mut npm = Command::new("npm");
    npm.arg("ci").args(["--no-progress", "--ignore-scripts"]).current_dir(directory);
    finished(npm, "install Node.js and npm; on Debian: apt-get install nodejs npm").await;
    std::fs::write(installed, lock).expect("the packages' directory can be written");
    there.insert(directory.to_owned());
}

/// A Python with the packages of `requirements.txt` in this directory; made in `home`, once.
///
/// # Panics
/// When the machine has no `python3` with `venv`, or a package cannot be had.
pub async fn python_with_packages(directory: &Path, home: &Path) -> PathBuf {
    // Whoever wants the same waits until it is made.
    let mut made = PYTHONS.lock().await;
    if let Some(python) = made.get(directory) {
        return python.clone();
    }
    let requirements = directory.join("requirements.txt");
    let wanted = std::fs::read(&requirements).expect("a list of packages");
    let venv = home.join("annals-python");
    let (python, installed) = (venv.join("bin/python"), venv.join("installed.txt"));
    if !std::fs::read(&installed).is_ok_and(|earlier| earlier == wanted) {
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&venv);
        finished(make, "install Python with venv; on Debian: apt-get install python3-venv").await;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
        pip.arg(&requirements);
        finished(pip, "the packages of requirements.txt must be to be had").await;
        std::fs::write(installed, wanted).expect("the environment can be written");
    }
    made.insert(directory.to_owned(), python.clone());
    python
}

async fn finished(mut command: Command, advice: &str) {
    let shown = format!("{command:?}");
    let output = tokio::time::timeout(INSTALLED_WITHIN, command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{shown} hangs"));
    let output = output.unwrap_or_else(|error| panic!("{shown}: {error}; {advice}"));
    assert!(
        output.status.success(),
        "{shown} failed: {}\n{}\n{advice}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs a script to its end, and gives it what it asks for. Tokens are those of an admin.
///
/// # Panics
/// When it does not end well.
pub async fn run_script(service: &mut TestService, mut command: Command) {
    let shown = format!("{command:?}");
    let child = command
        .env("ANNALS_TEST_PORT_FILE", service.home().join("port"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let child = child.unwrap_or_else(|error| panic!("{shown}: {error}"));
    let conversation = Conversation::with(child).hold(service);
    let ended = tokio::time::timeout(DONE_WITHIN, conversation).await;
    let code = ended.unwrap_or_else(|_| panic!("{shown} hangs"));
    assert_eq!(code, Some(0), "{shown} failed; it says above why");
}

struct Conversation {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    answers: ChildStdin,
}

impl Conversation {
    fn with(mut child: Child) -> Self {
        let output = child.stdout.take().expect("standard output is a pipe");
        let answers = child.stdin.take().expect("standard input is a pipe");
        Self { child, lines: BufReader::new(output).lines(), answers }
    }

    /// Answers until the script ends; returns its exit code.
    async fn hold(mut self, service: &mut TestService) -> Option<i32> {
        while let Some(line) = self.lines.next_line().await.expect("its output is text") {
            let wanted: Value = serde_json::from_str(&line)
                .unwrap_or_else(|error| panic!("`{line}` is no wish: {error}"));
            let answer = grant(service, &wanted).await;
            // A script that failed meanwhile reads nothing more; its exit code tells.
            let _ = self.answers.write_all(format!("{answer}\n").as_bytes()).await;
        }
        self.child.wait().await.expect("its end can be waited for").code()
    }
}

async fn grant(service: &mut TestService, wanted: &Value) -> Value {
    match wanted["want"].as_str() {
        Some("token") => {
            let ttl = format!("{}s", wanted["seconds"].as_u64().expect("a number of seconds"));
            let of = ["--sub", "root", "--tenant", "acme", "--role", "admin", "--ttl", &ttl];
            let made = service.run(&[&["token"], &of[..]].concat()).await;
            json!(made.expect(0).trim())
        }
        Some("restart") => {
            service.stop().await;
            service.restart().await;
            json!(true)
        }
        _ => panic!("`{wanted}` cannot be granted"),
    }
}
