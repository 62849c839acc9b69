//! A new data directory as what a backup is restored into.

use std::path::{Path, PathBuf};

use annals_archive::backup::{BoxedError, Commitment, Keys, RegisterEntry, RestoreTarget};
use annals_archive::records::{Content, PieceRow};
use annals_ports::TreeStore;
use annals_record::Record;
use annals_store_sqlite::{
    FillError, FillingDir, OpenError, SqliteTrees, Stored, StoredKey, StoredRegister, StoredRow,
};
use data_encoding::BASE64;

use crate::integrity::HEADS;

/// A data directory that is being filled.
pub(crate) struct DirTarget {
    dir: PathBuf,
    filling: FillingDir,
    trees: SqliteTrees,
}

/// The directory cannot be filled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error(transparent)]
    Fill(#[from] FillError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl DirTarget {
    pub(crate) fn begin(dir: &Path) -> Result<Self, TargetError> {
        let filling = FillingDir::begin(dir)?;
        Ok(Self { dir: dir.to_owned(), filling, trees: SqliteTrees::open(dir)? })
    }

    /// From here on the directory can be opened.
    pub(crate) fn complete(self) -> Result<(), FillError> {
        self.filling.finish()
    }
}

impl RestoreTarget for DirTarget {
    fn records(&mut self, rows: Vec<PieceRow>) -> Result<(), BoxedError> {
        Ok(self.filling.records(rows.into_iter().map(stored).collect())?)
    }

    fn keys(&mut self, keys: &Keys) -> Result<(), BoxedError> {
        let tenants = keys.tenants.iter().map(|row| Ok((row.tenant.clone(), row.key()?.0)));
        let persons = keys.persons.iter().map(|row| {
            Ok(StoredKey {
                tenant: row.tenant.clone(),
                id: row.key_id()?.0,
                wrapped: row.key()?.map(|wrapped| wrapped.0),
                destroyed: row.destroyed,
            })
        });
        let tenants = tenants.collect::<Result<Vec<_>, BoxedError>>()?;
        let persons = persons.collect::<Result<Vec<_>, BoxedError>>()?;
        Ok(self.filling.keys(&tenants, &persons)?)
    }

    fn registers(&mut self, registers: &[RegisterEntry]) -> Result<(), BoxedError> {
        let stored = |entry: &RegisterEntry| -> Result<StoredRegister, BoxedError> {
            let value = BASE64.decode(entry.value.as_bytes())?;
            Ok(StoredRegister { name: entry.name.clone(), version: entry.version, value })
        };
        let registers = registers.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        Ok(self.filling.registers(&registers)?)
    }

    fn commitments(&mut self, commitments: &[Commitment]) -> Result<(), BoxedError> {
        let dir = self.dir.join(HEADS);
        if !commitments.is_empty() {
            std::fs::create_dir(&dir)?;
        }
        for Commitment { name, note } in commitments {
            // A day, and no path that leads elsewhere.
            let day: jiff::civil::Date = name.parse()?;
            std::fs::write(dir.join(day.to_string()), note)?;
        }
        Ok(())
    }

    fn trees(&mut self) -> Result<Option<&dyn TreeStore>, BoxedError> {
        Ok(Some(&self.trees))
    }

    fn finish(&mut self) -> Result<(), BoxedError> {
        Ok(())
    }
}

/// As it lay in the log; it was checked before.
fn stored(row: PieceRow) -> StoredRow {
    let stored = match row.content {
        Content::Removed { by } => Stored::Removed { bytes: row.stored_bytes, by },
        Content::Kept { header, groups } => {
            let record = Record {
                id: row.id,
                tenant: row.tenant.clone(),
                stream: row.stream.clone(),
                // Stands in the header, and only there in the stored form.
                event_type: String::new(),
                header,
                groups,
                fingerprint: row.fingerprint,
            };
            Stored::Record(record.encode())
        }
    };
    StoredRow {
        position: row.position,
        revision: row.revision,
        stream: row.stream,
        tenant: row.tenant,
        id: row.id,
        fingerprint: row.fingerprint,
        stored,
    }
}
