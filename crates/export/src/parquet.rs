//! Parquet: the same columns as CSV, as they are, and the whole event as JSON.
//!
//! Columns are flat, so that every tool reads them. A row group is written as soon as it has so many
//! rows or bytes: what is held in memory does not grow with the file.

use std::io::Write;
use std::sync::{Arc, LazyLock};

use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::TypePtr;

use crate::columns::{COLUMNS, Value};
use crate::row::Row;

/// Rows in one row group at most.
const GROUP_ROWS_MAX: usize = 32 * 1024;
/// Bytes of values in one row group, about.
const GROUP_BYTES_MAX: usize = 32 << 20;
/// The column of the whole event.
const JSON_COLUMN: &str = "json";
/// More would cost much time for little room.
const LEVEL: i32 = 1;

/// The schema, as Parquet writes it.
pub fn schema_text() -> String {
    let field = |column: &crate::columns::Column| {
        let (kind, annotation) = match column.value {
            Value::Text(_) => ("REQUIRED BYTE_ARRAY", " (STRING)"),
            Value::MaybeText(_) => ("OPTIONAL BYTE_ARRAY", " (STRING)"),
            Value::Json(_) => ("OPTIONAL BYTE_ARRAY", " (JSON)"),
            Value::Time(_) => ("REQUIRED INT64", " (TIMESTAMP(MICROS,true))"),
            Value::Number(_) => ("REQUIRED INT64", ""),
            Value::MaybeFlag(_) => ("OPTIONAL BOOLEAN", ""),
        };
        format!("  {kind} {}{annotation};\n", column.name)
    };
    let fields: String = COLUMNS.iter().map(field).collect();
    format!("message event {{\n{fields}  REQUIRED BYTE_ARRAY {JSON_COLUMN} (JSON);\n}}\n")
}

static SCHEMA: LazyLock<TypePtr> = LazyLock::new(|| {
    Arc::new(parse_message_type(&schema_text()).expect("the schema is made of known words"))
});

static PROPERTIES: LazyLock<WriterPropertiesPtr> = LazyLock::new(|| {
    let level = ZstdLevel::try_new(LEVEL).expect("the level is one of Zstandard's");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by(concat!("annals ", env!("CARGO_PKG_VERSION")).into())
        .build();
    Arc::new(properties)
});

/// Values of some rows, column by column.
pub(crate) struct Columns {
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

enum Values {
    Bytes { values: Vec<ByteArray>, present: Vec<i16> },
    Numbers(Vec<i64>),
    Flags { values: Vec<bool>, present: Vec<i16> },
}

impl Default for Columns {
    fn default() -> Self {
        let empty = |value| match value {
            Value::Text(_) | Value::MaybeText(_) | Value::Json(_) => no_bytes(),
            Value::Time(_) | Value::Number(_) => Values::Numbers(Vec::new()),
            Value::MaybeFlag(_) => Values::Flags { values: Vec::new(), present: Vec::new() },
        };
        let columns = COLUMNS.iter().map(|column| empty(column.value));
        Self { columns: columns.chain([no_bytes()]).collect(), rows: 0, bytes: 0 }
    }
}

fn no_bytes() -> Values {
    Values::Bytes { values: Vec::new(), present: Vec::new() }
}

impl Columns {
    pub(crate) fn add(&mut self, row: &Row<'_>) -> serde_json::Result<()> {
        let mut whole = Vec::with_capacity(1024);
        (row.json)(&mut whole)?;
        let bytes = &mut self.bytes;
        let mut columns = self.columns.iter_mut();
        for (column, values) in COLUMNS.iter().zip(&mut columns) {
            *bytes += match column.value {
                Value::Text(text) => values.add_bytes(Some(text(row).as_bytes())),
                Value::MaybeText(text) => values.add_bytes(text(row).as_deref().map(str::as_bytes)),
                Value::Json(json) => {
                    let json = json(row).transpose()?;
                    values.add_bytes(json.as_deref().map(str::as_bytes))
                }
                Value::Time(time) => values.add_number(time(row).timestamp.as_microsecond()),
                Value::Number(number) => {
                    values.add_number(i64::try_from(number(row)).unwrap_or(i64::MAX))
                }
                Value::MaybeFlag(flag) => values.add_flag(flag(row)),
            };
        }
        if let Some(values) = columns.next() {
            *bytes += values.add_bytes(Some(&whole));
        }
        self.rows += 1;
        Ok(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn append(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        for (values, more) in self.columns.iter_mut().zip(other.columns) {
            values.append(more);
        }
    }
}

impl Values {
    fn add_bytes(&mut self, value: Option<&[u8]>) -> usize {
        if let Self::Bytes { values, present } = self {
            present.push(value.is_some().into());
            values.extend(value.map(|value| ByteArray::from(value.to_vec())));
        }
        // About what the value takes beside its bytes.
        value.map_or(2, |value| value.len() + 64)
    }

    fn add_number(&mut self, value: i64) -> usize {
        if let Self::Numbers(values) = self {
            values.push(value);
        }
        size_of::<i64>()
    }

    fn add_flag(&mut self, value: Option<bool>) -> usize {
        if let Self::Flags { values, present } = self {
            present.push(value.is_some().into());
            values.extend(value);
        }
        size_of::<i16>()
    }

    fn append(&mut self, more: Self) {
        match (self, more) {
            (Self::Bytes { values, present }, Self::Bytes { values: more, present: there }) => {
                values.extend(more);
                present.extend(there);
            }
            (Self::Numbers(values), Self::Numbers(more)) => values.extend(more),
            (Self::Flags { values, present }, Self::Flags { values: more, present: there }) => {
                values.extend(more);
                present.extend(there);
            }
            // Every list of columns is made alike.
            _ => {}
        }
    }
}

/// A Parquet file that is being written.
pub(crate) struct Table<W: Write + Send> {
    file: SerializedFileWriter<W>,
    waiting: Columns,
}

impl<W: Write + Send> Table<W> {
    pub(crate) fn begin(out: W) -> Result<Self> {
        let file = SerializedFileWriter::new(out, SCHEMA.clone(), PROPERTIES.clone())?;
        Ok(Self { file, waiting: Columns::default() })
    }

    pub(crate) fn put(&mut self, columns: Columns) -> Result<()> {
        self.waiting.append(columns);
        if self.waiting.rows >= GROUP_ROWS_MAX || self.waiting.bytes >= GROUP_BYTES_MAX {
            self.write_group()?;
        }
        Ok(())
    }

    pub(crate) fn out(&mut self) -> &mut W {
        self.file.inner_mut()
    }

    pub(crate) fn finish(mut self) -> Result<W> {
        self.write_group()?;
        self.file.into_inner()
    }

    fn write_group(&mut self) -> Result<()> {
        let Columns { columns, rows, .. } = std::mem::take(&mut self.waiting);
        if rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for values in columns {
            let mut column = group
                .next_column()?
                .ok_or_else(|| ParquetError::General("a column too many".into()))?;
            write_column(column.untyped(), &values)?;
            column.close()?;
        }
        group.close()?;
        self.file.flush()?;
        Ok(())
    }
}

fn write_column(column: &mut ColumnWriter<'_>, values: &Values) -> Result<()> {
    match (column, values) {
        (ColumnWriter::ByteArrayColumnWriter(column), Values::Bytes { values, present }) => {
            column.write_batch(values, Some(present), None)?;
        }
        (ColumnWriter::Int64ColumnWriter(column), Values::Numbers(values)) => {
            column.write_batch(values, None, None)?;
        }
        (ColumnWriter::BoolColumnWriter(column), Values::Flags { values, present }) => {
            column.write_batch(values, Some(present), None)?;
        }
        _ => return Err(ParquetError::General("a column of another kind".into())),
    }
    Ok(())
}
