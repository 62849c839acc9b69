//! Proof files hold all that is needed, and are read in one form alone.

use proptest::prelude::*;

use super::*;
use crate::proof::inclusion_proof;
use crate::testing::{MemoryLog, cases, entry, log_key, public};

fn policy() -> Policy {
    Policy::parse(format!("log {}\nquorum none\n", public(&log_key())).as_bytes()).unwrap()
}

fn proof_file(index: u64, size: u64, extra: Option<&[u8]>) -> ProofFile {
    let log = MemoryLog::of_size(size);
    ProofFile {
        extra: extra.map(<[u8]>::to_vec),
        index,
        proof: inclusion_proof(index, size, &log).unwrap(),
        checkpoint: Note::parse(&log.files["checkpoint"]).unwrap(),
    }
}

#[test]
fn a_proof_file_has_the_form_of_the_specification() {
    let file = proof_file(2, 3, Some(b"header"));
    let text = file.to_string();
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra aGVhZGVy", "index 2"]);
    assert_eq!(lines[4..7], ["", "audit.example/log/2026", "3"]);
    assert_eq!(ProofFile::parse(text.as_bytes()), Ok(file));
}

#[test]
fn it_verifies_its_entry_and_no_other() {
    for (index, size) in [(0, 1), (2, 3), (299, 300)] {
        let file = proof_file(index, size, None);
        assert!(file.is_within_limits());
        let policy = policy();
        let verdict = file.verify(&entry(index).leaf_hash(), &policy).unwrap();
        assert_eq!(verdict.checkpoint.size, size);
        let other = file.verify(&entry(size).leaf_hash(), &policy).unwrap_err();
        assert!(matches!(other, ProofFileError::Inclusion { .. }), "{other}");
    }
}

#[test]
fn other_texts_are_refused() {
    let text = proof_file(2, 3, Some(b"header")).to_string();
    for (from, to) in [
        ("@v1", "@v2"),
        ("extra aGVhZGVy", "extra aGVhZGV"),
        ("extra aGVhZGVy", "extra aGVhZGVy\nextra aGVhZGVy"),
        ("extra aGVhZGVy\n", "extra  aGVhZGVy\n"),
        ("index 2", "index 02"),
        ("index 2", "index"),
        ("index 2\n", ""),
        ("\n\naudit", "\naudit"),
        ("\n\naudit", "\nAAAA\n\naudit"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(ProofFile::parse(changed.as_bytes()).is_err(), "{from:?} → {to:?}");
    }
    let hash = entry(0).leaf_hash().to_base64();
    let long = text.replace("index 2\n", &format!("index 2\n{}", format!("{hash}\n").repeat(63)));
    assert!(ProofFile::parse(long.as_bytes()).is_err());
    let huge = vec![b'a'; PROOF_FILE_LEN_MAX + 1];
    assert!(matches!(ProofFile::parse(&huge), Err(ProofFileError::TooLong { .. })));
}

#[test]
fn every_bit_but_those_of_the_extra_data_counts() {
    let file = proof_file(2, 5, None);
    let bytes = file.to_string().into_bytes();
    let (leaf, policy) = (entry(2).leaf_hash(), policy());
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let proven =
            ProofFile::parse(&changed).is_ok_and(|file| file.verify(&leaf, &policy).is_ok());
        assert!(!proven, "bit {bit}");
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_extra_data_comes_back(extra in proptest::collection::vec(any::<u8>(), 0..100)) {
        let file = ProofFile { extra: Some(extra), ..proof_file(0, 1, None) };
        prop_assert_eq!(ProofFile::parse(file.to_string().as_bytes()), Ok(file));
    }

    #[test]
    fn random_texts_are_refused_or_printed_back(middle in "(extra [A-Za-z=]{0,8}\n)?(index [0-9]{0,3}\n)?[A-Za-z0-9=\n]{0,50}") {
        let checkpoint = proof_file(0, 1, None).checkpoint;
        let text = format!("c2sp.org/tlog-proof@v1\n{middle}\n{checkpoint}");
        if let Ok(file) = ProofFile::parse(text.as_bytes()) {
            prop_assert_eq!(file.to_string(), text);
        }
        let _ = ProofFile::parse(middle.as_bytes());
    }
}
