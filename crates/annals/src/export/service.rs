//! The exports of a running service: asking for one, waiting until it is done, downloading its file.

use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Method, Request, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::job::{Job, Ready, Standing, is_of_exports};
use super::part_file::PartFile;
use crate::answers::{Problem, read_bounded, retry_after};
use crate::exit::{self, Failure};

#[cfg(test)]
mod tests;

/// Tries of one request, the first one included.
const TRIES_MAX: u32 = 6;
/// Longest pause between two tries, whatever the server says.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// First pause between two looks at a job.
const LOOK_PAUSE_FIRST: Duration = Duration::from_millis(200);
/// Longest pause between two looks at a job.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(2);
/// A server that says nothing for longer is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(120);
/// How much of an answer is read, bytes; a job has less than a hundred thousand.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// The exports of a service.
pub(super) struct Service {
    client: reqwest::Client,
    url: String,
    token: String,
    pause_first: Duration,
}

/// What one try came to.
enum Attempt {
    /// The service does as asked.
    Answered(Response),
    /// Try again, after that pause if the server names one.
    Later { why: String, pause: Option<Duration> },
}

impl Service {
    /// The service at `url`.
    pub(super) fn at(url: &str, token: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .read_timeout(SILENCE_MAX)
            .connect_timeout(SILENCE_MAX)
            .redirect(Policy::none())
            .user_agent(concat!("annals-export/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("preparing to speak HTTP")?;
        let url = url.trim_end_matches('/').to_owned();
        let pause_first = Duration::from_millis(500);
        Ok(Self { client, url, token: token.to_owned(), pause_first })
    }

    /// Asks for an export, and answers with the path where it is found.
    pub(super) async fn request(&self, order: &Value) -> anyhow::Result<String> {
        let url = format!("{}/api/v1/exports", self.url);
        let request = self.client.post(&url).header(CONTENT_TYPE, "application/json");
        let response = self.ask(request.body(order.to_string())).await?;
        let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
        match place.filter(|place| is_of_exports(place)) {
            Some(place) if response.status() == StatusCode::ACCEPTED => Ok(place.to_owned()),
            _ => bail!("`{url}` did not say where the export is; {}", advice_on_others()),
        }
    }

    /// Waits until an export is done.
    pub(super) async fn wait(&self, place: &str, bar: &ProgressBar) -> anyhow::Result<Ready> {
        let url = format!("{}{place}", self.url);
        let mut pause = LOOK_PAUSE_FIRST;
        loop {
            let body = read_bounded(self.ask(self.client.get(&url)).await?, ANSWER_BYTES_MAX)
                .await
                .with_context(|| format!("looking at the export `{url}`"))?;
            let job = serde_json::from_slice(&body).map(Job::standing);
            match job.unwrap_or(Standing::Nonsense) {
                Standing::Ready(ready) => return Ok(ready),
                Standing::Ended(why) => bail!("the export `{url}` {why}; ask for it anew"),
                Standing::Nonsense => {
                    bail!("`{url}` did not tell of an export; {}", advice_on_others())
                }
                Standing::UnderWay { percent, word } => {
                    bar.set_message(word);
                    bar.set_position(percent.into());
                }
            }
            tokio::time::sleep(pause).await;
            pause = after(pause);
        }
    }

    /// Downloads a file, and checks that it is the promised one.
    pub(super) async fn download(
        &self,
        ready: &Ready,
        part: &mut PartFile,
        bar: &ProgressBar,
    ) -> anyhow::Result<()> {
        let url = format!("{}{}", self.url, ready.file);
        let bytes = ready.bytes;
        let wrong = |told: String| {
            let message = format!(
                "`{url}` {told}; nothing was kept; run the same command again, or download that \
                 file with another program"
            );
            anyhow::Error::from(Failure::new(exit::FAILED, message))
        };
        let mut response = self.ask(self.client.get(&url)).await?;
        loop {
            let chunk = response.chunk().await.map_err(|error| {
                let why = anyhow::Error::from(error);
                wrong(format!("broke off after {} of {bytes} bytes: {why:#}", part.bytes()))
            })?;
            let Some(chunk) = chunk else { break };
            if part.bytes() + chunk.len() as u64 > bytes {
                return Err(wrong(format!("has more than the promised {bytes} bytes")));
            }
            part.write(&chunk)?;
            bar.set_position(part.bytes());
        }
        if part.bytes() < bytes {
            return Err(wrong(format!("has {} bytes of the promised {bytes}", part.bytes())));
        }
        let sha256 = part.sha256();
        if sha256 != ready.sha256 {
            let message = format!(
                "`{url}` has the SHA-256 {sha256}, but {} was promised: it was changed at the \
                 server or on the way; nothing was kept",
                ready.sha256
            );
            return Err(Failure::new(exit::TAMPERED, message).into());
        }
        Ok(())
    }

    /// Sends a request until the service does as asked, a bounded number of times.
    async fn ask(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let request = request.bearer_auth(&self.token).build().map_err(|error| {
            let message = format!("`{}` is not a usable URL: {error}", self.url);
            Failure::new(exit::USAGE, message)
        })?;
        let mut tries = 0;
        loop {
            tries += 1;
            let again = request.try_clone().context("a request cannot be sent twice")?;
            let (why, pause) = match self.attempt(again).await? {
                Attempt::Answered(response) => return Ok(response),
                Attempt::Later { why, pause } => (why, pause),
            };
            if tries >= TRIES_MAX {
                bail!(
                    "gave up asking `{}` after {tries} tries: {why}; run the same command again \
                     when the server is well",
                    self.url
                );
            }
            let doubled = self.pause_first * (1 << (tries - 1));
            tokio::time::sleep(pause.unwrap_or(doubled).min(PAUSE_MAX)).await;
        }
    }

    async fn attempt(&self, request: Request) -> anyhow::Result<Attempt> {
        let (method, url) = (request.method().clone(), request.url().to_string());
        // An order is not sent again when the first one may have been taken: there would be two.
        let is_question = method == Method::GET;
        let response = match self.client.execute(request).await {
            Ok(response) => response,
            Err(error) => {
                let may_repeat = is_question || error.is_connect();
                let why = format!("{:#}", anyhow::Error::from(error));
                match may_repeat {
                    true => return Ok(Attempt::Later { why, pause: None }),
                    false => bail!(
                        "`{url}` gave no answer: {why}; it may have taken the order all the same: \
                         GET {url} shows it"
                    ),
                }
            }
        };
        let status = response.status();
        if status.is_success() {
            return Ok(Attempt::Answered(response));
        }
        let pause = retry_after(response.headers());
        let body = read_bounded(response, ANSWER_BYTES_MAX).await.unwrap_or_default();
        let problem = Problem::of(&body).sentence();
        let is_busy =
            matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if is_busy || (is_question && status.is_server_error()) {
            return Ok(Attempt::Later { why: format!("{status}: {problem}"), pause });
        }
        bail!("`{url}` answered {status}: {problem}; {}", advice(status, is_question))
    }
}

/// What to do about a refusal; `is_question` if it was about an export that was asked for already.
fn advice(status: StatusCode, is_question: bool) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "give a valid --token-file (`annals token` makes one)",
        StatusCode::FORBIDDEN if is_question => "ask for the export anew",
        StatusCode::FORBIDDEN => "the token needs a role that may export, such as `auditor`",
        StatusCode::NOT_FOUND if is_question => {
            "it may have expired; of several nodes, --url must be the same one all the time"
        }
        StatusCode::BAD_REQUEST => "mend the --query",
        status if status == StatusCode::NOT_FOUND || status.is_redirection() => advice_on_others(),
        _ => "nothing was written",
    }
}

fn advice_on_others() -> &'static str {
    "is --url the address of an Annals server?"
}

/// The pause that follows a pause.
fn after(pause: Duration) -> Duration {
    (pause * 3 / 2).min(LOOK_PAUSE_MAX)
}
