//! Facts as index terms.
//!
//! All facts lie in one field, so that a segment has one term dictionary for them instead of
//! dozens. A term is
//!
//! ```text
//! length of the path (1 byte) · path · kind (1 byte) · value
//! ```
//!
//! so that no path and value can be mistaken for another, and all values of a path lie together in
//! order. Kinds: `=` text, `#` number (8 bytes in numeric order), `@` address (family, then its
//! bytes), `?` presence (no value).

use std::borrow::Cow;
use std::net::IpAddr;

use annals_domain::facts::{self, Fact};
use uuid::Uuid;

/// What a value is compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Text = b'=',
    Number = b'#',
    Address = b'@',
    Presence = b'?',
}

/// A longer path is replaced by its digest.
const PATH_BYTES_MAX: usize = 254;
const DIGEST_MARK: u8 = 255;

/// Paths that every event has; their presence is not worth a term.
pub(crate) const ALWAYS: &[&str] = &[
    "id",
    "tenant",
    "type",
    "source",
    "operation",
    "severity",
    "severity_rank",
    "outcome",
    "actor",
    "actor.type",
];

/// Whether every event has a value there.
pub(crate) fn is_always_present(path: &str) -> bool {
    ALWAYS.contains(&path)
}

/// The beginning of all terms of that path and kind.
pub(crate) fn term_prefix(path: &str, kind: Kind) -> Vec<u8> {
    let mut term = Vec::with_capacity(path.len() + 32);
    push_prefix(&mut term, path, kind);
    term
}

fn push_prefix(term: &mut Vec<u8>, path: &str, kind: Kind) {
    match u8::try_from(path.len()) {
        Ok(length) if path.len() <= PATH_BYTES_MAX => {
            term.push(length);
            term.extend_from_slice(path.as_bytes());
        }
        _ => {
            term.push(DIGEST_MARK);
            term.extend_from_slice(Uuid::new_v5(&Uuid::NAMESPACE_OID, path.as_bytes()).as_bytes());
        }
    }
    term.push(kind as u8);
}

/// A number as bytes whose order is the numbers' order.
pub(crate) fn number_bytes(number: f64) -> [u8; 8] {
    // Zero has two forms that are equal.
    let number = if number == 0.0 { 0.0 } else { number };
    tantivy::f64_to_u64(number).to_be_bytes()
}

/// Appends an address: its family keeps IPv6 networks from holding IPv4 addresses.
pub(crate) fn push_address(term: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            term.push(4);
            term.extend_from_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            term.push(6);
            term.extend_from_slice(&address.octets());
        }
    }
}

/// The value that a test on that field is compared with.
pub(crate) fn comparable<'a>(field: &str, value: &'a str) -> Cow<'a, str> {
    if facts::is_folded(field) { Cow::Owned(facts::fold(value)) } else { Cow::Borrowed(value) }
}

/// The terms of one event, one after the other.
#[derive(Debug, Default)]
pub(crate) struct FactTerms {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// Path of the fact before, whose parents were told already.
    previous: String,
}

impl FactTerms {
    pub(crate) fn with_capacity(bytes: usize, terms: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(terms),
            previous: String::with_capacity(64),
        }
    }

    /// Adds the terms of a fact.
    pub(crate) fn add(&mut self, path: &str, fact: Fact<'_>) {
        self.add_presence(path);
        match fact {
            Fact::Exact(text) => self.add_text(path, text),
            Fact::Folded(text) => self.add_folded(path, text),
            Fact::Flag(flag) => self.add_text(path, if flag { "true" } else { "false" }),
            Fact::Number(number) => {
                self.add_text(path, &facts::number_text(number));
                push_prefix(&mut self.bytes, path, Kind::Number);
                self.bytes.extend_from_slice(&number_bytes(number));
                self.end_term();
            }
            Fact::Address(address) => {
                push_prefix(&mut self.bytes, path, Kind::Address);
                push_address(&mut self.bytes, address);
                self.end_term();
            }
            Fact::Present => {}
        }
    }

    /// The terms, in order, without the buffers that only adding needs.
    pub(crate) fn finish(self) -> Terms {
        Terms { bytes: self.bytes, ends: self.ends }
    }

    fn add_text(&mut self, path: &str, text: &str) {
        push_prefix(&mut self.bytes, path, Kind::Text);
        self.bytes.extend_from_slice(text.as_bytes());
        self.end_term();
    }

    fn add_folded(&mut self, path: &str, text: &str) {
        if !text.is_ascii() {
            return self.add_text(path, &facts::fold(text));
        }
        push_prefix(&mut self.bytes, path, Kind::Text);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes[start..].make_ascii_lowercase();
        self.end_term();
    }

    /// Tells that there is something at the path and at each of its parents, unless the fact
    /// before told so.
    fn add_presence(&mut self, path: &str) {
        if path == self.previous {
            return;
        }
        let dots = path.bytes().enumerate().filter(|(_, byte)| *byte == b'.').map(|(at, _)| at);
        for end in dots.chain([path.len()]) {
            let parent = &path[..end];
            if !is_always_present(parent) && !is_at_or_below(&self.previous, parent) {
                push_prefix(&mut self.bytes, parent, Kind::Presence);
                self.ends.push(offset(&self.bytes));
            }
        }
        self.previous.clear();
        self.previous.push_str(path);
    }

    fn end_term(&mut self) {
        self.ends.push(offset(&self.bytes));
    }
}

/// Whether `path` is `parent` or lies inside it.
fn is_at_or_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn offset(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("the terms of one event are bounded far below 4 GiB")
}

/// Byte strings in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Terms {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }
}
