//! Writes a piece, group by group: what is held in memory does not grow with the file.

use std::io::Write;

use annals_domain::Position;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::schema::{GROUP_BYTES_MAX, GROUP_ROWS_MAX, PROPERTIES, SCHEMA};
use super::{Content, PieceError, PieceRow};

/// A piece that is being written.
pub struct PieceWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    waiting: Columns,
    written: Written,
}

/// What was put into a piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Position of the first record; zero while there is none.
    pub first: Position,
    /// Position of the last record.
    pub last: Position,
    /// How many records.
    pub records: u64,
    /// How many of them hold nothing, because retention removed them.
    pub removed: u64,
    /// About how many bytes, not compressed.
    pub bytes: u64,
}

impl<W: Write + Send> PieceWriter<W> {
    /// Begins a piece; `out` may be a file or a buffer.
    pub fn begin(out: W) -> Result<Self, PieceError> {
        let file = SerializedFileWriter::new(out, SCHEMA.clone(), PROPERTIES.clone())
            .map_err(unwritten)?;
        Ok(Self { file, waiting: Columns::default(), written: Written::default() })
    }

    /// Adds a record. Positions rise.
    pub fn put(&mut self, row: PieceRow) -> Result<(), PieceError> {
        let position = row.position;
        let last = self.written.last;
        if self.written.records > 0 && position <= last {
            return Err(PieceError::OutOfOrder { last, put: position });
        }
        if self.written.records == 0 {
            self.written.first = position;
        }
        self.written.last = position;
        self.written.records += 1;
        self.written.removed += u64::from(matches!(row.content, Content::Removed { .. }));
        self.written.bytes += row.weight() as u64;
        self.waiting.add(row);
        if self.waiting.rows >= GROUP_ROWS_MAX || self.waiting.bytes >= GROUP_BYTES_MAX {
            self.write_group().map_err(unwritten)?;
        }
        Ok(())
    }

    /// What was put so far.
    pub fn written(&self) -> Written {
        self.written
    }

    /// Ends the piece, and gives back what it was written to.
    pub fn finish(mut self) -> Result<(W, Written), PieceError> {
        self.write_group().map_err(unwritten)?;
        let out = self.file.into_inner().map_err(unwritten)?;
        Ok((out, self.written))
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let columns = std::mem::take(&mut self.waiting);
        if columns.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        columns.write(&mut group)?;
        group.close()?;
        Ok(())
    }
}

fn unwritten(source: ParquetError) -> PieceError {
    PieceError::Parquet { doing: "write", source }
}

/// Values of the rows that wait, column by column.
#[derive(Default)]
struct Columns {
    rows: usize,
    bytes: usize,
    positions: Vec<i64>,
    revisions: Vec<i64>,
    streams: Vec<ByteArray>,
    tenants: Vec<ByteArray>,
    ids: Vec<FixedLenByteArray>,
    fingerprints: Vec<FixedLenByteArray>,
    leaves: Maybe<FixedLenByteArray>,
    stored_bytes: Vec<i32>,
    removed_by: Maybe<FixedLenByteArray>,
    headers: Maybe<ByteArray>,
    groups: Groups,
}

/// Values of which some are absent.
struct Maybe<T> {
    values: Vec<T>,
    present: Vec<i16>,
}

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self { values: Vec::new(), present: Vec::new() }
    }
}

impl<T> Maybe<T> {
    fn add(&mut self, value: Option<T>) {
        self.present.push(value.is_some().into());
        self.values.extend(value);
    }
}

/// The lists of all rows, as Parquet numbers them: `begins` is 0 where a row begins.
#[derive(Default)]
struct Groups {
    keys: Vec<FixedLenByteArray>,
    ciphertexts: Vec<ByteArray>,
    present: Vec<i16>,
    begins: Vec<i16>,
}

impl Columns {
    fn add(&mut self, row: PieceRow) {
        self.rows += 1;
        self.bytes += row.weight();
        self.positions.push(row.position.0 as i64);
        self.revisions.push(row.revision.0 as i64);
        self.streams.push(row.stream.as_str().into());
        self.tenants.push(row.tenant.as_str().into());
        self.ids.push(fixed(row.id.0.as_bytes()));
        self.fingerprints.push(fixed(&row.fingerprint));
        self.leaves.add(row.leaf.as_ref().map(|leaf| fixed(leaf)));
        self.stored_bytes.push(i32::try_from(row.stored_bytes).unwrap_or(i32::MAX));
        let (removed_by, header, groups) = match row.content {
            Content::Kept { header, groups } => (None, Some(header), groups),
            Content::Removed { by } => (by, None, Vec::new()),
        };
        self.removed_by.add(removed_by.map(|by| fixed(by.0.as_bytes())));
        self.headers.add(header.map(ByteArray::from));
        if groups.is_empty() {
            self.groups.present.push(0);
            self.groups.begins.push(0);
        }
        for (place, group) in groups.into_iter().enumerate() {
            self.groups.present.push(1);
            self.groups.begins.push((place > 0).into());
            self.groups.keys.push(fixed(&group.key.0));
            self.groups.ciphertexts.push(group.ciphertext.into());
        }
    }

    /// In the order of the schema.
    fn write<W: Write + Send>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        write::<Int64Type, W>(group, &self.positions, None, None)?;
        write::<Int64Type, W>(group, &self.revisions, None, None)?;
        write::<ByteArrayType, W>(group, &self.streams, None, None)?;
        write::<ByteArrayType, W>(group, &self.tenants, None, None)?;
        write::<FixedLenByteArrayType, W>(group, &self.ids, None, None)?;
        write::<FixedLenByteArrayType, W>(group, &self.fingerprints, None, None)?;
        let Maybe { values, present } = &self.leaves;
        write::<FixedLenByteArrayType, W>(group, values, Some(present), None)?;
        write::<Int32Type, W>(group, &self.stored_bytes, None, None)?;
        let Maybe { values, present } = &self.removed_by;
        write::<FixedLenByteArrayType, W>(group, values, Some(present), None)?;
        let Maybe { values, present } = &self.headers;
        write::<ByteArrayType, W>(group, values, Some(present), None)?;
        let Groups { keys, ciphertexts, present, begins } = &self.groups;
        write::<FixedLenByteArrayType, W>(group, keys, Some(present), Some(begins))?;
        write::<ByteArrayType, W>(group, ciphertexts, Some(present), Some(begins))
    }
}

fn fixed(bytes: &[u8]) -> FixedLenByteArray {
    bytes.to_vec().into()
}

fn write<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    present: Option<&[i16]>,
    begins: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("the schema has a column less".into()))?;
    column.typed::<T>().write_batch(values, present, begins)?;
    column.close()
}
