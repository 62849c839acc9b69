//! What is proven is told as proven, and nothing else is.

use annals_tlog::{Algorithm, Checkpoint, Hash, SigningKey, inclusion_proof_in_memory, root_of};

use super::*;
use crate::evidence::check;

const ORIGIN: &str = "audit.example/log";
const SIZE: u64 = 5;
const INDEX: u64 = 3;

fn signing_key(name: &str, algorithm: Algorithm, first: u8) -> SigningKey {
    SigningKey::from_seed(name, algorithm, &[first; 32]).unwrap()
}

fn log_key() -> SigningKey {
    signing_key(ORIGIN, Algorithm::Note, 1)
}

fn keys() -> String {
    log_key().verifying_key().to_string()
}

fn header(index: u64) -> Vec<u8> {
    format!("{{\"event\":{index}}}").into_bytes()
}

fn proof() -> ProofFile {
    let leaf = |index| Entry::of_header(&header(index)).leaf_hash();
    let leaves: Vec<Hash> = (0..SIZE).map(leaf).collect();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: SIZE, root: root_of(&leaves) };
    ProofFile {
        extra: Some(header(INDEX)),
        index: INDEX,
        proof: inclusion_proof_in_memory(INDEX, &leaves).unwrap(),
        checkpoint: checkpoint.sign(&[&log_key()]).unwrap().note,
    }
}

fn finding(evidence: &[u8], keys: &str) -> String {
    let report = check(evidence, keys.as_bytes());
    assert_eq!(report.verdict, Verdict::Refused);
    assert_eq!((report.facts.len(), report.proven), (0, None));
    let [finding] = <[String; 1]>::try_from(report.findings).unwrap();
    finding
}

#[test]
fn a_proof_proves_the_event_beside_it() {
    let report = check(proof().to_string().as_bytes(), keys().as_bytes());
    assert_eq!(report.verdict, Verdict::Proven);
    assert_eq!(report.kind, Some("c2sp.org/tlog-proof@v1"));
    assert_eq!(report.proven.as_deref(), Some("{\"event\":3}"));
    assert!(report.facts.contains(&Line::new("Index of the event in the log", 3)));
    assert!(report.facts.contains(&Line::new("Events in the log at that time", 5)));
    assert!(report.findings.is_empty());
}

#[test]
fn a_proof_with_any_byte_changed_is_refused() {
    let right = proof().to_string().into_bytes();
    for place in 0..right.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = right.clone();
            changed[place] ^= flip;
            finding(&changed, &keys());
        }
    }
}

#[test]
fn a_proof_cut_short_or_made_longer_is_refused() {
    let right = proof().to_string().into_bytes();
    for end in 0..right.len() {
        finding(&right[..end], &keys());
    }
    finding(&[right.as_slice(), b"\n"].concat(), &keys());
}

#[test]
fn a_proof_of_another_event_is_refused() {
    let other = ProofFile { extra: Some(header(2)), ..proof() };
    let told = finding(other.to_string().as_bytes(), &keys());
    assert!(told.starts_with("the entry is not in the log at index 3"), "{told}");
    let bare = ProofFile { extra: None, ..proof() };
    let told = finding(bare.to_string().as_bytes(), &keys());
    assert!(told.contains("does not hold the event"), "{told}");
}

#[test]
fn a_proof_is_refused_without_the_key_of_its_log() {
    let evidence = proof().to_string();
    assert!(finding(evidence.as_bytes(), " \n").starts_with("no key was given"));
    assert!(finding(evidence.as_bytes(), "a b c").starts_with("the text of keys is no policy"));
    let foreign = signing_key(ORIGIN, Algorithm::Note, 2).verifying_key().to_string();
    assert!(finding(evidence.as_bytes(), &foreign).contains("not signed by the log"));
    let unknown = signing_key("other.example", Algorithm::Note, 1).verifying_key().to_string();
    assert!(finding(evidence.as_bytes(), &unknown).contains("does not know the log"));
}

#[test]
fn witnesses_are_asked_for_when_the_policy_names_them() {
    let witness = signing_key("witness.example", Algorithm::Cosignature, 3);
    let policy = format!("log {}\nwitness w {}\nquorum w\n", keys(), witness.verifying_key());
    let mut proof = proof();
    assert!(finding(proof.to_string().as_bytes(), &policy).contains("quorum `w` is not reached"));
    let cosignature = witness.cosign(proof.checkpoint.text(), 1_800_000_000).unwrap();
    proof.checkpoint.add(cosignature).unwrap();
    let report = check(proof.to_string().as_bytes(), policy.as_bytes());
    let told = Line::new("Cosigned by", "w at 1800000000 (seconds since 1970)");
    assert!(report.facts.contains(&told), "{report:?}");
}
