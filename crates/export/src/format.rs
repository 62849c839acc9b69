//! The forms in which events are written out.

use serde::{Deserialize, Serialize};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One event a line.
    Ndjson,
    /// One array of all events.
    Json,
    /// A table for spreadsheets (RFC 4180).
    Csv,
    /// A table for analysis, in columns.
    Parquet,
}

/// There is no such form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be `json`, `ndjson`, `csv` or `parquet`")]
pub struct UnknownFormat;

impl Format {
    /// Every form.
    pub const ALL: &'static [Self] = &[Self::Ndjson, Self::Json, Self::Csv, Self::Parquet];

    /// Its word, which is also the ending of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// Whether writing can go on behind what lies in a file already. A Parquet file tells at its end
    /// where everything lies in it, so it is written in one go.
    pub fn can_go_on(self) -> bool {
        self != Self::Parquet
    }
}

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.iter().copied().find(|format| format.as_str() == word).ok_or(UnknownFormat)
    }
}

/// A form, and how it is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// In which form.
    pub format: Format,
    /// CSV begins with a byte order mark: some spreadsheets take the text for UTF-8 only then.
    pub bom: bool,
}

impl From<Format> for Layout {
    fn from(format: Format) -> Self {
        Self { format, bom: false }
    }
}
