//! Passwords in `scheme://user:password@host` (RFC 3986, section 3.2.1).

use super::Found;

/// The part before the host is looked through up to so many bytes.
const USERINFO_MAX: usize = 512;

pub(super) fn passwords(text: &str, found: Found<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(place) = text[at..].find("://") {
        let start = at + place + 3;
        at = start;
        let mut colon = None;
        for (index, byte) in bytes.iter().enumerate().skip(start).take(USERINFO_MAX) {
            match byte {
                b':' if colon.is_none() => colon = Some(index),
                b'@' => {
                    if let Some(colon) = colon {
                        found(colon + 1, index);
                    }
                    at = index + 1;
                    break;
                }
                b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' => break,
                byte if byte.is_ascii_whitespace() => break,
                _ => {}
            }
        }
    }
}
