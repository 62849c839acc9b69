//! Notes: the vector of the specification, and how strictly they are read.

use proptest::prelude::*;

use super::*;
use crate::testing::{MemoryLog, cases, log_key, public};

const VECTOR: &str = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const VECTOR_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn vector_key() -> [VerifyingKey; 1] {
    [VerifyingKey::parse(VECTOR_KEY).unwrap()]
}

#[test]
fn the_note_of_the_specification_is_read_and_verified() {
    let note = Note::parse(VECTOR.as_bytes()).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.to_string(), VECTOR);
    let known = vector_key();
    assert_eq!(note.verify(&known), Ok(vec![&known[0]]));
    let foreign = signed_note::Note::from_bytes(VECTOR.as_bytes()).unwrap();
    let key = signed_note::StandardVerifier::new(VECTOR_KEY).unwrap();
    assert!(foreign.verify(&signed_note::VerifierList::new(vec![Box::new(key)])).is_ok());
}

#[test]
fn other_bytes_for_the_same_note_are_refused() {
    let signature = VECTOR.split("\n\n").nth(1).unwrap();
    let variants = [
        // The same signature with one of the two spare bits set.
        VECTOR.replace("QM=", "QN="),
        VECTOR.replace("QM=", "QM"),
        VECTOR.replace("QM=\n", "QM=\r\n"),
        VECTOR.replace("QM=\n", "QM= \n"),
        VECTOR.replace("QM=\n", "QM="),
        VECTOR.replace("QM=\n", "QM=\n\n"),
        VECTOR.replace("foo U", "foo  U"),
        VECTOR.replace('\u{2014}', "-"),
        VECTOR.replace("\u{2014} ", "\u{2014}"),
        VECTOR.replace("message", "mess\tage"),
        VECTOR.replace("message", "mess\0age"),
        VECTOR.replace("example.com/foo", "example.com/f+o"),
        VECTOR.replace("example.com/foo", ""),
        VECTOR.replace("\n\n", "\n"),
        format!("{VECTOR}{signature}"),
        format!("{VECTOR}not a signature\n"),
        "text\n\n\u{2014} name AAAAAA==\n".to_owned(),
        "text\n\n".to_owned(),
        "\n\n".to_owned(),
        String::new(),
    ];
    for variant in variants {
        assert!(Note::parse(variant.as_bytes()).is_err(), "{variant:?}");
    }
    assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteError::NotText));
}

#[test]
fn a_text_may_have_empty_lines() {
    let key = log_key();
    let text = "a\n\nb\n";
    let note = Note::new(text.to_owned(), vec![key.sign(text).unwrap()]).unwrap();
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read, note);
    assert!(read.verify(&[public(&key)]).is_ok());
}

#[test]
fn sixteen_signatures_are_read_and_a_seventeenth_is_not() {
    let known = vector_key();
    let mut text = VECTOR.to_owned();
    for n in 1..16 {
        text += &format!("\u{2014} other{n} AAAAAAAA\n");
    }
    let note = Note::parse(text.as_bytes()).unwrap();
    assert_eq!(note.signatures().len(), 16);
    assert_eq!(note.verify(&known).unwrap().len(), 1);
    text += "\u{2014} other16 AAAAAAAA\n";
    assert_eq!(Note::parse(text.as_bytes()), Err(NoteError::TooManySignatures));
}

#[test]
fn a_known_key_must_be_right_and_an_unknown_one_is_ignored() {
    let known = vector_key();
    let changed = VECTOR.replace("example message", "exemple message");
    let wrong = Note::parse(changed.as_bytes()).unwrap();
    assert!(matches!(wrong.verify(&known), Err(VerifyError::BadSignature { .. })));
    let note = Note::parse(VECTOR.as_bytes()).unwrap();
    assert_eq!(note.verify(&[]), Err(VerifyError::NotSigned));
    assert_eq!(note.verify(&[public(&log_key())]), Err(VerifyError::NotSigned));
    let twice = [known[0].clone(), known[0].clone()];
    assert!(matches!(note.verify(&twice), Err(VerifyError::Ambiguous { .. })));
    // A wrong signature of a known key is not outweighed by a right one of another.
    let mut both = note.clone();
    let mut bad = log_key().sign(note.text()).unwrap();
    bad.bytes[0] ^= 1;
    both.add(bad).unwrap();
    let keys = [known[0].clone(), public(&log_key())];
    assert!(matches!(both.verify(&keys), Err(VerifyError::BadSignature { .. })));
    assert!(both.verify(&known).is_ok());
}

#[test]
fn a_note_beyond_the_limit_is_refused() {
    let long = format!("{}{VECTOR}", "a".repeat(NOTE_LEN_MAX));
    assert!(matches!(Note::parse(long.as_bytes()), Err(NoteError::TooLong { .. })));
}

#[test]
fn every_bit_of_a_checkpoint_counts() {
    let mut log = MemoryLog::of_size(3);
    log.publish();
    let bytes = log.files["checkpoint"].clone();
    let known = [public(&log_key())];
    assert!(Note::parse(&bytes).unwrap().verify(&known).is_ok());
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let believed = Note::parse(&changed).is_ok_and(|note| note.verify(&known).is_ok());
        assert!(!believed, "bit {bit}");
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn random_bytes_are_refused_or_printed_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn what_looks_like_a_note_is_refused_or_printed_back(
        text in "[a-c\n\u{e9}\t ]{0,12}",
        lines in proptest::collection::vec("(\u{2014} )?[a-c+ ]{0,3} [A-Za-z0-9+/]{0,8}={0,2}", 0..3)
    ) {
        let note = format!("{text}\n\n{}\n", lines.join("\n"));
        if let Ok(read) = Note::parse(note.as_bytes()) {
            prop_assert_eq!(read.to_string(), note);
        }
    }
}
