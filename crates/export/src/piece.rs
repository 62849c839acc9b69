//! Some rows laid out, to be put into a document.

use crate::csv;
use crate::format::{Format, Layout};
use crate::parquet::Columns;
use crate::row::Row;

/// Rows that follow each other, laid out in the form of a document.
pub struct Piece {
    pub(crate) content: Content,
    pub(crate) rows: u64,
}

pub(crate) enum Content {
    /// Events as JSON, each with its line feed.
    Lines(Vec<u8>),
    /// Elements of an array, with commas between them.
    Elements(Vec<u8>),
    /// Lines of a table.
    Csv(Vec<u8>),
    /// Values of each column.
    Columns(Box<Columns>),
}

impl Piece {
    /// An empty piece.
    pub fn new(layout: Layout) -> Self {
        let content = match layout.format {
            Format::Ndjson => Content::Lines(Vec::new()),
            Format::Json => Content::Elements(Vec::new()),
            Format::Csv => Content::Csv(Vec::new()),
            Format::Parquet => Content::Columns(Box::default()),
        };
        Self { content, rows: 0 }
    }

    /// How many rows it holds.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// About how many bytes it will take in the document, or more.
    pub fn bytes(&self) -> u64 {
        let bytes = match &self.content {
            Content::Lines(out) | Content::Elements(out) | Content::Csv(out) => out.len(),
            Content::Columns(columns) => columns.bytes(),
        };
        bytes as u64
    }

    /// Adds a row.
    pub fn add(&mut self, row: &Row<'_>) -> serde_json::Result<()> {
        match &mut self.content {
            Content::Lines(out) => {
                (row.json)(out)?;
                out.push(b'\n');
            }
            Content::Elements(out) => {
                if self.rows > 0 {
                    out.extend_from_slice(b",\n");
                }
                (row.json)(out)?;
            }
            Content::Csv(out) => csv::write_row(row, out)?,
            Content::Columns(columns) => columns.add(row)?,
        }
        self.rows += 1;
        Ok(())
    }
}
