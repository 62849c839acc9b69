//! How fast events are recorded: in bulk, one by one, and until a search finds them.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::latency::Latencies;
use super::service::Service;
use crate::generate::Generator;

const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";
const BULK: &str = "/api/v1/logs/bulk";
/// Persons in the generated events.
const PERSONS: u64 = 100_000;

/// Measures recording.
#[derive(Debug, clap::Args)]
pub(crate) struct IngestArgs {
    /// Events of the bulk part
    #[arg(long, default_value_t = 200_000)]
    events: usize,
    /// Events in one bulk request
    #[arg(long, default_value_t = 1000)]
    batch: usize,
    /// Connections of the bulk part
    #[arg(long, default_value_t = 2)]
    bulk_connections: usize,
    /// Connections of the part with single events
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds of the part with single events, and of the part that measures until found
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Events a second while measuring how long it takes until an event is found
    #[arg(long, default_value_t = 2000)]
    rate: usize,
}

pub(super) fn run(service: &Service, args: &IngestArgs, seed: u64) -> anyhow::Result<Value> {
    let bulk = bulk(service, args, seed)?;
    let single = single(service, args, seed + 1)?;
    let searchable = until_found(service, args, seed + 2)?;
    Ok(json!({ "bench": "ingest", "bulk": bulk, "single": single, "searchable": searchable }))
}

/// A generator of events of the last thirty days.
pub(super) fn generator(seed: u64) -> Generator {
    let now = jiff::Timestamp::now();
    Generator::new(seed, PERSONS, now - jiff::SignedDuration::from_hours(30 * 24), now)
}

/// Bodies of `batch` events each, one event a line.
pub(super) fn bodies(generator: &mut Generator, events: usize, batch: usize) -> Vec<Vec<u8>> {
    let starts = (0..events).step_by(batch.max(1));
    starts
        .map(|start| {
            let mut body = Vec::new();
            for _ in start..events.min(start + batch) {
                generator.next_into(&mut body);
                body.push(b'\n');
            }
            body
        })
        .collect()
}

/// Events made beforehand, sent as fast as they are taken.
fn bulk(service: &Service, args: &IngestArgs, seed: u64) -> anyhow::Result<Value> {
    let bodies = bodies(&mut generator(seed), args.events, args.batch);
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let cpu_before = service.cpu();
    let start = Instant::now();
    let connections = args.bulk_connections.max(1);
    let shares: Vec<Vec<&[u8]>> = (0..connections)
        .map(|c| bodies.iter().skip(c).step_by(connections).map(Vec::as_slice).collect())
        .collect();
    let latencies = on_threads(shares, |share| {
        let mut client = service.client()?;
        let mut latencies = Latencies::default();
        for body in share {
            let sent = Instant::now();
            let answer = client.post(BULK, NDJSON, body)?;
            if answer.status != 201 {
                let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]);
                bail!("a bulk request was answered with {}: {body}", answer.status);
            }
            latencies.add(sent.elapsed());
        }
        Ok(latencies)
    })?;
    let durable = start.elapsed();
    service.wait_until_current()?;
    let searchable = start.elapsed();
    let cpu = service.cpu().zip(cpu_before).map(|(after, before)| after - before);
    let per_second = |time: Duration| (args.events as f64 / time.as_secs_f64()).round();
    Ok(json!({
        "events": args.events,
        "batch": args.batch,
        "connections": connections,
        "json_bytes_per_event": bytes / args.events.max(1),
        "durable_per_second": per_second(durable),
        "searchable_per_second": per_second(searchable),
        "request": latencies.summary(),
        "cpu_us_per_event": cpu.map(|cpu| cpu.as_micros() as f64 / args.events as f64),
        "disk_bytes_per_event": service.bytes_on_disk().map(|b| b / args.events.max(1) as u64),
        "memory_kib": service.memory_kib(),
    }))
}

/// One event a request, on many connections, each sending the next when it was answered.
fn single(service: &Service, args: &IngestArgs, seed: u64) -> anyhow::Result<Value> {
    let time = Duration::from_secs(args.seconds);
    let seeds: Vec<u64> = (0..args.connections as u64).map(|i| (seed << 16) + i).collect();
    let prepared = seeds.into_iter().map(|seed| bodies(&mut generator(seed), 4000, 1)).collect();
    let cpu_before = service.cpu();
    let start = Instant::now();
    let latencies = on_threads(prepared, |events: Vec<Vec<u8>>| {
        let mut client = service.client()?;
        let mut latencies = Latencies::default();
        for event in &events {
            let sent = Instant::now();
            let answer = client.post("/api/v1/logs", JSON, event)?;
            if answer.status != 201 {
                bail!("a single event was answered with {}", answer.status);
            }
            latencies.add(sent.elapsed());
            if start.elapsed() >= time {
                break;
            }
        }
        Ok(latencies)
    })?;
    let elapsed = start.elapsed();
    let cpu = service.cpu().zip(cpu_before).map(|(after, before)| after - before);
    let summary = latencies.summary();
    let events = summary["count"].as_f64().unwrap_or_default();
    service.wait_until_current()?;
    Ok(json!({
        "connections": args.connections,
        "durable_per_second": (events / elapsed.as_secs_f64()).round(),
        "request": summary,
        "cpu_us_per_event": cpu.map(|cpu| cpu.as_micros() as f64 / events),
    }))
}

/// While events arrive at a fixed rate, how long after its answer an event is found.
fn until_found(service: &Service, args: &IngestArgs, seed: u64) -> anyhow::Result<Value> {
    /// Background requests a second.
    const TICKS: usize = 50;
    let ticks = TICKS * args.seconds as usize;
    let batch = args.rate.div_ceil(TICKS);
    let bodies = bodies(&mut generator(seed), ticks * batch, batch);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let load = scope.spawn(|| -> anyhow::Result<()> {
            let mut client = service.client()?;
            for (tick, body) in bodies.iter().enumerate() {
                // Sent when it is due, not when the one before was answered.
                let due = Duration::from_secs_f64(tick as f64 / TICKS as f64);
                std::thread::sleep(due.saturating_sub(start.elapsed()));
                let answer = client.post(BULK, NDJSON, body)?;
                if answer.status != 201 {
                    bail!("the load was answered with {}", answer.status);
                }
            }
            Ok(())
        });
        let mut client = service.client()?;
        let mut latencies = Latencies::default();
        let mut probe = 0;
        while !load.is_finished() {
            probe += 1;
            let session = format!("probe-{seed}-{probe}");
            let event = json!({
                "type": "user.login.succeeded", "user_id": "probe", "session_id": session,
            });
            client.post("/api/v1/logs", JSON, event.to_string().as_bytes())?;
            let acked = Instant::now();
            loop {
                let found = client.get_json(&format!("/api/v1/logs?q=session:{session}"))?;
                if found["events"].as_array().is_some_and(|events| !events.is_empty()) {
                    break;
                }
                if acked.elapsed() > Duration::from_secs(60) {
                    bail!("an event was not found within a minute");
                }
            }
            latencies.add(acked.elapsed());
            std::thread::sleep(Duration::from_millis(10));
        }
        load.join().map_err(|_| anyhow::anyhow!("the load ended in a panic"))??;
        Ok(json!({ "rate_per_second": args.rate, "ack_to_found": latencies.summary() }))
    })
}

/// Runs the work on a thread for each share and merges the times.
pub(super) fn on_threads<S: Send>(
    shares: Vec<S>,
    work: impl Fn(S) -> anyhow::Result<Latencies> + Sync,
) -> anyhow::Result<Latencies> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> =
            shares.into_iter().map(|share| scope.spawn(move || work(share))).collect();
        let mut all = Latencies::default();
        for thread in threads {
            let result = thread.join().map_err(|_| anyhow::anyhow!("a client ended in a panic"))?;
            all.merge(result.context("a client failed")?);
        }
        Ok(all)
    })
}
