//! A running service with a data directory of its own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::caller::{Address, Caller};
use crate::program::{Ended, Program};
use crate::setup::Setup;
use crate::waiting::PATIENCE;

mod starting;

/// How long a token of a test holds.
const TTL: &str = "6h";
/// A killed process is gone within this time.
const GONE_WITHIN: Duration = Duration::from_secs(2);
/// How much of the operations log is shown when a test fails, bytes.
const SHOWN_BYTES: usize = 6000;

/// The service: its process, its data, its address.
pub struct TestService {
    program: Program,
    home: TempDir,
    setup: Setup,
    settings: Option<PathBuf>,
    process: Option<Child>,
    address: Address,
    http: reqwest::Client,
    tokens: Mutex<HashMap<(String, String, String), String>>,
    began: Instant,
    ready_after: Duration,
}

impl TestService {
    /// The program, for commands beside the service.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Where it answers; follows it over restarts.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How long the last start took, from making the process to a good answer of `/readyz`.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        let process = self.process.as_ref().expect("the service runs");
        process.id().expect("the service has not ended")
    }

    /// Its data directory, as this process sees it.
    pub fn data_dir(&self) -> PathBuf {
        let data_dir = self.own_data_dir();
        match self.setup.disk_bytes {
            None => data_dir,
            // Its mounts are its own; the kernel shows them by its process.
            Some(_) => {
                let root = PathBuf::from(format!("/proc/{}/root", self.process_id()));
                root.join(data_dir.strip_prefix("/").expect("temporary directories are absolute"))
            }
        }
    }

    /// What it wrote to standard error since its first start.
    pub fn operations_log(&self) -> String {
        let bytes = std::fs::read(self.home.path().join("stderr")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A directory for other files of the test.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Somebody who calls it, with a token made by `annals token`.
    pub async fn caller(&self, sub: &str, tenant: &str, role: &str) -> Caller {
        let token = self.token(sub, tenant, role).await;
        self.caller_with_token(&token)
    }

    /// Somebody who calls it with this token.
    pub fn caller_with_token(&self, token: &str) -> Caller {
        Caller::new(self.http.clone(), self.address.clone(), token)
    }

    /// A token made by `annals token`.
    pub async fn token(&self, sub: &str, tenant: &str, role: &str) -> String {
        let key = (sub.to_owned(), tenant.to_owned(), role.to_owned());
        let known = self.tokens.lock().expect("no holder panics").get(&key).cloned();
        if let Some(token) = known {
            return token;
        }
        let data_dir = self.data_dir();
        let data_dir = data_dir.to_str().expect("temporary directories have plain names");
        let of = ["--sub", sub, "--tenant", tenant, "--role", role, "--ttl", TTL];
        let made = self.program.run(&[&["token", "--data-dir", data_dir], &of[..]].concat()).await;
        let token = made.expect(0).trim().to_owned();
        self.tokens.lock().expect("no holder panics").insert(key, token.clone());
        token
    }

    /// Runs a command of the program on the data directory.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        let data_dir = self.data_dir();
        let data_dir = data_dir.to_str().expect("temporary directories have plain names");
        let (command, rest) = arguments.split_first().expect("a command");
        self.program.run(&[&[command, "--data-dir", data_dir], rest].concat()).await
    }

    /// Changes a setting by its variable, from the next start on.
    pub fn set(&mut self, variable: &str, value: &str) {
        let setting = [(variable.to_owned(), value.to_owned())];
        self.program = Program::clone(&self.program).with(&setting);
    }

    /// Gives it a file of settings, from the next start on.
    pub fn configure(&mut self, text: &str) {
        let file = self.home.path().join("annals.toml");
        std::fs::write(&file, text).expect("the temporary directory can be written");
        self.settings = Some(file);
    }

    /// Kills it as a loss of power would, without a word.
    pub async fn kill9(&mut self) {
        let mut process = self.process.take().expect("the service runs");
        process.kill().await.expect("a process of ours can be killed");
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Panics
    /// When it does not end in time, or not with exit code 0.
    pub async fn stop(&mut self) {
        self.terminate().await;
        self.ended().await;
    }

    /// Asks it to stop.
    pub async fn terminate(&self) {
        let signal = format!("kill -TERM {}", self.process_id());
        let status = Command::new("sh").args(["-c", &signal]).status().await;
        assert!(status.expect("a shell is there").success(), "the service has gone already");
    }

    /// Waits until it has ended, with exit code 0.
    pub async fn ended(&mut self) {
        let mut process = self.process.take().expect("the service runs");
        let ended = tokio::time::timeout(PATIENCE, process.wait()).await;
        let status = ended.expect("the service must stop").expect("its end can be waited for");
        assert_eq!(status.code(), Some(0), "{}", tail(&self.operations_log()));
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        let process = self.process.as_mut().expect("the service was started");
        process.try_wait().expect("a process of ours can be asked").is_none()
    }

    fn own_data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It must be gone before its directory goes, or it would write into what is removed.
            let _ = process.start_kill();
            let began = Instant::now();
            while matches!(process.try_wait(), Ok(None)) && began.elapsed() < GONE_WITHIN {
                std::thread::yield_now();
            }
        }
        if std::thread::panicking() {
            show(&format!("the service said last:\n{}", tail(&self.operations_log())));
        }
    }
}

#[expect(clippy::print_stderr, reason = "whoever reads of a failed test wants to know")]
fn show(text: &str) {
    eprintln!("{text}");
}

fn tail(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(SHOWN_BYTES))..]
}
