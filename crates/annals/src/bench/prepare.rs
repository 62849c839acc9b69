//! Fills a data directory that later measurements use, and tells how the cost grew meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fill::{self, FillArgs, Step};
use super::service::Service;

/// Fills the directory given by `--data`, for other measurements to use.
#[derive(Debug, clap::Args)]
pub(crate) struct PrepareArgs {
    /// Events to record
    #[arg(long, default_value_t = 10_000_000)]
    events: usize,
    /// Events between two looks at speed and memory
    #[arg(long, default_value_t = 1_000_000)]
    step: usize,
    #[command(flatten)]
    fill: FillArgs,
}

pub(super) fn run(
    service: &mut Service,
    dir: &Path,
    args: &PrepareArgs,
    seed: u64,
) -> anyhow::Result<Value> {
    let began = Instant::now();
    let mut cpu = service.cpu();
    let mut steps = Vec::new();
    let target = &*service;
    let mut told = |step: Step| {
        let before = std::mem::replace(&mut cpu, target.cpu());
        let report = report(target, &step, cpu.zip(before).map(|(after, before)| after - before))?;
        eprintln!("annals: {} events, {}/s", step.events, report["events_per_second"]);
        steps.push(report);
        Ok(())
    };
    let filled = fill::fill(target, args.events, &args.fill, seed, args.step, &mut told)?;
    let seconds = began.elapsed().as_secs_f64();
    filled.write(dir)?;
    let (disk, memory) = (service.disk(), service.memory());
    let stopping = Instant::now();
    service.stop()?;
    let stopped = stopping.elapsed();
    let disk_at_rest = service.disk();
    let ready = service.start_again()?;
    let asked = Instant::now();
    service.client()?.get_json("/api/v1/logs?limit=50")?;
    let first_page = asked.elapsed();
    Ok(json!({
        "bench": "prepare",
        "filled": filled,
        "events_of_the_measured_tenant": filled.events_of_first_tenant(),
        "json_bytes_per_event": filled.json_bytes_per_event(),
        "seconds_until_searchable": seconds,
        "events_per_second_until_searchable": (args.events as f64 / seconds).round(),
        "steps": steps,
        "disk": disk,
        "disk_at_rest": disk_at_rest,
        "bytes_per_event_at_rest": per_event(disk_at_rest.as_ref(), args.events),
        "memory": memory,
        "restart": {
            "stop_seconds": stopped.as_secs_f64(),
            "ready_seconds": ready.as_secs_f64(),
            "first_page_ms": first_page.as_secs_f64() * 1000.0,
            "memory": service.memory(),
        },
    }))
}

fn report(service: &Service, step: &Step, cpu: Option<Duration>) -> anyhow::Result<Value> {
    let events = step.events_of_step as f64;
    Ok(json!({
        "events": step.events,
        "seconds": step.time.as_secs_f64(),
        "events_per_second": (events / step.time.as_secs_f64()).round(),
        "cpu_us_per_event": cpu.map(|cpu| cpu.as_micros() as f64 / events),
        "events_behind": service.lag()?,
        "request": step.requests.summary(),
        "memory": service.memory(),
        "bytes_on_disk": service.bytes_on_disk(),
    }))
}

/// The same by event.
fn per_event(parts: Option<&Value>, events: usize) -> Value {
    let parts = parts.and_then(Value::as_object).into_iter().flatten();
    let shares = parts.filter_map(|(part, bytes)| {
        let share = bytes.as_f64()? / events.max(1) as f64;
        Some((part.clone(), Value::from((share * 10.0).round() / 10.0)))
    });
    Value::Object(shares.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_by_event_to_a_tenth_of_a_byte() {
        let parts = json!({ "log": 7_000, "index": 1_234 });
        assert_eq!(per_event(Some(&parts), 10), json!({ "log": 700.0, "index": 123.4 }));
        assert_eq!(per_event(None, 10), json!({}));
    }
}
