//! Events for the service that is measured: recorded anew, or there already since `annals bench
//! prepare`.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ingest::on_threads;
use super::latency::Latencies;
use super::service::Service;
use crate::generate::{Generator, years_before};

/// Name of the file that tells what a prepared directory holds.
const TOLD_IN: &str = "filled.json";

/// Which events a service was filled with. `annals generate` makes the same ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Filled {
    /// Events in all.
    pub(super) events: usize,
    pub(super) seed: u64,
    pub(super) persons: u64,
    /// All events happened from here on …
    pub(super) from: Timestamp,
    /// … and before this.
    pub(super) to: Timestamp,
    /// The first is measured and holds half of the events; the others share the other half.
    pub(super) tenants: usize,
    pub(super) json_bytes: u64,
}

/// How a service is filled.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct FillArgs {
    /// Events of so many years up to now, in order
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=100))]
    years: u16,
    /// How many persons the events are about
    #[arg(long, default_value_t = 100_000)]
    persons: u64,
    /// Tenants beside each other
    #[arg(long, default_value_t = 1)]
    tenants: usize,
    /// Events in one request of the filling
    #[arg(long, default_value_t = 1000)]
    fill_batch: usize,
    /// Connections that fill
    #[arg(long, default_value_t = 2)]
    fill_connections: usize,
}

impl Filled {
    /// What a prepared directory holds.
    pub(super) fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(TOLD_IN);
        let text = std::fs::read(&path).with_context(|| {
            format!(
                "reading `{}`; fill the directory by `annals bench prepare --data {}`",
                path.display(),
                dir.display()
            )
        })?;
        serde_json::from_slice(&text).with_context(|| format!("reading `{}`", path.display()))
    }

    /// Notes what a prepared directory holds.
    pub(super) fn write(&self, dir: &Path) -> anyhow::Result<()> {
        let path = dir.join(TOLD_IN);
        let text = serde_json::to_vec_pretty(self)?;
        std::fs::write(&path, text).with_context(|| format!("writing `{}`", path.display()))
    }

    /// Whether a directory is prepared.
    pub(super) fn is_in(dir: &Path) -> bool {
        dir.join(TOLD_IN).exists()
    }

    /// Events of the tenant that is measured.
    pub(super) fn events_of_first_tenant(&self) -> usize {
        if self.tenants > 1 { self.events / 2 } else { self.events }
    }

    /// Mean size of an event as it was sent.
    pub(super) fn json_bytes_per_event(&self) -> u64 {
        self.json_bytes / self.events.max(1) as u64
    }
}

/// Events for a bench that asks: those of the prepared directory, or so many new ones.
pub(super) fn ensure(
    service: &Service,
    events: usize,
    args: &FillArgs,
    seed: u64,
) -> anyhow::Result<Value> {
    if let Some(filled) = service.filled() {
        return Ok(json!({ "prepared": filled }));
    }
    let began = Instant::now();
    let filled = fill(service, events, args, seed, events.max(1), &mut |_| Ok(()))?;
    Ok(json!({ "seconds": began.elapsed().as_secs_f64(), "recorded": filled }))
}

/// A part of the events is recorded.
pub(super) struct Step {
    /// Events so far.
    pub(super) events: usize,
    /// Events of this step.
    pub(super) events_of_step: usize,
    /// From the first request of the step to the last answer.
    pub(super) time: Duration,
    pub(super) requests: Latencies,
}

/// Records events and waits until all can be found. The connections make the events between two
/// requests: that work is part of the price. `told` hears of each step.
pub(super) fn fill(
    service: &Service,
    events: usize,
    args: &FillArgs,
    seed: u64,
    step: usize,
    told: &mut dyn FnMut(Step) -> anyhow::Result<()>,
) -> anyhow::Result<Filled> {
    let to = Timestamp::from_second(Timestamp::now().as_second())?;
    let from = years_before(to, args.years)?;
    let tokens = tokens(service, args.tenants)?;
    let source = Mutex::new(Source {
        generator: Generator::new(seed, args.persons.max(1), from, to).in_order(events as u64),
        left: 0,
        batches: 0,
        json_bytes: 0,
    });
    let lock = || source.lock().unwrap_or_else(PoisonError::into_inner);
    for done in (0..events).step_by(step.max(1)) {
        let events_of_step = step.min(events - done);
        lock().left = events_of_step;
        let began = Instant::now();
        let requests = on_threads(vec![(); args.fill_connections.max(1)], |()| {
            let mut clients = Vec::new();
            for token in &tokens {
                clients.push(service.client_with(token)?);
            }
            let (mut latencies, mut body) = (Latencies::default(), Vec::new());
            loop {
                let Some(batch) = lock().next(&mut body, args.fill_batch) else {
                    return Ok(latencies);
                };
                let client = &mut clients[turn(batch, tokens.len())];
                let sent = Instant::now();
                let answer = client.post("/api/v1/logs/bulk", "application/x-ndjson", &body)?;
                latencies.add(sent.elapsed());
                if answer.status != 201 {
                    let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]);
                    bail!("filling was answered with {}: {body}", answer.status);
                }
            }
        })?;
        let time = began.elapsed();
        told(Step { events: done + events_of_step, events_of_step, time, requests })?;
    }
    service.wait_until_current()?;
    let (json_bytes, tenants) = (lock().json_bytes, tokens.len());
    Ok(Filled { events, seed, persons: args.persons.max(1), from, to, tenants, json_bytes })
}

/// Makes the events that several connections send.
struct Source {
    generator: Generator,
    left: usize,
    batches: usize,
    json_bytes: u64,
}

impl Source {
    /// The next batch and its number; nothing when the step is done.
    fn next(&mut self, body: &mut Vec<u8>, batch: usize) -> Option<usize> {
        let events = batch.max(1).min(self.left);
        if events == 0 {
            return None;
        }
        body.clear();
        for _ in 0..events {
            self.generator.next_into(body);
            body.push(b'\n');
        }
        self.left -= events;
        self.batches += 1;
        self.json_bytes += (body.len() - events) as u64;
        Some(self.batches - 1)
    }
}

/// Whose a batch is: every other one is the first tenant's, the rest go round the others.
fn turn(batch: usize, tenants: usize) -> usize {
    match tenants {
        0 | 1 => 0,
        _ if batch.is_multiple_of(2) => 0,
        others => 1 + (batch / 2) % (others - 1),
    }
}

fn tokens(service: &Service, tenants: usize) -> anyhow::Result<Vec<String>> {
    let mut tokens = vec![service.token.clone()];
    for number in 2..=tenants {
        tokens.push(service.token_of(&format!("bench-{number}"))?);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tenant_has_every_other_batch_and_the_others_share_the_rest() {
        let turns: Vec<usize> = (0..8).map(|batch| turn(batch, 3)).collect();
        assert_eq!(turns, [0, 1, 0, 2, 0, 1, 0, 2]);
        assert!((0..8).all(|batch| turn(batch, 1) == 0));
        assert_eq!((0..4).map(|batch| turn(batch, 2)).collect::<Vec<_>>(), [0, 1, 0, 1]);
    }

    #[test]
    fn what_a_directory_holds_is_told_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let missing = Filled::read(dir.path()).unwrap_err();
        assert!(missing.to_string().contains("annals bench prepare"), "{missing}");
        let to: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let from = years_before(to, 7).unwrap();
        let (events, json_bytes) = (2_000, 1_400_000);
        Filled { events, seed: 1, persons: 5, from, to, tenants: 2, json_bytes }
            .write(dir.path())
            .unwrap();
        let filled = Filled::read(dir.path()).unwrap();
        assert_eq!((filled.events_of_first_tenant(), filled.json_bytes_per_event()), (1_000, 700));
        assert_eq!((filled.from, filled.to), (from, to));
        assert!(Filled::is_in(dir.path()));
    }
}
