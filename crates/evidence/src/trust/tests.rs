//! Which signatures count; the rest is tested with whole bundles.

use annals_tlog::{Algorithm, SigningKey, VerifyError};

use super::*;

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, Algorithm::Note, &[seed; 32]).unwrap()
}

fn note(signers: &[&SigningKey]) -> Note {
    let text = "text\n".to_owned();
    let signatures = signers.iter().map(|key| key.sign(&text).unwrap()).collect();
    Note::new(text, signatures).unwrap()
}

fn keys(known: &[&SigningKey]) -> Keys {
    Keys { keys: known.iter().map(|key| key.verifying_key().clone()).collect(), policy: None }
}

#[test]
fn a_note_counts_when_the_key_of_the_name_has_signed() {
    let (log, new, other) = (key("log", 1), key("log", 2), key("other", 3));
    assert_eq!(keys(&[&log, &other]).check("log", &note(&[&log])), Ok(()));
    assert_eq!(keys(&[&log, &new]).check("log", &note(&[&new])), Ok(()));
    assert_eq!(keys(&[&log]).check("log", &note(&[&other, &log])), Ok(()));
    let not_signed = |name: &str| {
        Err(Problem::Signature { name: name.to_owned(), problem: VerifyError::NotSigned })
    };
    assert_eq!(keys(&[&log, &other]).check("log", &note(&[&other])), not_signed("log"));
    assert_eq!(keys(&[&log]).check("log", &note(&[&new])), not_signed("log"));
    let no_key = Err(Problem::NoKey { name: "log".to_owned() });
    assert_eq!(keys(&[&other]).check("log", &note(&[&log])), no_key);
}

#[test]
fn keys_make_a_policy_without_witnesses() {
    let known = [key("log", 1), key("other", 3)].map(|key| key.verifying_key().clone());
    let policy = policy_of_keys(&known).unwrap();
    assert_eq!(
        policy.logs().iter().map(|log| &log.key).collect::<Vec<_>>(),
        known.iter().collect::<Vec<_>>()
    );
    assert!(policy.to_string().ends_with("\nquorum none\n"));
    assert!(policy_of_keys(&[known[0].clone(), known[0].clone()]).is_err());
}

#[test]
fn a_policy_takes_as_many_keys_as_the_limit() {
    let known = |count: u8| -> Vec<_> {
        (1..=count).map(|n| key(&format!("log{n}"), n).verifying_key().clone()).collect()
    };
    assert!(policy_of_keys(&known(64)).is_ok() && policy_of_keys(&known(65)).is_err());
}
