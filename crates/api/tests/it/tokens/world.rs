//! An identity provider with keys of every kind, a verifier that knows them, and ways to make tokens
//! that are right but for one thing.

use annals_api::auth::{Expectations, KeySettings, Verifier};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaEncoding,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{SECRET, signed};

pub(super) const ISSUER: &str = "https://idp.example";
pub(super) const AUDIENCE: &str = "annals";
/// How far clocks may differ.
pub(super) const SKEW: i64 = 30;

/// What becomes of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Accepted,
    Refused,
    /// A good token that lets its holder do nothing.
    Powerless,
}

/// A token, how it is made, and what becomes of it.
pub(super) struct Vector {
    pub(super) name: String,
    pub(super) token: String,
    pub(super) expected: Expected,
}

pub(super) fn accepted(name: impl Into<String>, token: String) -> Vector {
    Vector { name: name.into(), token, expected: Expected::Accepted }
}

pub(super) fn refused(name: impl Into<String>, token: String) -> Vector {
    Vector { name: name.into(), token, expected: Expected::Refused }
}

/// The provider's keys, and the time, which stands still.
pub(super) struct World {
    pub(super) now: i64,
    pub(super) rsa: rsa::KeyPair,
    pub(super) ed: Ed25519KeyPair,
    ec: Vec<u8>,
    dir: tempfile::TempDir,
}

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

impl World {
    pub(super) fn new() -> Self {
        let rsa = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        let world = Self {
            now: Timestamp::now().as_second(),
            rsa,
            ed,
            ec: ec.to_pkcs8v1().unwrap().as_ref().to_vec(),
            dir: tempfile::tempdir().unwrap(),
        };
        for (name, der) in world.public_keys() {
            std::fs::write(world.dir.path().join(name), pem(&der)).unwrap();
        }
        std::fs::write(world.dir.path().join("HS256"), SECRET).unwrap();
        world
    }

    /// The public keys as DER, each by its algorithm.
    pub(super) fn public_keys(&self) -> [(&'static str, Vec<u8>); 3] {
        let ec = self.ec(&ECDSA_P256_SHA256_FIXED_SIGNING);
        [
            ("RS256", self.rsa.public_key().as_der().unwrap().as_ref().to_vec()),
            ("ES256", ec.public_key().as_der().unwrap().as_ref().to_vec()),
            ("EdDSA", self.ed.public_key().as_der().unwrap().as_ref().to_vec()),
        ]
    }

    /// Knows all keys: the secret for all tokens, the others by their names, which are their
    /// algorithms in small letters.
    pub(super) fn verifier(&self, change: impl FnOnce(&mut Expectations)) -> Verifier {
        let key = |algorithm: &str, kid: Option<&str>| KeySettings {
            algorithm: algorithm.into(),
            file: self.dir.path().join(algorithm),
            kid: kid.map(Into::into),
        };
        let keys = [
            key("HS256", None),
            key("RS256", Some("rs256")),
            key("ES256", Some("es256")),
            key("EdDSA", Some("eddsa")),
        ];
        let mut expectations = Expectations {
            issuer: Some(ISSUER.into()),
            audience: Some(AUDIENCE.into()),
            clock_skew_seconds: SKEW.unsigned_abs(),
            token_lifetime_seconds_max: 0,
        };
        change(&mut expectations);
        let now = Timestamp::from_second(self.now).unwrap();
        let verifier = Verifier::new(&keys, None, &expectations).unwrap();
        verifier.with_clock(std::sync::Arc::new(move || now))
    }

    /// Claims that are right, but for these; `null` takes one away.
    pub(super) fn claims(&self, changes: Value) -> String {
        let mut claims = json!({
            "sub": "ann",
            "tenant": "acme",
            "roles": ["user"],
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": self.now,
            "exp": self.now + 600,
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        claims.to_string()
    }

    pub(super) fn good(&self) -> String {
        self.claims(json!({}))
    }

    /// A token with these claims changed.
    pub(super) fn with(&self, changes: Value) -> String {
        self.hs256(r#"{"alg":"HS256"}"#, &self.claims(changes))
    }

    /// A token whose claims are written by hand after the ones that it needs.
    pub(super) fn with_text(&self, members: &str) -> String {
        let claims =
            self.claims(json!({ "exp": null, "sub": null, "tenant": null, "roles": null }));
        let claims = format!("{},{members}}}", claims.trim_end_matches('}'));
        self.hs256(r#"{"alg":"HS256"}"#, &claims)
    }

    /// A token with this header, signed with HS256.
    pub(super) fn under(&self, header: &str) -> String {
        self.hs256(header, &self.good())
    }

    pub(super) fn hs256(&self, header: &str, claims: &str) -> String {
        signed(header, claims, SECRET)
    }

    pub(super) fn rs256(&self, header: &str, claims: &str) -> String {
        self.rsa(&RSA_PKCS1_SHA256, header, claims)
    }

    pub(super) fn rsa(&self, how: &'static dyn RsaEncoding, header: &str, claims: &str) -> String {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        sign(header, claims, |message| {
            self.rsa.sign(how, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        })
    }

    pub(super) fn es256(&self, header: &str, claims: &str) -> String {
        self.ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, header, claims)
    }

    /// ES256, but the signature is written as DER.
    pub(super) fn es256_der(&self, header: &str, claims: &str) -> String {
        self.ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, header, claims)
    }

    fn ecdsa(&self, how: &'static EcdsaSigningAlgorithm, header: &str, claims: &str) -> String {
        let key = self.ec(how);
        sign(header, claims, |message| {
            key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
        })
    }

    fn ec(&self, how: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(how, &self.ec).unwrap()
    }

    pub(super) fn eddsa(&self, header: &str, claims: &str) -> String {
        sign(header, claims, |message| self.ed.sign(message).as_ref().to_vec())
    }
}

/// A token with a signature that is made of what is signed.
pub(super) fn sign(header: &str, claims: &str, with: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", base64(header), base64(claims));
    let signature = with(message.as_bytes());
    format!("{message}.{}", base64(signature))
}

/// The same token with another signature, made of the old one.
pub(super) fn resigned(token: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    format!("{message}.{}", base64(change(signature)))
}
