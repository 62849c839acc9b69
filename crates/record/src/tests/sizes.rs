//! How many bytes an event takes.

use super::{Ring, events, samples};

#[test]
fn a_typical_event_takes_at_most_560_bytes() {
    let event = events::typical();
    let json = serde_json::to_vec(&event).unwrap().len();
    let record = Ring::new().seal(&event);
    let stored = record.encode().len();
    let (header, sealed) = (record.header.len(), record.groups[0].ciphertext.len());
    println!("{json} bytes of JSON: {header} of header, {sealed} sealed, {stored} stored");
    assert!(stored <= 560, "{stored}");
}

#[test]
fn events_of_every_type_take_at_most_600_bytes_on_average() {
    let ring = Ring::new();
    let events = samples::events(5, 400);
    let bytes: usize = events.iter().map(|event| ring.seal(event).encode().len()).sum();
    println!("{} bytes an event", bytes / events.len());
    assert!(bytes / events.len() <= 600, "{bytes}");
}
