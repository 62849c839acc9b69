//! Writes JSON straight into a buffer: no tree is built for an event that is only sent on.

use std::fmt;
use std::io::Write;

/// Writes one value into a buffer.
pub(super) struct Json<'a> {
    buffer: &'a mut Vec<u8>,
    comma: bool,
}

impl<'a> Json<'a> {
    pub(super) fn new(buffer: &'a mut Vec<u8>) -> Self {
        Self { buffer, comma: false }
    }

    /// `"name":`, then the caller writes the value.
    pub(super) fn key(&mut self, name: &str) -> &mut Self {
        self.separate();
        self.quoted(name);
        self.buffer.push(b':');
        self.comma = false;
        self
    }

    pub(super) fn open(&mut self) {
        self.separate();
        self.buffer.push(b'{');
        self.comma = false;
    }

    pub(super) fn close(&mut self) {
        self.buffer.push(b'}');
        self.comma = true;
    }

    pub(super) fn open_list(&mut self) {
        self.separate();
        self.buffer.push(b'[');
        self.comma = false;
    }

    pub(super) fn close_list(&mut self) {
        self.buffer.push(b']');
        self.comma = true;
    }

    /// Any text.
    pub(super) fn text(&mut self, text: &str) {
        self.separate();
        self.quoted(text);
        self.comma = true;
    }

    /// Text that needs no escaping: letters, digits and `-._:@/ ` only.
    pub(super) fn plain(&mut self, text: fmt::Arguments<'_>) {
        self.separate();
        self.buffer.push(b'"');
        self.write(text);
        self.buffer.push(b'"');
        self.comma = true;
    }

    /// A number, or `true` or `false`.
    pub(super) fn bare(&mut self, value: impl fmt::Display) {
        self.separate();
        self.write(format_args!("{value}"));
        self.comma = true;
    }

    /// Texts one after the other with spaces between, the first letter in upper case.
    pub(super) fn sentence<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        self.separate();
        self.buffer.push(b'"');
        let start = self.buffer.len();
        for word in words {
            if self.buffer.len() > start {
                self.buffer.push(b' ');
            }
            self.buffer.extend_from_slice(word.as_bytes());
        }
        if let Some(first) = self.buffer.get_mut(start) {
            first.make_ascii_uppercase();
        }
        self.buffer.push(b'"');
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.buffer.push(b',');
        }
    }

    fn quoted(&mut self, text: &str) {
        let needs_escape = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        if text.bytes().any(needs_escape) {
            serde_json::to_writer(&mut *self.buffer, text).expect("writing to memory cannot fail");
            return;
        }
        self.buffer.push(b'"');
        self.buffer.extend_from_slice(text.as_bytes());
        self.buffer.push(b'"');
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        self.buffer.write_fmt(text).expect("writing to memory cannot fail");
    }
}
