//! What detection has learned, in `detection.db`; learned again from the log when it is lost.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use annals_domain::Position;
use annals_domain::detection::SavedRule;
use annals_ports::{DetectionStore, ReadModelError, SavedDetection};
use annals_record::sealed_file::FileKey;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::file::{Format, OpenError, within};

const FORMAT: Format = Format {
    file: "detection.db",
    application_id: i32::from_be_bytes(*b"ANLD"),
    version: 1,
    schema: include_str!("schema/detection.sql"),
    upgrades: &[],
    page_size: 4096,
    durable: false,
    cache_kib: 2 * 1024,
    remedy: "delete it and start again, it is learned anew from the log; nothing is lost by that",
};

const PUT: &str = "INSERT INTO rules (rule, state) VALUES (?1, ?2)
     ON CONFLICT DO UPDATE SET state = excluded.state";

/// The detection store of one machine.
#[derive(Debug)]
pub struct SqliteDetection {
    /// All of it is read at the start, and written from time to time: one connection does.
    connection: Mutex<Connection>,
    dir: PathBuf,
}

impl SqliteDetection {
    /// Opens the store in a data directory, and makes it first where there is none. It lies there
    /// encrypted under this key; what lies otherwise is removed and must be learned anew.
    pub fn open(dir: &Path, key: &FileKey) -> Result<Self, OpenError> {
        Ok(Self { connection: Mutex::new(FORMAT.open_sealed(dir, key)?), dir: dir.to_owned() })
    }

    fn within<T>(
        &self,
        doing: &'static str,
        step: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, ReadModelError> {
        within(&self.connection, step).map_err(|error| ReadModelError {
            model: "detection",
            doing,
            source: FORMAT.explain(&self.dir, error),
        })
    }
}

impl DetectionStore for SqliteDetection {
    fn load(&self) -> Result<Option<SavedDetection>, ReadModelError> {
        self.within("read everything", |all| {
            let progress = all
                .query_row("SELECT position, silent_until FROM progress", [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
                })
                .optional()?;
            let Some((position, silent_until)) = progress else { return Ok(None) };
            let mut rows = all.prepare("SELECT rule, state FROM rules")?;
            let rule =
                |row: &rusqlite::Row<'_>| Ok(SavedRule { rule: row.get(0)?, state: row.get(1)? });
            let rules = rows.query_map([], rule)?.collect::<rusqlite::Result<_>>()?;
            let position = Position(position as u64);
            Ok(Some(SavedDetection {
                position,
                silent_until: Position(silent_until as u64),
                rules,
            }))
        })
    }

    fn save(&self, saved: &SavedDetection) -> Result<(), ReadModelError> {
        self.within("keep what was learned", |all| {
            for SavedRule { rule, state } in &saved.rules {
                match state.is_empty() {
                    true => all
                        .prepare_cached("DELETE FROM rules WHERE rule = ?1")?
                        .execute(params![rule])?,
                    false => all.prepare_cached(PUT)?.execute(params![rule, state])?,
                };
            }
            all.execute(
                "INSERT INTO progress VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE
                 SET position = excluded.position, silent_until = excluded.silent_until",
                params![saved.position.0 as i64, saved.silent_until.0 as i64],
            )?;
            Ok(())
        })
    }

    fn clear(&self) -> Result<(), ReadModelError> {
        self.within("clear it", |all| all.execute_batch("DELETE FROM rules; DELETE FROM progress;"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annals_ports::contract;

    fn key() -> FileKey {
        FileKey::from_bytes([1; 32])
    }

    #[test]
    fn the_detection_store_keeps_its_contract() {
        let dir = tempfile::tempdir().unwrap();
        let count = std::cell::Cell::new(0);
        contract::detection::run(|| {
            count.set(count.get() + 1);
            let own = dir.path().join(count.get().to_string());
            std::fs::create_dir(&own).unwrap();
            Box::new(SqliteDetection::open(&own, &key()).unwrap())
        });
    }

    #[test]
    fn a_reopened_detection_store_keeps_everything() {
        let dir = tempfile::tempdir().unwrap();
        contract::detection::reopening_keeps_everything(|| {
            Box::new(SqliteDetection::open(dir.path(), &key()).unwrap())
        });
    }
}
