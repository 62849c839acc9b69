//! Certificates: what the log confirms under its own name, such as that a person was erased or that events
//! were removed when their time was over.
//!
//! A certificate is a signed note of four lines: the format, the name of the log, what is certified, and the
//! statement, one line of JSON. Whoever has the log's key for certificates checks it without the log.

use std::fmt;

use crate::key::{SigningKey, VerifyingKey};
use crate::note::{Note, NoteError, VerifyError};

/// First line of a certificate.
pub const FORMAT: &str = "annals-certificate/v1";
/// The most bytes of a statement.
pub const STATEMENT_LEN_MAX: usize = 32 * 1024;
/// What the name of the key adds to the name of the log.
const KEY_SUFFIX: &str = "/certificates";

/// What is certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Name of the log, without a shard.
    pub log: String,
    /// What it is about, such as `erasure` or `deletion`.
    pub kind: String,
    /// JSON, in one line.
    pub statement: String,
}

/// Why something is no certificate to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a note.
    #[error("the certificate is not a signed note")]
    Note(#[from] NoteError),
    /// Not signed by the log.
    #[error("the certificate is not signed by the log")]
    Signature(#[from] VerifyError),
    /// Not a certificate.
    #[error("the text is not a certificate: {0}")]
    Malformed(&'static str),
    /// The key is of another name.
    #[error("a certificate of the log `{log}` is signed by `{log}{KEY_SUFFIX}`, not by `{key}`")]
    OtherKey {
        /// The log that the certificate names.
        log: String,
        /// Name of the key.
        key: String,
    },
}

/// Name of the key that signs the certificates of a log.
pub fn key_name(log: &str) -> String {
    format!("{log}{KEY_SUFFIX}")
}

impl Certificate {
    /// Signs it with the key for certificates of its log.
    ///
    /// # Errors
    /// When the key is of another name, or the statement is not one line or too long.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, CertificateError> {
        self.check_key(key.verifying_key())?;
        let text = self.to_string();
        if Self::parse(&text)? != *self {
            return Err(CertificateError::Malformed("it cannot be read back"));
        }
        let no_logs = CertificateError::Malformed("a witness's key signs no certificates");
        let signature = key.sign(&text).ok_or(no_logs)?;
        Ok(Note::new(text, vec![signature])?)
    }

    /// Reads a certificate, and checks that the log signed it.
    ///
    /// # Errors
    /// When it did not.
    pub fn open(bytes: &[u8], key: &VerifyingKey) -> Result<Self, CertificateError> {
        let note = Note::parse(bytes)?;
        note.verify(std::slice::from_ref(key))?;
        let certificate = Self::parse(note.text())?;
        certificate.check_key(key)?;
        Ok(certificate)
    }

    /// Reads the text.
    ///
    /// # Errors
    /// When it is not exactly what printing a certificate gives.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        let malformed = CertificateError::Malformed;
        let lines: Vec<&str> = text.split('\n').take(6).collect();
        let [format, log, kind, statement, ""] = lines[..] else {
            return Err(malformed("it does not have four lines"));
        };
        if format != FORMAT {
            return Err(malformed("it has another format"));
        }
        if kind.is_empty() || !kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
            return Err(malformed("it does not say what is certified"));
        }
        if !statement.starts_with('{') || statement.len() > STATEMENT_LEN_MAX {
            return Err(malformed("its statement is no JSON object, or too long"));
        }
        let [log, kind, statement] = [log, kind, statement].map(str::to_owned);
        Ok(Self { log, kind, statement })
    }

    fn check_key(&self, key: &VerifyingKey) -> Result<(), CertificateError> {
        match key.name() == key_name(&self.log) {
            true => Ok(()),
            false => Err(CertificateError::OtherKey {
                log: self.log.clone(),
                key: key.name().to_owned(),
            }),
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, kind, statement } = self;
        write!(f, "{FORMAT}\n{log}\n{kind}\n{statement}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Algorithm;

    fn key(name: &str) -> SigningKey {
        SigningKey::from_seed(name, Algorithm::Note, &[7; 32]).unwrap()
    }

    fn certificate() -> Certificate {
        let (log, kind) = ("log.example/main".into(), "erasure".into());
        Certificate { log, kind, statement: r#"{"person":"abc"}"#.into() }
    }

    #[test]
    fn what_was_signed_is_read_back_and_no_byte_of_it_can_be_changed() {
        let key = key("log.example/main/certificates");
        let bytes = certificate().sign(&key).unwrap().to_string().into_bytes();
        let public = key.verifying_key();
        assert_eq!(Certificate::open(&bytes, public).unwrap(), certificate());
        for index in 0..bytes.len() {
            for flip in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[index] ^= flip;
                let opened = Certificate::open(&changed, public);
                assert!(opened.is_err(), "byte {index}: {opened:?}");
            }
        }
    }

    #[test]
    fn a_key_of_another_name_signs_and_opens_nothing() {
        let other = key("log.example/main/receipts");
        assert!(matches!(certificate().sign(&other), Err(CertificateError::OtherKey { .. })));
        let signed = certificate().sign(&key("log.example/main/certificates")).unwrap();
        assert!(Certificate::open(signed.to_string().as_bytes(), other.verifying_key()).is_err());
    }

    #[test]
    fn what_is_not_four_lines_of_the_format_is_refused() {
        for (text, why) in [
            ("", "four lines"),
            ("annals-certificate/v2\nl\nk\n{}\n", "another format"),
            ("annals-certificate/v1\nl\nK!\n{}\n", "what is certified"),
            ("annals-certificate/v1\nl\nk\n[]\n", "no JSON object"),
            ("annals-certificate/v1\nl\nk\n{}\nmore\n", "four lines"),
        ] {
            let told = Certificate::parse(text).unwrap_err().to_string();
            assert!(told.contains(why), "{text:?}: {told}");
        }
        let long = |length: usize| Certificate {
            statement: format!("{{{}", "x".repeat(length - 1)),
            ..certificate()
        };
        assert!(Certificate::parse(&long(STATEMENT_LEN_MAX).to_string()).is_ok());
        assert!(Certificate::parse(&long(STATEMENT_LEN_MAX + 1).to_string()).is_err());
        let two_lines = Certificate { statement: "{\n}".into(), ..certificate() };
        assert!(two_lines.sign(&key("log.example/main/certificates")).is_err());
    }
}
