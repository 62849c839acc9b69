//! Starting the service, and waiting until it is ready.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{TestService, tail};
use crate::caller::{Address, Answer};
use crate::disk;
use crate::program::{Ended, Program};
use crate::setup::Setup;
use crate::waiting::{PATIENCE, wait_until};

impl TestService {
    /// Starts the program at `path` on a fresh data directory.
    pub async fn start(path: &str) -> Self {
        Self::start_as(path, Setup::default()).await
    }

    /// Starts it as the setup says, and waits until it is ready.
    pub async fn start_as(path: &str, setup: Setup) -> Self {
        let mut service = Self::listening_as(path, setup).await;
        service.wait_until_ready(PATIENCE).await;
        service
    }

    /// Starts it as the setup says, and waits only until it answers at all.
    pub async fn listening_as(path: &str, setup: Setup) -> Self {
        let mut service = Self::prepared_as(path, setup);
        service.launch().await;
        service
    }

    /// Makes its data directory, and starts nothing yet.
    pub fn prepared_as(path: &str, setup: Setup) -> Self {
        let home = TempDir::with_prefix("annals-e2e-").expect("a temporary directory can be made");
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("the HTTP client needs nothing");
        let service = Self {
            program: Program::at(path).with(&setup.environment),
            home,
            setup,
            settings: None,
            process: None,
            address: Address::default(),
            http,
            tokens: Mutex::default(),
            began: Instant::now(),
            ready_after: Duration::ZERO,
        };
        if let Some(secrets) = &service.setup.secrets {
            secrets.put_into(&service.own_data_dir());
        }
        service
    }

    /// Starts it again on the same data, and waits until it is ready.
    pub async fn restart(&mut self) {
        self.restart_listening().await;
        self.wait_until_ready(PATIENCE).await;
    }

    /// Starts it again on the same data, and waits only until it answers at all.
    pub async fn restart_listening(&mut self) {
        assert!(self.process.is_none(), "stop it first");
        self.launch().await;
    }

    /// Starts it again as if for the first time, and tells how that ended.
    ///
    /// # Panics
    /// When it does not end by itself.
    pub async fn refused_start(&self) -> Ended {
        let mut arguments = vec!["--listen", "127.0.0.1:0"];
        if let Some(store) = &self.setup.store {
            arguments.extend(["--store", store]);
        }
        self.run(&[&["serve"], &arguments[..]].concat()).await
    }

    /// Waits until `/readyz` has nothing to complain of.
    pub async fn wait_until_ready(&mut self, patience: Duration) {
        let mut process = self.process.take().expect("the service was started");
        let url = format!("http://{}/readyz", self.address.get());
        let http = self.http.clone();
        wait_until("the service is ready", patience, async || {
            self.check_alive(&mut process);
            http.get(&url).send().await.ok()?.status().is_success().then_some(())
        })
        .await;
        self.process = Some(process);
        self.ready_after = self.began.elapsed();
    }

    /// What `/readyz` says, whatever its status.
    pub async fn readiness(&self) -> (u16, Value) {
        let url = format!("http://{}/readyz", self.address.get());
        let answer = Answer::of(self.http.get(url)).await.expect("the service answers");
        (answer.status, answer.json())
    }

    async fn launch(&mut self) {
        let port_file = self.home.path().join("port");
        // The port of the last start tells nothing.
        let _ = std::fs::remove_file(&port_file);
        self.began = Instant::now();
        let mut process = self.serve(&port_file).spawn().expect("the program must start");
        let port = wait_until("the service listens", PATIENCE, async || {
            self.check_alive(&mut process);
            std::fs::read_to_string(&port_file).ok()?.trim().parse::<u16>().ok()
        });
        let address = format!("127.0.0.1:{}", port.await);
        self.address.set(address);
        self.process = Some(process);
    }

    fn check_alive(&self, process: &mut Child) {
        let ended = process.try_wait().expect("a process of ours can be asked");
        let log = tail(&self.operations_log()).to_owned();
        assert!(ended.is_none(), "the service ended with {ended:?}:\n{log}");
    }

    fn serve(&self, port_file: &Path) -> Command {
        let mut command = match self.setup.disk_bytes {
            None => self.program.command(),
            Some(bytes) => disk::command(&self.program, &self.own_data_dir(), bytes),
        };
        let stderr = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.home.path().join("stderr"))
            .expect("the temporary directory can be written");
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(self.own_data_dir())
            .args(["--listen", "127.0.0.1:0", "--port-file"])
            .arg(port_file)
            .args(self.setup.store.iter().flat_map(|store| ["--store", store]))
            .args(self.settings.iter().flat_map(|file| [Path::new("--config"), file]))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        command
    }
}
