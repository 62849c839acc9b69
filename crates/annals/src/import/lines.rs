//! Cutting a log into its lines, or a JSON document into its elements, in constant memory.
//!
//! Exports come as one object a line, as one JSON array, or as one object around an array
//! (`{"Records": […]}`). The elements of an array are cut out at their brackets; whether they are
//! JSON is for the mapping to find.

use std::io::{self, BufRead, Read as _};

mod elements;
mod shape;
#[cfg(test)]
mod tests;

use elements::ElementCutter;
use shape::Shape;

/// Longer lines are refused: no event of at most 256 KiB needs as much.
pub(crate) const LINE_BYTES_MAX: usize = 1024 * 1024;
/// How much of a file is looked at to find its shape.
const PRELUDE_BYTES_MAX: usize = 64 * 1024;
/// How much of an overlong line is kept to recognise it by.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// One line or element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    /// Its text, or what is wrong with it.
    pub(crate) text: Result<String, Unreadable>,
    /// How many bytes of the file were read up to its end.
    pub(crate) bytes_read: u64,
}

/// Why a line has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// As a sentence whose subject is the line.
    pub(crate) reason: String,
    /// As much of it as helps to recognise it.
    pub(crate) beginning: String,
}

/// The lines of a file, blank ones left out.
pub(crate) struct Lines<R> {
    /// What was read while the shape was being found, then the rest.
    reader: io::Chain<io::Cursor<Vec<u8>>, R>,
    cutter: Cutter,
    number: u64,
    bytes_read: u64,
}

enum Cutter {
    ByLine,
    ByElement(ElementCutter),
}

/// What a cutter has gathered of the current piece.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Piece {
    fn push(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_MAX - self.bytes.len();
        self.too_long |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    fn into_text(mut self) -> Result<String, Unreadable> {
        let beginning = |bytes: &[u8]| {
            String::from_utf8_lossy(&bytes[..bytes.len().min(KEPT_BYTES_MAX)]).into_owned()
        };
        if self.too_long {
            let reason = format!("is longer than {LINE_BYTES_MAX} bytes");
            return Err(Unreadable { reason, beginning: beginning(&self.bytes) });
        }
        while self.bytes.last().is_some_and(u8::is_ascii_whitespace) {
            self.bytes.pop();
        }
        String::from_utf8(self.bytes).map_err(|error| Unreadable {
            reason: "is not UTF-8: convert the file first".to_owned(),
            beginning: beginning(error.as_bytes()),
        })
    }
}

impl<R: BufRead> Lines<R> {
    /// Finds out which shape the file has: `container` names the field that holds the events where
    /// the format wraps them.
    pub(crate) fn open(mut reader: R, container: Option<&str>) -> io::Result<Self> {
        let mut prelude = Vec::new();
        let shape = loop {
            if let Some(shape) = shape::of(&prelude, container) {
                break shape;
            }
            let chunk = reader.fill_buf()?;
            if chunk.is_empty() || prelude.len() >= PRELUDE_BYTES_MAX {
                break Shape::Lines { begin: shape::after_mark(&prelude) };
            }
            let taken = chunk.len().min(PRELUDE_BYTES_MAX);
            prelude.extend_from_slice(&chunk[..taken]);
            reader.consume(taken);
        };
        let (cutter, begin) = match shape {
            Shape::Lines { begin } => (Cutter::ByLine, begin),
            Shape::Elements { begin } => (Cutter::ByElement(ElementCutter::default()), begin),
        };
        let prelude = io::Cursor::new(prelude.split_off(begin));
        Ok(Self { reader: prelude.chain(reader), cutter, number: 0, bytes_read: begin as u64 })
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        while let Some(piece) = self.next_piece()? {
            self.number += 1;
            if !piece.is_blank() {
                let (number, bytes_read) = (self.number, self.bytes_read);
                return Ok(Some(Line { number, text: piece.into_text(), bytes_read }));
            }
        }
        Ok(None)
    }

    /// Gathers up to the next line break, or up to the end of the next element.
    fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        let mut piece = Piece::default();
        let mut any = false;
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                // What there is of a last line without a break, or of a document that breaks off.
                return Ok(any.then_some(piece));
            }
            any = true;
            let cut = match &mut self.cutter {
                Cutter::ByLine => cut_at_line_break(chunk),
                Cutter::ByElement(cutter) => cutter.cut(chunk),
            };
            piece.push(&chunk[..cut.length]);
            let (used, complete) = (cut.used, cut.complete);
            self.reader.consume(used);
            self.bytes_read += used as u64;
            if complete {
                return Ok(Some(piece));
            }
        }
    }
}

/// How much of a chunk belongs to the current piece.
struct Cut {
    /// Bytes of the chunk that are the piece's.
    length: usize,
    /// Bytes of the chunk that are dealt with, separator and all.
    used: usize,
    /// Whether the piece ends here.
    complete: bool,
}

fn cut_at_line_break(chunk: &[u8]) -> Cut {
    match chunk.iter().position(|&byte| byte == b'\n') {
        Some(end) => Cut { length: end, used: end + 1, complete: true },
        None => Cut { length: chunk.len(), used: chunk.len(), complete: false },
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line().transpose()
    }
}
