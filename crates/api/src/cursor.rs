//! The one cursor: a place in the log, for pages, streams and read-your-writes (DESIGN 1.4).
//!
//! `base64url(kind ‖ position ‖ occurred_us ‖ MAC)`, the MAC being the first 8 bytes of
//! HMAC-SHA-256 under a key of this installation: nobody can make or alter one. It is not bound to
//! a caller or a query; rights are checked anew each time.

use annals_domain::Position;
use annals_domain::filter::{Order, PageKey};
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::error::{ApiError, Code};

/// A place on a page, which knows when its event happened.
const PAGE: u8 = 1;
/// A position alone: of a receipt, a stream or an inbox.
const POSITION: u8 = 2;
const CONTENT_BYTES: usize = 1 + 8 + 8;
const MAC_BYTES: usize = 8;

/// Makes and reads cursors.
pub struct Cursors {
    key: hmac::Key,
}

/// A cursor that was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// A place on a page.
    Page(PageKey),
    /// A position alone.
    Position(Position),
}

impl Cursor {
    /// Its place in the log.
    pub fn position(self) -> Position {
        match self {
            Self::Page(key) => key.position,
            Self::Position(position) => position,
        }
    }

    /// Its place on a page of that order.
    ///
    /// # Errors
    /// When the order goes by when events happened, which a position does not tell.
    pub fn on_page(self, order: Order) -> Result<PageKey, ApiError> {
        match (self, order) {
            (Self::Page(key), _) => Ok(key),
            (Self::Position(position), Order::RecordedNewest | Order::RecordedOldest) => {
                Ok(PageKey { position, occurred_us: 0 })
            }
            (Self::Position(_), Order::OccurredNewest | Order::OccurredOldest) => {
                Err(ApiError::new(
                    Code::InvalidCursor,
                    "the cursor is of a position alone, which has no place in the order as it \
                     happened; take one of a page",
                ))
            }
        }
    }
}

impl Cursors {
    /// Cursors of an installation.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The cursor of a place on a page.
    pub fn page(&self, key: PageKey) -> String {
        self.sealed(PAGE, key)
    }

    /// The cursor of a position.
    pub fn position(&self, position: Position) -> String {
        self.sealed(POSITION, PageKey { position, occurred_us: 0 })
    }

    fn sealed(&self, kind: u8, key: PageKey) -> String {
        let mut bytes = Vec::with_capacity(CONTENT_BYTES + MAC_BYTES);
        bytes.push(kind);
        bytes.extend(key.position.0.to_be_bytes());
        bytes.extend(key.occurred_us.to_be_bytes());
        let mac = hmac::sign(&self.key, &bytes);
        bytes.extend(&mac.as_ref()[..MAC_BYTES]);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Reads a cursor back.
    pub fn read(&self, text: &str) -> Result<Cursor, ApiError> {
        self.parse(text).ok_or_else(|| {
            ApiError::new(
                Code::InvalidCursor,
                "the cursor was not made by this installation; begin again without one",
            )
        })
    }

    fn parse(&self, text: &str) -> Option<Cursor> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (content, mac) =
            bytes.split_at_checked(CONTENT_BYTES).filter(|(_, mac)| mac.len() == MAC_BYTES)?;
        let expected = hmac::sign(&self.key, content);
        aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..MAC_BYTES], mac)
            .ok()?;
        let position = Position(u64::from_be_bytes(content[1..9].try_into().ok()?));
        let occurred_us = i64::from_be_bytes(content[9..].try_into().ok()?);
        match content[0] {
            PAGE => Some(Cursor::Page(PageKey { position, occurred_us })),
            POSITION => Some(Cursor::Position(position)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
