//! Deleting a month whose time is over.

use annals_domain::TenantId;
use annals_ports::archive::{ArchiveError, Expiry, Month};

use super::building::sha256;
use super::manifest::{FORMAT, Manifest, Tombstone};
use super::reader::{Archive, damaged, unavailable};
use super::{DOCUMENT_BYTES_MAX, signed};
use crate::objects::ObjectError;

impl Archive {
    /// A tombstone is written first, then the manifest goes, then what it named: whatever stops half-way,
    /// nothing of the month is told, and what is left goes when it is asked again. Locks are looked at before.
    pub(super) async fn delete_month(
        &self,
        tenant: &TenantId,
        month: Month,
    ) -> Result<Expiry, ArchiveError> {
        let folder = self.names.month(tenant, month);
        let objects = self.place.list(&folder).await.map_err(unavailable)?;
        if objects.is_empty() {
            return Ok(Expiry::Absent);
        }
        for object in &objects {
            let lock = self.place.locked_until(&object.name).await.map_err(unavailable)?;
            if let Some(until) = lock {
                return Ok(Expiry::Locked { until: Some(until) });
            }
        }
        let name = self.names.manifest(tenant, month);
        let manifest = self.place.get(&name, DOCUMENT_BYTES_MAX).await.map_err(unavailable)?;
        if let Some(bytes) = manifest {
            // What is not ours is not deleted.
            let _: Manifest = signed::open(&bytes, self.key.verifying_key())
                .map_err(|error| damaged(&name, error.to_string()))?;
            self.bury(tenant, month, sha256(&bytes)).await?;
            self.place.delete(&name).await.map_err(not_deleted)?;
        }
        self.forget(&name);
        for object in objects.iter().filter(|object| object.name != name) {
            self.place.delete(&object.name).await.map_err(not_deleted)?;
        }
        Ok(Expiry::Deleted { objects: objects.len() as u64 })
    }

    async fn bury(
        &self,
        tenant: &TenantId,
        month: Month,
        manifest: String,
    ) -> Result<(), ArchiveError> {
        let (format, log) = (FORMAT.to_owned(), self.log.clone());
        let tombstone = Tombstone { format, log, tenant: tenant.clone(), month, manifest };
        let name = self.names.expired(tenant, month);
        let bytes = signed::sign(&tombstone, &self.key)
            .map_err(|error| damaged(&name, error.to_string()))?;
        // One that is there already says the same.
        self.place.put_new(&name, bytes).await.map_err(not_deleted)?;
        Ok(())
    }
}

fn not_deleted(error: ObjectError) -> ArchiveError {
    ArchiveError::Unavailable { doing: "delete from", source: Box::new(error) }
}
