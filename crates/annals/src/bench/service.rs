//! The service that is measured: a running one, or one started for the purpose.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::TargetArgs;
use super::client::Client;

/// A started service listens within this time, and stops within it.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(5);

pub(super) struct Service {
    pub(super) host: String,
    pub(super) token: String,
    started: Option<Started>,
}

struct Started {
    process: Child,
    data_dir: PathBuf,
}

impl Service {
    pub(super) fn obtain(args: &TargetArgs) -> anyhow::Result<Self> {
        match (&args.url, &args.token) {
            (Some(url), Some(token)) => {
                let host =
                    url.strip_prefix("http://").context("the URL must begin with http://")?;
                let host = host.trim_end_matches('/').to_owned();
                Ok(Self { host, token: token.clone(), started: None })
            }
            _ => Self::start(args.data_dir.as_deref(), args.store.as_deref()),
        }
    }

    fn start(data_dir: Option<&Path>, store: Option<&str>) -> anyhow::Result<Self> {
        let data_dir = data_dir.map_or_else(
            || std::env::temp_dir().join(format!("annals-bench-{}", std::process::id())),
            Path::to_owned,
        );
        if data_dir.exists() {
            bail!("`{}` exists already; it would be removed afterwards", data_dir.display());
        }
        let program = std::env::current_exe().context("finding this program")?;
        let port_file = data_dir.with_extension("port");
        let process = Command::new(&program)
            .arg("serve")
            .args(["--listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(&data_dir)
            .arg("--port-file")
            .arg(&port_file)
            .args(store.map(|store| ["--store", store]).into_iter().flatten())
            .env("ANNALS_LOG__LEVEL", "error")
            .stdin(Stdio::null())
            .spawn()
            .context("starting a service")?;
        let started = Started { process, data_dir };
        let deadline = Instant::now() + PATIENCE;
        let port = loop {
            if let Ok(port) = std::fs::read_to_string(&port_file) {
                break port.trim().to_owned();
            }
            if Instant::now() > deadline {
                bail!("the service did not listen within {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(LOOK);
        };
        std::fs::remove_file(&port_file).context("removing the port file")?;
        let token = started.token_of("bench")?;
        Ok(Self { host: format!("127.0.0.1:{port}"), token, started: Some(started) })
    }

    pub(super) fn client(&self) -> anyhow::Result<Client> {
        Client::connect(&self.host, &self.token)
    }

    /// A token of an admin of a tenant, if the service was started.
    pub(super) fn token_of(&self, tenant: &str) -> anyhow::Result<String> {
        let started = self.started.as_ref();
        started.context("a running service needs `--other-token`")?.token_of(tenant)
    }

    /// CPU time of a started service so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let pid = self.started.as_ref()?.process.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold blanks; user and system time are the 12th and 13th
        // field behind it, in hundredths of a second on Linux.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 10))
    }

    /// Bytes of a started service's data directory.
    pub(super) fn bytes_on_disk(&self) -> Option<u64> {
        Some(bytes_in(&self.started.as_ref()?.data_dir))
    }

    /// Resident memory of a started service, kibibytes.
    pub(super) fn memory_kib(&self) -> Option<u64> {
        let pid = self.started.as_ref()?.process.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Waits until every projection has reached the head of the log.
    pub(super) fn wait_until_current(&self) -> anyhow::Result<()> {
        let mut client = self.client()?;
        loop {
            let ready = client.get_json("/readyz")?;
            let lag = ready["lag"].as_object().context("no lag in /readyz")?;
            if lag.values().all(|lag| lag == &Value::from(0)) {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Stops a started service and removes its data.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        match self.started.take() {
            Some(started) => started.end(),
            None => Ok(()),
        }
    }
}

impl Started {
    fn token_of(&self, tenant: &str) -> anyhow::Result<String> {
        let token = Command::new(std::env::current_exe().context("finding this program")?)
            .args(["token", "--sub", "bench", "--tenant", tenant, "--role", "admin"])
            .args(["--ttl", "24h", "--data-dir"])
            .arg(&self.data_dir)
            .output()
            .context("making a token")?;
        Ok(String::from_utf8(token.stdout)?.trim().to_owned())
    }

    fn end(mut self) -> anyhow::Result<()> {
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

fn bytes_in(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes_in(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
