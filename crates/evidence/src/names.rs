//! What files, logs, streams, shards and parts may be called.
//!
//! Every name that a finding repeats has passed here, so that no hostile bundle can write control
//! characters to a terminal.

use crate::limits::{ORIGIN_LEN_MAX, PART_NAME_LEN_MAX, SHARD_NAME_LEN_MAX, STREAM_NAME_LEN_MAX};

/// One line an event.
pub const EVENTS_FILE: &str = "events.ndjson";
/// One line a stream whose end is proved.
pub const HEADS_FILE: &str = "heads.ndjson";
/// What stands before the name of a shard in the name of its checkpoint's file.
pub const CHECKPOINTS_PREFIX: &str = "checkpoints/";
/// The keys, as a policy (C2SP tlog-policy).
pub const POLICY_FILE: &str = "log.policy";
/// How to check the bundle, in words.
pub const VERIFY_FILE: &str = "VERIFY.txt";
/// What the bundle holds, in canonical JSON.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The signature over the manifest, as a note.
pub const SIGNATURE_FILE: &str = "manifest.sig";

/// The name of the key that signs bundles of a log, `<origin>/evidence`.
pub fn bundle_key_name(origin: &str) -> String {
    format!("{origin}/evidence")
}

/// The origin of a shard's checkpoints, `<origin>/<shard>`.
pub fn shard_origin(origin: &str, shard: &str) -> String {
    format!("{origin}/{shard}")
}

/// The name of the key that signs the commitments to the heads of all streams, `<origin>/heads`.
pub fn heads_key_name(origin: &str) -> String {
    format!("{origin}/heads")
}

/// The origin of a day's commitment to the heads of all streams, `<origin>/heads/<YYYY-MM-DD>`.
pub fn heads_origin(origin: &str, day: &str) -> String {
    format!("{origin}/heads/{day}")
}

pub(crate) fn is_origin(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    (1..=ORIGIN_LEN_MAX).contains(&name.len()) && name.chars().all(allowed)
}

/// Three words are taken: their origins are those of other keys.
pub(crate) fn is_shard(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=SHARD_NAME_LEN_MAX).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with('.')
        && !["evidence", "heads", "receipts"].contains(&name)
}

pub(crate) fn is_stream(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control();
    (1..=STREAM_NAME_LEN_MAX).contains(&name.len()) && name.chars().all(allowed)
}

pub(crate) fn is_part(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=PART_NAME_LEN_MAX).contains(&name.len())
        && name.bytes().all(|byte| allowed(byte) || b"_.".contains(&byte))
}

/// Whether a text has the form `YYYY-MM-DD`. That the month has such a day is not checked: the name
/// is the signer's and only has to be one of a kind.
pub(crate) fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let within = |part: &str, last: u8| part.parse().is_ok_and(|n: u8| (1..=last).contains(&n));
    matches!(parts[..], [year, month, day]
        if digits(year, 4) && digits(month, 2) && digits(day, 2) && within(month, 12) && within(day, 31))
}

/// The beginning of a text that was not checked, fit to be shown.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests;
