//! Making the index anew beside the one that answers, and how searches fare meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::{Value, json};

use crate::bench::load::{Load, Outcome};
use crate::bench::questions::{CLASSES, Class, Request, Samples};
use crate::bench::search::Mix;
use crate::bench::service::Service;

const REBUILD: &str = "/api/v1/search/rebuild";
/// How often the progress is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// No rebuild takes longer.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);
/// Searches are sent for so long at a time, and before the rebuild begins.
const SLICE_SECONDS: u64 = 3;
const CONNECTIONS: usize = 8;

pub(super) fn run(service: &Service, searches: f64) -> anyhow::Result<Value> {
    let samples = Samples::of(service)?;
    let asked = |class: &'static Class| (class, class.requests(&samples));
    let classes: Vec<(&Class, Vec<Request>)> =
        CLASSES.iter().map(asked).filter(|(_, requests)| !requests.is_empty()).collect();
    let mix = Mix::of(&classes);
    let slice = Load::at_rate(searches, SLICE_SECONDS, CONNECTIONS);
    let before = mix.run(service, &slice)?;

    let cpu = service.cpu();
    let mut client = service.client()?;
    let began = Instant::now();
    let begun = client.post(REBUILD, "application/json", b"")?;
    if begun.status != 202 {
        let body = String::from_utf8_lossy(&begun.body).into_owned();
        bail!("the rebuild was not begun: {} {body}", begun.status);
    }
    let is_over = AtomicBool::new(false);
    let (ended, during) = std::thread::scope(|scope| {
        let searching = scope.spawn(|| searching(service, &mix, &slice, &is_over));
        let ended = follow(service, began);
        is_over.store(true, Ordering::Relaxed);
        let during = searching.join().map_err(|_| anyhow::anyhow!("the searches panicked"))?;
        anyhow::Ok((ended?, during?))
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu = service.cpu().zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
    let events = ended["events"].as_u64().unwrap_or_default();
    let mut searches_during = during.summary();
    searches_during["classes"] = mix.by_class(&during.by_kind);
    Ok(json!({
        "events": events,
        "seconds": seconds,
        "events_per_second": (events as f64 / seconds).round(),
        "service_processors": cpu.map(|cpu| cpu / seconds),
        "searches_before": before.summary(),
        "searches_during": searches_during,
        "memory": service.memory(),
    }))
}

/// Searches, one slice after the other, until the rebuild is over.
fn searching(
    service: &Service,
    mix: &Mix<'_>,
    slice: &Load,
    is_over: &AtomicBool,
) -> anyhow::Result<Outcome> {
    let mut all = mix.run(service, slice)?;
    while !is_over.load(Ordering::Relaxed) {
        all.merge(mix.run(service, slice)?);
    }
    Ok(all)
}

/// Waits until the new index answers.
fn follow(service: &Service, began: Instant) -> anyhow::Result<Value> {
    let mut client = service.client()?;
    loop {
        let status = client.get_json(REBUILD)?;
        match status["state"].as_str() {
            Some("done") => return Ok(status),
            Some("running") if began.elapsed() < PATIENCE => std::thread::sleep(LOOK),
            _ => bail!("the rebuild did not come to its end: {status}"),
        }
    }
}
