//! Documents of the operator's, read once at the start.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::limits::RequestLimits;

use super::{Hash, hash_of};
use crate::graphql::document;

/// Files in the directory.
const FILES_MAX: usize = 10_000;

/// Why the trusted documents cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    /// The directory, or a file in it, cannot be read.
    #[error("cannot read `{path}` for the trusted documents of GraphQL")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There are more files than anybody writes.
    #[error("`{0}` holds more than {FILES_MAX} documents")]
    TooMany(PathBuf),
    /// A file is no document, or one beyond the limits.
    #[error("`{path}` is no GraphQL document that could run: {reason}")]
    NotADocument {
        /// Which one.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The documents of the directory, by hash.
#[derive(Debug, Clone, Default)]
pub struct TrustedDocuments(Arc<HashMap<Hash, Arc<str>>>);

impl TrustedDocuments {
    /// Reads every `.graphql` file of the directory, each one document.
    ///
    /// # Errors
    /// When a file cannot be read, or is no document within the limits.
    pub fn read(directory: &Path, limits: &RequestLimits) -> Result<Self, DocumentsError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            |source| DocumentsError::Unreadable { path, source }
        };
        let mut documents = HashMap::new();
        for entry in std::fs::read_dir(directory).map_err(unreadable(directory))? {
            let path = entry.map_err(unreadable(directory))?.path();
            if path.extension().is_none_or(|extension| extension != "graphql") {
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            document::checked(&text, limits).map_err(|refused| {
                let reason = refused.errors.first().map(|error| error.message.clone());
                DocumentsError::NotADocument { path, reason: reason.unwrap_or_default() }
            })?;
            documents.insert(hash_of(&text), text.into());
            if documents.len() > FILES_MAX {
                return Err(DocumentsError::TooMany(directory.to_owned()));
            }
        }
        Ok(Self(Arc::new(documents)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, hash: &Hash) -> Option<Arc<str>> {
        self.0.get(hash).cloned()
    }
}

#[cfg(test)]
mod tests;
