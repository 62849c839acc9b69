//! Receipts: what the log promises to whoever recorded events, in its answer (the idea is that of the
//! signed certificate timestamps of RFC 6962, section 3.2).
//!
//! A record is durable before a checkpoint covers it. A receipt covers that moment: it names a time by
//! which a published checkpoint holds the records. Whoever finds one missing after that time holds the
//! proof in hand that it was left out.
//!
//! A receipt is a signed note of six lines: the format, the name of the log, how many events it is about,
//! the RFC 6962 root over them, when it was signed and until when the promise is to be kept, both in
//! seconds since 1970. The root is over one entry an event, in the order of the answer: the event's id, a
//! space, and its leaf hash in base64. So the promise binds the id to the leaf.

use std::fmt;

use crate::hash::{Hash, leaf_hash, root_of};
use crate::key::{SigningKey, VerifyingKey};
use crate::note::{Note, NoteError, VerifyError};
use crate::text::parse_decimal;

/// First line of a receipt.
pub const FORMAT: &str = "annals-receipt/v1";
/// The most events that one receipt is about.
pub const PROMISED_MAX: usize = 10_000;
/// What the name of the key adds to the name of the log.
const KEY_SUFFIX: &str = "/receipts";

/// One event that is promised to be in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// Id of the event, as in the answer.
    pub id: String,
    /// Leaf hash of its record.
    pub leaf: Hash,
}

/// The promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Name of the log, without a shard.
    pub log: String,
    /// How many events it is about.
    pub count: u64,
    /// The root over the events.
    pub root: Hash,
    /// When it was signed, seconds since 1970.
    pub signed_at: u64,
    /// By when a published checkpoint covers the events, seconds since 1970.
    pub deadline: u64,
}

/// How a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The log holds every event.
    Kept,
    /// Not yet, and there is time left.
    Pending,
    /// The time is over, and the log does not hold an event.
    Broken,
}

/// Why something is no receipt to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not a note.
    #[error("the receipt is not a signed note")]
    Note(#[from] NoteError),
    /// Not signed by the log.
    #[error("the receipt is not signed by the log")]
    Signature(#[from] VerifyError),
    /// Not a receipt.
    #[error("the text is not a receipt: {0}")]
    Malformed(&'static str),
    /// The key is of another name.
    #[error("a receipt of the log `{log}` is signed by `{log}{KEY_SUFFIX}`, not by `{key}`")]
    OtherKey {
        /// The log that the receipt names.
        log: String,
        /// Name of the key.
        key: String,
    },
    /// About other events.
    #[error(
        "the receipt is about other events than those beside it: ids, leaves or their order differ"
    )]
    OtherEvents,
}

/// Name of the key that signs the receipts of a log.
pub fn key_name(log: &str) -> String {
    format!("{log}{KEY_SUFFIX}")
}

impl Receipt {
    /// Promises that the events are covered by the deadline; times in seconds since 1970.
    pub fn over(log: &str, events: &[Promised], signed_at: u64, deadline: u64) -> Self {
        let (count, root) = (events.len() as u64, root(events));
        Self { log: log.to_owned(), count, root, signed_at, deadline }
    }

    /// Signs it with the key for receipts of its log.
    ///
    /// # Errors
    /// When the key is of another name, or a witness's.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, ReceiptError> {
        self.check_key(key.verifying_key())?;
        let text = self.to_string();
        let not_a_logs = ReceiptError::Malformed("a witness's key signs no receipts");
        let signature = key.sign(&text).ok_or(not_a_logs)?;
        Ok(Note::new(text, vec![signature])?)
    }

    /// Reads a receipt, and checks that the log signed it for these events in this order.
    ///
    /// # Errors
    /// When it did not.
    pub fn open(
        bytes: &[u8],
        key: &VerifyingKey,
        events: &[Promised],
    ) -> Result<Self, ReceiptError> {
        let note = Note::parse(bytes)?;
        note.verify(std::slice::from_ref(key))?;
        let receipt = Self::parse(note.text())?;
        receipt.check_key(key)?;
        match receipt.count == events.len() as u64 && receipt.root == root(events) {
            true => Ok(receipt),
            false => Err(ReceiptError::OtherEvents),
        }
    }

    /// Reads the text.
    ///
    /// # Errors
    /// When it is not exactly what printing a receipt gives.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let malformed = ReceiptError::Malformed;
        let lines: Vec<&str> = text.split('\n').take(8).collect();
        let [format, log, count, root, signed_at, deadline, ""] = lines[..] else {
            return Err(malformed("it does not have six lines"));
        };
        if format != FORMAT {
            return Err(malformed("it has another format"));
        }
        let time = |text| parse_decimal(text).ok_or(malformed("a time is not a number of seconds"));
        let count = parse_decimal(count).filter(|count| (1..=PROMISED_MAX as u64).contains(count));
        Ok(Self {
            log: log.to_owned(),
            count: count.ok_or(malformed("it is about no events, or too many"))?,
            root: Hash::from_base64(root).ok_or(malformed("its root is none"))?,
            signed_at: time(signed_at)?,
            deadline: time(deadline)?,
        })
    }

    /// How the promise stands at a time, seconds since 1970, when the log holds all events or not.
    pub fn standing(&self, holds_all: bool, now: u64) -> Standing {
        match holds_all {
            true => Standing::Kept,
            false if now <= self.deadline => Standing::Pending,
            false => Standing::Broken,
        }
    }

    fn check_key(&self, key: &VerifyingKey) -> Result<(), ReceiptError> {
        match key.name().strip_suffix(KEY_SUFFIX) == Some(&self.log) {
            true => Ok(()),
            false => {
                Err(ReceiptError::OtherKey { log: self.log.clone(), key: key.name().to_owned() })
            }
        }
    }
}

impl fmt::Display for Receipt {
    /// Writes the text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, count, root, signed_at, deadline } = self;
        writeln!(f, "{FORMAT}\n{log}\n{count}\n{}\n{signed_at}\n{deadline}", root.to_base64())
    }
}

fn root(events: &[Promised]) -> Hash {
    let entry = |event: &Promised| format!("{} {}", event.id, event.leaf.to_base64());
    let leaves: Vec<Hash> = events.iter().map(|event| leaf_hash(entry(event).as_bytes())).collect();
    root_of(&leaves)
}

#[cfg(test)]
mod tests;
