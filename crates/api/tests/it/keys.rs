//! Key files: each for one algorithm, and only for that.

use std::path::Path;

use annals_api::auth::{Expectations, KeyError, KeySettings, Verifier};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

use crate::support::{SECRET, claims, signed};

/// Keys of an identity provider, in a directory of their own.
struct Provider {
    dir: tempfile::TempDir,
    rsa: EncodingKey,
    ec: EncodingKey,
    ed: EncodingKey,
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl Provider {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let rsa = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        write("rsa.pem", &pem("PUBLIC KEY", rsa.public_key().as_der().unwrap().as_ref()));
        let rsa_private: aws_lc_rs::encoding::Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        write("rsa.key", &pem("PRIVATE KEY", rsa_private.as_ref()));
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        write("ec.pem", &pem("PUBLIC KEY", ec.public_key().as_der().unwrap().as_ref()));
        let ec_private = ec.to_pkcs8v1().unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        write("ed.pem", &pem("PUBLIC KEY", ed.public_key().as_der().unwrap().as_ref()));
        let ed_private = ed.to_pkcs8v1().unwrap();
        write("secret", std::str::from_utf8(SECRET).unwrap());
        write("weak", "a secret of thirty-one bytes...");
        write("empty.pem", "");
        write("broken.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
        Self {
            rsa: EncodingKey::from_rsa_pem(&std::fs::read(dir.path().join("rsa.key")).unwrap())
                .unwrap(),
            ec: EncodingKey::from_ec_der(ec_private.as_ref()),
            ed: EncodingKey::from_ed_der(ed_private.as_ref()),
            dir,
        }
    }

    fn settings(&self, algorithm: &str, file: &str, kid: Option<&str>) -> KeySettings {
        let file = self.dir.path().join(file);
        KeySettings { algorithm: algorithm.into(), file, kid: kid.map(Into::into) }
    }

    fn sign(&self, algorithm: Algorithm, kid: Option<&str>) -> String {
        let key = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 | Algorithm::RS512 => &self.rsa,
            Algorithm::ES256 => &self.ec,
            _ => &self.ed,
        };
        let header = Header { kid: kid.map(Into::into), ..Header::new(algorithm) };
        encode(&header, &claims("ann", "acme", "user"), key).unwrap()
    }
}

fn verifier(keys: &[KeySettings]) -> Result<Verifier, KeyError> {
    Verifier::new(keys, None, &Expectations::default())
}

#[test]
fn each_algorithm_verifies_what_its_key_signed_and_nothing_else() {
    let (ours, theirs) = (Provider::new(), Provider::new());
    let algorithms = [
        ("RS256", "rsa.pem", Algorithm::RS256),
        ("ES256", "ec.pem", Algorithm::ES256),
        ("EdDSA", "ed.pem", Algorithm::EdDSA),
    ];
    for (name, file, algorithm) in algorithms {
        let verifier = verifier(&[ours.settings(name, file, None)]).unwrap();
        verifier.verify(&ours.sign(algorithm, None)).unwrap();
        assert!(verifier.verify(&theirs.sign(algorithm, None)).is_err(), "{name}");
        for other in [
            Algorithm::RS256,
            Algorithm::PS256,
            Algorithm::RS512,
            Algorithm::ES256,
            Algorithm::EdDSA,
        ] {
            if other != algorithm {
                assert!(verifier.verify(&ours.sign(other, None)).is_err(), "{name} {other:?}");
            }
        }
        // The public key is no secret: whoever takes it for one can sign nothing with it.
        let public = std::fs::read(ours.dir.path().join(file)).unwrap();
        for secret in [&public[..], public.trim_ascii()] {
            for alg in ["HS256", name] {
                let header = format!(r#"{{"alg":"{alg}"}}"#);
                let forged = signed(&header, &claims("ann", "acme", "admin").to_string(), secret);
                assert!(verifier.verify(&forged).is_err(), "{name}");
            }
        }
        // Nor is a bit of the signature free.
        let good = ours.sign(algorithm, None);
        for index in good.rfind('.').unwrap() + 1..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(verifier.verify(&changed).is_err(), "{name} {index}");
        }
    }
}

#[test]
fn a_secret_file_verifies_hs256() {
    let ours = Provider::new();
    let verifier = verifier(&[ours.settings("HS256", "secret", None)]).unwrap();
    let token = signed(r#"{"alg":"HS256"}"#, &claims("ann", "acme", "user").to_string(), SECRET);
    verifier.verify(&token).unwrap();
    assert!(verifier.verify(&ours.sign(Algorithm::EdDSA, None)).is_err());
}

#[test]
fn of_several_keys_the_one_that_is_named_verifies() {
    let (old, new) = (Provider::new(), Provider::new());
    let keys = [
        old.settings("ES256", "ec.pem", Some("2025")),
        new.settings("ES256", "ec.pem", Some("2026")),
        new.settings("RS256", "rsa.pem", None),
    ];
    let verifier = verifier(&keys).unwrap();
    verifier.verify(&old.sign(Algorithm::ES256, Some("2025"))).unwrap();
    verifier.verify(&new.sign(Algorithm::ES256, Some("2026"))).unwrap();
    verifier.verify(&new.sign(Algorithm::RS256, Some("any"))).unwrap();
    for (provider, algorithm, kid) in [
        (&old, Algorithm::ES256, Some("2026")),
        (&new, Algorithm::ES256, Some("2025")),
        (&old, Algorithm::ES256, None),
        (&old, Algorithm::ES256, Some("")),
        (&old, Algorithm::ES256, Some("2025\0")),
        (&old, Algorithm::ES256, Some("../2025")),
        (&old, Algorithm::RS256, None),
    ] {
        assert!(verifier.verify(&provider.sign(algorithm, kid)).is_err(), "{kid:?}");
    }
}

#[test]
fn without_any_key_nobody_gets_in() {
    let verifier = verifier(&[]).unwrap();
    let ours = Provider::new();
    assert!(verifier.verify(&ours.sign(Algorithm::ES256, None)).is_err());
}

#[test]
fn a_file_that_is_no_key_for_its_algorithm_stops_the_start() {
    let ours = Provider::new();
    for (algorithm, file) in [
        ("RS256", "ec.pem"),
        ("RS256", "ed.pem"),
        ("RS256", "secret"),
        ("RS256", "broken.pem"),
        ("RS256", "empty.pem"),
        ("ES256", "rsa.pem"),
        ("ES256", "ed.pem"),
        ("ES256", "empty.pem"),
        ("EdDSA", "rsa.pem"),
        ("EdDSA", "ec.pem"),
        ("EdDSA", "broken.pem"),
    ] {
        let error = verifier(&[ours.settings(algorithm, file, None)]).err();
        assert!(matches!(error, Some(KeyError::NotAKey { .. })), "{algorithm} {file}: {error:?}");
    }
    let weak = verifier(&[ours.settings("HS256", "weak", None)]).err();
    assert!(matches!(weak, Some(KeyError::WeakSecret(_))));
    let missing = verifier(&[ours.settings("ES256", "nowhere.pem", None)]).err();
    let expected = |file: &Path| file.ends_with("nowhere.pem");
    assert!(matches!(missing, Some(KeyError::Unreadable { file, .. }) if expected(&file)));
    for algorithm in ["none", "", "HS384", "ES384", "hs256", "PS256"] {
        let unknown = verifier(&[ours.settings(algorithm, "secret", None)]).err();
        assert!(matches!(unknown, Some(KeyError::UnknownAlgorithm(_))), "{algorithm}");
    }
}
