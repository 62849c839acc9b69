//! Counting brackets in a document's text.

/// The deepest nesting of brackets of any kind, outside of strings and comments.
pub(super) fn nesting(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut deepest, mut i) = (0usize, 0usize, 0usize);
    while i < bytes.len() {
        match bytes[i] {
            b'#' => i = end_of_line(bytes, i),
            b'"' => i = end_of_string(bytes, i),
            b'{' | b'[' | b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        i += 1;
    }
    deepest
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
