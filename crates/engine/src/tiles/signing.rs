//! Whose signature stands under a checkpoint.

use std::sync::Arc;

use annals_evidence::names::{bundle_key_name, heads_key_name};
use annals_record::RootKey;
use annals_tlog::certificate::{self, Certificate, CertificateError};
use annals_tlog::receipt::{Promised, Receipt, key_name};
use annals_tlog::{
    Algorithm, Checkpoint, CheckpointError, Hash, KeyError, Note, NoteError, SignedCheckpoint,
    SigningKey, VerifyingKey,
};
use jiff::Timestamp;

/// Signs the checkpoints of all shards, each with a key of its own that follows from the root key.
#[derive(Clone)]
pub struct LogSigner {
    origin: String,
    root: Arc<RootKey>,
    receipts: Arc<SigningKey>,
    heads: Arc<SigningKey>,
    evidence: Arc<SigningKey>,
    certificates: Arc<SigningKey>,
}

/// Within so many seconds a published checkpoint covers what was recorded: the promise of a receipt.
pub const PROMISE_SECONDS: u64 = 60;

/// A checkpoint was not signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    #[error("the name of the log cannot stand in a checkpoint")]
    Key(#[from] KeyError),
    #[error("the checkpoint cannot be signed")]
    Checkpoint(#[from] CheckpointError),
}

impl LogSigner {
    /// Signs for the log of this name, such as `audit.example.org/main`: no spaces and no `+`
    /// (C2SP signed-note). It must be the only log of that name.
    ///
    /// # Errors
    /// When the name cannot stand in a note.
    pub fn new(origin: &str, root: RootKey) -> Result<Self, KeyError> {
        key(&root, &format!("{origin}/0"))?;
        let receipts = Arc::new(key(&root, &key_name(origin))?);
        let heads = Arc::new(key(&root, &heads_key_name(origin))?);
        let evidence = Arc::new(key(&root, &bundle_key_name(origin))?);
        let certificates = Arc::new(key(&root, &certificate::key_name(origin))?);
        let (origin, root) = (origin.to_owned(), Arc::new(root));
        Ok(Self { origin, root, receipts, heads, evidence, certificates })
    }

    /// The name of the log without a shard.
    pub fn log(&self) -> &str {
        &self.origin
    }

    /// The name of a shard, as it stands in checkpoints.
    pub fn origin(&self, shard: &str) -> String {
        format!("{}/{shard}", self.origin)
    }

    /// What verifies the checkpoints of a shard.
    pub fn verifying_key(&self, shard: &str) -> Result<VerifyingKey, KeyError> {
        Ok(key(&self.root, &self.origin(shard))?.verifying_key().clone())
    }

    /// A signed checkpoint.
    pub(super) fn sign(
        &self,
        shard: &str,
        size: u64,
        root: Hash,
    ) -> Result<SignedCheckpoint, SignError> {
        let key = key(&self.root, &self.origin(shard))?;
        Ok(Checkpoint { origin: self.origin(shard), size, root }.sign(&[&key])?)
    }

    /// A signed checkpoint of a tree that goes on under this name, as text; none where it cannot be one.
    pub fn checkpoint(&self, shard: &str, size: u64, root: Hash) -> Option<String> {
        self.sign(shard, size, root).ok().map(|signed| signed.note.to_string())
    }

    /// What verifies receipts.
    pub fn receipt_key(&self) -> &VerifyingKey {
        self.receipts.verifying_key()
    }

    /// What verifies commitments to the ends of streams.
    pub fn heads_key(&self) -> &VerifyingKey {
        self.heads.verifying_key()
    }

    /// What verifies certificates.
    pub fn certificate_key(&self) -> &VerifyingKey {
        self.certificates.verifying_key()
    }

    /// Certifies something under the name of the log; `statement` is one line of JSON.
    ///
    /// # Errors
    /// When the statement is none, or too long.
    pub fn certify(&self, kind: &str, statement: String) -> Result<String, CertificateError> {
        let certificate = Certificate { log: self.origin.clone(), kind: kind.into(), statement };
        Ok(certificate.sign(&self.certificates)?.to_string())
    }

    /// Signs what the archive consists of.
    ///
    /// # Errors
    /// When the name is too long for it.
    pub fn archive_key(&self) -> Result<SigningKey, KeyError> {
        key(&self.root, &format!("{}/archive", self.origin))
    }

    /// Signs evidence bundles.
    pub(crate) fn evidence_key(&self) -> &SigningKey {
        &self.evidence
    }

    /// Signs the text of a commitment to the ends of streams.
    pub(super) fn sign_heads(&self, text: &str) -> Result<Note, NoteError> {
        let signature = self.heads.sign(text).expect("it is no witness's key");
        Note::new(text.to_owned(), vec![signature])
    }

    /// A signed promise that a checkpoint covers the events soon.
    pub(super) fn receipt(&self, events: &[Promised], signed_at: Timestamp) -> Note {
        let signed_at = u64::try_from(signed_at.as_second()).unwrap_or(0);
        // The part of a second that was cut off is not taken from the time that is left.
        let deadline = signed_at + 1 + PROMISE_SECONDS;
        let receipt = Receipt::over(&self.origin, events, signed_at, deadline);
        receipt.sign(&self.receipts).expect("the key is the log's own for receipts")
    }
}

/// The key of a name, which follows from the root key.
fn key(root: &RootKey, name: &str) -> Result<SigningKey, KeyError> {
    let seed = root.derive(&format!("log signing {name}"));
    SigningKey::from_seed(name, Algorithm::Note, &seed)
}
