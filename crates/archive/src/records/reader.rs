//! Reads a piece, group by group.
//!
//! Check the digest of the whole file first where it is known: what is read here is then what was written.

use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_record::{KeyId, SealedGroup};
use bytes::Bytes;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use uuid::Uuid;

use super::schema::{GROUP_BYTES_READ_MAX, GROUP_ROWS_MAX, SCHEMA, column};
use super::{Content, PieceError, PieceRow};

/// A piece that is being read; an iterator over its groups of rows, in order of position.
pub struct PieceReader {
    file: SerializedFileReader<Bytes>,
    next: usize,
}

impl PieceReader {
    /// Opens a piece, and looks whether it is one.
    pub fn open(bytes: Bytes) -> Result<Self, PieceError> {
        let file = SerializedFileReader::new(bytes).map_err(unread)?;
        let metadata = file.metadata();
        if metadata.file_metadata().schema_descr().root_schema() != SCHEMA.as_ref() {
            return Err(PieceError::NotAPiece("it has other columns"));
        }
        for group in metadata.row_groups() {
            let (rows, bytes) = (group.num_rows(), group.total_byte_size());
            let has_room = (0..=GROUP_ROWS_MAX as i64).contains(&rows)
                && (0..=GROUP_BYTES_READ_MAX).contains(&bytes);
            if !has_room {
                return Err(PieceError::TooLarge { rows, bytes });
            }
        }
        Ok(Self { file, next: 0 })
    }

    /// How many records it has.
    pub fn records(&self) -> u64 {
        self.file.metadata().file_metadata().num_rows().max(0) as u64
    }

    /// The rows of the next group; `None` after the last.
    pub fn next_rows(&mut self) -> Result<Option<Vec<PieceRow>>, PieceError> {
        if self.next == self.file.num_row_groups() {
            return Ok(None);
        }
        let group = self.file.get_row_group(self.next).map_err(unread)?;
        self.next += 1;
        rows_of(&*group).map(Some)
    }
}

impl Iterator for PieceReader {
    type Item = Result<Vec<PieceRow>, PieceError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_rows().transpose()
    }
}

fn unread(source: ParquetError) -> PieceError {
    PieceError::Parquet { doing: "read", source }
}

const SHORT: PieceError = PieceError::NotAPiece("its columns are not equally long");

fn rows_of(group: &dyn RowGroupReader) -> Result<Vec<PieceRow>, PieceError> {
    let positions = column::<Int64Type>(group, column::POSITION)?.values;
    let mut revisions = column::<Int64Type>(group, column::REVISION)?.values.into_iter();
    let mut streams = column::<ByteArrayType>(group, column::STREAM)?.values.into_iter();
    let mut tenants = column::<ByteArrayType>(group, column::TENANT)?.values.into_iter();
    let mut ids = column::<FixedLenByteArrayType>(group, column::ID)?.values.into_iter();
    let mut fingerprints =
        column::<FixedLenByteArrayType>(group, column::FINGERPRINT)?.values.into_iter();
    let mut leaves = column::<FixedLenByteArrayType>(group, column::LEAF)?.into_options();
    let mut stored_bytes = column::<Int32Type>(group, column::STORED_BYTES)?.values.into_iter();
    let mut removed_by = column::<FixedLenByteArrayType>(group, column::REMOVED_BY)?.into_options();
    let mut headers = column::<ByteArrayType>(group, column::HEADER)?.into_options();
    let mut groups = lists(group)?.into_iter();
    let mut tenant_before: Option<TenantId> = None;
    let mut rows = Vec::with_capacity(positions.len());
    for position in positions {
        let tenant = tenant_of(&tenants.next().ok_or(SHORT)?, tenant_before.take())?;
        tenant_before = Some(tenant.clone());
        let removed_by = removed_by.next().ok_or(SHORT)?;
        let header = headers.next().ok_or(SHORT)?;
        let groups = groups.next().ok_or(SHORT)?;
        let content = match header {
            Some(header) => Content::Kept { header: header.data().to_vec(), groups },
            None => {
                let by = removed_by.map(|by| fixed(&by)).transpose()?;
                Content::Removed { by: by.map(event_id) }
            }
        };
        rows.push(PieceRow {
            position: Position(position as u64),
            revision: Revision(revisions.next().ok_or(SHORT)? as u64),
            stream: StreamName::from_stored(text(&streams.next().ok_or(SHORT)?)?),
            tenant,
            id: event_id(fixed(&ids.next().ok_or(SHORT)?)?),
            fingerprint: fixed(&fingerprints.next().ok_or(SHORT)?)?,
            leaf: leaves.next().ok_or(SHORT)?.map(|leaf| fixed(&leaf)).transpose()?,
            stored_bytes: u32::try_from(stored_bytes.next().ok_or(SHORT)?)
                .map_err(|_| PieceError::NotAPiece("a record has a length below zero"))?,
            content,
        });
    }
    Ok(rows)
}

/// What a column holds, with the levels that tell what is absent and where rows begin.
struct Column<T> {
    values: Vec<T>,
    present: Vec<i16>,
    begins: Vec<i16>,
}

impl<T> Column<T> {
    fn into_options(self) -> impl Iterator<Item = Option<T>> {
        let mut values = self.values.into_iter();
        self.present.into_iter().map(move |present| match present {
            0 => None,
            _ => values.next(),
        })
    }
}

fn column<T: DataType>(
    group: &dyn RowGroupReader,
    number: usize,
) -> Result<Column<T::T>, PieceError> {
    let rows = group.metadata().num_rows().max(0) as usize;
    let reader = group.get_column_reader(number).map_err(unread)?;
    // The schema was compared, so the column is of this type.
    let mut reader = get_typed_column_reader::<T>(reader);
    let mut read = Column { values: Vec::new(), present: Vec::new(), begins: Vec::new() };
    let mut done = 0;
    while done < rows {
        let (records, _, levels) = reader
            .read_records(
                rows - done,
                Some(&mut read.present),
                Some(&mut read.begins),
                &mut read.values,
            )
            .map_err(unread)?;
        if records == 0 && levels == 0 {
            return Err(SHORT);
        }
        done += records;
    }
    Ok(read)
}

/// The sealed groups of each row.
fn lists(group: &dyn RowGroupReader) -> Result<Vec<Vec<SealedGroup>>, PieceError> {
    let keys = column::<FixedLenByteArrayType>(group, column::GROUP_KEY)?;
    let ciphertexts = column::<ByteArrayType>(group, column::GROUP_CIPHERTEXT)?;
    if keys.present != ciphertexts.present || keys.begins != ciphertexts.begins {
        return Err(SHORT);
    }
    let mut lists: Vec<Vec<SealedGroup>> = Vec::new();
    let (mut key, mut ciphertext) = (keys.values.into_iter(), ciphertexts.values.into_iter());
    for (present, begins) in keys.present.into_iter().zip(keys.begins) {
        if begins == 0 {
            lists.push(Vec::new());
        }
        if present == 1 {
            let key = KeyId(fixed(&key.next().ok_or(SHORT)?)?);
            let ciphertext = ciphertext.next().ok_or(SHORT)?.data().to_vec();
            lists.last_mut().ok_or(SHORT)?.push(SealedGroup { key, ciphertext });
        }
    }
    Ok(lists)
}

fn fixed<const N: usize>(value: &FixedLenByteArray) -> Result<[u8; N], PieceError> {
    value.data().try_into().map_err(|_| PieceError::NotAPiece("a value has another length"))
}

fn text(value: &ByteArray) -> Result<&str, PieceError> {
    std::str::from_utf8(value.data()).map_err(|_| PieceError::NotAPiece("a name is not text"))
}

fn event_id(bytes: [u8; 16]) -> EventId {
    EventId(Uuid::from_bytes(bytes))
}

/// Neighbours are mostly of one tenant, and share its name then.
fn tenant_of(name: &ByteArray, before: Option<TenantId>) -> Result<TenantId, PieceError> {
    let name = text(name)?;
    match before {
        Some(before) if before.as_str() == name => Ok(before),
        _ => TenantId::new(name).map_err(|_| PieceError::NotAPiece("a name is not a tenant's")),
    }
}
