//! An event as it is written out: as its reader may see it.

use annals_domain::Event;

/// One event with what is told beside it.
pub struct Row<'a> {
    /// The event, with what the reader may not see taken out or masked.
    pub event: &'a Event,
    /// The event in one sentence.
    pub sentence: &'a str,
    /// Its stream.
    pub stream: &'a str,
    /// Its place in the stream.
    pub revision: u64,
    /// Its place in the log, as a cursor.
    pub position: &'a str,
    /// Parts that can no longer be read.
    pub erased: &'a [String],
    /// Appends the whole event as JSON, the same as REST shows it.
    pub json: &'a dyn Fn(&mut Vec<u8>) -> serde_json::Result<()>,
}
