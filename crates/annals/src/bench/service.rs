//! The service that is measured: a running one, or one started for the purpose.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::TargetArgs;
use super::client::Client;
use super::fill::Filled;
use super::process;
use super::started::{LOOK, Setting, Started};

/// Projections may be behind by as much as a long filling leaves.
const CURRENT_WITHIN: Duration = Duration::from_secs(3600);
/// The tenant that is measured.
pub(super) const TENANT: &str = "bench";

pub(super) struct Service {
    pub(super) host: String,
    pub(super) token: String,
    started: Option<Started>,
    filled: Option<Filled>,
}

impl Service {
    /// The service that the arguments name, or one started as they say. With `fresh` a directory
    /// given by `--data` is to be filled; otherwise it must be. `settings` go before the shipped ones.
    pub(super) fn obtain(
        args: &TargetArgs,
        fresh: bool,
        settings: &[Setting],
    ) -> anyhow::Result<Self> {
        if let (Some(url), Some(token)) = (&args.url, &args.token) {
            if !settings.is_empty() {
                bail!("this is measured on a service that is started for it, not on a running one");
            }
            let host = url.strip_prefix("http://").context("the URL must begin with http://")?;
            let host = host.trim_end_matches('/').to_owned();
            return Ok(Self { host, token: token.clone(), started: None, filled: None });
        }
        let (data_dir, kept) = match (&args.data, &args.data_dir) {
            (Some(dir), _) => (dir.join("data"), true),
            (None, Some(dir)) => (dir.clone(), false),
            (None, None) => {
                let name = format!("annals-bench-{}", std::process::id());
                (std::env::temp_dir().join(name), false)
            }
        };
        let filled = match &args.data {
            Some(dir) if fresh => {
                make_room(dir, &data_dir)?;
                None
            }
            Some(dir) => Some(Filled::read(dir)?),
            None if data_dir.exists() => {
                bail!("`{}` exists already; it would be removed afterwards", data_dir.display())
            }
            None => None,
        };
        let started = Started::start(data_dir, args.store.clone(), kept, settings)?;
        let token = started.token("bench", TENANT, "admin")?;
        Ok(Self { host: started.host.clone(), token, started: Some(started), filled })
    }

    pub(super) fn client(&self) -> anyhow::Result<Client> {
        Client::connect(&self.host, &self.token)
    }

    /// A connection of somebody else.
    pub(super) fn client_with(&self, token: &str) -> anyhow::Result<Client> {
        Client::connect(&self.host, token)
    }

    /// A token of an admin of a tenant, if the service was started.
    pub(super) fn token_of(&self, tenant: &str) -> anyhow::Result<String> {
        let started = self.started.as_ref();
        started.context("a running service needs `--other-token`")?.token("bench", tenant, "admin")
    }

    /// A token of another admin of the measured tenant, if the service was started.
    pub(super) fn token_of_admin(&self, id: &str) -> Option<anyhow::Result<String>> {
        Some(self.started.as_ref()?.token(id, TENANT, "admin"))
    }

    /// A token of a person of the measured tenant, if the service was started.
    pub(super) fn token_of_person(&self, id: &str) -> Option<anyhow::Result<String>> {
        Some(self.started.as_ref()?.token(id, TENANT, "user"))
    }

    /// What the directory given by `--data` holds.
    pub(super) fn filled(&self) -> Option<&Filled> {
        self.filled.as_ref()
    }

    /// CPU time of a started service so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        process::cpu(self.started.as_ref()?.pid())
    }

    /// Bytes of a started service's data directory.
    pub(super) fn bytes_on_disk(&self) -> Option<u64> {
        Some(process::bytes_in(&self.started.as_ref()?.data_dir))
    }

    /// Bytes of a started service's data directory, by part.
    pub(super) fn disk(&self) -> Option<Value> {
        Some(process::bytes_by_part(&self.started.as_ref()?.data_dir))
    }

    /// Resident memory of a started service, kibibytes.
    pub(super) fn memory_kib(&self) -> Option<u64> {
        process::memory_kib(self.started.as_ref()?.pid())
    }

    /// Resident memory of a started service, by kind.
    pub(super) fn memory(&self) -> Option<Value> {
        Some(process::memory(self.started.as_ref()?.pid()))
    }

    /// Waits until every projection has reached the head of the log.
    pub(super) fn wait_until_current(&self) -> anyhow::Result<()> {
        let mut client = self.client()?;
        let deadline = Instant::now() + CURRENT_WITHIN;
        while self.lag_by(&mut client)? > 0 {
            if Instant::now() > deadline {
                bail!("search and profiles did not catch up within an hour");
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// By how many events the last of the projections is behind.
    pub(super) fn lag(&self) -> anyhow::Result<u64> {
        self.lag_by(&mut self.client()?)
    }

    fn lag_by(&self, client: &mut Client) -> anyhow::Result<u64> {
        let ready = client.get_json("/readyz")?;
        let lag = ready["lag"].as_object().context("no lag in /readyz")?;
        Ok(lag.values().filter_map(Value::as_u64).max().unwrap_or_default())
    }

    /// Where a started service keeps its data.
    pub(super) fn data_dir(&self) -> anyhow::Result<&Path> {
        let started = self.started.as_ref();
        let started = started.context("this is measured on a service that is started for it")?;
        Ok(&started.data_dir)
    }

    /// A directory beside that of a started service, which is not there yet.
    pub(super) fn beside(&self, name: &str) -> anyhow::Result<PathBuf> {
        let dir = self.data_dir()?.with_extension(name);
        if dir.exists() {
            bail!("`{}` exists already; remove it first", dir.display());
        }
        Ok(dir)
    }

    /// Stops a started service in order; its data stays. Returns its data directory.
    pub(super) fn stop(&mut self) -> anyhow::Result<PathBuf> {
        let started = self.started.as_mut();
        let started = started.context("a service that runs already cannot be stopped from here")?;
        started.stop()?;
        Ok(started.data_dir.clone())
    }

    /// Starts a stopped service again and returns how long it took until it was ready.
    pub(super) fn start_again(&mut self) -> anyhow::Result<Duration> {
        let started = self.started.as_mut().context("there is no service to start again")?;
        let began = Instant::now();
        started.start_again()?;
        self.host.clone_from(&started.host);
        let mut client = self.client()?;
        while client.get("/readyz")?.status != 200 {
            if began.elapsed() > CURRENT_WITHIN {
                bail!("the service was not ready within an hour");
            }
            std::thread::sleep(LOOK);
        }
        Ok(began.elapsed())
    }

    /// Stops a started service; removes its data unless it is to be kept.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        self.started.take().map_or(Ok(()), Started::end)
    }
}

/// A directory to be filled must be empty or new.
fn make_room(dir: &Path, data_dir: &Path) -> anyhow::Result<()> {
    if Filled::is_in(dir) || data_dir.exists() {
        bail!("`{}` holds events already; use them, or name another directory", dir.display());
    }
    std::fs::create_dir_all(dir).with_context(|| format!("making `{}`", dir.display()))
}
