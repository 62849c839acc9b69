//! What servers answer to the commands that are clients: bounded, and put into a sentence when it is a refusal.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;

/// An item's error, or the problem document of a refused request (RFC 9457).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    code: Option<String>,
    message: Option<String>,
    title: Option<String>,
    detail: Option<String>,
    errors: Vec<FieldProblem>,
}

#[derive(Deserialize)]
struct FieldProblem {
    #[serde(default)]
    path: String,
    message: String,
}

impl Problem {
    /// Reads a body, which may be anything.
    pub(crate) fn of(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Why it was refused.
    pub(crate) fn sentence(&self) -> String {
        if !self.errors.is_empty() {
            let parts: Vec<String> = self.errors.iter().map(FieldProblem::sentence).collect();
            return parts.join("; ");
        }
        let texts = [&self.message, &self.detail, &self.title, &self.code];
        texts.into_iter().flatten().next().cloned().unwrap_or_else(|| "no reason given".to_owned())
    }
}

impl FieldProblem {
    fn sentence(&self) -> String {
        match &*self.path {
            "" => self.message.clone(),
            path => format!("`{path}`: {}", self.message),
        }
    }
}

/// The pause that the server asks for, if it does in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The body, which has at most so many bytes.
pub(crate) async fn read_bounded(
    mut response: Response,
    bytes_max: usize,
) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.context("reading the answer")? {
        if body.len() + chunk.len() > bytes_max {
            bail!("the answer is longer than {bytes_max} bytes");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
