//! Recording and finding at once: events arrive at a rate, people search, and now and then somebody
//! looks for what they have just recorded.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::client::Client;
use super::fill::{self, FillArgs};
use super::ingest::{bodies, generator};
use super::latency::Latencies;
use super::load::Load;
use super::questions::{CLASSES, Class, Request, Samples};
use super::search::Mix;
use super::service::Service;

/// Measures recording and finding at once.
#[derive(Debug, clap::Args)]
pub(crate) struct MixedArgs {
    /// Events to record first; 0 when the service is filled already
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Events that arrive each second
    #[arg(long, default_value_t = 5000)]
    rate: usize,
    /// Events in one request
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Searches each second, of all classes that are in the mixture of `bench search`
    #[arg(long, default_value_t = 50.0)]
    searches: f64,
    /// Single events each second that are looked for as soon as they are recorded
    #[arg(long, default_value_t = 20.0)]
    probes: f64,
    /// For so many seconds
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Connections of each of the three: events, searches and probes
    #[arg(long, default_value_t = 8)]
    connections: usize,
    #[command(flatten)]
    fill: FillArgs,
}

/// Between two looks for an event that was not found.
const LOOK: Duration = Duration::from_millis(1);
/// An event is found within this time.
const FOUND_WITHIN: Duration = Duration::from_secs(60);

pub(super) fn run(service: &Service, args: &MixedArgs, seed: u64) -> anyhow::Result<Value> {
    let filled = fill::ensure(service, args.events, &args.fill, seed)?;
    let samples = Samples::of(service)?;
    let asked = |class: &'static Class| (class, class.requests(&samples));
    let classes: Vec<(&Class, Vec<Request>)> =
        CLASSES.iter().map(asked).filter(|(_, requests)| !requests.is_empty()).collect();
    let mix = Mix::of(&classes);

    let batch = args.batch.max(1);
    let recording = Load::at_rate(args.rate as f64 / batch as f64, args.seconds, args.connections);
    let events = recording.requests * batch;
    let bodies = bodies(&mut generator(seed + 1), events, batch);
    let searching = Load::at_rate(args.searches, args.seconds, args.connections);
    let probing = Load::at_rate(args.probes, args.seconds, args.connections);
    let probes = Probes::new(seed);

    let cpu = service.cpu();
    let began = Instant::now();
    let (recorded, searched, probed) = std::thread::scope(|scope| {
        let recording = scope
            .spawn(|| recording.run(service, 1, |_| 0, |client, n| record(client, &bodies[n])));
        let searching = scope.spawn(|| mix.run(service, &searching));
        let probed = probing.run(service, 1, |_| 0, |client, number| probes.send(client, number));
        let joined = recording.join().and_then(|recorded| Ok((recorded, searching.join()?)));
        let (recorded, searched) = joined.map_err(|_| anyhow::anyhow!("a load panicked"))?;
        anyhow::Ok((recorded?, searched?, probed?))
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu = service.cpu().zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
    let mut searches = searched.summary();
    searches["classes"] = mix.by_class(&searched.by_kind);
    let mut found = probes.summary()?;
    found["single_post_until_found"] = probed.summary();
    Ok(json!({
        "bench": "mixed",
        "filled": filled,
        "seconds": seconds,
        "recording": {
            "events_per_second_offered": args.rate,
            "events_per_second_answered": recorded.per_second() * batch as f64,
            "batch": batch,
            "request": recorded.summary(),
        },
        "searchable": found,
        "searches": searches,
        "reads_are_recorded": true,
        "service_processors": cpu.map(|cpu| cpu / seconds),
        "events_behind_at_the_end": service.lag()?,
        "memory": service.memory(),
    }))
}

pub(super) fn record(client: &mut Client, body: &[u8]) -> anyhow::Result<()> {
    let answer = client.post("/api/v1/logs/bulk", "application/x-ndjson", body)?;
    if answer.status != 201 {
        let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]);
        bail!("the recording was answered with {}: {body}", answer.status);
    }
    Ok(())
}

/// Single events, each looked for by a session of its own.
struct Probes {
    seed: u64,
    times: Mutex<Times>,
}

#[derive(Default)]
struct Times {
    sent_to_answer: Latencies,
    answer_to_found: Latencies,
}

impl Probes {
    fn new(seed: u64) -> Self {
        Self { seed, times: Mutex::default() }
    }

    /// Records an event and asks until it is found.
    fn send(&self, client: &mut Client, number: usize) -> anyhow::Result<()> {
        let session = format!("probe-{}-{number}", self.seed);
        let event = json!({
            "type": "user.login.succeeded", "user_id": "probe", "session_id": session,
        });
        let sent = Instant::now();
        let answer =
            client.post("/api/v1/logs", "application/json", event.to_string().as_bytes())?;
        if answer.status != 201 {
            bail!("a single event was answered with {}", answer.status);
        }
        let answered = Instant::now();
        let path = format!("/api/v1/logs?q=session:{session}");
        loop {
            let found = client.get_json(&path)?;
            if found["events"].as_array().is_some_and(|events| !events.is_empty()) {
                break;
            }
            if answered.elapsed() > FOUND_WITHIN {
                bail!("an event was not found within {} s", FOUND_WITHIN.as_secs());
            }
            std::thread::sleep(LOOK);
        }
        let mut times = self.times.lock().ok().context("another probe panicked")?;
        times.sent_to_answer.add(answered - sent);
        times.answer_to_found.add(answered.elapsed());
        Ok(())
    }

    fn summary(&self) -> anyhow::Result<Value> {
        let times = self.times.lock().ok().context("a probe panicked")?;
        Ok(json!({
            "single_post": times.sent_to_answer.summary(),
            "answer_to_found": times.answer_to_found.summary(),
        }))
    }
}
