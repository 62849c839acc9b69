//! Words: how text is cut into them, the same for the index and for memory.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

mod scripts;
mod slips;

pub use slips::{NearWord, SLIPS_MAX};

use scripts::{is_voicing, is_vowel_point, stands_alone};

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

/// Calls `each` with every word of `text`: runs of letters and digits, lower case, without accents
/// (`É` is found by `e`), cut at [`WORD_BYTES_MAX`].
///
/// Of scripts that put no space between words each letter is a word, so that any part of a sentence
/// is found as a phrase.
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
        // The letter that the word ends with.
        let mut last = None;
        for c in text.nfkd().flat_map(char::to_lowercase).nfkd() {
            if c.is_alphanumeric() && !is_vowel_point(c) || is_voicing(c) {
                last = add_letter(c, last, &mut word, &mut take);
            } else if !is_combining_mark(c) && !is_vowel_point(c) {
                take(&mut word);
                last = None;
            }
        }
    }
    take(&mut word);
}

/// Adds a letter to the word that ends with `last`, or begins the next. Returns what that ends with.
fn add_letter(
    c: char,
    last: Option<char>,
    word: &mut String,
    mut take: impl FnMut(&mut String),
) -> Option<char> {
    // Syllables of Hangul and voiced Kana came apart like letters with accents.
    let before = last.filter(|_| !c.is_ascii());
    if let Some(joined) = before.and_then(|before| compose(before, c)) {
        word.pop();
        word.push(joined);
        return Some(joined);
    }
    if is_voicing(c) {
        return last;
    }
    if stands_alone(c) || last.is_some_and(stands_alone) {
        take(word);
    }
    match c {
        'ς' => word.push('σ'),
        'ß' => word.push_str("ss"),
        c => word.push(c),
    }
    word.chars().next_back()
}

/// The words of `text` as a list.
pub fn words(text: &str) -> Vec<String> {
    let mut list = Vec::new();
    tokens(text, |word| list.push(word.to_owned()));
    list
}

/// The words as one text that is cut into them again: with blanks only where they are needed.
pub fn joined(words: &[String]) -> String {
    let alone = |word: &str| word.chars().next().is_some_and(stands_alone);
    let mut text = String::with_capacity(words.iter().map(|word| word.len() + 1).sum());
    for (index, word) in words.iter().enumerate() {
        if index > 0 && !alone(word) && !alone(&words[index - 1]) {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests;
