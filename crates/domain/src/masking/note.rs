//! Telling in an event what was masked in it.

use super::Masked;
use crate::event::Event;

/// The label: `metadata.payment.card:card,description:password`.
pub const LABEL: &str = "annals.masked";
/// The label has at most so many bytes; what does not fit is counted, as in `...,+3`.
const LABEL_BYTES_MAX: usize = 1024;
/// Room for that count.
const COUNT_BYTES: usize = 8;

/// Writes into the event's labels which fields were masked by which rules. What an earlier masking
/// wrote there stays.
pub fn note(event: &mut Event, masked: &[Masked]) {
    if masked.is_empty() {
        return;
    }
    let label = event.labels.entry(LABEL.to_owned()).or_default();
    let mut entries: Vec<String> = Vec::new();
    for Masked { path, rule, .. } in masked {
        // A comma parts one entry from the next.
        let entry = format!("{}:{rule}", path.replace([',', '\n', '\r', '\t'], "_"));
        if !entries.contains(&entry) && !label.split(',').any(|known| known == entry) {
            entries.push(entry);
        }
    }
    let mut left = entries.len();
    for entry in entries {
        let comma = usize::from(!label.is_empty());
        if label.len() + comma + entry.len() + COUNT_BYTES > LABEL_BYTES_MAX {
            break;
        }
        if comma == 1 {
            label.push(',');
        }
        label.push_str(&entry);
        left -= 1;
    }
    if left > 0 && label.len() + COUNT_BYTES <= LABEL_BYTES_MAX {
        label.push_str(&format!(",+{left}"));
    }
}
