//! How fast events are taken out of the log, and in how much memory.

use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::fill::{self, FillArgs};
use super::service::Service;

/// Measures exports.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Events to record first; 0 when the service is filled already
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Forms to export in, straight into an answer and as a file
    #[arg(long, value_delimiter = ',', default_value = "ndjson,csv,parquet")]
    formats: Vec<String>,
    /// A query; without it, every event
    #[arg(long, default_value = "")]
    query: String,
    #[command(flatten)]
    fill: FillArgs,
}

pub(super) fn run(service: &Service, args: &ExportArgs, seed: u64) -> anyhow::Result<Value> {
    let filled = fill::ensure(service, args.events, &args.fill, seed)?;
    let query = encoded(&args.query);
    let mut forms = serde_json::Map::new();
    for format in &args.formats {
        let measured = json!({
            "direct": direct(service, format, &query)?,
            "job": job(service, format, &args.query)?,
        });
        forms.insert(format.clone(), measured);
    }
    Ok(json!({ "bench": "export", "filled": filled, "query": args.query, "formats": forms }))
}

/// An export into an answer, read as fast as it comes.
fn direct(service: &Service, format: &str, query: &str) -> anyhow::Result<Value> {
    let memory = service.memory_kib();
    let cpu = service.cpu();
    let began = Instant::now();
    let mut peak = memory;
    let path = format!("/api/v1/logs/export?format={format}&q={query}");
    let answer = service.client()?.stream(&path, &mut || peak = peak.max(service.memory_kib()))?;
    let seconds = began.elapsed().as_secs_f64();
    let events: u64 =
        answer.trailer("annals-export-events").parse().context("no count of events")?;
    let cpu = service.cpu().zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
    Ok(json!({
        "events": events,
        "bytes": answer.bytes,
        "seconds": seconds,
        "events_per_second": (events as f64 / seconds).round(),
        "service_cpu_us_per_event": cpu.map(|cpu| cpu * 1e6 / events.max(1) as f64),
        "memory_before_kib": memory,
        "memory_growth_kib": growth(memory, peak),
    }))
}

/// An export into a file, from the order to its end.
fn job(service: &Service, format: &str, query: &str) -> anyhow::Result<Value> {
    let memory = service.memory_kib();
    let mut client = service.client()?;
    let began = Instant::now();
    let order = json!({ "format": format, "query": query }).to_string();
    let answer = client.post("/api/v1/exports", "application/json", order.as_bytes())?;
    if answer.status != 202 {
        bail!("an export was answered with {}", answer.status);
    }
    let job: Value = serde_json::from_slice(&answer.body)?;
    let id = job["id"].as_str().context("an export has an id")?.to_owned();
    let mut peak = memory;
    let job = loop {
        let job = client.get_json(&format!("/api/v1/exports/{id}"))?;
        peak = peak.max(service.memory_kib());
        match job["status"].as_str() {
            Some("queued" | "running") => std::thread::sleep(std::time::Duration::from_millis(20)),
            Some("done") => break job,
            other => bail!("the export is {other:?}: {}", job["reason"]),
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    let events = job["events"].as_u64().unwrap_or_default();
    Ok(json!({
        "events": events,
        "bytes": job["bytes"],
        "seconds": seconds,
        "events_per_second": (events as f64 / seconds).round(),
        "memory_growth_kib": growth(memory, peak),
    }))
}

fn growth(before: Option<u64>, peak: Option<u64>) -> Option<u64> {
    Some(peak?.saturating_sub(before?))
}

/// A query as it stands in an address.
fn encoded(query: &str) -> String {
    query.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
