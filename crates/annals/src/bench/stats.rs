//! How fast events are counted: by values, over time, and both.

use std::time::Instant;

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::fill::{self, FillArgs};
use super::latency::Latencies;
use super::service::Service;

/// Measures counting.
#[derive(Debug, clap::Args)]
pub(crate) struct StatsArgs {
    /// Events to record first; 0 when the service is filled already
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Questions of each class
    #[arg(long, default_value_t = 100)]
    queries: usize,
    #[command(flatten)]
    fill: FillArgs,
}

const HOURS: i64 = 24;
const DAYS: i64 = 30;

/// A class of questions: its name, its parameters, and over how many hours back from the newest
/// event; 0 for all there are.
type Class = (&'static str, &'static str, i64);

const FOUR: &str = "by=type,severity,outcome,operation";

const CLASSES: &[Class] = &[
    ("facets_24h", FOUR, HOURS),
    ("facets_and_histogram_24h", "by=type,severity,outcome,operation&interval=1h", HOURS),
    ("facets_and_histogram_30d", "by=type,severity,outcome,operation&interval=1d", DAYS * 24),
    ("facets_all", FOUR, 0),
    ("facets_of_failures", "by=type,severity,outcome,operation&outcome=failure", 0),
    ("actors_24h", "by=actor.id", HOURS),
    ("actors_30d", "by=actor.id", DAYS * 24),
    ("histogram_24h", "interval=1h", HOURS),
    ("histogram_30d_by_severity", "interval=1d&split=severity", DAYS * 24),
    ("numbers_30d", "numbers=severity_rank", DAYS * 24),
];

pub(super) fn run(service: &Service, args: &StatsArgs, seed: u64) -> anyhow::Result<Value> {
    let filled = fill::ensure(service, args.events, &args.fill, seed)?;
    let newest = newest(service)?;
    let mut classes = serde_json::Map::new();
    for (name, parameters, hours) in CLASSES {
        let path = match hours {
            0 => format!("/api/v1/logs/stats?{parameters}"),
            hours => {
                let until = newest + SignedDuration::from_secs(1);
                let from = until - SignedDuration::from_hours(*hours);
                format!("/api/v1/logs/stats?{parameters}&from={from}&to={until}")
            }
        };
        classes.insert((*name).into(), measure(service, args.queries, &path)?);
    }
    for prefix in ["", "u", "user-1"] {
        let name = format!("suggest_{}_letters", prefix.len());
        let path = format!("/api/v1/logs/suggest?field=actor.id&prefix={prefix}");
        classes.insert(name, measure(service, args.queries, &path)?);
    }
    Ok(json!({
        "bench": "stats",
        "filled": filled,
        "memory": service.memory(),
        "classes": classes,
    }))
}

/// When the newest event happened.
fn newest(service: &Service) -> anyhow::Result<Timestamp> {
    let page = service.client()?.get_json("/api/v1/logs?limit=1")?;
    let at = page["events"][0]["occurred_at"].as_str();
    Ok(at.context("the service holds no event to count")?.parse()?)
}

fn measure(service: &Service, queries: usize, path: &str) -> anyhow::Result<Value> {
    let mut client = service.client()?;
    let mut latencies = Latencies::default();
    let mut last = Value::Null;
    for _ in 0..queries {
        let asked = Instant::now();
        let answer = client.get(path)?;
        latencies.add(asked.elapsed());
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body);
            bail!("{path} was answered with {}: {body}", answer.status);
        }
        last = serde_json::from_slice(&answer.body)?;
    }
    let mut summary = latencies.summary();
    // The number of requests is called so too.
    for (told, name) in [("count", "events_counted"), ("complete", "complete")] {
        if let Some(value) = last.get(told) {
            summary[name] = value.clone();
        }
    }
    Ok(summary)
}
