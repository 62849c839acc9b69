//! The one cursor: a place in the log, for pages, streams and read-your-writes (DESIGN 1.4).
//!
//! `base64url(version ‖ position ‖ occurred_us ‖ MAC)`, the MAC being the first 8 bytes of
//! HMAC-SHA-256 under a key of this installation: nobody can make or alter one. It is not bound to
//! a caller or a query; rights are checked anew each time.

use annals_domain::Position;
use annals_domain::filter::PageKey;
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::error::{ApiError, Code};

const VERSION: u8 = 1;
const MAC_BYTES: usize = 8;

/// Makes and reads cursors.
pub struct Cursors {
    key: hmac::Key,
}

impl Cursors {
    /// Cursors of an installation.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The cursor of a place on a page.
    pub fn page(&self, key: PageKey) -> String {
        let mut bytes = Vec::with_capacity(1 + 8 + 8 + MAC_BYTES);
        bytes.push(VERSION);
        bytes.extend(key.position.0.to_be_bytes());
        bytes.extend(key.occurred_us.to_be_bytes());
        let mac = hmac::sign(&self.key, &bytes);
        bytes.extend(&mac.as_ref()[..MAC_BYTES]);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The cursor of a position.
    pub fn position(&self, position: Position) -> String {
        self.page(PageKey { position, occurred_us: 0 })
    }

    /// Reads a cursor back.
    pub fn read(&self, text: &str) -> Result<PageKey, ApiError> {
        self.parse(text).ok_or_else(|| {
            ApiError::new(
                Code::InvalidCursor,
                "the cursor was not made by this installation; begin again without one",
            )
        })
    }

    fn parse(&self, text: &str) -> Option<PageKey> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (content, mac) = bytes.split_at_checked(17).filter(|(_, mac)| mac.len() == MAC_BYTES)?;
        let expected = hmac::sign(&self.key, content);
        aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..MAC_BYTES], mac)
            .ok()?;
        let number = |range| -> Option<[u8; 8]> { content.get::<std::ops::Range<usize>>(range)?.try_into().ok() };
        (content[0] == VERSION).then_some(())?;
        Some(PageKey {
            position: Position(u64::from_be_bytes(number(1..9)?)),
            occurred_us: i64::from_be_bytes(number(9..17)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_any_change_to_it_is_refused() {
        let cursors = Cursors::new(&[7; 32]);
        let key = PageKey { position: Position(42), occurred_us: -5 };
        let text = cursors.page(key);
        assert_eq!(cursors.read(&text).unwrap(), key);
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            if changed != text {
                assert!(cursors.read(&changed).is_err(), "{changed}");
            }
        }
        assert!(Cursors::new(&[8; 32]).read(&text).is_err());
        assert!(cursors.read("").is_err());
        assert!(cursors.read(&"A".repeat(10_000)).is_err());
    }
}
