use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::*;

fn base64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn ed25519() -> Value {
    let key = Ed25519KeyPair::generate().unwrap();
    json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(key.public_key().as_ref()) })
}

fn p256() -> Value {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = key.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "x": base64(&point[1..33]), "y": base64(&point[33..]) })
}

/// The modulus of a fresh RSA key: in PKCS #1 it follows `30 82 .. .. 02 82 .. ..`.
fn modulus() -> Vec<u8> {
    let key = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = rsa::PublicKey::from_der(key.public_key().as_der().unwrap().as_ref());
    let der = der.unwrap();
    der.as_ref()[8..8 + 257].to_vec()
}

fn rsa_with(n: &[u8], e: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": base64(n), "e": base64(e) })
}

fn with(mut jwk: Value, member: &str, value: Value) -> Value {
    jwk[member] = value;
    jwk
}

fn read(keys: &[Value]) -> KeySet {
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// Why the one key of a set is passed over.
fn reason(jwk: Value) -> &'static str {
    let set = read(std::slice::from_ref(&jwk));
    assert!(set.is_empty(), "{jwk}");
    set.passed_over[0].reason
}

#[test]
fn every_supported_kind_of_key_is_taken_for_its_own_algorithm() {
    let n = modulus();
    let set = read(&[
        with(rsa_with(&n, &[1, 0, 1]), "kid", json!("r")),
        with(with(p256(), "kid", json!("e")), "use", json!("sig")),
        with(with(ed25519(), "alg", json!("EdDSA")), "key_ops", json!(["verify"])),
        with(ed25519(), "alg", json!("Ed25519")),
        // as some issuers write it, with the zero that DER wants and JWK does not
        rsa_with(&[&[0], &n[..]].concat(), &[1, 0, 1]),
    ]);
    assert_eq!(set.passed_over, []);
    let algorithms: Vec<Algorithm> = set.keys.iter().map(|key| key.algorithm).collect();
    use Algorithm::{EdDsa, Es256, Rs256};
    assert_eq!(algorithms, [Rs256, Es256, EdDsa, EdDsa, Rs256]);
    assert_eq!(set.keys[0].kid.as_deref(), Some("r"));
}

#[test]
fn secrets_and_private_keys_are_never_taken() {
    let secret = json!({ "kty": "oct", "k": base64(&[7; 32]), "alg": "HS256", "kid": "s" });
    assert_eq!(reason(secret), "a published secret is none");
    assert_eq!(reason(with(ed25519(), "d", json!("AA"))), "it shows its private part");
}

#[test]
fn a_key_for_something_else_is_passed_over() {
    for (jwk, part) in [
        (with(p256(), "use", json!("enc")), "not for signatures"),
        (with(p256(), "use", json!("SIG")), "not for signatures"),
        (with(p256(), "key_ops", json!(["sign"])), "not for verifying"),
        (with(p256(), "key_ops", json!("verify")), "not for verifying"),
        (with(p256(), "alg", json!("RS256")), "`alg`"),
        (with(p256(), "alg", json!("HS256")), "`alg`"),
        (with(p256(), "alg", json!("none")), "`alg`"),
        (with(rsa_with(&modulus(), &[1, 0, 1]), "alg", json!("RSA-OAEP")), "`alg`"),
        (with(rsa_with(&modulus(), &[1, 0, 1]), "alg", json!("PS256")), "`alg`"),
        (with(p256(), "crv", json!("P-384")), "kind"),
        (with(ed25519(), "crv", json!("Ed448")), "kind"),
        (with(ed25519(), "crv", json!("X25519")), "kind"),
        (with(p256(), "kty", json!("RSA")), "missing"),
        (with(p256(), "kty", json!("ec")), "kind"),
        (with(p256(), "kty", json!(null)), "not a text"),
        (with(p256(), "kid", json!(17)), "not a text"),
        (with(p256(), "kid", json!("k".repeat(201))), "`kid` is too long"),
        (json!({}), "kind"),
    ] {
        let told = reason(jwk.clone());
        assert!(told.contains(part), "{jwk}: {told}");
    }
}

#[test]
fn weak_and_impossible_keys_are_passed_over() {
    let n = modulus();
    let short = rsa_with(&n[129..], &[1, 0, 1]);
    for jwk in [
        short,
        rsa_with(&[0; 256], &[1, 0, 1]),
        rsa_with(&[], &[1, 0, 1]),
        rsa_with(&n, &[1]),
        rsa_with(&n, &[2]),
        rsa_with(&n, &[]),
        rsa_with(&[0xff; 1100], &[1, 0, 1]),
        with(p256(), "x", json!(base64(&[1; 32]))),
        with(p256(), "y", json!(base64(&[0; 33]))),
        with(p256(), "x", json!("")),
        with(ed25519(), "x", json!(base64(&[1; 31]))),
    ] {
        assert_eq!(reason(jwk), "it is not a valid key; RSA keys have 2048 to 8192 bits");
    }
    assert!(reason(with(p256(), "x", json!("A+/="))).contains("base64url"));
}

#[test]
fn names_are_unique_and_nameless_keys_are_few() {
    let named = |name| with(p256(), "kid", json!(name));
    let set = read(&[named("a"), named("b"), named("a")]);
    assert_eq!((set.len(), set.passed_over[0].kid.as_deref()), (2, Some("a")));
    // The same name for another algorithm is another key.
    assert_eq!(read(&[named("a"), with(ed25519(), "kid", json!("a"))]).len(), 2);
    let set = read(&[p256(), p256(), p256(), p256(), p256(), ed25519()]);
    assert_eq!((set.len(), set.passed_over.len()), (5, 1));
}

#[test]
fn a_set_may_be_empty_but_must_be_one() {
    assert!(KeySet::read(br#"{"keys":[],"other":1}"#).unwrap().is_empty());
    for text in ["", "[]", "{}", "null", "<html>", r#"{"keys":{}}"#, r#"{"keys":[1]}"#] {
        let error = KeySet::read(text.as_bytes()).err();
        assert!(matches!(error, Some(KeySetError::NotASet(_))), "{text}");
    }
    for text in [r#"{"keys":[],"keys":[]}"#, r#"{"keys":[{"kid":"a","kid":"b"}]}"#] {
        assert!(KeySet::read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_set_that_is_too_large_is_refused_as_a_whole() {
    let keys = |count| json!({ "keys": vec![ed25519(); count] }).to_string();
    assert!(KeySet::read(keys(64).as_bytes()).is_ok());
    assert!(matches!(KeySet::read(keys(65).as_bytes()), Err(KeySetError::TooMany(65))));
    let mut text = keys(1);
    text.extend(std::iter::repeat_n(' ', KEY_SET_BYTES_MAX));
    assert!(matches!(KeySet::read(text.as_bytes()), Err(KeySetError::TooLarge)));
}
