use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use super::*;

const HOUR: i64 = 3600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// The text of a set with one new key.
fn published() -> String {
    let key = Ed25519KeyPair::generate().unwrap();
    let x = BASE64URL_NOPAD.encode(key.public_key().as_ref());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x }] }).to_string()
}

fn set(text: &str) -> KeySet {
    KeySet::read(text.as_bytes()).unwrap()
}

fn revision(keys: &IssuerKeys, now: i64) -> Option<u64> {
    keys.in_use(at(now)).map(|keys| keys.revision)
}

#[test]
fn the_revision_changes_with_the_keys_and_only_then() {
    let keys = IssuerKeys::new(SignedDuration::from_hours(24));
    assert_eq!(revision(&keys, 0), None);
    let (first, second) = (published(), published());
    assert!(keys.take(set(&first), at(0)));
    assert_eq!(revision(&keys, 1), Some(1));
    assert!(!keys.take(set(&first), at(10)));
    assert_eq!(revision(&keys, 11), Some(1));
    assert!(keys.take(set(&second), at(20)));
    assert_eq!(revision(&keys, 21), Some(2));
    assert!(keys.take(set(r#"{"keys":[]}"#), at(30)));
    assert_eq!(revision(&keys, 31), Some(3));
    assert!(keys.take(set(&second), at(40)));
    assert_eq!(revision(&keys, 41), Some(4));
}

#[test]
fn keys_go_on_without_the_issuer_until_they_are_stale() {
    let keys = IssuerKeys::new(SignedDuration::from_hours(24));
    assert_eq!(keys.fail(), None);
    let text = published();
    keys.take(set(&text), at(0));
    assert_eq!(keys.fail(), Some(at(24 * HOUR)));
    assert!(revision(&keys, 24 * HOUR - 1).is_some());
    assert!(revision(&keys, 24 * HOUR).is_none());
    // An answer with the same keys makes them good again.
    keys.take(set(&text), at(25 * HOUR));
    assert!(revision(&keys, 48 * HOUR).is_some());
    assert!(revision(&keys, 49 * HOUR).is_none());
}

#[tokio::test]
async fn who_waits_is_woken_by_an_answer_even_if_it_comes_before_they_wait() {
    let keys = IssuerKeys::new(SignedDuration::from_hours(24));
    keys.ask(at(0));
    assert!(keys.is_asked());
    keys.wanted().await;
    let answer = keys.next_answer();
    keys.fail();
    assert!(!keys.is_asked());
    answer.await;
}
