//! Text forms of keys, and what they sign.

use proptest::prelude::*;

use super::*;
use crate::testing::{cases, log_key, public, witness_key};

#[test]
fn keys_have_the_text_of_the_research_notes() {
    let log = "audit.example/log/2026+b677e2f4+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    let witness = "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
    assert_eq!(public(&log_key()).to_string(), log);
    assert_eq!(public(&witness_key()).to_string(), witness);
    assert_eq!(VerifyingKey::parse(log), Ok(public(&log_key())));
    assert_eq!(VerifyingKey::parse(witness), Ok(public(&witness_key())));
}

#[test]
fn a_private_key_comes_back_from_its_text_and_hides_from_debug() {
    let key = log_key();
    let text = key.to_secret_text();
    assert!(text.starts_with("PRIVATE+KEY+audit.example/log/2026+b677e2f4+AQABAgME"));
    assert_eq!(SigningKey::parse(&text).unwrap().sign("a\n"), key.sign("a\n"));
    assert!(!format!("{key:?}").contains("seed"));
    let secret = text.rsplit('+').next().unwrap();
    assert!(!format!("{key:?}").contains(secret));
    let error = SigningKey::parse(&text.replace("b677", "b678")).unwrap_err();
    assert!(!error.to_string().contains(secret));
    assert_eq!(SigningKey::parse(&public(&key).to_string()).unwrap_err(), KeyError::Malformed);
}

#[test]
fn other_texts_of_a_key_are_refused() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    assert!(VerifyingKey::parse(key).is_ok());
    for (from, to, error) in [
        ("530d903a", "530D903A", KeyError::Malformed),
        ("530d903a", "30d903a", KeyError::Malformed),
        ("foo+", "foo ", KeyError::Malformed),
        ("U2k", "U2k=", KeyError::Malformed),
        ("U2k", "U2l", KeyError::Point),
        ("AekyeRrm", "AekyeRr", KeyError::Malformed),
        ("AekyeRrm", "AukyeRrm", KeyError::Algorithm),
        ("example.com/foo", "", KeyError::Name),
        ("example.com/foo", "example.com\u{a0}foo", KeyError::Name),
        ("example.com/foo", "example.com\nfoo", KeyError::Name),
    ] {
        let changed = VerifyingKey::parse(&key.replace(from, to)).unwrap_err();
        let of_id = matches!(changed, KeyError::Id { .. });
        assert!(changed == error || of_id, "{from} → {to}: {changed}");
    }
    let other_name = VerifyingKey::parse(&key.replace("foo", "bar"));
    assert!(matches!(other_name, Err(KeyError::Id { .. })));
    let long = "n".repeat(NAME_LEN_MAX + 1);
    assert_eq!(
        SigningKey::from_seed(&long, Algorithm::Note, &[1; 32]).unwrap_err(),
        KeyError::Name
    );
    // The neutral point: any text would be signed by it.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(VerifyingKey::new("n", Algorithm::Note, &neutral), Err(KeyError::Point));
}

#[test]
fn a_logs_key_does_not_cosign_and_a_witness_does_not_sign() {
    assert_eq!(log_key().cosign("a\n", 1), None);
    assert_eq!(witness_key().sign("a\n"), None);
    assert_eq!(witness_key().cosign("a\n", u64::MAX), None);
    assert!(witness_key().cosign("a\n", u64::MAX / 2).is_some());
}

#[test]
fn every_bit_of_a_signature_counts() {
    let signed = [log_key().sign("text\n").unwrap(), witness_key().cosign("text\n", 7).unwrap()];
    for (signature, key) in signed.into_iter().zip([public(&log_key()), public(&witness_key())]) {
        assert!(key.verifies("text\n", &signature));
        assert!(!key.verifies("text", &signature));
        for bit in 0..signature.bytes.len() * 8 {
            let mut changed = signature.clone();
            changed.bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verifies("text\n", &changed), "bit {bit}");
        }
        let mut short = signature.clone();
        short.bytes.pop();
        assert!(!key.verifies("text\n", &short));
        let mut other = signature.clone();
        other.id ^= 1;
        assert!(!key.verifies("text\n", &other));
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn no_text_makes_the_reader_of_keys_panic(text in ".{0,120}", base64 in "[A-Za-z0-9+/=]{0,60}") {
        let _ = VerifyingKey::parse(&text);
        let _ = SigningKey::parse(&text);
        if let Ok(key) = VerifyingKey::parse(&format!("name+00000000+{base64}")) {
            prop_assert_eq!(key.id(), 0);
        }
    }
}
