//! Words of a text with the places where they stand in it.
//!
//! [`text::tokens`] alone decides what a word is; it gives words folded and cut, so their places
//! are found anew: the text is taken apart where no word can go on, and each piece is asked for its
//! words. Mostly that is one, and it is the piece. Where there are several, as in scripts without
//! blanks, each is looked for in the piece, folded letter by letter.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::text;

/// A word, and which bytes of the text it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Range<usize>,
}

/// The words of the text, in order.
pub(super) fn words_of(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (goes_on(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words_of_piece(text, from..at, &mut words);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        words_of_piece(text, from..text.len(), &mut words);
    }
    words
}

/// Whether the letter can stand inside of a word, or between words that it does not part.
fn goes_on(c: char) -> bool {
    if c.is_ascii() || c.is_alphanumeric() {
        return c.is_alphanumeric();
    }
    let mut between = String::from("a");
    between.push(c);
    between.push('a');
    text::words(&between) != ["a", "a"]
}

fn words_of_piece(text: &str, piece: Range<usize>, words: &mut Vec<Word>) {
    let first = words.len();
    text::tokens(&text[piece.clone()], |word| {
        words.push(Word { text: word.to_owned(), place: piece.clone() });
    });
    if words.len() > first + 1 {
        let letters = Letters::of(&text[piece.clone()]);
        let mut from = 0;
        for word in &mut words[first..] {
            if let Some(found) = letters.find(&word.text, from) {
                word.place = piece.start + found.place.start..piece.start + found.place.end;
                from = found.next;
            }
        }
    }
}

/// The letters of a piece as words have them, each with the bytes that it was made of.
struct Letters {
    folded: String,
    /// Where a letter begins in `folded`, and what it was made of.
    places: Vec<(usize, Range<usize>)>,
}

/// Where a word was found.
struct FoundAt {
    place: Range<usize>,
    /// Where to look for the next one, which may overlap with this one.
    next: usize,
}

impl Letters {
    fn of(piece: &str) -> Self {
        let mut letters = Self { folded: String::with_capacity(piece.len()), places: Vec::new() };
        for place in letters_of(piece) {
            text::tokens(&piece[place.clone()], |letter| {
                letters.places.push((letters.folded.len(), place.clone()));
                letters.folded.push_str(letter);
            });
        }
        letters
    }

    fn find(&self, word: &str, from: usize) -> Option<FoundAt> {
        let start = from + self.folded.get(from..)?.find(word)?;
        let end = start + word.len();
        let first = self.places.partition_point(|(at, _)| *at < start);
        let last = self.places.partition_point(|(at, _)| *at < end).checked_sub(1)?;
        let place = self.places.get(first)?.1.start..self.places.get(last)?.1.end;
        let next = self.places.get(first + 1).map_or(self.folded.len(), |(at, _)| *at);
        Some(FoundAt { place, next })
    }
}

/// Each letter with the accents that follow it.
fn letters_of(piece: &str) -> impl Iterator<Item = Range<usize>> {
    let starts = piece.char_indices().filter(|(at, c)| *at == 0 || !is_combining_mark(*c));
    let mut starts = starts.map(|(at, _)| at).peekable();
    std::iter::from_fn(move || {
        let start = starts.next()?;
        Some(start..starts.peek().copied().unwrap_or(piece.len()))
    })
}
