//! Looking over a document's text in one flat pass, before any parser sees it.

/// What a document's text is made of, outside of comments and within no string.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// The deepest nesting of brackets of any kind.
    pub(super) nesting: usize,
    /// Words, strings and signs.
    pub(super) tokens: usize,
    /// The longest name or number, bytes.
    pub(super) word_bytes: usize,
}

/// Looks over a text.
pub(super) fn shape(text: &str) -> Shape {
    let bytes = text.as_bytes();
    let mut shape = Shape::default();
    let (mut depth, mut i) = (0usize, 0usize);
    while i < bytes.len() {
        match bytes[i] {
            b'#' => i = end_of_line(bytes, i),
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {}
            b'"' => {
                shape.tokens += 1;
                i = end_of_string(bytes, i);
            }
            byte if is_of_word(byte) => {
                let end = end_of_word(bytes, i);
                shape.tokens += 1;
                shape.word_bytes = shape.word_bytes.max(end + 1 - i);
                i = end;
            }
            sign => {
                shape.tokens += 1;
                match sign {
                    b'{' | b'[' | b'(' => depth += 1,
                    b'}' | b']' | b')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                shape.nesting = shape.nesting.max(depth);
            }
        }
        i += 1;
    }
    shape
}

/// Also what no name may hold: the parser says so, of a short one.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Index of the last byte of the word that begins at `start`.
fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start..];
    let length = rest.iter().position(|byte| !is_of_word(*byte)).unwrap_or(rest.len());
    start + length - 1
}

/// A comment ends with its line; GraphQL also ends lines by a carriage return alone.
fn end_of_line(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start..];
    let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    start + length.unwrap_or(rest.len())
}

/// Index of the last byte of the string that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut i = start + if block { 3 } else { 1 };
    while i < bytes.len() {
        match bytes[i] {
            b'\\' if block && bytes[i..].starts_with(b"\\\"\"\"") => i += 3,
            b'\\' if !block => i += 1,
            b'"' if block && bytes[i..].starts_with(b"\"\"\"") => return i + 2,
            b'"' if !block => return i,
            // A line's end also ends a broken string, so that nothing can hide behind it.
            b'\n' | b'\r' if !block => return i,
            _ => {}
        }
        i += 1;
    }
    bytes.len()
}
