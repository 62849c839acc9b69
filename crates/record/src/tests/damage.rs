//! Whatever is changed in a record, it is noticed: no damaged record tells another story.

use super::{Ring, events};
use crate::digest::sha256;
use crate::stored::write_varint;
use crate::{DecodeError, KeyId, OpenError, Record, SealedGroup};

/// Changes each byte in turn, in several ways.
fn each_change(bytes: &[u8], mut check: impl FnMut(Vec<u8>)) {
    for place in 0..bytes.len() {
        for mask in [0x01, 0x02, 0x08, 0x20, 0x80, 0xff] {
            let mut changed = bytes.to_vec();
            changed[place] ^= mask;
            check(changed);
        }
    }
}

#[test]
fn a_flipped_bit_is_seen_by_the_checksum() {
    let encoded = Ring::new().seal(&events::small()).encode();
    each_change(&encoded, |changed| {
        Record::decode(&changed).unwrap_err();
    });
}

#[test]
fn a_change_under_a_fresh_checksum_is_seen_on_opening_or_changes_nothing() {
    let ring = Ring::new();
    let event = events::small();
    let sealed = ring.seal(&event);
    let encoded = sealed.encode();
    each_change(&encoded[..encoded.len() - 4], |mut changed| {
        let checksum = sha256(&changed);
        changed.extend_from_slice(&checksum[..4]);
        let Ok(record) = Record::decode(&changed) else { return };
        if let Ok(opened) = ring.open(&record, &event) {
            assert_eq!(opened.event, event);
            assert_eq!(opened.erased, Vec::<String>::new(), "damage must not look like erasure");
            assert_eq!(record.leaf(), sealed.leaf());
        }
    });
}

#[test]
fn a_change_in_any_field_of_a_record_is_an_error() {
    let ring = Ring::new();
    let event = events::small();
    let record = ring.seal(&event);
    let refused = |changed: Record| ring.open(&changed, &event).unwrap_err();
    each_change(&record.header, |header| {
        refused(Record { header, ..record.clone() });
    });
    for (place, group) in record.groups.iter().enumerate() {
        let put = |group: SealedGroup| {
            let mut changed = record.clone();
            changed.groups[place] = group;
            refused(changed)
        };
        each_change(&group.ciphertext, |ciphertext| {
            let error = put(SealedGroup { ciphertext, ..group.clone() });
            assert!(matches!(error, OpenError::NotAuthentic));
        });
        each_change(&group.key.0, |key| {
            put(SealedGroup { key: KeyId(key.try_into().unwrap()), ..group.clone() });
        });
    }
    let other = ring.seal(&events::typical());
    refused(Record { id: other.id, ..record.clone() });
    refused(Record { tenant: other.tenant, ..record.clone() });
    refused(Record { stream: other.stream, ..record.clone() });
    refused(Record { event_type: other.event_type, ..record.clone() });
}

#[test]
fn groups_cannot_be_dropped_swapped_or_taken_from_another_record() {
    let ring = Ring::new();
    let event = events::small();
    let record = ring.seal(&event);
    assert_eq!(record.groups.len(), 2);
    let with = |groups: Vec<SealedGroup>| ring.open(&Record { groups, ..record.clone() }, &event);
    let [first, second] = [record.groups[0].clone(), record.groups[1].clone()];
    with(vec![first.clone()]).unwrap_err();
    with(vec![second.clone()]).unwrap_err();
    with(vec![second.clone(), first.clone()]).unwrap_err();
    with(vec![first.clone(), second.clone(), second.clone()]).unwrap_err();
    with(Vec::new()).unwrap_err();
    with(vec![first, ring.seal(&event).groups[1].clone()]).unwrap_err();
}

#[test]
fn another_persons_key_does_not_open() {
    let ring = Ring::new();
    let record = ring.seal(&events::small());
    let key = std::sync::Arc::new(crate::PersonKey::from_bytes([5; 32]));
    let error = crate::open(&record, &|_| Some(key.clone())).unwrap_err();
    assert!(matches!(error, OpenError::NotAuthentic));
}

#[test]
fn a_newer_form_is_told_from_a_damaged_one() {
    let mut encoded = Ring::new().seal(&events::small()).encode();
    encoded[0] = 2;
    assert!(matches!(Record::decode(&encoded), Err(DecodeError::UnknownVersion(2))));
    assert!(matches!(Record::decode(&[]), Err(DecodeError::Malformed(_))));
}

#[test]
fn false_lengths_ask_for_no_room() {
    let checked = |mut content: Vec<u8>| {
        let checksum = sha256(&content);
        content.extend_from_slice(&checksum[..4]);
        Record::decode(&content).unwrap_err()
    };
    let mut start = vec![1, 1];
    start.extend_from_slice(&[0; 16]);
    let mut many_groups = start.clone();
    write_varint(200_000_000, &mut many_groups);
    checked(many_groups);
    let mut long_raw = start.clone();
    long_raw.push(0);
    write_varint(200_000_000, &mut long_raw);
    checked(long_raw);
    // A frame that says it holds 4 GiB: no checksum, one segment, length in eight bytes.
    let mut long_frame = start;
    long_frame.extend_from_slice(&[0, 0, 0b1110_0000, 0, 0, 0, 0, 1, 0, 0, 0]);
    checked(long_frame);
}
