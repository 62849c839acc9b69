//! The columns of a piece and how they are written.

use std::sync::{Arc, LazyLock};

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

/// Rows in one group at most.
pub const GROUP_ROWS_MAX: usize = 8 * 1024;
/// Bytes of one group, about: the row that reaches it is the last.
pub const GROUP_BYTES_MAX: usize = 16 << 20;
/// Bytes of one group that are read at most, not compressed.
pub const GROUP_BYTES_READ_MAX: i64 = 256 << 20;
/// More takes much time for little room: ciphertexts do not get smaller.
const LEVEL: i32 = 3;

const TEXT: &str = "message record {
  REQUIRED INT64 position;
  REQUIRED INT64 revision;
  REQUIRED BYTE_ARRAY stream (STRING);
  REQUIRED BYTE_ARRAY tenant (STRING);
  REQUIRED FIXED_LEN_BYTE_ARRAY (16) id (UUID);
  REQUIRED FIXED_LEN_BYTE_ARRAY (16) fingerprint;
  OPTIONAL FIXED_LEN_BYTE_ARRAY (32) leaf;
  REQUIRED INT32 stored_bytes;
  OPTIONAL FIXED_LEN_BYTE_ARRAY (16) removed_by (UUID);
  OPTIONAL BYTE_ARRAY header (STRING);
  REQUIRED GROUP groups (LIST) {
    REPEATED GROUP list {
      REQUIRED GROUP element {
        REQUIRED FIXED_LEN_BYTE_ARRAY (20) key;
        REQUIRED BYTE_ARRAY ciphertext;
      }
    }
  }
}";

/// Columns, as they are numbered in the file.
pub(super) mod column {
    pub(crate) const POSITION: usize = 0;
    pub(crate) const REVISION: usize = 1;
    pub(crate) const STREAM: usize = 2;
    pub(crate) const TENANT: usize = 3;
    pub(crate) const ID: usize = 4;
    pub(crate) const FINGERPRINT: usize = 5;
    pub(crate) const LEAF: usize = 6;
    pub(crate) const STORED_BYTES: usize = 7;
    pub(crate) const REMOVED_BY: usize = 8;
    pub(crate) const HEADER: usize = 9;
    pub(crate) const GROUP_KEY: usize = 10;
    pub(crate) const GROUP_CIPHERTEXT: usize = 11;
}

pub(super) static SCHEMA: LazyLock<TypePtr> = LazyLock::new(|| {
    Arc::new(parse_message_type(TEXT).expect("the schema is made of known words"))
});

pub(super) static PROPERTIES: LazyLock<WriterPropertiesPtr> = LazyLock::new(|| {
    let level = ZstdLevel::try_new(LEVEL).expect("the level is one of Zstandard's");
    // Only what repeats is worth a dictionary, and only positions are looked for.
    Arc::new(
        WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by(concat!("annals ", env!("CARGO_PKG_VERSION")).into())
            .set_dictionary_enabled(false)
            .set_column_dictionary_enabled(ColumnPath::from("stream"), true)
            .set_column_dictionary_enabled(ColumnPath::from("tenant"), true)
            .set_column_dictionary_enabled(ColumnPath::from("removed_by"), true)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_column_statistics_enabled(ColumnPath::from("position"), EnabledStatistics::Chunk)
            .build(),
    )
});
