//! When a backup is due. Pure.

use jiff::{SignedDuration, Timestamp};

/// Whether a backup is to be made now: none was made yet, or the last began an interval ago. A last one
/// that lies in the future was made by another clock, and does not hold anything up for longer than the
/// interval.
pub fn is_due(last: Option<Timestamp>, interval: SignedDuration, now: Timestamp) -> bool {
    let Some(last) = last else { return true };
    let since = now.duration_since(last);
    since >= interval || -since > interval
}
