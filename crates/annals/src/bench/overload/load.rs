//! Senders of events that take refusals as they come, and what became of what they sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::latency::Latencies;

/// Who sends, and where to.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) host: &'a str,
    pub(super) token: &'a str,
    /// Events in a request.
    pub(super) batch: usize,
}

/// How long a request waits for a connection while all wait for answers, as in the pools of clients: one
/// that waited longer there would be late before the service has seen it.
const CONNECTION_PATIENCE: Duration = Duration::from_millis(250);

/// How requests are sent.
pub(super) struct Load {
    connections: usize,
    /// Requests a second of each connection; none: each when the one before was answered.
    interval: Option<Duration>,
    patience: Duration,
}

/// What became of requests.
#[derive(Default)]
pub(super) struct Outcomes {
    /// Times of those that were accepted, from the moment they were due.
    accepted: Latencies,
    accepted_count: usize,
    /// Times of those that were refused.
    refused: Latencies,
    by_status: BTreeMap<u16, usize>,
    /// Cut off without an answer.
    cut_off: usize,
    /// Not sent, or answered too late for the sender.
    given_up: usize,
}

impl Load {
    /// As fast as answers come.
    pub(super) fn unbroken(connections: usize) -> Self {
        Self { connections: connections.max(1), interval: None, patience: Duration::MAX }
    }

    /// At a rate, whether answers come or not. What finds no connection in time, as all wait for
    /// answers, is given up, and so is what is answered later than the sender's patience.
    pub(super) fn at_rate(connections: usize, per_second: f64, patience: Duration) -> Self {
        let connections = connections.max(1);
        let interval = Duration::from_secs_f64(connections as f64 / per_second.max(0.001));
        Self { connections, interval: Some(interval), patience }
    }

    /// Sends for a time, on a thread for each connection.
    pub(super) fn run(
        &self,
        target: &Target<'_>,
        events: &[Vec<u8>],
        time: Duration,
    ) -> anyhow::Result<Outcomes> {
        let begin = Instant::now();
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..self.connections)
                .map(|number| scope.spawn(move || self.send(number, target, events, begin, time)))
                .collect();
            let mut all = Outcomes::default();
            for sender in senders {
                let sent = sender.join().map_err(|_| anyhow::anyhow!("a sender panicked"))?;
                all.merge(sent.context("a sender failed")?);
            }
            Ok(all)
        })
    }

    fn send(
        &self,
        connection: usize,
        target: &Target<'_>,
        events: &[Vec<u8>],
        begin: Instant,
        time: Duration,
    ) -> anyhow::Result<Outcomes> {
        let mut outcomes = Outcomes::default();
        let mut client = Some(Client::connect(target.host, target.token)?);
        // Connections begin one after the other, so that requests do not come in waves.
        let first = self.interval.unwrap_or_default().mul_f64(connection as f64)
            / u32::try_from(self.connections).unwrap_or(u32::MAX);
        for number in 0.. {
            let due = match self.interval {
                None => begin.elapsed(),
                Some(interval) => first + interval.saturating_mul(number),
            };
            if due >= time {
                break;
            }
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
            if begin.elapsed().saturating_sub(due) > self.patience.min(CONNECTION_PATIENCE) {
                outcomes.given_up += 1;
                continue;
            }
            let start = connection.wrapping_mul(7919) + number as usize * target.batch;
            let answer = match &mut client {
                Some(client) => post(client, target, events, start),
                None => Client::connect(target.host, target.token)
                    .map(|fresh| client.insert(fresh))
                    .and_then(|client| post(client, target, events, start)),
            };
            match answer {
                Ok(status) => outcomes.add(status, begin.elapsed().saturating_sub(due), self),
                Err(_) => {
                    client = None;
                    outcomes.cut_off += 1;
                }
            }
        }
        Ok(outcomes)
    }
}

fn post(
    client: &mut Client,
    target: &Target<'_>,
    events: &[Vec<u8>],
    start: usize,
) -> anyhow::Result<u16> {
    let of = |index: usize| &events[(start + index) % events.len()];
    if target.batch == 1 {
        return Ok(client.post("/api/v1/logs", "application/json", of(0))?.status);
    }
    let mut body = Vec::new();
    for index in 0..target.batch {
        body.extend_from_slice(of(index));
        body.push(b'\n');
    }
    Ok(client.post("/api/v1/logs/bulk", "application/x-ndjson", &body)?.status)
}

impl Outcomes {
    fn add(&mut self, status: u16, time: Duration, load: &Load) {
        *self.by_status.entry(status).or_default() += 1;
        match status {
            200..300 if time > load.patience => self.given_up += 1,
            200..300 => {
                self.accepted_count += 1;
                self.accepted.add(time);
            }
            _ => self.refused.add(time),
        }
    }

    fn merge(&mut self, other: Self) {
        self.accepted.merge(other.accepted);
        self.refused.merge(other.refused);
        self.accepted_count += other.accepted_count;
        self.cut_off += other.cut_off;
        self.given_up += other.given_up;
        for (status, count) in other.by_status {
            *self.by_status.entry(status).or_default() += count;
        }
    }

    /// Requests that were accepted in time.
    pub(super) fn accepted(&self) -> usize {
        self.accepted_count
    }

    /// All requests that were due.
    pub(super) fn offered(&self) -> usize {
        let late = self.by_status.iter().filter(|(status, _)| (200..300).contains(*status));
        let late: usize = late.map(|(_, count)| count).sum::<usize>() - self.accepted_count;
        self.by_status.values().sum::<usize>() - late + self.cut_off + self.given_up
    }

    pub(super) fn summary(&self) -> Value {
        let by_status: BTreeMap<String, usize> =
            self.by_status.iter().map(|(status, count)| (status.to_string(), *count)).collect();
        json!({
            "offered": self.offered(),
            "accepted": self.accepted.summary(),
            "refused": self.refused.summary(),
            "by_status": by_status,
            "cut_off": self.cut_off,
            "given_up": self.given_up,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_counted_once() {
        let load = Load::at_rate(1, 1.0, Duration::from_secs(5));
        let mut outcomes = Outcomes::default();
        outcomes.add(201, Duration::from_secs(1), &load);
        outcomes.add(201, Duration::from_secs(6), &load);
        outcomes.add(503, Duration::from_secs(1), &load);
        outcomes.cut_off += 1;
        outcomes.given_up += 1;
        assert_eq!((outcomes.accepted(), outcomes.offered()), (1, 5));
        let summary = outcomes.summary();
        assert_eq!(summary["by_status"], json!({ "201": 2, "503": 1 }));
        assert_eq!(summary["given_up"], 2);
        assert_eq!(summary["accepted"]["count"], 1);
    }
}
