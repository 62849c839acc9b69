use annals_tlog::{Algorithm, SigningKey};

use super::*;

const TEXT: &str = "log.test/annals/2026\n9\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("witness.test/one", Algorithm::Cosignature, &[seed; 32]).unwrap()
}

fn note() -> Note {
    let log = SigningKey::from_seed("log.test/annals/2026", Algorithm::Note, &[1; 32]).unwrap();
    Note::new(TEXT.to_owned(), vec![log.sign(TEXT).unwrap()]).unwrap()
}

fn said(status: u16, body: &str, old: u64) -> Word {
    let (note, key) = (note(), key(7));
    let asked = Asked { old, size: 9, note: &note, key: key.verifying_key() };
    judge(WitnessAnswer { status, body: body.to_owned() }, &asked)
}

#[test]
fn a_cosignature_counts_only_if_the_configured_key_made_it_for_this_checkpoint() {
    let right = format!("{}\n", key(7).cosign(TEXT, 99).unwrap());
    assert_eq!(said(200, &right, 5), Word::Cosigned(right.clone()));
    let other_key = format!("{}\n", key(8).cosign(TEXT, 99).unwrap());
    let other_text = TEXT.replace("\n9\n", "\n10\n");
    let other_text = format!("{}\n", key(7).cosign(&other_text, 99).unwrap());
    for body in [&other_key, &other_text, "", "\n", "yes\n", right.trim_end()] {
        let word = said(200, body, 5);
        assert!(matches!(word, Word::Refuses(Refusal::NotCosigned(_))), "{body:?}: {word:?}");
    }
}

#[test]
fn a_conflict_tells_the_size_to_go_on_from_or_another_tree() {
    for (body, word) in [
        ("0\n", Word::Knows(0)),
        ("7\n", Word::Knows(7)),
        ("9\n", Word::Knows(9)),
        ("10\n", Word::Disputes(Dispute::Larger(10))),
        // It says that it knows just what it was said to know.
        ("5\n", Word::Refuses(Refusal::Size)),
        ("", Word::Refuses(Refusal::Size)),
        ("+7\n", Word::Refuses(Refusal::Size)),
        ("7\n\n", Word::Refuses(Refusal::Size)),
        ("99999999999999999999\n", Word::Refuses(Refusal::Size)),
    ] {
        assert_eq!(said(409, body, 5), word, "{body:?}");
    }
    assert_eq!(said(409, "9\n", 9), Word::Disputes(Dispute::OtherRoot));
}

#[test]
fn other_answers_are_told_apart() {
    assert_eq!(said(422, "no\n", 5), Word::Disputes(Dispute::NotGrown));
    assert_eq!(said(403, "", 5), Word::Refuses(Refusal::OtherKey));
    assert_eq!(said(404, "", 5), Word::Refuses(Refusal::NotWatched));
    for status in [201, 301, 400, 500] {
        assert_eq!(said(status, "", 5), Word::Refuses(Refusal::Status(status)));
    }
}
