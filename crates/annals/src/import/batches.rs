//! From a log to batches of events, each as large as one request may be.

use std::io::{self, BufRead};
use std::sync::Arc;

use annals_domain::limits::EventLimits;

use super::Format;
use super::lines::{Line, Lines};
use super::mapping;
use super::rejects::Reject;

/// Events in one request.
pub(crate) const BATCH_EVENTS_MAX: usize = 500;
/// Bytes in one request and of the lines it stems from; reached only by unusually large events.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// An event on its way to the server.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// The line it stems from.
    pub(crate) line: u64,
    /// That line, for the case that the server refuses the event.
    pub(crate) input: Arc<str>,
    /// The event as JSON, on one line.
    pub(crate) json: Vec<u8>,
    /// See [`mapping::Mapped::id_from_content`].
    pub(crate) id_from_content: bool,
}

/// Events to send, lines that did not become any, and how far into the file they reach.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// In the order of the file.
    pub(crate) events: Vec<Outgoing>,
    /// In the order of the file.
    pub(crate) rejects: Vec<Reject>,
    /// How many lines it covers, blank ones left out.
    pub(crate) lines: u64,
    /// How much of the file has been read at its end, bytes.
    pub(crate) bytes_read: u64,
}

/// The batches of a file.
pub(crate) struct Batches<R> {
    lines: Lines<R>,
    format: Format,
    limits: EventLimits,
}

impl<R: BufRead> Batches<R> {
    /// Opens a log.
    pub(crate) fn open(reader: R, format: Format, limits: EventLimits) -> io::Result<Self> {
        Ok(Self { lines: Lines::open(reader, format.container())?, format, limits })
    }

    fn next_batch(&mut self) -> io::Result<Option<Batch>> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        while let Some(line) = self.lines.next().transpose()? {
            batch.lines += 1;
            batch.bytes_read = line.bytes_read;
            bytes += self.add(line, &mut batch);
            let full = batch.events.len() + batch.rejects.len() >= BATCH_EVENTS_MAX;
            if full || bytes >= BATCH_BYTES_MAX {
                break;
            }
        }
        Ok((batch.lines > 0).then_some(batch))
    }

    /// Adds what a line tells of; answers how many bytes are held for it.
    fn add(&self, line: Line, batch: &mut Batch) -> usize {
        let text = match line.text {
            Ok(text) => text,
            Err(unreadable) => {
                let reject = Reject::new(line.number, unreadable.reason, &unreadable.beginning);
                let bytes = reject.input.len();
                batch.rejects.push(reject);
                return bytes;
            }
        };
        match mapping::map(self.format, &self.limits, line.number, &text) {
            Ok(mapped) => {
                let input: Arc<str> = text.into();
                let mut bytes = input.len();
                for mapped in mapped {
                    let json = serde_json::Value::Object(mapped.event).to_string().into_bytes();
                    bytes += json.len();
                    batch.events.push(Outgoing {
                        line: line.number,
                        input: Arc::clone(&input),
                        json,
                        id_from_content: mapped.id_from_content,
                    });
                }
                bytes
            }
            Err(reject) => {
                let bytes = reject.input.len();
                batch.rejects.push(reject);
                bytes
            }
        }
    }
}

impl<R: BufRead> Iterator for Batches<R> {
    type Item = io::Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}
