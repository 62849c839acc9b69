//! Words: how text is cut into them, the same for the index and for memory.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A longer word is cut here, in characters' bytes; nobody types more.
pub const WORD_BYTES_MAX: usize = 64;
/// How many texts of an event are searchable.
pub const TEXTS_MAX: usize = 256;
/// How many bytes of an event's texts are searchable, all together.
pub const TEXT_BYTES_MAX: usize = 32 * 1024;

/// The searchable texts of an event, bounded.
#[derive(Debug, Default)]
pub struct Texts<'a> {
    runs: Vec<&'a str>,
    bytes: usize,
}

impl<'a> Texts<'a> {
    /// Adds a text, as far as the bounds allow.
    pub fn push(&mut self, text: &'a str) {
        let room = TEXT_BYTES_MAX - self.bytes;
        if text.is_empty() || room == 0 || self.runs.len() == TEXTS_MAX {
            return;
        }
        let text = &text[..text.floor_char_boundary(room)];
        self.bytes += text.len();
        self.runs.push(text);
    }

    /// The texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.runs.iter().copied()
    }
}

/// Calls `each` with every word of `text`: runs of letters and digits of any script, lower case,
/// without accents (`É` is found by `e`), cut at [`WORD_BYTES_MAX`].
pub fn tokens(text: &str, mut each: impl FnMut(&str)) {
    let mut word = String::with_capacity(WORD_BYTES_MAX);
    let mut take = |word: &mut String| {
        if !word.is_empty() {
            word.truncate(word.floor_char_boundary(WORD_BYTES_MAX));
            each(word);
            word.clear();
        }
    };
    if text.is_ascii() {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() {
                word.push(byte.to_ascii_lowercase() as char);
            } else {
                take(&mut word);
            }
        }
    } else {
        for c in text.nfkd().flat_map(char::to_lowercase).nfkd() {
            if c.is_alphanumeric() {
                word.push(c);
            } else if !is_combining_mark(c) {
                take(&mut word);
            }
        }
    }
    take(&mut word);
}

/// The words of `text` as a list.
pub fn words(text: &str) -> Vec<String> {
    let mut list = Vec::new();
    tokens(text, |word| list.push(word.to_owned()));
    list
}

#[cfg(test)]
mod tests;
