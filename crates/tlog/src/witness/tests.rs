//! The witness: each answer of the specification, and that no fork is ever cosigned.

use proptest::prelude::*;

use super::*;
use crate::hash::leaf_hash;
use crate::key::Algorithm;
use crate::proof::consistency_proof;
use crate::testing::{MemoryLog, ORIGIN, Random, cases, log_key, public, witness_key};

fn watched(latest: Option<TreeHead>) -> WatchedLog {
    WatchedLog { origin: ORIGIN.to_owned(), keys: vec![public(&log_key())], latest }
}

fn request(old_size: u64, size: u64) -> AddCheckpoint {
    let log = MemoryLog::of_size(size);
    AddCheckpoint {
        old_size,
        proof: consistency_proof(old_size.min(size), size, &log).unwrap(),
        checkpoint: Note::parse(&log.files["checkpoint"]).unwrap(),
    }
}

fn head(size: u64) -> TreeHead {
    MemoryLog::of_size(size).checkpoint().head()
}

fn answer(latest: Option<TreeHead>, request: &AddCheckpoint) -> Answer {
    decide(Some(&watched(latest)), request, &witness_key(), 99).unwrap()
}

#[test]
fn growth_is_cosigned_from_the_first_checkpoint_on() {
    let mut latest = None;
    for (old, new) in [(0, 0), (0, 0), (0, 3), (3, 3), (3, 300), (300, 1_000)] {
        let request = request(old, new);
        let answer = answer(latest, &request);
        let Answer::Cosigned { latest: now, cosignature } = &answer else {
            panic!("{old} → {new}: {answer:?}")
        };
        assert_eq!(*now, head(new));
        assert!(public(&witness_key()).verifies(request.checkpoint.text(), cosignature));
        assert_eq!((answer.status(), answer.body()), (200, format!("{cosignature}\n")));
        latest = Some(*now);
    }
}

#[test]
fn each_refusal_has_the_status_of_the_specification() {
    let known = Some(head(5));
    let right = request(5, 9);
    let unknown = decide(None, &right, &witness_key(), 1).unwrap();
    assert_eq!((unknown.status(), unknown.clone()), (404, Answer::UnknownOrigin));
    let other = WatchedLog { origin: "other".to_owned(), ..watched(known) };
    assert_eq!(decide(Some(&other), &right, &witness_key(), 1), Ok(Answer::UnknownOrigin));

    let stranger = SigningKey::from_seed(ORIGIN, Algorithm::Note, &[7; 32]).unwrap();
    let keys = vec![public(&stranger)];
    let not_signed =
        decide(Some(&WatchedLog { keys, ..watched(known) }), &right, &witness_key(), 1);
    assert_eq!(not_signed.as_ref().map(Answer::status), Ok(403));

    assert_eq!(answer(known, &request(6, 5)).status(), 400);
    for old in [0, 4, 6] {
        let conflict = answer(known, &request(old, 9));
        assert_eq!((conflict.status(), conflict.body()), (409, "5\n".to_owned()));
        assert_eq!(conflict.content_type(), "text/x.tlog.size");
    }
    assert_eq!(answer(None, &right).body(), "0\n");

    let mut wrong = right.clone();
    wrong.proof[0].0[0] ^= 1;
    assert_eq!(answer(known, &wrong).status(), 422);
    let mut from_nothing = request(0, 9);
    from_nothing.proof.push(head(3).root);
    assert_eq!(answer(None, &from_nothing).status(), 422);
    let mut same = request(5, 5);
    same.proof.push(head(3).root);
    assert_eq!(answer(known, &same).status(), 422);
}

#[test]
fn another_root_for_the_same_size_is_a_conflict() {
    let forked = TreeHead { size: 5, root: leaf_hash(b"fork") };
    assert_eq!(answer(Some(forked), &request(5, 5)), Answer::Conflict { size: 5 });
    let text = format!("{ORIGIN}\n0\n{}\n", leaf_hash(b"not empty").to_base64());
    let checkpoint = Note::new(text.clone(), vec![log_key().sign(&text).unwrap()]).unwrap();
    let empty = AddCheckpoint { old_size: 0, proof: Vec::new(), checkpoint };
    assert_eq!(answer(None, &empty), Answer::Conflict { size: 0 });
}

#[test]
fn a_request_is_read_in_one_form_alone() {
    let request = request(3, 9);
    let text = request.to_string();
    assert_eq!(AddCheckpoint::parse(text.as_bytes()).as_ref(), Ok(&request));
    assert_eq!(request.origin(), ORIGIN);
    let hash = request.proof[0].to_base64();
    for (from, to) in [
        ("old 3", "old 03"),
        ("old 3", "old  3"),
        ("old 3", "Old 3"),
        ("old 3", "3"),
        ("old 3\n", "old 3\r\n"),
        ("\n\naudit", "\naudit"),
        ("\n9\n", "\n09\n"),
        ("old 3\n", &format!("old 3\n{}", format!("{hash}\n").repeat(63))),
        ("old 3\n", "old 3\nAAAA\n"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(AddCheckpoint::parse(changed.as_bytes()).is_err(), "{from:?} → {to:?}");
    }
    let long = vec![b'a'; REQUEST_LEN_MAX + 1];
    assert!(matches!(AddCheckpoint::parse(&long), Err(RequestError::TooLong { .. })));
}

#[test]
fn a_witness_with_a_logs_key_says_so() {
    let error = decide(Some(&watched(None)), &request(0, 3), &log_key(), 1).unwrap_err();
    assert!(matches!(error, WitnessError::CannotCosign { .. }));
}

#[test]
fn no_fork_is_cosigned_in_a_thousand_tries() {
    let mut random = Random(7);
    let honest = MemoryLog::of_size(64);
    for _ in 0..1_000 {
        // A log that leaves the honest one at some entry, and is shown to a witness beyond it.
        let fork_at = random.below(64);
        let known = fork_at + 1 + random.below(64 - fork_at);
        let size = known + random.below(40);
        let hash = |n: u64| match n {
            n if n == fork_at => leaf_hash(b"fork"),
            n => crate::testing::entry(n).leaf_hash(),
        };
        let mut forked = MemoryLog::default();
        let hashes: Vec<Hash> = (0..size).map(hash).collect();
        for tile in forked.tree.append(&hashes).unwrap() {
            forked.files.insert(tile.id.path(), tile.bytes);
        }
        forked.publish();
        let request = AddCheckpoint {
            old_size: known,
            proof: consistency_proof(known, size, &forked).unwrap(),
            checkpoint: Note::parse(&forked.files["checkpoint"]).unwrap(),
        };
        let status = answer(Some(head(known)), &request).status();
        assert_eq!(status, if size == known { 409 } else { 422 });
    }
    assert_eq!(honest.tree.size(), 64);
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn random_requests_are_refused_or_printed_back(start in "(old [0-9]{0,3}\n)?[A-Za-z0-9=\n]{0,50}") {
        let text = format!("{start}\n{}", request(0, 1).checkpoint);
        if let Ok(request) = AddCheckpoint::parse(text.as_bytes()) {
            prop_assert_eq!(request.to_string(), text);
        }
        let _ = AddCheckpoint::parse(start.as_bytes());
    }
}
