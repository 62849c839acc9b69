//! Keys that sign notes, in the text forms of C2SP signed-note.

use std::fmt;

use ed25519_dalek::Signer;

use crate::hash::sha256;
use crate::note::Signature;
use crate::text::{decode_base64, encode_base64};

/// The longest key name, bytes.
pub const NAME_LEN_MAX: usize = 255;
const KEY_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// What a key signs, and how; the type byte of C2SP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Ed25519 over the text of the note (0x01): what logs sign with.
    Note,
    /// Ed25519 over a time and the text of the note (0x04): what witnesses sign with.
    Cosignature,
}

impl Algorithm {
    fn type_byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    fn from_type_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Note),
            0x04 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

/// Why a text is no key. It never repeats the text, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It does not have the form of a key.
    #[error("the key does not have the form `name+id+base64`")]
    Malformed,
    /// The name cannot be in a note.
    #[error("the key name is empty, too long, or has a space, a plus or a control character")]
    Name,
    /// A kind of key that is not supported.
    #[error("the key is of a type other than Ed25519 (1) and cosignature/v1 (4)")]
    Algorithm,
    /// The id is not the one of the key.
    #[error("the key says its id is {written}, but it is {computed}")]
    Id {
        /// What the text says.
        written: String,
        /// What name and key give.
        computed: String,
    },
    /// The bytes are no point of the curve, or a point that proves nothing.
    #[error("the key is no usable Ed25519 key")]
    Point,
}

/// A public key with the name and id it has in notes; prints as `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    id: u32,
    algorithm: Algorithm,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// When the name cannot be in a note, or the bytes are no usable key.
    pub fn new(name: &str, algorithm: Algorithm, key: &[u8; KEY_LEN]) -> Result<Self, KeyError> {
        check_name(name)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self::named(name, algorithm, key))
    }

    fn named(name: &str, algorithm: Algorithm, key: ed25519_dalek::VerifyingKey) -> Self {
        let id = key_id(name, algorithm, key.as_bytes());
        Self { name: name.to_owned(), id, algorithm, key }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// When it has another form, type or id, or is no usable key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (algorithm, name, id, key) = parse_key(text)?;
        let parsed = Self::new(name, algorithm, &key)?;
        same_id(id, parsed.id)?;
        Ok(parsed)
    }

    /// The name, for a log its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id, which with the name says whose signature a line is.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The 32 bytes of the key.
    pub fn as_bytes(&self) -> &[u8; KEY_LEN] {
        self.key.as_bytes()
    }

    /// Whether a signature line claims to be of this key.
    pub fn is_of(&self, signature: &Signature) -> bool {
        signature.id == self.id && signature.name == self.name
    }

    /// Whether a signature is this key's and is right for the text.
    pub fn verifies(&self, text: &str, signature: &Signature) -> bool {
        self.is_of(signature)
            && match self.algorithm {
                Algorithm::Note => self.verifies_bytes(text.as_bytes(), &signature.bytes),
                Algorithm::Cosignature => match signature.bytes.split_first_chunk() {
                    Some((time, bytes)) => {
                        let message = cosigned_message(text, u64::from_be_bytes(*time));
                        message.is_some_and(|message| self.verifies_bytes(&message, bytes))
                    }
                    None => false,
                },
            }
    }

    fn verifies_bytes(&self, message: &[u8], signature: &[u8]) -> bool {
        // Strict: refuses points of small order, and so a signature right for many texts.
        <&[u8; SIGNATURE_LEN]>::try_from(signature).is_ok_and(|bytes| {
            let signature = ed25519_dalek::Signature::from_bytes(bytes);
            self.key.verify_strict(message, &signature).is_ok()
        })
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = encode_key(self.algorithm, self.key.as_bytes());
        write!(f, "{}+{:08x}+{key}", self.name, self.id)
    }
}

/// A private key; its seed is wiped from memory when it is dropped, and never printed.
#[derive(Clone)]
pub struct SigningKey {
    public: VerifyingKey,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key that 32 secret random bytes make.
    ///
    /// # Errors
    /// When the name cannot be in a note.
    pub fn from_seed(
        name: &str,
        algorithm: Algorithm,
        seed: &[u8; KEY_LEN],
    ) -> Result<Self, KeyError> {
        check_name(name)?;
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        Ok(Self { public: VerifyingKey::named(name, algorithm, key.verifying_key()), key })
    }

    /// Reads the private text form of Go's `note` package, `PRIVATE+KEY+name+id+base64`.
    ///
    /// # Errors
    /// When it has another form, type or id.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.strip_prefix(PRIVATE_PREFIX).ok_or(KeyError::Malformed)?;
        let (algorithm, name, id, seed) = parse_key(text)?;
        let parsed = Self::from_seed(name, algorithm, &seed)?;
        same_id(id, parsed.public.id)?;
        Ok(parsed)
    }

    /// The private text form: a secret.
    pub fn to_secret_text(&self) -> String {
        let seed = encode_key(self.public.algorithm, self.key.as_bytes());
        format!("{PRIVATE_PREFIX}{}+{:08x}+{seed}", self.public.name, self.public.id)
    }

    /// The public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// Signs the text of a note; none when this is a witness's key, which signs with a time.
    pub fn sign(&self, text: &str) -> Option<Signature> {
        let signs = self.public.algorithm == Algorithm::Note;
        signs.then(|| self.signature(self.key.sign(text.as_bytes()).to_bytes().to_vec()))
    }

    /// Signs the text of a checkpoint with a time in seconds since 1970; none when this is a log's
    /// key, or the time is above 2^63 - 1.
    pub fn cosign(&self, text: &str, time: u64) -> Option<Signature> {
        if self.public.algorithm != Algorithm::Cosignature {
            return None;
        }
        let message = cosigned_message(text, time)?;
        let mut bytes = time.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.key.sign(&message).to_bytes());
        Some(self.signature(bytes))
    }

    fn signature(&self, bytes: Vec<u8>) -> Signature {
        Signature { name: self.public.name.clone(), id: self.public.id, bytes }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Whether a name can be in a note: no spaces, no plus, no control characters, not empty.
pub(crate) fn is_key_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    (1..=NAME_LEN_MAX).contains(&name.len()) && name.chars().all(allowed)
}

fn check_name(name: &str) -> Result<(), KeyError> {
    if is_key_name(name) { Ok(()) } else { Err(KeyError::Name) }
}

fn key_id(name: &str, algorithm: Algorithm, key: &[u8; KEY_LEN]) -> u32 {
    let message = [name.as_bytes(), b"\n", &[algorithm.type_byte()], key].concat();
    let [a, b, c, d, ..] = sha256(&message);
    u32::from_be_bytes([a, b, c, d])
}

fn same_id(written: &str, computed: u32) -> Result<(), KeyError> {
    let computed = format!("{computed:08x}");
    if written == computed {
        Ok(())
    } else {
        Err(KeyError::Id { written: written.to_owned(), computed })
    }
}

fn encode_key(algorithm: Algorithm, key: &[u8; KEY_LEN]) -> String {
    encode_base64(&[&[algorithm.type_byte()], key.as_slice()].concat())
}

/// Splits `name+id+base64`; the base64 may itself have a plus.
fn parse_key(text: &str) -> Result<(Algorithm, &str, &str, [u8; KEY_LEN]), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Malformed)?;
    let (id, key) = rest.split_once('+').ok_or(KeyError::Malformed)?;
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if id.len() != 8 || !id.bytes().all(hexadecimal) {
        return Err(KeyError::Malformed);
    }
    // Room for the largest key type of the specification, so that it is named as such.
    let bytes = decode_base64(key, 2048).ok_or(KeyError::Malformed)?;
    let (&type_byte, key) = bytes.split_first().ok_or(KeyError::Malformed)?;
    let algorithm = Algorithm::from_type_byte(type_byte).ok_or(KeyError::Algorithm)?;
    Ok((algorithm, name, id, key.try_into().map_err(|_| KeyError::Malformed)?))
}

/// What a witness signs (C2SP tlog-cosignature); none for a time above 2^63 - 1.
fn cosigned_message(text: &str, time: u64) -> Option<Vec<u8>> {
    i64::try_from(time).ok()?;
    Some(format!("cosignature/v1\ntime {time}\n{text}").into_bytes())
}

#[cfg(test)]
mod tests;
