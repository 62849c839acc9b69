//! How soon subscribers are told: many of them, each with a filter of their own, while events are
//! recorded at a steady rate.
//!
//! The loop is open: an event's time runs from when it was due to be sent until a subscriber has it.
//! Each subscriber knows which events are to come, and fails when one is missing, comes twice or out
//! of order.

mod traffic;
mod watcher;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::latency::Latencies;
use super::pace::Pace;
use super::service::Service;
use traffic::{Traits, Wish};
use watcher::{Run, Watcher};

/// Measures telling subscribers.
#[derive(Debug, clap::Args)]
pub(crate) struct LiveArgs {
    /// Subscribers, each on a WebSocket of their own
    #[arg(long, default_value_t = 1000)]
    subscribers: u64,
    /// Events a second
    #[arg(long, default_value_t = 2000)]
    rate: u64,
    /// For so many seconds
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Whether each has another filter, or all have the same
    #[arg(long, value_enum, default_value_t = Filters::Different)]
    filters: Filters,
    /// Events sent in one request
    #[arg(long, default_value_t = 20)]
    bulk: u64,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Filters {
    Different,
    Same,
}

/// After the last event was sent, everybody has been told within this time.
const PATIENCE: Duration = Duration::from_secs(60);
/// Sockets that one caller of the benchmark has open; a service allows 64 unless told otherwise.
const SOCKETS_A_CALLER: u64 = 60;

pub(super) fn run(service: &Service, args: &LiveArgs, seed: u64) -> anyhow::Result<Value> {
    let pace = Pace::new(args.rate, args.seconds, args.bulk)?;
    // The load shares the machine with the service, and must not take more of it than it has to.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (begin, begun) = watch::channel(None);
    let told = Arc::new(AtomicUsize::new(0));
    let run = Run { seed, pace, begun, told: Arc::clone(&told) };
    let before_opening = service.memory_kib();
    let watchers = open_all(service, args, &runtime)?;
    let opened = service.memory_kib();
    let expected: Vec<usize> = watchers.iter().map(|watcher| watcher.expected(&run)).collect();
    let deliveries: usize = expected.iter().sum();
    let mut watching = JoinSet::new();
    for (watcher, expected) in watchers.into_iter().zip(expected) {
        watching.spawn_on(watcher.watch(run.clone(), expected), runtime.handle());
    }
    service.wait_until_current()?;
    let cpu = service.cpu();
    let start = Instant::now();
    begin.send_replace(Some(start));
    let event = |number| Traits::of(number, seed).event(&format!("live-{seed}-{number}"));
    let late = pace.send(service, start, event)?;
    let latencies = runtime.block_on(collect(&mut watching)).with_context(|| {
        format!("{} of {deliveries} deliveries had come", told.load(Ordering::Relaxed))
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let used = service.cpu().zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
    Ok(json!({
        "bench": "live",
        "subscribers": args.subscribers,
        "filters": match args.filters { Filters::Different => "different", Filters::Same => "same" },
        "rate_per_second": pace.rate,
        "events": pace.total,
        "bulk": pace.bulk,
        "deliveries": {
            "expected": deliveries,
            "came": told.load(Ordering::Relaxed),
            "per_second": (deliveries as f64 / seconds).round(),
        },
        "due_to_told": latencies.summary(),
        "sender_late_max_ms": late.as_secs_f64() * 1000.0,
        "service": {
            "cpu_seconds": used,
            "cores": used.map(|used| used / seconds),
            "cpu_us_an_event": used.map(|used| used * 1e6 / pace.total.max(1) as f64),
            "memory_kib": { "before": before_opening, "subscribed": opened, "after": service.memory_kib() },
        },
    }))
}

fn open_all(service: &Service, args: &LiveArgs, runtime: &Runtime) -> anyhow::Result<Vec<Watcher>> {
    let mut watchers = Vec::new();
    let mut token = None;
    for number in 0..args.subscribers {
        if number % SOCKETS_A_CALLER == 0 {
            let id = format!("watcher-{}", number / SOCKETS_A_CALLER);
            token = service.token_of_admin(&id).transpose()?;
            if token.is_none() && args.subscribers > SOCKETS_A_CALLER {
                bail!(
                    "a running service takes {SOCKETS_A_CALLER} subscribers of one token at most"
                );
            }
        }
        let wish = match args.filters {
            Filters::Different => Wish::of(number),
            Filters::Same => Wish::of(1),
        };
        let token = token.as_deref().unwrap_or(&service.token);
        let watcher = runtime.block_on(Watcher::open(&service.host, token, wish));
        watchers.push(watcher.with_context(|| format!("subscriber {number}"))?);
    }
    Ok(watchers)
}

async fn collect(watching: &mut JoinSet<anyhow::Result<Latencies>>) -> anyhow::Result<Latencies> {
    let all = async {
        let mut latencies = Latencies::default();
        while let Some(watcher) = watching.join_next().await {
            latencies.merge(watcher.context("a subscriber panicked")??);
        }
        Ok(latencies)
    };
    tokio::time::timeout(PATIENCE, all).await.context("not everything came in time")?
}
