//! Signatures of Standard Webhooks under the secrets of an endpoint, and how these are shown to people.

use annals_domain::notification::SignatureKind;
use annals_ports::OpenEndpoint;
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64;

/// More secrets of one endpoint do not sign: the header has a length that receivers take.
const SIGNATURES_MAX: usize = 4;

/// A secret for HMAC as receivers know it: `whsec_` and base64.
pub fn hmac_secret_text(secret: &[u8; 32]) -> String {
    format!("whsec_{}", BASE64.encode(secret))
}

/// The public key to an ed25519 seed as receivers know it: `whpk_` and base64. The seed itself is shown to
/// nobody.
pub fn ed25519_public_text(seed: &[u8; 32]) -> String {
    let pair = pair(seed).expect("every 32 bytes are a seed of ed25519");
    format!("whpk_{}", BASE64.encode(pair.public_key().as_ref()))
}

/// The value of the header `webhook-signature`: one signature for each secret, the newest first.
pub(super) fn signatures(open: &OpenEndpoint, id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let secrets = open.secrets.iter().take(SIGNATURES_MAX);
    let each = secrets.map(|secret| one(open.endpoint.signature, secret, &signed));
    each.collect::<Vec<_>>().join(" ")
}

fn one(kind: SignatureKind, secret: &[u8; 32], signed: &[u8]) -> String {
    match kind {
        SignatureKind::Hmac => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            format!("v1,{}", BASE64.encode(hmac::sign(&key, signed).as_ref()))
        }
        SignatureKind::Ed25519 => {
            let pair = pair(secret).expect("every 32 bytes are a seed of ed25519");
            format!("v1a,{}", BASE64.encode(pair.sign(signed).as_ref()))
        }
    }
}

fn pair(seed: &[u8; 32]) -> Result<Ed25519KeyPair, KeyRejected> {
    Ed25519KeyPair::from_seed_unchecked(seed)
}
