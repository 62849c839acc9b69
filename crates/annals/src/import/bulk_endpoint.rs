//! Sending batches to `POST /api/v1/logs/bulk`.
//!
//! A batch is sent again until every event has an answer: the ids make that safe. A server that is
//! busy (429, 503) says when to come back; what it does not answer is tried a bounded number of times.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;

use super::batches::Outgoing;
use super::sink::{Fate, Sink};
use crate::answers::{Problem, read_bounded, retry_after};

#[cfg(test)]
mod tests;

/// Tries of one batch without progress, the first one included.
const TRIES_MAX: u32 = 6;
/// Longest pause between two tries, whatever the server says.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A batch is answered within seconds; a server that takes longer is taken for dead.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// How much of an answer is read, bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The bulk endpoint of a server.
pub(crate) struct BulkEndpoint {
    client: reqwest::Client,
    url: String,
    token: String,
    pause_first: Duration,
}

/// `{"results": [...]}`.
#[derive(Deserialize)]
struct Answer {
    results: Vec<ItemAnswer>,
}

#[derive(Deserialize)]
struct ItemAnswer {
    index: usize,
    status: u16,
    error: Option<Problem>,
}

/// What one request came to.
enum Attempt {
    /// An answer for each event.
    Answered(Vec<ItemAnswer>),
    /// Nothing was said about the events: try again, after that pause if the server names one.
    Later { why: String, pause: Option<Duration> },
}

impl BulkEndpoint {
    /// The endpoint of the server at `url`.
    pub(crate) fn of_server(url: &str, token: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .user_agent(concat!("annals-import/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("preparing to speak HTTP")?;
        let url = format!("{}/api/v1/logs/bulk", url.trim_end_matches('/'));
        let pause_first = Duration::from_millis(500);
        Ok(Self { client, url, token: token.to_owned(), pause_first })
    }

    async fn attempt(&self, body: Vec<u8>, events: usize) -> anyhow::Result<Attempt> {
        let request = self
            .client
            .post(&self.url)
            .bearer_auth(&self.token)
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_builder() => {
                return Err(error).with_context(|| format!("`{}` is not a usable URL", self.url));
            }
            Err(error) => {
                let why = format!("{:#}", anyhow::Error::from(error));
                return Ok(Attempt::Later { why, pause: None });
            }
        };
        let status = response.status();
        let pause = retry_after(response.headers());
        let body = match read_bounded(response, ANSWER_BYTES_MAX).await {
            Ok(body) => body,
            Err(error) => {
                return Ok(Attempt::Later { why: format!("{error:#}"), pause });
            }
        };
        if let Ok(answer) = serde_json::from_slice::<Answer>(&body) {
            if answer.results.iter().any(|item| item.index >= events) {
                bail!("`{}` answered for an event that was not sent: is it Annals?", self.url);
            }
            return Ok(Attempt::Answered(answer.results));
        }
        let problem = Problem::of(&body);
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Ok(Attempt::Later { why: format!("{status}: {}", problem.sentence()), pause });
        }
        bail!("{}", self.refusal(status, &problem));
    }

    fn refusal(&self, status: StatusCode, problem: &Problem) -> String {
        let advice = match status {
            StatusCode::UNAUTHORIZED => "give a valid --token (`annals token` makes one)",
            StatusCode::FORBIDDEN => "the token needs the role `writer`",
            StatusCode::NOT_FOUND => "is --url the address of an Annals server?",
            StatusCode::PAYLOAD_TOO_LARGE => "raise `request.bulk_bytes_max` of the server",
            _ => "nothing of this batch was recorded",
        };
        format!("`{}` answered {status}: {}; {advice}", self.url, problem.sentence())
    }
}

impl Sink for BulkEndpoint {
    async fn send(&mut self, batch: &[Outgoing]) -> anyhow::Result<Vec<Fate>> {
        let mut fates: Vec<Option<Fate>> = vec![None; batch.len()];
        let mut tries = 0;
        loop {
            let open: Vec<usize> = (0..batch.len()).filter(|&i| fates[i].is_none()).collect();
            if open.is_empty() {
                return Ok(fates.into_iter().flatten().collect());
            }
            tries += 1;
            let body = ndjson(open.iter().map(|&i| &batch[i]));
            let (why, pause) = match self.attempt(body, open.len()).await? {
                Attempt::Answered(items) => {
                    for item in items {
                        let index = open[item.index];
                        let fate = item.fate(&batch[index]);
                        tries = if fate.is_some() { 0 } else { tries };
                        fates[index] = fate;
                    }
                    ("the server left events unanswered".to_owned(), None)
                }
                Attempt::Later { why, pause } => (why, pause),
            };
            if fates.iter().all(Option::is_some) {
                continue;
            }
            if tries >= TRIES_MAX {
                bail!(
                    "gave up sending to `{}` after {tries} tries: {why}; run the same command \
                     again when the server is well, nothing is recorded twice",
                    self.url
                );
            }
            let doubled = self.pause_first * (1 << tries.saturating_sub(1));
            tokio::time::sleep(pause.unwrap_or(doubled).min(PAUSE_MAX)).await;
        }
    }
}

impl ItemAnswer {
    /// What became of the event; nothing if the server could not say and it is to be sent again.
    fn fate(self, event: &Outgoing) -> Option<Fate> {
        match self.status {
            200 => Some(Fate::Duplicate),
            201 | 202 => Some(Fate::Recorded),
            // The id stands for the line itself: it was imported already, perhaps by a version of
            // Annals that maps it otherwise, or before its missing time was filled in.
            409 if event.id_from_content => Some(Fate::Duplicate),
            429 | 500.. => None,
            status => {
                let problem = self.error.unwrap_or_default();
                Some(Fate::Refused(format!("was refused with {status}: {}", problem.sentence())))
            }
        }
    }
}

fn ndjson<'a>(events: impl Iterator<Item = &'a Outgoing>) -> Vec<u8> {
    let mut body = Vec::new();
    for event in events {
        body.extend_from_slice(&event.json);
        body.push(b'\n');
    }
    body
}
