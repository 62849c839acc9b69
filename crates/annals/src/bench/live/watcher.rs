//! One subscriber: watches until everything that was to come has come, once and in order.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::super::latency::Latencies;
use super::super::pace::Pace;
use super::traffic::{Traits, Wish};

/// What subscribers know of the run.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) seed: u64,
    /// How many events, and when each is due.
    pub(super) pace: Pace,
    /// When the first event was due; none before that.
    pub(super) begun: watch::Receiver<Option<Instant>>,
    /// How many events all subscribers were told of.
    pub(super) told: Arc<AtomicUsize>,
}

pub(super) struct Watcher {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    wish: Wish,
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    events: Vec<Told<'a>>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    session: Session<'a>,
}

#[derive(Deserialize)]
struct Session<'a> {
    id: &'a str,
}

impl Watcher {
    pub(super) async fn open(host: &str, token: &str, wish: Wish) -> anyhow::Result<Self> {
        let url = format!("ws://{host}/api/v1/logs/stream?q={}", wish.query());
        let mut request = url.into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.context("subscribing")?;
        Ok(Self { socket, wish })
    }

    /// How many events are to come.
    pub(super) fn expected(&self, run: &Run) -> usize {
        let wanted = |number: &u64| self.wish.holds(Traits::of(*number, run.seed));
        (0..run.pace.total).filter(wanted).count()
    }

    /// Watches until `expected` events have come.
    pub(super) async fn watch(mut self, run: Run, expected: usize) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::default();
        let prefix = format!("live-{}-", run.seed);
        let (mut told, mut last) = (HashSet::new(), 0);
        while told.len() < expected {
            let message = self.socket.next().await.context("a stream ended")??.into_data();
            let arrived = Instant::now();
            let batch: Batch<'_> = serde_json::from_slice(&message)
                .context("a message is no batch of this run's events")?;
            let begun = *run.begun.borrow();
            for event in batch.events {
                let number = event.session.id.strip_prefix(&prefix).and_then(|n| n.parse().ok());
                let number: u64 = number.context("an event of another run")?;
                // Bulks are recorded one after the other; the events of one, in any order.
                let is_early = number / run.pace.bulk < last / run.pace.bulk;
                let is_wanted = self.wish.holds(Traits::of(number, run.seed));
                if is_early || !is_wanted || !told.insert(number) {
                    bail!("event {number} came to {:?} behind event {last}", self.wish);
                }
                last = number;
                let due = run.pace.due(number);
                let begun = begun.context("an event came before the first was sent")?;
                latencies.add(arrived.saturating_duration_since(begun + due));
                run.told.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(latencies)
    }
}
