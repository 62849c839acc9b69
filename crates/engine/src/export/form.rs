//! In which form events are taken out.

use annals_export::{Format, Layout};
use serde::{Deserialize, Serialize};

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A document of the events alone.
    Document(Layout),
    /// An evidence bundle: the events with everything that proves them (crate `annals-evidence`).
    Bundle,
}

impl Form {
    /// Word of the form of a bundle.
    pub const BUNDLE: &'static str = "bundle";

    /// Reads its word.
    ///
    /// # Errors
    /// When there is no such form: what there is.
    pub fn parse(word: &str) -> Result<Self, &'static str> {
        match word {
            Self::BUNDLE => Ok(Self::Bundle),
            word => word
                .parse()
                .map(|format: Format| format.into())
                .map_err(|_| "must be `json`, `ndjson`, `csv`, `parquet` or `bundle`"),
        }
    }

    /// The form with a byte order mark at the beginning, or without.
    ///
    /// # Errors
    /// When it cannot have one.
    pub fn with_bom(self, bom: bool) -> Result<Self, &'static str> {
        match self {
            form if !bom => Ok(form),
            Self::Document(Layout { format: Format::Csv, .. }) => {
                Ok(Self::Document(Layout { format: Format::Csv, bom }))
            }
            _ => Err("only CSV begins with a byte order mark"),
        }
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document(layout) => layout.format.as_str(),
            Self::Bundle => Self::BUNDLE,
        }
    }

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Document(layout) => layout.format.as_str(),
            Self::Bundle => "zip",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Document(layout) => layout.format.media_type(),
            Self::Bundle => "application/zip",
        }
    }
}

impl From<Layout> for Form {
    fn from(layout: Layout) -> Self {
        Self::Document(layout)
    }
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        Self::Document(format.into())
    }
}
