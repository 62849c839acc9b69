//! Documents with a signature in them.
//!
//! A document is canonical JSON (RFC 8785): an object whose field `signature` holds a line as it stands under a
//! signed note (<https://c2sp.org/signed-note>). Signed is the canonical JSON of the object without that field,
//! and a newline.

use annals_tlog::{Signature, SigningKey, VerifyingKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The field of the signature.
const SIGNATURE: &str = "signature";

/// Bytes that are no document to be believed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or with other fields.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// JSON that is written otherwise than the signer writes it.
    #[error("it is not canonical JSON, as it was when it was written")]
    NotCanonical,
    /// There is no signature of this key.
    #[error("it has no signature of the key `{0}`")]
    Unsigned(String),
    /// The signature does not fit.
    #[error("the signature of `{0}` is not of this content")]
    WrongSignature(String),
}

/// The document with its signature.
pub(super) fn sign<T: Serialize>(content: &T, key: &SigningKey) -> Result<Vec<u8>, DocumentError> {
    let mut value = serde_json::to_value(content)?;
    let unsigned = || DocumentError::Unsigned(key.verifying_key().name().to_owned());
    let signature = key.sign(&text_of(&value)?).ok_or_else(unsigned)?;
    let fields = value.as_object_mut().ok_or(DocumentError::NotCanonical)?;
    fields.insert(SIGNATURE.to_owned(), signature.to_string().into());
    Ok(serde_json_canonicalizer::to_vec(&value)?)
}

/// What a document says, if it is signed with the key.
pub(super) fn open<T: DeserializeOwned>(
    bytes: &[u8],
    key: &VerifyingKey,
) -> Result<T, DocumentError> {
    let mut value: Value = serde_json::from_slice(bytes)?;
    if serde_json_canonicalizer::to_vec(&value)? != bytes {
        return Err(DocumentError::NotCanonical);
    }
    let unsigned = || DocumentError::Unsigned(key.name().to_owned());
    let line = value.as_object_mut().and_then(|fields| fields.remove(SIGNATURE));
    let signature = line.as_ref().and_then(Value::as_str).and_then(Signature::parse_line);
    let signature = signature.filter(|it| key.is_of(it)).ok_or_else(unsigned)?;
    match key.verifies(&text_of(&value)?, &signature) {
        true => Ok(serde_json::from_value(value)?),
        false => Err(DocumentError::WrongSignature(key.name().to_owned())),
    }
}

fn text_of(value: &Value) -> Result<String, DocumentError> {
    Ok(serde_json_canonicalizer::to_string(value)? + "\n")
}

/// Numbers in texts: canonical JSON has no integers beyond 2⁵³.
pub(super) mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in super::super) fn serialize<S: Serializer>(
        number: &u64,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<u64, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
