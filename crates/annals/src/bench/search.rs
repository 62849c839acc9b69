//! How fast events are found, by class of query.

use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::ingest::{bodies, generator, on_threads};
use super::latency::Latencies;
use super::service::Service;

/// Events made and sent in one go while filling.
const STEP: usize = 50_000;
/// Events looked at to find names and words to ask for.
const SAMPLES: usize = 250;

/// Measures finding.
#[derive(Debug, clap::Args)]
pub(crate) struct SearchArgs {
    /// Events to record first; 0 when the service is filled already
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Queries of each class
    #[arg(long, default_value_t = 500)]
    queries: usize,
}

/// A class of queries: its name, and the path to ask for with a sample.
type Class = (&'static str, fn(&Sample) -> String);

/// What is asked for, taken out of a recorded event.
struct Sample {
    actor: String,
    event_type: String,
    word: String,
    other_word: String,
    session: String,
    cursor: String,
    from: String,
}

const CLASSES: &[Class] = &[
    ("latest", |_| "/api/v1/logs".into()),
    ("actor", |s| format!("/api/v1/logs?actor={}", s.actor)),
    ("type", |s| format!("/api/v1/logs?type={}", s.event_type)),
    ("type_prefix", |_| "/api/v1/logs?q=type:user.*".into()),
    ("text", |s| format!("/api/v1/logs?q={}", s.word)),
    ("text_two_words", |s| format!("/api/v1/logs?q={}+{}", s.word, s.other_word)),
    ("text_and_range", |s| format!("/api/v1/logs?q={}+after:{}", s.word, s.from)),
    ("rare", |s| format!("/api/v1/logs?q=session:{}", s.session)),
    ("outcome_and_severity", |_| "/api/v1/logs?outcome=failure&severity=warning".into()),
    ("negation", |s| format!("/api/v1/logs?q=-type:{}+-outcome:success", s.event_type)),
    ("deep_page", |s| format!("/api/v1/logs?cursor={}", s.cursor)),
    ("oldest", |_| "/api/v1/logs?order=oldest".into()),
    ("count", |s| format!("/api/v1/logs?limit=1&count=true&q={}", s.word)),
];

pub(super) fn run(service: &Service, args: &SearchArgs, seed: u64) -> anyhow::Result<Value> {
    let filled = Instant::now();
    fill(service, args.events, seed)?;
    let fill_seconds = filled.elapsed().as_secs_f64();
    let samples = samples(service)?;
    let mut classes = serde_json::Map::new();
    for (name, path) in CLASSES {
        classes.insert((*name).into(), measure(service, args.queries, &samples, path)?);
    }
    classes.insert("profile".into(), profile(service, args.queries, &samples)?);
    Ok(json!({
        "bench": "search",
        "events": args.events,
        "fill_seconds": fill_seconds,
        "disk_bytes_per_event": service.bytes_on_disk().map(|b| b / args.events.max(1) as u64),
        "memory_kib": service.memory_kib(),
        "classes": classes,
    }))
}

pub(super) fn fill(service: &Service, events: usize, seed: u64) -> anyhow::Result<()> {
    let mut generator = generator(seed);
    for start in (0..events).step_by(STEP) {
        let bodies = bodies(&mut generator, STEP.min(events - start), 1000);
        let half = bodies.len() / 2;
        on_threads(vec![&bodies[..half], &bodies[half..]], |share| {
            let mut client = service.client()?;
            for body in share {
                let answer = client.post("/api/v1/logs/bulk", "application/x-ndjson", body)?;
                if answer.status != 201 {
                    bail!("filling was answered with {}", answer.status);
                }
            }
            Ok(Latencies::default())
        })?;
    }
    service.wait_until_current()
}

/// Events from all over the log: every so manieth page.
fn samples(service: &Service) -> anyhow::Result<Vec<Sample>> {
    let mut client = service.client()?;
    let mut samples = Vec::new();
    let mut path = "/api/v1/logs?limit=250".to_owned();
    while samples.len() < SAMPLES {
        let page = client.get_json(&path)?;
        let events = page["events"].as_array().context("no events in the answer")?;
        samples.extend(events.iter().step_by(10).filter_map(sample));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/logs?limit=250&cursor={cursor}"),
            None => break,
        }
    }
    if samples.is_empty() {
        bail!("the service holds no event to ask for");
    }
    Ok(samples)
}

fn sample(event: &Value) -> Option<Sample> {
    let text = |path: &str| event.pointer(path)?.as_str().map(str::to_owned);
    let description = text("/description")?;
    let mut words = description
        .split_whitespace()
        .filter(|word| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_lowercase()));
    Some(Sample {
        actor: text("/actor/id")?,
        event_type: text("/type")?,
        word: words.next()?.to_owned(),
        other_word: words.next()?.to_owned(),
        session: text("/session/id")?,
        cursor: text("/position")?,
        from: text("/occurred_at")?.get(..10)?.to_owned(),
    })
}

fn measure(
    service: &Service,
    queries: usize,
    samples: &[Sample],
    path: &fn(&Sample) -> String,
) -> anyhow::Result<Value> {
    let mut client = service.client()?;
    let mut latencies = Latencies::default();
    let mut found = 0;
    for sample in samples.iter().cycle().take(queries) {
        let path = path(sample);
        let asked = Instant::now();
        let answer = client.get(&path)?;
        latencies.add(asked.elapsed());
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body);
            bail!("{path} was answered with {}: {body}", answer.status);
        }
        let body: Value = serde_json::from_slice(&answer.body)?;
        found += body["events"].as_array().map_or(0, Vec::len);
    }
    let mut summary = latencies.summary();
    summary["events_found_mean"] = (found as f64 / queries.max(1) as f64).into();
    Ok(summary)
}

fn profile(service: &Service, queries: usize, samples: &[Sample]) -> anyhow::Result<Value> {
    let mut client = service.client()?;
    let mut latencies = Latencies::default();
    for sample in samples.iter().cycle().take(queries) {
        let query = "query($id: String!) { person(id: $id) { name seen { count } counts { type \
                     count } devices { device { browser } } timeline(first: 50) { nodes { id \
                     sentence } } } }";
        let body = json!({ "query": query, "variables": { "id": sample.actor } }).to_string();
        let asked = Instant::now();
        let answer = client.post("/graphql", "application/json", body.as_bytes())?;
        latencies.add(asked.elapsed());
        if answer.status != 200 {
            bail!("a profile was answered with {}", answer.status);
        }
    }
    Ok(latencies.summary())
}
