//! A whole export: its beginning, its pieces, its end.

use std::io::{self, Write};

use crate::csv::{self, BOM};
use crate::format::{Format, Layout};
use crate::parquet::Table;
use crate::piece::{Content, Piece};

/// A document could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What is written to does not take it.
    #[error("cannot write the export")]
    Io(#[from] io::Error),
    /// The columns do not take the values.
    #[error("cannot write the columns of the export")]
    Columns(#[from] ::parquet::errors::ParquetError),
    /// A piece of one form was put into a document of another.
    #[error("a piece of another form cannot be put into this document")]
    OtherForm,
}

/// A document that is being written.
pub struct Document<W: Write + Send> {
    form: Form<W>,
    rows: u64,
}

enum Form<W: Write + Send> {
    Text { out: W, format: Format },
    Table(Box<Table<W>>),
}

impl<W: Write + Send> Document<W> {
    /// Begins a document.
    pub fn begin(mut out: W, layout: Layout) -> Result<Self, WriteError> {
        match layout.format {
            Format::Ndjson => {}
            Format::Json => out.write_all(b"[\n")?,
            Format::Csv => {
                let mut header = Vec::new();
                if layout.bom {
                    header.extend_from_slice(BOM.as_bytes());
                }
                csv::write_header(&mut header);
                out.write_all(&header)?;
            }
            Format::Parquet => {
                let form = Form::Table(Box::new(Table::begin(out)?));
                return Ok(Self { form, rows: 0 });
            }
        }
        Ok(Self { form: Form::Text { out, format: layout.format }, rows: 0 })
    }

    /// Goes on with a document of which so many rows lie there already. None for a form that cannot
    /// be gone on with.
    pub fn resume(out: W, layout: Layout, rows: u64) -> Option<Self> {
        let format = layout.format;
        format.can_go_on().then_some(Self { form: Form::Text { out, format }, rows })
    }

    /// Puts a piece behind those before it.
    pub fn put(&mut self, piece: Piece) -> Result<(), WriteError> {
        let rows = piece.rows;
        match (&mut self.form, piece.content) {
            (Form::Text { out, format: Format::Ndjson }, Content::Lines(bytes))
            | (Form::Text { out, format: Format::Csv }, Content::Csv(bytes)) => {
                out.write_all(&bytes)?;
            }
            (Form::Text { out, format: Format::Json }, Content::Elements(bytes)) => {
                if self.rows > 0 && rows > 0 {
                    out.write_all(b",\n")?;
                }
                out.write_all(&bytes)?;
            }
            (Form::Table(table), Content::Columns(columns)) => table.put(*columns)?,
            _ => return Err(WriteError::OtherForm),
        }
        self.rows += rows;
        Ok(())
    }

    /// How many rows were put.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What is written to.
    pub fn out(&mut self) -> &mut W {
        match &mut self.form {
            Form::Text { out, .. } => out,
            Form::Table(table) => table.out(),
        }
    }

    /// Writes the end and returns what was written to.
    pub fn finish(self) -> Result<W, WriteError> {
        match self.form {
            Form::Table(table) => Ok(table.finish()?),
            Form::Text { mut out, format } => {
                if format == Format::Json {
                    out.write_all(if self.rows > 0 { b"\n]\n" } else { b"]\n" })?;
                }
                out.flush()?;
                Ok(out)
            }
        }
    }
}
