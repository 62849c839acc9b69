//! The entry of a record, by the vector of the research notes.

use super::*;

#[test]
fn the_entry_of_a_header_is_a_version_and_its_digest() {
    let header = br#"{"_sd":["DyMe1ItA8Oe63_kiwvtuCXI0084vTpGFbA72_3iqGJw"],"_sd_alg":"sha-256","nonce":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","rec":"2026-11-20T21:00:01.000Z","rev":1,"stream":"s-00000000000000000000000000000001","type":"record.view","v":1}"#;
    let entry = Entry::of_header(header);
    let digest = Hash(*entry.as_bytes()[1..].first_chunk().unwrap());
    assert_eq!(
        digest.to_string(),
        "40b18781ef52b61b827bd0da4fa0440ee44e092f4a5cb66454eda82d1f9b0d2a"
    );
    assert_eq!(entry.as_bytes()[0], 1);
    assert_eq!(
        entry.leaf_hash().to_string(),
        "ce8cd8442994d4a6f522471b1dacdd9d361f7fdd9905b113998e15d356498875"
    );
    assert_eq!(Entry::of_digest(&digest.0), entry);
}

#[test]
fn only_entries_of_this_version_and_length_are_read() {
    let entry = Entry::of_header(b"header");
    assert_eq!(Entry::parse(entry.as_ref()), Some(entry));
    assert_eq!(Entry::parse(&entry.as_ref()[..32]), None);
    assert_eq!(Entry::parse(&[entry.as_ref(), &[0]].concat()), None);
    let mut other = *entry.as_bytes();
    other[0] = 2;
    assert_eq!(Entry::parse(&other), None);
}
