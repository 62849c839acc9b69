//! Which document an operation runs: the one it sends, or one that the service knows by its hash.
//!
//! There are two kinds of known documents. *Persisted* ones (automatic persisted queries) were sent
//! by somebody of the same tenant before; they spare bytes. *Trusted* ones lie in a directory of the
//! operator's; in the mode `trusted` nothing else runs.

mod persisted;
mod trusted;

use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::TenantId;
use annals_domain::limits::RequestLimits;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::Value;

use persisted::Persisted;
pub use trusted::{DocumentsError, TrustedDocuments};

use super::failure::{Refused, refused_document};
use super::operation::Operation;
use crate::error::ApiError;

/// Which documents run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentMode {
    /// Any within the limits.
    #[default]
    Open,
    /// Those of the operator's directory.
    Trusted,
}

/// SHA-256 of a document's text.
type Hash = [u8; 32];

/// Before the hexadecimal digits in `documentId`.
const ID_PREFIX: &str = "sha256:";

/// The documents that the service knows.
pub(super) struct Documents {
    mode: DocumentMode,
    trusted: TrustedDocuments,
    persisted: Mutex<Persisted>,
}

/// The document of an operation.
#[derive(Debug)]
pub(super) struct Found {
    /// Its text.
    pub(super) text: Arc<str>,
    /// Under which hash to keep it once it has shown to be a document.
    to_keep: Option<Hash>,
}

/// How an operation names a document.
struct Named {
    hash: Hash,
    /// By `extensions.persistedQuery`, and not by `documentId`.
    persisted: bool,
}

impl Documents {
    pub(super) fn new(
        mode: DocumentMode,
        trusted: TrustedDocuments,
        limits: &RequestLimits,
    ) -> Self {
        Self { mode, trusted, persisted: Mutex::new(Persisted::new(limits)) }
    }

    /// The document that an operation of somebody of this tenant means.
    pub(super) fn find(
        &self,
        operation: &mut Operation,
        tenant: &TenantId,
    ) -> Result<Found, Refused> {
        let named = named(operation)?;
        match (operation.query.take(), named) {
            (Some(text), named) => self.sent(text.into(), named),
            (None, Some(named)) => self.known(&named, tenant),
            (None, None) => Err(ApiError::bad_request(
                "there is no document: send its text as `query`, or the id of one that the \
                 service knows as `documentId`",
            )
            .into()),
        }
    }

    fn sent(&self, text: Arc<str>, named: Option<Named>) -> Result<Found, Refused> {
        let hash = (named.is_some() || self.mode == DocumentMode::Trusted).then(|| hash_of(&text));
        if let (Some(hash), Some(named)) = (&hash, &named)
            && *hash != named.hash
        {
            let message = "the hash is not that of the document: it must be SHA-256 over the exact \
                           text of `query`";
            return Err(ApiError::bad_request(message).into());
        }
        if self.mode == DocumentMode::Trusted {
            let trusted = hash.and_then(|hash| self.trusted.get(&hash));
            let text = trusted.ok_or_else(untrusted)?;
            return Ok(Found { text, to_keep: None });
        }
        let to_keep = named.filter(|named| named.persisted).map(|named| named.hash);
        Ok(Found { text, to_keep })
    }

    fn known(&self, named: &Named, tenant: &TenantId) -> Result<Found, Refused> {
        if let Some(text) = self.trusted.get(&named.hash) {
            return Ok(Found { text, to_keep: None });
        }
        if self.mode == DocumentMode::Trusted {
            return Err(untrusted());
        }
        if !named.persisted {
            let message = "there is no document of that id; ids are `sha256:` and the hash of a \
                           file in the directory `[graphql] documents_dir`";
            return Err(refused_document("DOCUMENT_NOT_FOUND", message).into());
        }
        let mut persisted = self.persisted.lock().unwrap_or_else(PoisonError::into_inner);
        let text = persisted.get(tenant, &named.hash);
        // The message as such is what clients look for.
        let text = text.ok_or_else(|| refused_document("PERSISTED_QUERY_NOT_FOUND", NOT_FOUND))?;
        Ok(Found { text, to_keep: None })
    }

    /// Keeps a document that was sent with its hash, and shown to be one.
    pub(super) fn keep(&self, found: &Found, tenant: &TenantId) {
        if let Some(hash) = found.to_keep {
            let mut persisted = self.persisted.lock().unwrap_or_else(PoisonError::into_inner);
            persisted.keep(tenant, hash, found.text.clone());
        }
    }
}

const NOT_FOUND: &str = "PersistedQueryNotFound";

fn untrusted() -> Refused {
    let message = "this service runs trusted documents only: send the id of one of them as \
                   `documentId` (`sha256:` and the hash of its file); whoever runs the service adds \
                   documents to the directory `[graphql] documents_dir`";
    refused_document("DOCUMENT_NOT_TRUSTED", message).into()
}

/// The document that an operation names beside, or in the place of, its text.
fn named(operation: &Operation) -> Result<Option<Named>, Refused> {
    let by_id = operation.document_id.as_deref().map(by_id).transpose()?;
    let extensions = operation.extensions.as_ref();
    let agreed = extensions.and_then(|extensions| extensions.0.get("persistedQuery"));
    let by_hash = match agreed {
        None | Some(Value::Null) => None,
        Some(agreed) => Some(by_hash(agreed)?),
    };
    match (by_id, by_hash) {
        (Some(id), Some(hash)) if id.hash != hash.hash => Err(ApiError::bad_request(
            "`documentId` and `extensions.persistedQuery` name two documents; name one",
        )
        .into()),
        (id, hash) => Ok(id.or(hash)),
    }
}

fn by_id(id: &str) -> Result<Named, Refused> {
    let hash = id.strip_prefix(ID_PREFIX).and_then(read_hash);
    hash.map(|hash| Named { hash, persisted: false }).ok_or_else(|| {
        ApiError::bad_request("`documentId` is not `sha256:` and 64 hexadecimal digits").into()
    })
}

fn by_hash(agreed: &Value) -> Result<Named, Refused> {
    if agreed.get("version").and_then(Value::as_u64) != Some(1) {
        let message = "`extensions.persistedQuery` is known in version 1 only";
        return Err(refused_document("PERSISTED_QUERY_NOT_SUPPORTED", message).into());
    }
    let hash = agreed.get("sha256Hash").and_then(Value::as_str).and_then(read_hash);
    hash.map(|hash| Named { hash, persisted: true }).ok_or_else(|| {
        let message = "`extensions.persistedQuery.sha256Hash` is not 64 hexadecimal digits";
        ApiError::bad_request(message).into()
    })
}

fn read_hash(digits: &str) -> Option<Hash> {
    HEXLOWER.decode(digits.to_ascii_lowercase().as_bytes()).ok()?.try_into().ok()
}

fn hash_of(text: &str) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests;
