//! A command of this same program, run to its end and watched.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::process;
use super::started::Setting;

/// How often the process is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How a command went.
pub(super) struct Ran {
    /// What it printed.
    pub(super) said: String,
    pub(super) seconds: f64,
    cpu: Option<Duration>,
    peak_kib: Option<u64>,
}

impl Ran {
    /// Runs `annals` with the arguments.
    ///
    /// # Errors
    /// When it ends with anything but success; the error holds what it printed.
    pub(super) fn to_its_end(arguments: &[&OsStr], settings: &[Setting]) -> anyhow::Result<Self> {
        let name = format!("`annals {}`", arguments[0].display());
        let program = std::env::current_exe().context("finding this program")?;
        let began = Instant::now();
        let mut process = Command::new(program)
            .args(arguments)
            .env("ANNALS_LOG__LEVEL", "error")
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let (mut peak_kib, mut cpu) = (None, None);
        while process.try_wait().with_context(|| format!("waiting for {name}"))?.is_none() {
            peak_kib = process::peak_kib(process.id()).or(peak_kib);
            cpu = process::cpu(process.id()).or(cpu);
            std::thread::sleep(LOOK);
        }
        let seconds = began.elapsed().as_secs_f64();
        let output = process.wait_with_output();
        let output = output.with_context(|| format!("reading what {name} says"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("{name} ended with {}: {said}", output.status);
        }
        Ok(Self { said, seconds, cpu, peak_kib })
    }

    /// How it went, for so many events.
    pub(super) fn summary(&self, events: u64) -> Value {
        let each = |cpu: Duration| cpu.as_micros() as f64 / events.max(1) as f64;
        json!({
            "events": events,
            "seconds": self.seconds,
            "events_per_second": (events as f64 / self.seconds).round(),
            "cpu_us_per_event": self.cpu.map(each),
            "peak_memory_kib": self.peak_kib,
        })
    }
}
