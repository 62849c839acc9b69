//! Checkpoints: the vector of the research notes, and how strictly they are read.

use super::*;
use crate::hash::root_of;
use crate::testing::{MemoryLog, ORIGIN, log_key, public, witness_key};

pub(crate) const VECTOR: &str = "audit.example/log/2026\n3\nI7raZQbPR/0xwHy6k5nhowRS1EBbiFllE2H1rzlnW2o=\n\n\u{2014} audit.example/log/2026 tnfi9PoIf5xu6H/SDEjKyqErdc/3zTH5CRCSG8tu20ojAv0uwD9iM5NRfK/fUq29CfIkX6/zO3ERiBi7uYStJsWoqAE=\n\u{2014} witness.example/w1 IDJKvgAAAABrALTQfcz09hgSO7j3mAUeP22Vn946QBsHvJ65EfTUNCHazYktuEaPQw07GBhW86Amke+YoxR4+9Zi0VhbqLwy0jzpAg==\n";

#[test]
fn the_checkpoint_of_the_research_notes_is_made_again_byte_for_byte() {
    let root = Hash::from_base64("I7raZQbPR/0xwHy6k5nhowRS1EBbiFllE2H1rzlnW2o=").unwrap();
    assert_eq!(
        root.to_string(),
        "23bada6506cf47fd31c07cba9399e1a30452d4405b8859651361f5af39675b6a"
    );
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 3, root };
    let mut signed = checkpoint.sign(&[&log_key()]).unwrap();
    let cosignature = witness_key().cosign(signed.note.text(), 1_795_208_400).unwrap();
    signed.note.add(cosignature).unwrap();
    assert_eq!(signed.note.to_string(), VECTOR);
    assert_eq!(SignedCheckpoint::open(VECTOR.as_bytes(), &public(&log_key())), Ok(signed));
}

#[test]
fn a_checkpoint_has_one_text() {
    let root = root_of(&[]);
    let text = Checkpoint { origin: "o".to_owned(), size: 10, root }.to_string();
    assert_eq!(Checkpoint::parse(&text).unwrap().to_string(), text);
    for (from, to) in [
        ("\n10\n", "\n010\n"),
        ("\n10\n", "\n+10\n"),
        ("\n10\n", "\n10 \n"),
        ("\n10\n", "\n9223372036854775808\n"),
        ("\n10\n", "\n\n"),
        ("o\n", "\n"),
        ("o\n", "o o\n"),
        ("o\n", "o+o\n"),
        ("=\n", "\n"),
        ("=\n", "="),
        ("=\n", "=\nextension\n"),
        ("=\n", "=\n\n"),
        ("=\n", "=\nx"),
    ] {
        assert!(Checkpoint::parse(&text.replace(from, to)).is_err(), "{from:?} → {to:?}");
    }
    let extended = text.replace("=\n", "=\nextension\n");
    assert_eq!(Checkpoint::parse_foreign(&extended), Checkpoint::parse(&text));
    for wrong in ["=\n\n", "=\na\n\nb\n", "=\na", "=\na\n\n"] {
        assert!(Checkpoint::parse_foreign(&text.replace("=\n", wrong)).is_err(), "{wrong:?}");
    }
}

#[test]
fn only_the_log_itself_signs() {
    let log = MemoryLog::of_size(2);
    let other = SigningKey::from_seed("other", crate::Algorithm::Note, &[1; 32]).unwrap();
    let cosigner = SigningKey::from_seed(ORIGIN, crate::Algorithm::Cosignature, &[1; 32]).unwrap();
    let checkpoint = log.checkpoint();
    assert!(matches!(checkpoint.sign(&[&other]), Err(CheckpointError::Origin { .. })));
    assert!(matches!(checkpoint.sign(&[&cosigner]), Err(CheckpointError::WitnessKey(_))));
    assert!(matches!(checkpoint.sign(&[]), Err(CheckpointError::Note(_))));
    // A key may be renamed by whoever knows it, but then it opens no log of another origin.
    let foreign = Checkpoint { origin: "other".to_owned(), ..checkpoint };
    let text = foreign.to_string();
    let note = Note::new(text.clone(), vec![log_key().sign(&text).unwrap()]).unwrap();
    let opened = SignedCheckpoint::open(note.to_string().as_bytes(), &public(&log_key()));
    assert!(matches!(opened, Err(CheckpointError::Origin { .. })));
}

#[test]
fn two_keys_can_sign_while_one_replaces_the_other() {
    let checkpoint = MemoryLog::of_size(2).checkpoint();
    let next = SigningKey::from_seed(ORIGIN, crate::Algorithm::Note, &[9; 32]).unwrap();
    let signed = checkpoint.sign(&[&log_key(), &next]).unwrap();
    let bytes = signed.note.to_string().into_bytes();
    for key in [log_key(), next] {
        assert_eq!(SignedCheckpoint::open(&bytes, &public(&key)).unwrap().checkpoint, checkpoint);
    }
}
