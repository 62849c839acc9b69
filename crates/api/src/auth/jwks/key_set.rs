//! What a published set of keys yields.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::auth::verifier::json;
use crate::auth::verifier::key::{Algorithm, Key};
use crate::auth::verifier::parts::KID_BYTES_MAX;

/// A larger set is refused.
pub const KEY_SET_BYTES_MAX: usize = 256 * 1024;
/// A set of more keys is refused.
const KEYS_MAX: usize = 64;
/// Keys of one algorithm that tell no name: each of them is tried for every token of the algorithm.
const NAMELESS_KEYS_MAX: usize = 4;

/// The keys of a set that tokens can be verified with.
pub struct KeySet {
    pub(super) keys: Vec<Key>,
    /// The keys that cannot be used, for the operator to know.
    pub passed_over: Vec<PassedOver>,
}

/// A key of a set that is not used.
#[derive(Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Its name, if it tells one that can be shown.
    pub kid: Option<String>,
    /// Why it is not used.
    pub reason: &'static str,
}

/// The set as a whole cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// Too large.
    #[error("the set of keys is larger than {KEY_SET_BYTES_MAX} bytes")]
    TooLarge,
    /// Not a set of keys.
    #[error("it is not a JSON Web Key Set; the address must answer `{{\"keys\": […]}}`")]
    NotASet(#[source] serde_json::Error),
    /// Too many.
    #[error("the set holds {0} keys; at most {KEYS_MAX} are taken")]
    TooMany(usize),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Map<String, Value>>,
}

impl KeySet {
    /// Reads a set. Keys that cannot be used are passed over, as RFC 7517, 5, wants it.
    pub fn read(document: &[u8]) -> Result<Self, KeySetError> {
        if document.len() > KEY_SET_BYTES_MAX {
            return Err(KeySetError::TooLarge);
        }
        let document: Document = json::unambiguous(document).map_err(KeySetError::NotASet)?;
        if document.keys.len() > KEYS_MAX {
            return Err(KeySetError::TooMany(document.keys.len()));
        }
        let mut set = Self { keys: Vec::new(), passed_over: Vec::new() };
        for jwk in &document.keys {
            match key(jwk).and_then(|key| set.room_for(&key).map(|()| key)) {
                Ok(key) => set.keys.push(key),
                Err(reason) => set.passed_over.push(PassedOver { kid: shown_name(jwk), reason }),
            }
        }
        Ok(set)
    }

    /// How many keys can be used.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn room_for(&self, new: &Key) -> Result<(), &'static str> {
        let alike = self.keys.iter();
        let alike = alike.filter(|key| key.algorithm == new.algorithm && key.kid == new.kid);
        match (&new.kid, alike.count()) {
            (Some(_), 1..) => Err("another key of the algorithm has the same `kid`"),
            (None, NAMELESS_KEYS_MAX..) => Err("too many keys of the algorithm have no `kid`"),
            _ => Ok(()),
        }
    }
}

/// The key of one entry. The algorithm follows from the entry, never from a token.
fn key(jwk: &Map<String, Value>) -> Result<Key, &'static str> {
    for_signatures(jwk)?;
    let kid = name(jwk)?;
    let (algorithm, key) = match (text(jwk, "kty")?, text(jwk, "crv")?) {
        (Some("oct"), _) => return Err("a published secret is none"),
        _ if jwk.contains_key("d") => return Err("it shows its private part"),
        (Some("RSA"), _) => {
            (Algorithm::Rs256, Key::rsa(kid, &number(jwk, "n")?, &number(jwk, "e")?))
        }
        (Some("EC"), Some("P-256")) => {
            (Algorithm::Es256, Key::p256(kid, &bytes(jwk, "x")?, &bytes(jwk, "y")?))
        }
        (Some("OKP"), Some("Ed25519")) => (Algorithm::EdDsa, Key::ed25519(kid, &bytes(jwk, "x")?)),
        _ => return Err("its kind is not supported; use RSA, P-256 or Ed25519"),
    };
    if text(jwk, "alg")?.is_some_and(|alg| Algorithm::named(alg) != Some(algorithm)) {
        return Err("its `alg` is not supported or does not fit it");
    }
    key.ok_or("it is not a valid key; RSA keys have 2048 to 8192 bits")
}

fn for_signatures(jwk: &Map<String, Value>) -> Result<(), &'static str> {
    if text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err("it is not for signatures");
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(all)) if all.iter().any(|one| one == "verify") => Ok(()),
        Some(_) => Err("it is not for verifying"),
    }
}

fn name(jwk: &Map<String, Value>) -> Result<Option<String>, &'static str> {
    let kid = text(jwk, "kid")?;
    if kid.is_some_and(|kid| kid.len() > KID_BYTES_MAX) {
        return Err("its `kid` is too long");
    }
    Ok(kid.map(ToOwned::to_owned))
}

fn shown_name(jwk: &Map<String, Value>) -> Option<String> {
    name(jwk).ok().flatten()
}

fn text<'j>(jwk: &'j Map<String, Value>, member: &str) -> Result<Option<&'j str>, &'static str> {
    match jwk.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err("a member of it is not a text"),
    }
}

fn bytes(jwk: &Map<String, Value>, member: &str) -> Result<Vec<u8>, &'static str> {
    let text = text(jwk, member)?.ok_or("a part of it is missing")?;
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| "a part of it is not base64url")
}

/// A whole number; some issuers begin it with a zero byte, which changes nothing.
fn number(jwk: &Map<String, Value>, member: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = bytes(jwk, member)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Ok(bytes[zeros..].to_vec())
}

#[cfg(test)]
mod tests;
