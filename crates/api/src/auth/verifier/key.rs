//! Keys that tokens are verified with, each for one algorithm.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};

/// Weaker RSA keys are refused.
const RSA_BITS_MIN: usize = 2048;
/// Larger RSA keys only make us work.
const RSA_BITS_MAX: usize = 8192;
/// Bytes of a coordinate on P-256, and of an Ed25519 key.
const COORDINATE_BYTES: usize = 32;

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// RSA, PKCS #1 1.5, with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// `EdDSA` on Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The algorithm of a word in a header or key (RFC 7518, RFC 8037, RFC 9864).
    pub(crate) fn named(word: &str) -> Option<Self> {
        match word {
            "HS256" => Some(Self::Hs256),
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A key, and which tokens it is for.
pub(crate) struct Key {
    /// Only tokens that name it; all of the algorithm when there is none.
    pub(crate) kid: Option<String>,
    /// The one algorithm that it is for.
    pub(crate) algorithm: Algorithm,
    material: Material,
}

enum Material {
    Secret(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl Key {
    /// A secret for HS256.
    pub(crate) fn secret(kid: Option<String>, secret: &[u8]) -> Self {
        let material = Material::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)));
        Self { kid, algorithm: Algorithm::Hs256, material }
    }

    /// An RSA key for RS256, from its modulus and exponent.
    pub(crate) fn rsa(kid: Option<String>, n: &[u8], e: &[u8]) -> Option<Self> {
        let components = RsaPublicKeyComponents { n, e };
        let key = components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()?;
        Self::strong_rsa(kid, key)
    }

    /// An RSA key for RS256, from its DER.
    pub(crate) fn rsa_der(kid: Option<String>, der: &[u8]) -> Option<Self> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).ok()?;
        Self::strong_rsa(kid, key)
    }

    /// A key on P-256 for ES256, from its coordinates.
    pub(crate) fn p256(kid: Option<String>, x: &[u8], y: &[u8]) -> Option<Self> {
        if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
            return None;
        }
        Self::p256_point(kid, &[&[0x04], x, y].concat())
    }

    /// A key on P-256 for ES256, from its point.
    pub(crate) fn p256_point(kid: Option<String>, point: &[u8]) -> Option<Self> {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?;
        Some(Self { kid, algorithm: Algorithm::Es256, material: Material::Public(key) })
    }

    /// A key for `EdDSA`, from its bytes.
    pub(crate) fn ed25519(kid: Option<String>, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != COORDINATE_BYTES {
            return None;
        }
        let key = ParsedPublicKey::new(&ED25519, bytes).ok()?;
        Some(Self { kid, algorithm: Algorithm::EdDsa, material: Material::Public(key) })
    }

    fn strong_rsa(kid: Option<String>, key: ParsedPublicKey) -> Option<Self> {
        let der: PublicKeyX509Der<'_> = key.as_der().ok()?;
        let bits = PublicEncryptingKey::from_der(der.as_ref()).ok()?.key_size_bits();
        if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
            return None;
        }
        Some(Self { kid, algorithm: Algorithm::Rs256, material: Material::Public(key) })
    }

    /// Whether a token with this header may have been signed with this key.
    pub(crate) fn fits(&self, algorithm: Algorithm, kid: Option<&str>) -> bool {
        self.algorithm == algorithm && (self.kid.is_none() || self.kid.as_deref() == kid)
    }

    /// Whether the signature is this key's.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }

    /// Whether both verify the same tokens. Secrets are never compared, and are not the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.material, &other.material) {
            (Material::Public(one), Material::Public(two)) => {
                self.algorithm == other.algorithm
                    && self.kid == other.kid
                    && one.as_ref() == two.as_ref()
            }
            _ => false,
        }
    }
}
