//! Cosignatures are taken over when they are right, and never lost to older ones.

use super::*;
use crate::checkpoint::SignedCheckpoint;
use crate::testing::{MemoryLog, log_key, public, witness_key};

fn note() -> Note {
    let bytes = MemoryLog::of_size(5).files["checkpoint"].clone();
    SignedCheckpoint::open(&bytes, &public(&log_key())).unwrap().note
}

#[test]
fn a_newer_cosignature_takes_the_place_of_an_older_one() {
    let (mut note, witnesses) = (note(), [public(&witness_key())]);
    let answer =
        |note: &Note, time| format!("{}\n", cosign(note.text(), &witness_key(), time).unwrap());
    let (older, newer) = (answer(&note, 10), answer(&note, 20));
    assert_eq!(merge(&mut note, &older, &witnesses), Ok(1));
    assert_eq!(merge(&mut note, &newer, &witnesses), Ok(1));
    assert_eq!(merge(&mut note, &older, &witnesses), Ok(0));
    let found = cosignatures(&note, &witnesses).unwrap();
    assert_eq!(found, [Cosigned { witness: &witnesses[0], time: 20 }]);
    assert_eq!(note.signatures().len(), 2);
}

#[test]
fn a_wrong_answer_leaves_the_checkpoint_as_it_was() {
    let (before, witnesses) = (note(), [public(&witness_key())]);
    let right = cosign(before.text(), &witness_key(), 10).unwrap();
    let mut wrong = right.clone();
    wrong.bytes[7] ^= 1;
    let of_another_text = cosign("other\n", &witness_key(), 10).unwrap();
    let refused = [
        String::new(),
        "\n".to_owned(),
        right.to_string(),
        format!("{right}\n\n"),
        format!("{wrong}\n"),
        format!("{of_another_text}\n"),
        "\u{2014} unknown AAAAAAAA\n".to_owned(),
        format!("{right}\n{wrong}\n"),
    ];
    for answer in refused {
        let mut note = before.clone();
        assert!(merge(&mut note, &answer, &witnesses).is_err(), "{answer:?}");
        assert_eq!(note, before);
    }
    let mut note = before.clone();
    let with_unknown = format!("\u{2014} unknown AAAAAAAA\n{right}\n");
    assert_eq!(merge(&mut note, &with_unknown, &witnesses), Ok(1));
    assert_eq!(note.signatures().len(), 2);
}

#[test]
fn a_full_checkpoint_takes_no_more() {
    let mut note = note();
    for n in 1..16 {
        let signature = Signature { name: format!("w{n}"), id: 0, bytes: vec![0] };
        note.add(signature).unwrap();
    }
    let answer = format!("{}\n", cosign(note.text(), &witness_key(), 1).unwrap());
    let refused = merge(&mut note, &answer, &[public(&witness_key())]);
    assert_eq!(refused, Err(CosignatureError::Full(NoteError::TooManySignatures)));
}

#[test]
fn a_logs_signature_is_no_cosignature() {
    let note = note();
    assert_eq!(cosignatures(&note, &[public(&log_key())]), Ok(Vec::new()));
    assert_eq!(cosign(note.text(), &log_key(), 1), None);
}
