//! Values that stand in elements of XML or HTML with telling names: `<password>...</password>`.

use super::values::token_at;
use super::{NAME_BYTES_MAX, Value, count, rule_of, suits};
use crate::masking::rules::{Detector, Masker};

/// The attributes of an element have at most so many bytes.
const ATTRIBUTES_MAX: usize = 512;

/// What was seen of the tags of a text, so that none is looked for twice.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// One that closes, or `<?`: the text is markup, not a sentence with a word in angle brackets.
    is_markup: bool,
    /// No tag closes any more.
    none_closes: bool,
    /// Some element was not closed by its own tag. So the next tag ends the others, too.
    is_broken: bool,
}

/// The value of the element whose tag begins at `at`.
pub(super) fn after_tag(masker: &Masker, text: &str, at: usize, tags: &mut Tags) -> Option<Value> {
    let bytes = text.as_bytes();
    tags.is_markup |= closes(bytes, at).is_some() || bytes.get(at + 1) == Some(&b'?');
    let name = name_at(text, at + 1);
    let local = name.rsplit(':').next().unwrap_or_default();
    let (rule, _) = rule_of(masker, local)?;
    let end = at + 1 + name.len();
    let attributes = count(bytes, end, ATTRIBUTES_MAX, |byte| !matches!(byte, b'<' | b'>'));
    let begins = attributes == 0 || bytes[end].is_ascii_whitespace();
    let tag_end = end + attributes;
    if !begins || bytes.get(tag_end) != Some(&b'>') || bytes[tag_end - 1] == b'/' {
        return None;
    }
    let start = tag_end + 1;
    let blanks = count(bytes, start, bytes.len(), |byte| byte.is_ascii_whitespace());
    let (start, end) = match masker.rules[rule].detector {
        Detector::Entropy => {
            let (start, end, _) = token_at(bytes, start + blanks);
            (start, end)
        }
        _ => {
            let end = element_end(text, start, name, tags)?;
            let inside = text[start..end].trim_ascii_end().len();
            (start + blanks.min(inside), start + inside)
        }
    };
    suits(masker, rule, &text[start..end]).then_some(Value { start, end, rule })
}

/// Where the element ends: at its own tag, else at any that closes. None in a sentence.
fn element_end(text: &str, start: usize, name: &str, tags: &mut Tags) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut first = None;
    let mut at = start;
    while !tags.none_closes
        && let Some(place) = text[at..].find('<')
    {
        at += place;
        if let Some(closing) = closes(bytes, at) {
            if tags.is_broken || name_at(text, closing).eq_ignore_ascii_case(name) {
                return Some(at);
            }
            first.get_or_insert(at);
        }
        at += 1;
    }
    tags.is_broken |= first.is_some();
    tags.none_closes |= first.is_none();
    // A text that was cut.
    let cut = || text[start..].find('<').map_or(text.len(), |place| start + place);
    first.or_else(|| tags.is_markup.then(cut))
}

/// Where the name begins of the tag that closes an element, if such a tag begins at `at`; in JSON a
/// backslash may stand before the slash.
fn closes(bytes: &[u8], at: usize) -> Option<usize> {
    let backslash = usize::from(bytes.get(at + 1) == Some(&b'\\'));
    let slash = at + 1 + backslash;
    (bytes.get(slash) == Some(&b'/')).then_some(slash + 1)
}

fn name_at(text: &str, from: usize) -> &str {
    let of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
    let length = count(text.as_bytes(), from, NAME_BYTES_MAX, of_name);
    &text[from..from + length]
}
