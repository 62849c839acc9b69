//! Events written out as NDJSON, JSON, CSV and Parquet, piece by piece.
//!
//! Pure: bytes go to any [`std::io::Write`]. Rows are laid out into [`Piece`]s, which can be done on
//! several threads at once, and the pieces are put one after the other into a [`Document`]. Neither
//! ever holds more than a bounded part of the whole.

#![warn(missing_docs)]

mod columns;
mod csv;
mod document;
mod format;
mod manifest;
mod measure;
mod parquet;
mod piece;
mod row;

pub use columns::column_names;
pub use document::{Document, WriteError};
pub use format::{Format, Layout, UnknownFormat};
pub use manifest::Manifest;
pub use measure::{Measured, hex};
pub use parquet::schema_text;
pub use piece::Piece;
pub use row::Row;

#[cfg(test)]
mod tests;
