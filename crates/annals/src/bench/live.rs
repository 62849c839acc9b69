//! How soon subscribers are told.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::latency::Latencies;
use super::service::Service;

/// Measures telling subscribers.
#[derive(Debug, clap::Args)]
pub(crate) struct LiveArgs {
    /// Subscribers, each watching everything
    #[arg(long, default_value_t = 10)]
    subscribers: usize,
    /// Events a second
    #[arg(long, default_value_t = 500)]
    rate: usize,
    /// For so many seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// Subscribers wait no longer for the next event.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(service: &Service, args: &LiveArgs, seed: u64) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let total = args.rate * usize::try_from(args.seconds)?;
    let sent: Mutex<HashMap<String, Instant>> = Mutex::default();
    let ready = std::sync::Barrier::new(args.subscribers + 1);
    std::thread::scope(|scope| {
        let watchers: Vec<_> = (0..args.subscribers)
            .map(|_| {
                let (sent, ready, handle) = (&sent, &ready, runtime.handle());
                scope.spawn(move || handle.block_on(watch(service, total, seed, sent, ready)))
            })
            .collect();
        ready.wait();
        let mut client = service.client()?;
        let start = Instant::now();
        for number in 0..total {
            let due = Duration::from_secs_f64(number as f64 / args.rate as f64);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
            let session = format!("live-{seed}-{number}");
            let event =
                json!({ "type": "record.viewed", "user_id": "live", "session_id": session });
            sent.lock()
                .map_err(|_| anyhow::anyhow!("a subscriber failed"))?
                .insert(session, Instant::now());
            let answer =
                client.post("/api/v1/logs", "application/json", event.to_string().as_bytes())?;
            if answer.status != 201 {
                bail!("an event was answered with {}", answer.status);
            }
        }
        let mut latencies = Latencies::default();
        for watcher in watchers {
            let result = watcher.join().map_err(|_| anyhow::anyhow!("a subscriber panicked"))?;
            latencies.merge(result?);
        }
        Ok(json!({
            "bench": "live",
            "subscribers": args.subscribers,
            "rate_per_second": args.rate,
            "sent_to_told": latencies.summary(),
        }))
    })
}

/// Watches until every event has come; none may be missing or come twice.
async fn watch(
    service: &Service,
    total: usize,
    seed: u64,
    sent: &Mutex<HashMap<String, Instant>>,
    ready: &std::sync::Barrier,
) -> anyhow::Result<Latencies> {
    let url = format!("ws://{}/api/v1/logs/stream?session_id=live-{seed}-*", service.host);
    let mut request = url.into_client_request()?;
    let token = format!("Bearer {}", service.token).parse()?;
    request.headers_mut().insert("authorization", token);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.context("subscribing")?;
    tokio::task::block_in_place(|| ready.wait());
    let mut latencies = Latencies::default();
    let mut told = 0;
    while told < total {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await;
        let message = message.context("an event did not come")?.context("the stream ended")??;
        let arrived = Instant::now();
        let batch: Value = serde_json::from_slice(&message.into_data())?;
        for event in batch["events"].as_array().into_iter().flatten() {
            let session = event.pointer("/session/id").and_then(Value::as_str);
            let session = session.context("an event without session")?;
            if session != format!("live-{seed}-{told}") {
                bail!("event {told} was expected, {session} came");
            }
            let sent = sent.lock().map_err(|_| anyhow::anyhow!("the sender failed"))?;
            latencies.add(arrived - *sent.get(session).context("an event nobody sent")?);
            told += 1;
        }
    }
    Ok(latencies)
}
