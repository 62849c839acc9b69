//! Requests by several connections: each when the one before was answered, or at a rate, whether
//! answers come or not.
//!
//! At a rate, each request has a time at which it is due, and takes as long as from then until it
//! was answered: a service that stands still for a second makes all requests of that second late,
//! not only the one that was under way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::client::Client;
use super::latency::Latencies;
use super::service::Service;

/// Requests that are due but find no connection for so long are not sent any more.
const BEHIND_MAX: Duration = Duration::from_secs(20);

/// How many requests, and how they are sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Requests in all.
    pub(super) requests: usize,
    /// Requests a second; none: each when the one before was answered.
    pub(super) rate: Option<f64>,
    pub(super) connections: usize,
}

/// How a load went.
pub(super) struct Outcome {
    /// Times by the kind of request.
    pub(super) by_kind: Vec<Latencies>,
    seconds: f64,
    sent: usize,
    not_sent: usize,
}

impl Load {
    /// So many requests a second for so long.
    pub(super) fn at_rate(rate: f64, seconds: u64, connections: usize) -> Self {
        let requests = (rate * seconds as f64).round() as usize;
        Self { requests, rate: Some(rate), connections }
    }

    /// The same with at most so many requests a second, for at most a minute; without a rate it stays
    /// as it is.
    pub(super) fn slower(&self, most: f64) -> Self {
        match self.rate {
            Some(rate) if rate > most => {
                let requests = self.requests.min((most * 60.0).ceil() as usize);
                Self { rate: Some(most), requests, ..*self }
            }
            _ => *self,
        }
    }

    /// Sends the requests. `send` gets the number of a request, and `kind` says below which of
    /// `kinds` its time is kept.
    pub(super) fn run(
        &self,
        service: &Service,
        kinds: usize,
        kind: impl Fn(usize) -> usize + Sync,
        send: impl Fn(&mut Client, usize) -> anyhow::Result<()> + Sync,
    ) -> anyhow::Result<Outcome> {
        let next = AtomicUsize::new(0);
        let begin = Instant::now();
        let work = || -> anyhow::Result<(Vec<Latencies>, usize)> {
            let mut client = service.client()?;
            let mut by_kind: Vec<Latencies> = (0..kinds).map(|_| Latencies::default()).collect();
            let mut not_sent = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.requests {
                    return Ok((by_kind, not_sent));
                }
                let due = self.due(number).unwrap_or_else(|| begin.elapsed());
                let now = begin.elapsed();
                if now.saturating_sub(due) > BEHIND_MAX {
                    not_sent += 1;
                    continue;
                }
                std::thread::sleep(due.saturating_sub(now));
                send(&mut client, number)?;
                by_kind[kind(number)].add(begin.elapsed().saturating_sub(due));
            }
        };
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..self.connections.max(1)).map(|_| scope.spawn(work)).collect();
            let mut by_kind: Vec<Latencies> = (0..kinds).map(|_| Latencies::default()).collect();
            let mut not_sent = 0;
            for sender in senders {
                let ended = sender.join().map_err(|_| anyhow::anyhow!("a sender panicked"))?;
                let (times, missed) = ended.context("a sender failed")?;
                not_sent += missed;
                by_kind.iter_mut().zip(times).for_each(|(all, own)| all.merge(own));
            }
            let seconds = begin.elapsed().as_secs_f64();
            Ok(Outcome { by_kind, seconds, sent: self.requests - not_sent, not_sent })
        })
    }

    /// When a request is due, from the beginning.
    fn due(&self, number: usize) -> Option<Duration> {
        self.rate.map(|rate| Duration::from_secs_f64(number as f64 / rate.max(0.001)))
    }

    /// How it was sent, for the result.
    pub(super) fn description(&self) -> Value {
        json!({
            "loop": if self.rate.is_some() { "open" } else { "closed" },
            "requests": self.requests,
            "rate_per_second": self.rate,
            "connections": self.connections,
        })
    }
}

impl Outcome {
    /// Takes in how another load of the same kinds went, after this one.
    pub(super) fn merge(&mut self, other: Self) {
        self.by_kind.iter_mut().zip(other.by_kind).for_each(|(all, own)| all.merge(own));
        self.seconds += other.seconds;
        self.sent += other.sent;
        self.not_sent += other.not_sent;
    }

    /// Requests that were answered.
    pub(super) fn sent(&self) -> usize {
        self.sent
    }

    /// Requests answered each second.
    pub(super) fn per_second(&self) -> f64 {
        (self.sent as f64 / self.seconds).round()
    }

    /// All times together, how fast they were answered, and how many could not be sent in time.
    pub(super) fn summary(&self) -> Value {
        let mut all = Latencies::default();
        self.by_kind.iter().for_each(|times| all.merge(times.clone()));
        let mut summary = all.summary();
        summary["answered_per_second"] = self.per_second().into();
        if self.not_sent > 0 {
            summary["not_sent"] = self.not_sent.into();
        }
        summary
    }
}

#[cfg(test)]
mod tests;
