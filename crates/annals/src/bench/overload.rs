//! What is left when more is asked than can be done: of the throughput at three times the load, and
//! for one tenant while another floods.

mod load;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::ingest::generator;
use super::service::Service;
use load::{Load, Outcomes, Target};

/// Measures overload: goodput beyond the peak, and fairness between tenants.
#[derive(Debug, clap::Args)]
pub(crate) struct OverloadArgs {
    /// Seconds of each part
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that find the peak, each sending the next event when one was answered
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// So many times the peak is offered
    #[arg(long, default_value_t = 3.0)]
    offered: f64,
    /// Connections that offer it, whether answers come or not
    #[arg(long, default_value_t = 256)]
    offering_connections: usize,
    /// Milliseconds after which a sender of these has no use for an answer any more
    #[arg(long, default_value_t = 5000)]
    patience_ms: u64,
    /// Connections of the tenant that floods
    #[arg(long, default_value_t = 64)]
    flood_connections: usize,
    /// Events in each request of the tenant that floods
    #[arg(long, default_value_t = 100)]
    flood_batch: usize,
    /// Requests a second, of one event each, of the tenant beside it
    #[arg(long, default_value_t = 50)]
    quiet_rate: usize,
    /// A token of another tenant; needed with `--url`
    #[arg(long, value_name = "TOKEN")]
    other_token: Option<String>,
}

/// Connections of the quiet tenant: an answer that is late must not make the next request late.
const QUIET_CONNECTIONS: usize = 64;
/// Different events that are sent again and again; each is stored under an id of its own.
const EVENTS: usize = 2000;

pub(super) fn run(service: &Service, args: &OverloadArgs, seed: u64) -> anyhow::Result<Value> {
    let other = match &args.other_token {
        Some(token) => token.clone(),
        None => service.token_of("bench-other")?,
    };
    let events = events(seed)?;
    let time = Duration::from_secs(args.seconds);
    let bench = Target { host: &service.host, token: &service.token, batch: 1 };

    let (peak, peak_seconds) =
        timed(|| Load::unbroken(args.connections).run(&bench, &events, time))?;
    let peak_rate = peak.accepted() as f64 / peak_seconds;
    service.wait_until_current()?;
    let memory_before = service.memory_kib();

    let rate = peak_rate * args.offered;
    let patience = Duration::from_millis(args.patience_ms);
    let load = Load::at_rate(args.offering_connections, rate, patience);
    let (over, over_seconds) = timed(|| load.run(&bench, &events, time))?;
    let goodput = over.accepted() as f64 / over_seconds;
    let memory_after = service.memory_kib();
    service.wait_until_current()?;

    let fairness = fairness(args, &bench, &Target { token: &other, ..bench }, &events, time)?;
    Ok(json!({
        "bench": "overload",
        "peak": { "per_second": peak_rate.round(), "outcomes": peak.summary() },
        "overload": {
            "offered_per_second": rate.round(),
            "goodput_per_second": goodput.round(),
            "goodput_ratio": goodput / peak_rate,
            "outcomes": over.summary(),
            "memory_kib": { "before": memory_before, "after": memory_after },
        },
        "fairness": fairness,
    }))
}

/// A tenant that sends a little: alone, and beside one that floods.
fn fairness(
    args: &OverloadArgs,
    loud: &Target<'_>,
    quiet: &Target<'_>,
    events: &[Vec<u8>],
    time: Duration,
) -> anyhow::Result<Value> {
    let little = || {
        let load =
            Load::at_rate(QUIET_CONNECTIONS, args.quiet_rate as f64, Duration::from_secs(60));
        load.run(quiet, events, time)
    };
    let alone = little()?;
    let flood = Target { batch: args.flood_batch.max(1), ..*loud };
    let (beside, flooded) = std::thread::scope(|scope| {
        let flooding =
            scope.spawn(|| Load::unbroken(args.flood_connections).run(&flood, events, time));
        let beside = little()?;
        let flooded = flooding.join().map_err(|_| anyhow::anyhow!("the flood ended in a panic"))?;
        anyhow::Ok((beside, flooded?))
    })?;
    let share = beside.accepted() as f64 / beside.offered().max(1) as f64;
    Ok(json!({
        "quiet_alone": alone.summary(),
        "quiet_beside_flood": beside.summary(),
        "quiet_success_share": share,
        "flood": { "events_a_request": flood.batch, "outcomes": flooded.summary() },
    }))
}

fn timed(work: impl FnOnce() -> anyhow::Result<Outcomes>) -> anyhow::Result<(Outcomes, f64)> {
    let began = Instant::now();
    let outcomes = work()?;
    if outcomes.accepted() == 0 {
        bail!("not one event was recorded: {}", outcomes.summary());
    }
    Ok((outcomes, began.elapsed().as_secs_f64()))
}

/// Events without ids, so that each time one is sent it is another.
fn events(seed: u64) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut generator = generator(seed);
    (0..EVENTS)
        .map(|_| {
            let mut body = Vec::new();
            generator.next_into(&mut body);
            let mut event: Value = serde_json::from_slice(&body).context("a generated event")?;
            event.as_object_mut().context("an event is an object")?.remove("id");
            Ok(serde_json::to_vec(&event)?)
        })
        .collect()
}
