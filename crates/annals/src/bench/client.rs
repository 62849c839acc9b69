//! A small HTTP/1.1 client on one kept connection, so that the load costs little beside the work
//! that is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

mod stream;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// No answer is larger.
const BODY_BYTES_MAX: usize = 64 << 20;

/// One connection.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    token: String,
    request: Vec<u8>,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Client {
    /// Connects to `host`, an address with port.
    pub(super) fn connect(host: &str, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).with_context(|| format!("connecting to {host}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::with_capacity(64 << 10, stream),
            host: host.to_owned(),
            token: token.to_owned(),
            request: Vec::new(),
        })
    }

    /// Sends a body and waits for the answer.
    pub(super) fn post(
        &mut self,
        path: &str,
        media_type: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: \
             {media_type}\r\ncontent-length: {}\r\n\r\n",
            self.host,
            self.token,
            body.len()
        )?;
        self.request.extend_from_slice(body);
        self.exchange()
    }

    /// Asks for a page.
    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.write_get(path, None)?;
        self.exchange()
    }

    /// Asks for a page in somebody else's name.
    pub(super) fn get_as(&mut self, token: &str, path: &str) -> anyhow::Result<Answer> {
        self.write_get(path, Some(token))?;
        self.exchange()
    }

    fn write_get(&mut self, path: &str, token: Option<&str>) -> anyhow::Result<()> {
        self.request.clear();
        write!(
            self.request,
            "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n",
            self.host,
            token.unwrap_or(&self.token)
        )?;
        Ok(())
    }

    /// Asks for a page and expects JSON.
    pub(super) fn get_json(&mut self, path: &str) -> anyhow::Result<Value> {
        let answer = self.get(path)?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            bail!("{path} was answered with {}: {body}", answer.status);
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    fn exchange(&mut self) -> anyhow::Result<Answer> {
        self.stream.get_mut().write_all(&self.request).context("sending a request")?;
        let mut line = String::new();
        self.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("not an answer: {line:?}"))?;
        let mut length = None;
        loop {
            line.clear();
            self.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<usize>().ok();
            }
        }
        let length = length.context("an answer without a length")?;
        if length > BODY_BYTES_MAX {
            bail!("an answer of {length} bytes");
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).context("reading an answer")?;
        Ok(Answer { status, body })
    }

    fn read_line(&mut self, line: &mut String) -> anyhow::Result<()> {
        let read = self.stream.by_ref().take(16 << 10).read_line(line);
        if read.context("waiting for an answer")? == 0 {
            bail!("the service closed the connection");
        }
        Ok(())
    }
}
