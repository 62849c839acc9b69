//! A process of `annals witness`.

use std::process::Stdio;

use annals_tests::{PATIENCE, wait_until};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::program;

/// A running witness with files of its own.
pub(super) struct Witness {
    home: TempDir,
    name: String,
    log: String,
    key: String,
    port: u16,
    process: Option<Child>,
    http: reqwest::Client,
}

impl Witness {
    /// Starts one that watches the log with this key.
    pub(super) async fn start(name: &str, log: &str) -> Self {
        let home = TempDir::with_prefix("annals-e2e-witness-").unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (name, log) = (format!("witness.test/{name}"), log.to_owned());
        let mut witness =
            Self { home, name, log, key: String::new(), port: 0, process: None, http };
        witness.start_again().await;
        witness
    }

    /// Starts it where it was.
    pub(super) async fn start_again(&mut self) {
        let file = |name: &str| self.home.path().join(name);
        let _ = std::fs::remove_file(file("port"));
        let mut command = program().command();
        command.args(["witness", "--listen", &format!("127.0.0.1:{}", self.port)]);
        command.arg("--state").arg(file("state")).arg("--key").arg(file("key"));
        command.arg("--port-file").arg(file("port"));
        command.args(["--log", &self.log, "--name", &self.name]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut key = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut key).await.unwrap();
        assert!(self.key.is_empty() || self.key == key.trim(), "it has another key: {key}");
        self.key = key.trim().to_owned();
        self.port = wait_until("the witness listens", PATIENCE, async || {
            std::fs::read_to_string(file("port")).ok()?.trim().parse().ok()
        })
        .await;
        self.process = Some(process);
    }

    /// Kills it as a loss of power would.
    pub(super) async fn kill(&mut self) {
        self.process.take().unwrap().kill().await.unwrap();
    }

    /// Its public key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// What stands before `/add-checkpoint`.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it remembers.
    pub(super) fn state(&self) -> String {
        std::fs::read_to_string(self.home.path().join("state")).unwrap()
    }

    /// Status and body of an answer; none when it is gone.
    pub(super) async fn ask(&self, request: &str) -> Option<(u16, String)> {
        let url = format!("{}/add-checkpoint", self.url());
        let answer = self.http.post(url).body(request.to_owned()).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }
}
