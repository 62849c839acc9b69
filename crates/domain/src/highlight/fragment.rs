//! The part of a text that is shown with its marks.

use std::ops::Range;

use super::Highlight;

/// Letters of a fragment. A shorter text is its own fragment.
pub(super) const FRAGMENT_CHARS_MAX: usize = 200;
/// Letters ahead of the first mark where a text is cut.
const AHEAD_CHARS: usize = 40;
/// Marks of a fragment.
pub(super) const RANGES_MAX: usize = 20;

/// Shows the text around the first mark. `marks` are bytes of the text, in order, apart from one
/// another.
pub(super) fn highlight(
    field: &str,
    path: String,
    text: &str,
    marks: &[Range<usize>],
) -> Highlight {
    let shown = shown(text, marks.first().map_or(0, |mark| mark.start));
    let fragment = &text[shown.clone()];
    let inside = marks.iter().filter(|mark| mark.start < shown.end);
    let units = |bytes: usize| utf16_length(&text[shown.start..bytes.min(shown.end)]);
    Highlight {
        field: field.to_owned(),
        path,
        offset: utf16_length(&text[..shown.start]),
        ranges: inside.take(RANGES_MAX).map(|mark| units(mark.start)..units(mark.end)).collect(),
        fragment: fragment.to_owned(),
    }
}

/// Which bytes of the text are shown, when a mark begins at `first`.
fn shown(text: &str, first: usize) -> Range<usize> {
    if text.len() <= FRAGMENT_CHARS_MAX || text.chars().count() <= FRAGMENT_CHARS_MAX {
        return 0..text.len();
    }
    let mut ahead = text[..first].char_indices().rev();
    let start = ahead.nth(AHEAD_CHARS - 1).map_or(0, |(at, _)| at);
    // A cut between words reads better, if there is one before the mark.
    let blank = text[start..first].find(char::is_whitespace).filter(|_| start > 0);
    let start = blank.map_or(start, |at| start + at);
    let start = first - text[start..first].trim_start().len();
    let end = text[start..].char_indices().nth(FRAGMENT_CHARS_MAX);
    start..end.map_or(text.len(), |(at, _)| start + at)
}

/// As JavaScript, Java and C# count the letters of a text.
fn utf16_length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}
