//! The files of a data directory as what a backup is made of.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_archive::backup::{
    BackupSource, BoxedError, Commitment, ErasedKey, KeyRow, Keys, RegisterEntry, Removal,
    Removals, TenantKeyRow, TreeEntry,
};
use annals_archive::records::{Content, PieceRow};
use annals_domain::access::state::{ERASURE_COMPLETED, ERASURE_STARTED};
use annals_domain::{Position, TenantId};
use annals_ports::LogEntry;
use annals_record::{KeyId, PersonKey, Record, RootKey, TenantKey, WrappedKey};
use annals_store_sqlite::{AllKeys, DataDirCopy, OpenError, Stored, StoredRow};
use data_encoding::{BASE64, HEXLOWER};

use crate::integrity::HEADS;

/// Types of the events that tell that a person is erased: the key goes between the two.
const ERASURES: [&str; 2] = [ERASURE_STARTED, ERASURE_COMPLETED];
/// Daily commitments at most: of more than a hundred years.
const COMMITMENTS_MAX: usize = 40_000;
/// Bytes of one.
const COMMITMENT_BYTES_MAX: u64 = 8 * 1024;

/// A data directory that another process may have open.
pub(super) struct DirSource {
    dir: PathBuf,
    copy: DataDirCopy,
    root: RootKey,
    tenants: HashMap<TenantId, TenantKey>,
}

impl DirSource {
    pub(super) fn open(dir: &Path, root: RootKey) -> Result<Self, OpenError> {
        let copy = DataDirCopy::open(dir)?;
        Ok(Self { dir: dir.to_owned(), copy, root, tenants: HashMap::new() })
    }

    fn row(&self, row: StoredRow) -> Result<PieceRow, BoxedError> {
        match row.stored {
            Stored::Record(bytes) => {
                let record = Record::decode(&bytes).map_err(|error| {
                    format!("the record at position {} cannot be read: {error}", row.position)
                })?;
                let (position, revision) = (row.position, row.revision);
                let stored_bytes = u32::try_from(bytes.len())?;
                Ok(PieceRow::of_entry(LogEntry { position, revision, record }, stored_bytes))
            }
            Stored::Removed { bytes, by } => Ok(PieceRow {
                leaf: self.copy.leaf(row.position)?,
                position: row.position,
                revision: row.revision,
                stream: row.stream,
                tenant: row.tenant,
                id: row.id,
                fingerprint: row.fingerprint,
                stored_bytes: bytes,
                content: Content::Removed { by },
            }),
        }
    }

    fn tenant_key(&mut self, tenant: &TenantId) -> Result<Option<TenantKey>, BoxedError> {
        if !self.tenants.contains_key(tenant) {
            for (name, wrapped) in self.copy.tenant_keys()?.into_iter().filter(|(t, _)| t == tenant)
            {
                let key = self.root.unwrap_tenant_key(&name, &WrappedKey(wrapped))?;
                self.tenants.insert(name, key);
            }
        }
        Ok(self.tenants.get(tenant).cloned())
    }

    /// The key of a person that is not destroyed.
    fn person_key(
        &self,
        of: &TenantId,
        tenant: &TenantKey,
        id: &KeyId,
    ) -> Result<Option<PersonKey>, BoxedError> {
        let Some(wrapped) = self.copy.person_key(of, &id.0)? else { return Ok(None) };
        Ok(Some(tenant.unwrap_person_key(of, id, &WrappedKey(wrapped))?))
    }

    /// What a record says of an erasure, opened with keys as they are now.
    fn told(&mut self, record: &Record) -> Result<Option<ErasedKey>, BoxedError> {
        let Some(tenant) = self.tenant_key(&record.tenant)? else { return Ok(None) };
        let unread: Cell<Option<BoxedError>> = Cell::new(None);
        let key = |id: &KeyId| match self.person_key(&record.tenant, &tenant, id) {
            Ok(key) => key.map(Arc::new),
            Err(error) => {
                unread.set(Some(error));
                None
            }
        };
        let event = annals_record::open(record, &key)?.event;
        let text = |name| event.metadata.get(name).and_then(|value| value.as_str());
        match (text("person"), text("key_check"), unread.take()) {
            (Some(person), Some(check), _) => Ok(Some(ErasedKey {
                tenant: record.tenant.clone(),
                person: person.to_owned(),
                key_check: check.to_owned(),
            })),
            (_, _, Some(error)) => Err(error),
            _ => Ok(None),
        }
    }

    /// The key that was destroyed, if the record of an erasure tells of one.
    fn destroyed(&mut self, record: &Record) -> Result<Option<ErasedKey>, BoxedError> {
        match self.told(record)? {
            // As long as the key is there, the erasure may still be given up.
            Some(erased) if record.event_type == ERASURE_STARTED => {
                Ok(self.is_gone(&erased)?.then_some(erased))
            }
            told => Ok(told),
        }
    }

    /// Whether the key that an erasure names is not in the key store any more.
    fn is_gone(&mut self, erased: &ErasedKey) -> Result<bool, BoxedError> {
        let Some(tenant) = self.tenant_key(&erased.tenant)? else { return Ok(false) };
        let Some(id) = KeyId::from_text(&erased.person) else { return Ok(false) };
        let held = self.person_key(&erased.tenant, &tenant, &id)?;
        Ok(held.is_none_or(|key| key.check() != erased.key_check))
    }
}

impl BackupSource for DirSource {
    fn trees(&mut self) -> Result<Vec<TreeEntry>, BoxedError> {
        let entry = |tree: annals_store_sqlite::StoredTree| TreeEntry {
            name: tree.shard.name,
            size: tree.shard.size,
            root: HEXLOWER.encode(&tree.shard.root),
            position: tree.shard.position,
            link: tree.link.map(|link| HEXLOWER.encode(&link)),
            note: tree.shard.note,
            cosigned: tree.cosigned,
        };
        Ok(self.copy.trees()?.into_iter().map(entry).collect())
    }

    fn head(&mut self) -> Result<Position, BoxedError> {
        Ok(self.copy.head()?)
    }

    fn records(
        &mut self,
        after: Position,
        until: Position,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<PieceRow>, BoxedError> {
        let rows = self.copy.records(after, until, limit, bytes_max)?;
        rows.into_iter().map(|row| self.row(row)).collect()
    }

    fn removals(&mut self) -> Result<(Removals, Position), BoxedError> {
        let (removals, told_at) = self.copy.removals()?;
        let removals = removals.into_iter().map(|(position, run)| Removal { position, run });
        Ok((removals.collect(), told_at))
    }

    fn keys(&mut self) -> Result<Keys, BoxedError> {
        let AllKeys { tenants, persons } = self.copy.all_keys()?;
        let tenants = tenants
            .into_iter()
            .map(|(tenant, wrapped)| TenantKeyRow { tenant, wrapped: BASE64.encode(&wrapped) });
        let persons = persons.into_iter().map(|key| KeyRow {
            tenant: key.tenant,
            id: KeyId(key.id).as_text(),
            wrapped: key.wrapped.map(|wrapped| BASE64.encode(&wrapped)),
            destroyed: key.destroyed,
        });
        Ok(Keys { tenants: tenants.collect(), persons: persons.collect() })
    }

    fn registers(&mut self) -> Result<Vec<RegisterEntry>, BoxedError> {
        let entry = |register: annals_store_sqlite::StoredRegister| RegisterEntry {
            name: register.name,
            version: register.version,
            value: BASE64.encode(&register.value),
        };
        Ok(self.copy.registers()?.into_iter().map(entry).collect())
    }

    fn commitments(&mut self) -> Result<Vec<Commitment>, BoxedError> {
        let listing = match std::fs::read_dir(self.dir.join(HEADS)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing?,
        };
        let mut commitments = Vec::new();
        for file in listing.take(COMMITMENTS_MAX) {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            let is_of_a_day = name.parse::<jiff::civil::Date>().is_ok();
            if is_of_a_day && file.metadata()?.len() <= COMMITMENT_BYTES_MAX {
                commitments.push(Commitment { name, note: std::fs::read_to_string(file.path())? });
            }
        }
        commitments.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(commitments)
    }

    fn erased(&mut self, row: &PieceRow) -> Result<Option<ErasedKey>, BoxedError> {
        let Content::Kept { header, .. } = &row.content else { return Ok(None) };
        let Some(of_type) = ERASURES.into_iter().find(|of_type| names(header, of_type)) else {
            return Ok(None);
        };
        let Some(entry) = row.clone().into_entry()? else { return Ok(None) };
        let record = entry.record;
        if record.event_type != of_type {
            return Ok(None);
        }
        match self.destroyed(&record) {
            // The tenant's key may have been exchanged since it was read.
            Err(_) => {
                self.tenants.remove(&record.tenant);
                self.destroyed(&record)
            }
            told => told,
        }
    }
}

/// Whether a header holds a text, which is much faster to see than to read it.
fn names(header: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    header.windows(text.len()).any(|window| window[0] == text[0] && window == text)
}
