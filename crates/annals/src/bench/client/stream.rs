//! Reading an answer of any length in chunks, without keeping it, up to its trailers.

use std::collections::HashMap;
use std::io::{BufRead, Read, Write};

use anyhow::{Context, bail};

use super::Client;

/// No chunk is read in larger steps.
const STEP_BYTES: usize = 256 << 10;
/// No line between chunks is longer.
const LINE_BYTES_MAX: u64 = 16 << 10;

/// An answer that was read to its end and not kept.
pub(in crate::bench) struct Streamed {
    /// Bytes of its body.
    pub(in crate::bench) bytes: u64,
    trailers: HashMap<String, String>,
}

impl Streamed {
    /// What a trailer tells; nothing when there is none.
    pub(in crate::bench) fn trailer(&self, name: &str) -> &str {
        self.trailers.get(name).map_or("", String::as_str)
    }
}

impl Client {
    /// Asks for a page that comes in chunks; `each` is called after every step.
    pub(in crate::bench) fn stream(
        &mut self,
        path: &str,
        each: &mut dyn FnMut(),
    ) -> anyhow::Result<Streamed> {
        let (host, token) = (&self.host, &self.token);
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\nte: trailers\r\n\r\n"
        );
        self.stream.get_mut().write_all(request.as_bytes()).context("sending a request")?;
        let head = self.lines()?;
        let status = head.first().map_or("", String::as_str);
        if !status.starts_with("HTTP/1.1 200") {
            bail!("{path} was answered with {status}");
        }
        if !head.iter().any(|line| line.eq_ignore_ascii_case("transfer-encoding: chunked")) {
            bail!("the answer does not come in chunks");
        }
        let (mut bytes, mut buffer) = (0, vec![0; STEP_BYTES]);
        loop {
            let line = self.line()?;
            let mut left =
                usize::from_str_radix(line.trim(), 16).context("the length of a chunk")?;
            if left == 0 {
                let pairs = self.lines()?.into_iter().filter_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    Some((name.to_ascii_lowercase(), value.trim().to_owned()))
                });
                return Ok(Streamed { bytes, trailers: pairs.collect() });
            }
            while left > 0 {
                let step = &mut buffer[..left.min(STEP_BYTES)];
                self.stream.read_exact(step).context("reading a chunk")?;
                left -= step.len();
                bytes += step.len() as u64;
                each();
            }
            self.line()?;
        }
    }

    /// Lines up to an empty one.
    fn lines(&mut self) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            match line.trim_end() {
                "" => return Ok(lines),
                line => lines.push(line.to_owned()),
            }
        }
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let read = self.stream.by_ref().take(LINE_BYTES_MAX).read_line(&mut line);
        match read.context("waiting for an answer")? {
            0 => bail!("the service closed the connection"),
            _ => Ok(line),
        }
    }
}
