//! The Merkle trees in `tiles.db`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use annals_domain::Position;
use annals_ports::ReadModelError;
use annals_ports::trees::{ROW_WIDTH, TreeGrowth, TreeLeaf, TreeShard, TreeStore};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::file::{BoxedError, Format, OpenError, within};
use crate::pool::Pool;

pub(crate) const FORMAT: Format = Format {
    file: "tiles.db",
    application_id: i32::from_be_bytes(*b"ANLT"),
    version: 2,
    schema: include_str!("schema/trees.sql"),
    upgrades: &[include_str!("schema/trees_2.sql")],
    page_size: 16_384,
    durable: true,
    cache_kib: 8 * 1024,
    remedy: "delete it and run `annals rebuild tiles`: the same trees are made anew from the log",
};
const MODEL: &str = "tiles";
const READERS: usize = 4;
const HASH: usize = 32;
const POSITION: usize = 8;

/// The trees of one machine.
#[derive(Debug)]
pub struct SqliteTrees {
    writer: Mutex<Connection>,
    readers: Pool,
    dir: PathBuf,
}

impl SqliteTrees {
    /// Opens the trees in a data directory, and makes the file first where there is none.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let writer = Mutex::new(FORMAT.open(dir)?);
        Ok(Self { writer, readers: Pool::new(dir, &FORMAT, READERS), dir: dir.to_owned() })
    }

    fn read<T>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadModelError> {
        self.readers.read(read).map_err(|error| self.failed(doing, error))
    }

    fn within<T>(
        &self,
        doing: &'static str,
        step: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, ReadModelError> {
        within(&self.writer, step).map_err(|error| self.failed(doing, error))
    }

    fn failed(&self, doing: &'static str, error: rusqlite::Error) -> ReadModelError {
        ReadModelError { model: MODEL, doing, source: FORMAT.explain(&self.dir, error) }
    }
}

impl TreeStore for SqliteTrees {
    fn shards(&self) -> Result<Vec<TreeShard>, ReadModelError> {
        self.read("read the shards", |connection| {
            connection
                .prepare_cached(
                    "SELECT name, size, root, position, note FROM shards ORDER BY number",
                )?
                .query_map([], shard)?
                .collect()
        })
    }

    fn grow(&self, growth: &TreeGrowth) -> Result<bool, ReadModelError> {
        self.within("add leaves", |all| grow(all, growth))
    }

    fn leaves(&self, shard: &str, number: u64) -> Result<Option<Vec<TreeLeaf>>, ReadModelError> {
        self.read("read leaves", |connection| {
            connection
                .prepare_cached(
                    "SELECT positions, digests FROM leaves
                     JOIN shards ON shards.number = leaves.shard
                     WHERE shards.name = ?1 AND leaves.number = ?2",
                )?
                .query_row(params![shard, number as i64], |row| leaves(row, 0))
                .optional()
        })
    }

    fn hashes(
        &self,
        shard: &str,
        level: u8,
        number: u64,
    ) -> Result<Option<Vec<u8>>, ReadModelError> {
        self.read("read hashes", |connection| {
            connection
                .prepare_cached(
                    "SELECT hashes FROM hashes JOIN shards ON shards.number = hashes.shard
                     WHERE shards.name = ?1 AND level = ?2 AND hashes.number = ?3",
                )?
                .query_row(params![shard, level, number as i64], |row| row.get(0))
                .optional()
        })
    }

    fn leaf_of(&self, position: Position) -> Result<Option<(String, u64)>, ReadModelError> {
        self.read("find a leaf", |connection| {
            let row = connection
                .prepare_cached(
                    "SELECT positions, digests, shards.name, leaves.number FROM leaves
                     JOIN shards ON shards.number = leaves.shard
                     WHERE first_position <= ?1 ORDER BY first_position DESC LIMIT 1",
                )?
                .query_row([position.0 as i64], |row| {
                    let number = row.get::<_, i64>(3)? as u64;
                    Ok((leaves(row, 0)?, row.get::<_, String>(2)?, number))
                })
                .optional()?;
            Ok(row.and_then(|(leaves, shard, number)| {
                let place = leaves.iter().position(|leaf| leaf.position == position)?;
                Some((shard, number * ROW_WIDTH + place as u64))
            }))
        })
    }

    fn replace_note(&self, shard: &str, size: u64, note: &str) -> Result<bool, ReadModelError> {
        self.within("write a checkpoint", |all| {
            all.prepare_cached("UPDATE shards SET note = ?3 WHERE name = ?1 AND size = ?2")?
                .execute(params![shard, size as i64, note])
                .map(|changed| changed == 1)
        })
    }

    fn keep_cosigned(&self, shard: &str, note: &str) -> Result<(), ReadModelError> {
        self.within("keep a cosigned checkpoint", |all| {
            all.prepare_cached("UPDATE shards SET cosigned = ?2 WHERE name = ?1")?
                .execute(params![shard, note])
                .map(drop)
        })
    }

    fn cosigned(&self, shard: &str) -> Result<Option<String>, ReadModelError> {
        self.read("read a cosigned checkpoint", |connection| {
            connection
                .prepare_cached("SELECT cosigned FROM shards WHERE name = ?1")?
                .query_row([shard], |row| row.get(0))
                .optional()
                .map(Option::flatten)
        })
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        self.within("forget everything", |all| {
            all.execute_batch("DELETE FROM hashes; DELETE FROM leaves; DELETE FROM shards;")
        })
    }
}

fn grow(all: &Transaction<'_>, growth: &TreeGrowth) -> rusqlite::Result<bool> {
    let TreeGrowth { shard, size_before, leaves, rows } = growth;
    let known = all
        .prepare_cached("SELECT number, size FROM shards WHERE name = ?1")?
        .query_row([&shard.name], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)? as u64)))
        .optional()?;
    if known.map_or(0, |(_, size)| size) != *size_before {
        return Ok(false);
    }
    let changed =
        params![shard.name, shard.size as i64, shard.root, shard.position.0 as i64, shard.note];
    let number = match known {
        Some((number, _)) => {
            all.prepare_cached(
                "UPDATE shards SET size = ?2, root = ?3, position = ?4, note = ?5 WHERE name = ?1",
            )?
            .execute(changed)?;
            number
        }
        None => {
            all.prepare_cached(
                "INSERT INTO shards (name, size, root, position, note) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(changed)?;
            all.last_insert_rowid()
        }
    };
    add_leaves(all, number, *size_before, leaves)?;
    let mut put = all.prepare_cached(
        "INSERT INTO hashes (shard, level, number, hashes) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET hashes = excluded.hashes",
    )?;
    for (level, row, hashes) in rows {
        put.execute(params![number, level, *row as i64, hashes])?;
    }
    Ok(true)
}

fn add_leaves(
    all: &Transaction<'_>,
    shard: i64,
    size_before: u64,
    leaves: &[TreeLeaf],
) -> rusqlite::Result<()> {
    let mut begin = all.prepare_cached(
        "INSERT INTO leaves (shard, number, first_position, positions, digests)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let mut lengthen = all.prepare_cached(
        "UPDATE leaves SET positions = CAST(positions || ?3 AS BLOB),
                           digests = CAST(digests || ?4 AS BLOB)
         WHERE shard = ?1 AND number = ?2",
    )?;
    let (mut index, mut rest) = (size_before, leaves);
    while !rest.is_empty() {
        let filled = index % ROW_WIDTH;
        let (now, later) = rest.split_at(rest.len().min((ROW_WIDTH - filled) as usize));
        let positions: Vec<u8> =
            now.iter().flat_map(|leaf| leaf.position.0.to_be_bytes()).collect();
        let digests: Vec<u8> = now.iter().flat_map(|leaf| leaf.digest).collect();
        let row = (index / ROW_WIDTH) as i64;
        match filled {
            0 => begin.execute(params![shard, row, first_of_a_record(now), positions, digests])?,
            _ => lengthen.execute(params![shard, row, positions, digests])?,
        };
        index += now.len() as u64;
        rest = later;
    }
    Ok(())
}

/// By which a row is found. The first leaf of a later shard belongs to no record, and stands at the start.
fn first_of_a_record(leaves: &[TreeLeaf]) -> i64 {
    let mut positions = leaves.iter().map(|leaf| leaf.position);
    positions.find(|position| *position > Position::START).unwrap_or_default().0 as i64
}

pub(crate) fn shard(row: &Row<'_>) -> rusqlite::Result<TreeShard> {
    Ok(TreeShard {
        name: row.get(0)?,
        size: row.get::<_, i64>(1)? as u64,
        root: row.get(2)?,
        position: Position(row.get::<_, i64>(3)? as u64),
        note: row.get(4)?,
    })
}

/// Leaves from the columns `positions` and `digests`.
pub(crate) fn leaves(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<TreeLeaf>> {
    let (positions, digests): (Vec<u8>, Vec<u8>) = (row.get(column)?, row.get(column + 1)?);
    let (positions, odd) = positions.as_chunks::<POSITION>();
    let (digests, odder) = digests.as_chunks::<HASH>();
    if !odd.is_empty() || !odder.is_empty() || positions.len() != digests.len() {
        let wrong: BoxedError = "a row of leaves has a length that none can have".into();
        return Err(rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, wrong));
    }
    let leaf = |(position, digest): (&[u8; POSITION], &[u8; HASH])| TreeLeaf {
        position: Position(u64::from_be_bytes(*position)),
        digest: *digest,
    };
    Ok(positions.iter().zip(digests).map(leaf).collect())
}

#[cfg(test)]
mod tests;
