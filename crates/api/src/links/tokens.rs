//! What links and codes are made of. A token is sealed (AES-256-GCM) under a key that follows from the root
//! key: nobody reads in it whom it is about, and nobody makes one.
//!
//! The nonce follows from what is sealed, so the same message has the same links whenever it is sent.

use std::fmt;
use std::sync::Arc;

use annals_domain::{EventId, TenantId};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a code, and a link that stands for it, is good.
pub const CODE_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// How long a link is good.
pub const LINK_LASTS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// No token of ours is longer, bytes.
const TOKEN_BYTES_MAX: usize = 1000;
/// What codes are written with: no two that look alike.
const LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// Letters of a code, about 40 bits.
const CODE_LETTERS: usize = 8;

/// For what a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// "This wasn't me".
    WasntMe,
    /// No more mail of a kind.
    Unsubscribe,
    /// The address is theirs.
    VerifyAddress,
}

/// What a token says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// For what it is.
    #[serde(rename = "p")]
    pub purpose: Purpose,
    /// Whose person.
    #[serde(rename = "t")]
    pub tenant: TenantId,
    /// To whom it was sent.
    #[serde(rename = "s")]
    pub person: String,
    /// About which event; of an address the one that added it.
    #[serde(rename = "e")]
    pub event: EventId,
    /// The rule because of which it was sent; the code for which it stands, when it verifies an address.
    #[serde(rename = "k", default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// When it ends.
    #[serde(rename = "x")]
    pub ends: Timestamp,
}

/// Names nobody: this stands in logs.
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// Makes and reads tokens and codes; the same on all nodes.
#[derive(Clone)]
pub struct LinkTokens {
    sealing: Arc<LessSafeKey>,
    nonces: hmac::Key,
    codes: hmac::Key,
    digests: hmac::Key,
}

impl LinkTokens {
    /// Of a key that follows from the root key, for this purpose alone.
    pub fn new(key: &[u8; 32]) -> Self {
        let whole = hmac::Key::new(hmac::HMAC_SHA256, key);
        let part = |purpose: &str| hmac::sign(&whole, purpose.as_bytes());
        let mac = |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, part(purpose).as_ref());
        let sealing = UnboundKey::new(&AES_256_GCM, part("sealing of links v1").as_ref());
        let sealing = sealing.expect("32 bytes are the length of an AES-256 key");
        Self {
            sealing: Arc::new(LessSafeKey::new(sealing)),
            nonces: mac("nonces of links v1"),
            codes: mac("codes for addresses v1"),
            digests: mac("digests of codes v1"),
        }
    }

    /// The token of a claim.
    pub fn seal(&self, claim: &Claim) -> String {
        let mut content = serde_json::to_vec(claim).expect("texts, an id and a time are JSON");
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&hmac::sign(&self.nonces, &content).as_ref()[..NONCE_LEN]);
        let mut token = nonce.to_vec();
        let sealed = self.sealing.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut content,
        );
        sealed.expect("a claim is far below what the cipher takes");
        token.append(&mut content);
        BASE64URL_NOPAD.encode(&token)
    }

    /// What a token of ours says, if it is for this and has not ended.
    pub fn open(&self, token: &str, purpose: Purpose, now: Timestamp) -> Option<Claim> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let content = self.sealing.open_in_place(nonce, Aad::empty(), sealed).ok()?;
        let claim: Claim = serde_json::from_slice(content).ok()?;
        (claim.purpose == purpose && now < claim.ends).then_some(claim)
    }

    /// The one-use code of an address, as mail shows it: `ABCD-EFGH`. Mail that goes elsewhere would show
    /// another.
    pub fn code(
        &self,
        tenant: &TenantId,
        person: &str,
        added_by: EventId,
        address: &str,
    ) -> String {
        let mac = mac_of(&self.codes, tenant, person, added_by, address);
        let mut number = u128::from_be_bytes(mac.as_ref()[..16].try_into().unwrap_or_default());
        let mut code = String::with_capacity(CODE_LETTERS + 1);
        for place in 0..CODE_LETTERS {
            if place == CODE_LETTERS / 2 {
                code.push('-');
            }
            code.push(char::from(LETTERS[(number % LETTERS.len() as u128) as usize]));
            number /= LETTERS.len() as u128;
        }
        code
    }

    /// What of a code may stand in the log: nobody finds the code by it who does not have the key. Case,
    /// hyphens and spaces do not matter.
    pub fn digest_of_code(
        &self,
        tenant: &TenantId,
        person: &str,
        added_by: EventId,
        code: &str,
    ) -> String {
        let signs = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let code: String = signs.take(2 * CODE_LETTERS).collect::<String>().to_uppercase();
        HEXLOWER.encode(mac_of(&self.digests, tenant, person, added_by, &code).as_ref())
    }
}

/// Each part with its length, so that no two lists of parts read the same.
fn mac_of(
    key: &hmac::Key,
    tenant: &TenantId,
    person: &str,
    event: EventId,
    last: &str,
) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in [tenant.as_str().as_bytes(), person.as_bytes(), event.0.as_bytes(), last.as_bytes()]
    {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.sign()
}

#[cfg(test)]
mod tests;
