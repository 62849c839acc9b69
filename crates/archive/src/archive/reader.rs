//! Reading the archive: nothing is told that was not signed and does not have its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use annals_domain::TenantId;
use annals_ports::LogEntry;
use annals_ports::archive::{ArchiveError, ArchiveReader, ArchivedMonth, Expiry, Month};
use annals_tlog::SigningKey;
use async_trait::async_trait;
use bytes::Bytes;

use super::archiver::blocking;
use super::building::sha256;
use super::manifest::{Manifest, MonthMark, ObjectEntry, PieceEntry};
use super::names::Names;
use super::{DOCUMENT_BYTES_MAX, OBJECT_BYTES_MAX, signed};
use crate::objects::{ObjectError, Place};
use crate::records::PieceReader;

/// Manifests that are remembered; they never change.
const MANIFESTS_MAX: usize = 1000;

/// The archive of one log.
pub struct Archive {
    pub(super) place: Place,
    pub(super) names: Names,
    pub(super) log: String,
    pub(super) key: SigningKey,
    manifests: Mutex<BTreeMap<String, Arc<Manifest>>>,
    /// The piece that was read last: pages of one question are often in one piece.
    newest: Mutex<Option<(String, Arc<Vec<LogEntry>>)>>,
}

impl Archive {
    /// The archive of the log of this name, signed with this key.
    pub fn new(place: Place, log: &str, key: SigningKey) -> Self {
        Self {
            place,
            names: Names::of(log),
            log: log.to_owned(),
            key,
            manifests: Mutex::default(),
            newest: Mutex::default(),
        }
    }

    /// The manifest of a month; none when there is none.
    pub async fn manifest(
        &self,
        tenant: &TenantId,
        month: Month,
    ) -> Result<Option<Arc<Manifest>>, ArchiveError> {
        let name = self.names.manifest(tenant, month);
        let bytes = self.place.get(&name, DOCUMENT_BYTES_MAX).await.map_err(unavailable)?;
        bytes.map(|bytes| self.believed(&name, tenant, month, &bytes)).transpose()
    }

    fn believed(
        &self,
        name: &str,
        tenant: &TenantId,
        month: Month,
        bytes: &[u8],
    ) -> Result<Arc<Manifest>, ArchiveError> {
        let manifest: Manifest = signed::open(bytes, self.key.verifying_key())
            .map_err(|error| damaged(name, error.to_string()))?;
        let is_its_own =
            manifest.tenant == *tenant && manifest.month == month && manifest.log == self.log;
        match is_its_own && !manifest.pieces.is_empty() {
            true => Ok(Arc::new(manifest)),
            false => Err(damaged(name, "it is the manifest of something else".to_owned())),
        }
    }

    async fn remembered(
        &self,
        tenant: &TenantId,
        month: Month,
    ) -> Result<Option<Arc<Manifest>>, ArchiveError> {
        let name = self.names.manifest(tenant, month);
        let known = locked(&self.manifests).get(&name).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(manifest) = self.manifest(tenant, month).await? else { return Ok(None) };
        let mut manifests = locked(&self.manifests);
        if manifests.len() >= MANIFESTS_MAX {
            manifests.pop_first();
        }
        manifests.insert(name, Arc::clone(&manifest));
        Ok(Some(manifest))
    }

    /// Forgets what was read of a month.
    pub(super) fn forget(&self, name: &str) {
        locked(&self.manifests).remove(name);
        *locked(&self.newest) = None;
    }

    async fn read_piece(
        &self,
        manifest: &Manifest,
        piece: &PieceEntry,
    ) -> Result<Vec<LogEntry>, ArchiveError> {
        let folder = self.names.month(&manifest.tenant, manifest.month);
        let name = format!("{folder}/{}", piece.object.name);
        let bytes = self.place.get(&name, OBJECT_BYTES_MAX).await.map_err(unavailable)?;
        let bytes = bytes.ok_or_else(|| damaged(&name, "it is not there".to_owned()))?;
        let (manifest, piece) = (manifest.clone(), piece.clone());
        let entries = blocking(move || {
            check_object(&piece.object, &bytes)?;
            entries_of(&manifest, &piece, bytes)
        });
        entries.await.map_err(|how| damaged(&name, how))
    }
}

#[async_trait]
impl ArchiveReader for Archive {
    async fn tenants(&self) -> Result<Vec<TenantId>, ArchiveError> {
        let listed = self.place.list(&self.names.marks()).await.map_err(unavailable)?;
        let mut tenants = BTreeSet::new();
        for object in listed.iter().filter(|object| self.names.of_mark(&object.name).is_some()) {
            let name = &object.name;
            let bytes = self.place.get(name, DOCUMENT_BYTES_MAX).await.map_err(unavailable)?;
            let bytes = bytes.ok_or_else(|| damaged(name, "it is not there".to_owned()))?;
            let mark: MonthMark = signed::open(&bytes, self.key.verifying_key())
                .map_err(|error| damaged(name, error.to_string()))?;
            tenants.extend(mark.manifests.into_keys());
        }
        Ok(tenants.into_iter().collect())
    }

    async fn months(&self, tenant: &TenantId) -> Result<Vec<ArchivedMonth>, ArchiveError> {
        let listed = self.place.list(&self.names.tenant(tenant)).await.map_err(unavailable)?;
        let found = listed.iter().filter_map(|object| self.names.of_manifest(&object.name));
        let mut months: Vec<Month> =
            found.filter(|(owner, _)| owner == tenant).map(|(_, month)| month).collect();
        months.sort_unstable();
        let mut told = Vec::with_capacity(months.len());
        for month in months.into_iter().rev() {
            told.extend(self.remembered(tenant, month).await?.map(|manifest| manifest.told()));
        }
        Ok(told)
    }

    async fn piece(
        &self,
        tenant: &TenantId,
        month: Month,
        piece: usize,
    ) -> Result<Vec<LogEntry>, ArchiveError> {
        let absent = || ArchiveError::Absent(format!("{tenant}/{month}, piece {piece}"));
        let manifest = self.remembered(tenant, month).await?.ok_or_else(absent)?;
        let entry = manifest.pieces.get(piece).ok_or_else(absent)?;
        let name = format!("{}/{}", self.names.month(tenant, month), entry.object.name);
        let newest = locked(&self.newest).clone();
        if let Some((known, entries)) = newest
            && known == name
        {
            return Ok(entries.to_vec());
        }
        let entries = self.read_piece(&manifest, entry).await?;
        *locked(&self.newest) = Some((name, Arc::new(entries.clone())));
        Ok(entries)
    }

    async fn expire(&self, tenant: &TenantId, month: Month) -> Result<Expiry, ArchiveError> {
        self.delete_month(tenant, month).await
    }
}

/// Whether bytes are the object that a manifest names.
pub(super) fn check_object(object: &ObjectEntry, bytes: &[u8]) -> Result<(), String> {
    if bytes.len() as u64 != object.bytes {
        return Err(format!("it has {} bytes, not {}", bytes.len(), object.bytes));
    }
    match sha256(bytes) == object.sha256 {
        true => Ok(()),
        false => Err("its SHA-256 is not the one of the manifest".to_owned()),
    }
}

/// The records of a piece, compared with what the manifest says of it.
pub(super) fn entries_of(
    manifest: &Manifest,
    piece: &PieceEntry,
    bytes: Bytes,
) -> Result<Vec<LogEntry>, String> {
    let reader = PieceReader::open(bytes).map_err(|error| error.to_string())?;
    let mut entries = Vec::new();
    for rows in reader {
        for row in rows.map_err(|error| error.to_string())? {
            let entry = row.into_entry().map_err(|error| error.to_string())?;
            let entry = entry.ok_or("a record of it has no content")?;
            if entry.record.tenant != manifest.tenant {
                return Err("it holds a record of another tenant".to_owned());
            }
            entries.push(entry);
        }
    }
    let positions: Vec<u64> = entries.iter().map(|entry| entry.position.0).collect();
    let is_as_told = positions.is_sorted_by(|one, next| one < next)
        && positions.len() as u64 == piece.records
        && positions.first() == Some(&piece.first)
        && positions.last() == Some(&piece.last)
        && piece.first > manifest.after
        && piece.last <= manifest.until;
    match is_as_told {
        true => Ok(entries),
        false => Err("its records are not those that the manifest tells of".to_owned()),
    }
}

pub(super) fn unavailable(error: ObjectError) -> ArchiveError {
    ArchiveError::Unavailable { doing: "read", source: Box::new(error) }
}

pub(super) fn damaged(object: &str, how: String) -> ArchiveError {
    ArchiveError::Damaged { object: object.to_owned(), how }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
