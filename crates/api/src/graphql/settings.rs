//! How GraphQL is served, as the operator says.

use std::path::PathBuf;

use annals_domain::limits::RequestLimits;
use serde::Deserialize;

use super::documents::{DocumentMode, DocumentsError, TrustedDocuments};

/// `[graphql]` in config/annals.toml.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphqlSettings {
    /// Which documents run.
    pub documents: DocumentMode,
    /// Where trusted documents lie; empty: nowhere.
    pub documents_dir: PathBuf,
    /// Whether there is a page to try things out.
    pub playground: bool,
}

/// What GraphQL is served with.
#[derive(Debug, Clone, Default)]
pub struct GraphqlParts {
    /// Which documents run.
    pub documents: DocumentMode,
    /// The trusted documents.
    pub trusted: TrustedDocuments,
    /// Whether there is a page to try things out.
    pub playground: bool,
}

impl GraphqlParts {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// When the trusted documents cannot be used.
    pub fn load(
        settings: &GraphqlSettings,
        limits: &RequestLimits,
    ) -> Result<Self, DocumentsError> {
        let directory = &settings.documents_dir;
        let trusted = match directory.as_os_str().is_empty() {
            true => TrustedDocuments::default(),
            false => TrustedDocuments::read(directory, limits)?,
        };
        Ok(Self { documents: settings.documents, trusted, playground: settings.playground })
    }
}
