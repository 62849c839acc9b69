//! A service started for a measurement: this same program with the shipped settings.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

/// A started service listens within this time, and stops within it.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often a condition is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(5);

/// A variable of the environment that sets something, and its value.
pub(super) type Setting = (&'static str, String);

pub(super) struct Started {
    process: Child,
    /// Where it listens.
    pub(super) host: String,
    pub(super) data_dir: PathBuf,
    store: Option<String>,
    /// Whether the data stays when it ends.
    kept: bool,
    settings: Vec<Setting>,
}

impl Started {
    pub(super) fn start(
        data_dir: PathBuf,
        store: Option<String>,
        kept: bool,
        settings: &[Setting],
    ) -> anyhow::Result<Self> {
        let settings = settings.to_vec();
        let process = spawn(&data_dir, store.as_deref(), &settings)?;
        let host = String::new();
        let mut started = Self { process, host, data_dir, store, kept, settings };
        started.host = started.listening()?;
        Ok(started)
    }

    /// After [`stop`](Self::stop): another process on the same data.
    pub(super) fn start_again(&mut self) -> anyhow::Result<()> {
        self.process = spawn(&self.data_dir, self.store.as_deref(), &self.settings)?;
        self.host = self.listening()?;
        Ok(())
    }

    /// Waits until it says where it listens.
    fn listening(&mut self) -> anyhow::Result<String> {
        let port_file = self.data_dir.with_extension("port");
        let deadline = Instant::now() + PATIENCE;
        let port = loop {
            if let Ok(port) = std::fs::read_to_string(&port_file)
                && port.ends_with('\n')
            {
                break port.trim().to_owned();
            }
            if let Some(status) = self.process.try_wait().context("looking after the service")? {
                bail!("the service ended with {status} instead of listening");
            }
            if Instant::now() > deadline {
                bail!("the service did not listen within {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(LOOK);
        };
        std::fs::remove_file(&port_file).context("removing the port file")?;
        Ok(format!("127.0.0.1:{port}"))
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn token(&self, sub: &str, tenant: &str, role: &str) -> anyhow::Result<String> {
        let token = Command::new(std::env::current_exe().context("finding this program")?)
            .args(["token", "--sub", sub, "--tenant", tenant, "--role", role])
            .args(["--ttl", "24h", "--data-dir"])
            .arg(&self.data_dir)
            .output()
            .context("making a token")?;
        if !token.status.success() {
            bail!("making a token: {}", String::from_utf8_lossy(&token.stderr));
        }
        Ok(String::from_utf8(token.stdout)?.trim().to_owned())
    }

    /// Stops in order, so that nothing is left to be done at the next start.
    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.process), Signal::TERM)
            .context("stopping the service")?;
        let deadline = Instant::now() + PATIENCE;
        while self.process.try_wait().context("waiting for the service to stop")?.is_none() {
            if Instant::now() > deadline {
                bail!("the service did not stop within {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    pub(super) fn end(mut self) -> anyhow::Result<()> {
        if self.kept {
            return self.stop();
        }
        self.process.kill().context("stopping the service")?;
        self.process.wait().context("waiting for the service to stop")?;
        std::fs::remove_dir_all(&self.data_dir)
            .with_context(|| format!("removing `{}`", self.data_dir.display()))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // After `end` there is nothing to stop; after a failure the result is of no use.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(
    data_dir: &std::path::Path,
    store: Option<&str>,
    settings: &[Setting],
) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("finding this program")?;
    Command::new(&program)
        .arg("serve")
        .args(["--listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(data_dir)
        .arg("--port-file")
        .arg(data_dir.with_extension("port"))
        .args(store.map(|store| ["--store", store]).into_iter().flatten())
        .env("ANNALS_LOG__LEVEL", "error")
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .spawn()
        .context("starting a service")
}
