//! Removing all exports of a tenant at once: what they hold may be about somebody who was erased.

use std::io;

use annals_domain::TenantId;
use async_trait::async_trait;

use super::job::ExportStatus;
use super::office::Exports;
use crate::erasing::Sweep;

impl Exports {
    /// Ends the jobs of a tenant that are under way, and removes its files with all that is known of
    /// them. Tells how many files there were, finished or not. When somebody is erased, their key is
    /// destroyed first: what is asked for from then on holds nothing of them.
    ///
    /// # Errors
    /// When a job does not end in time or a file cannot be removed; then call it again.
    pub async fn sweep(&self, tenant: &TenantId) -> io::Result<usize> {
        let mut removed = 0;
        for job in self.0.jobs_of(tenant) {
            self.0.cancel(job.id).await;
            if self.0.job(job.id).is_some_and(|job| job.status.is_active()) {
                let text = "an export of the tenant is still being written; try again";
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            let folder = self.0.folder.clone();
            let removing = tokio::task::spawn_blocking(move || folder.remove(job.id));
            removing.await.unwrap_or_else(|_| Err(io::Error::other("a fault")))?;
            self.0.forget(job.id);
            removed += usize::from(job.status.is_active() || job.status == ExportStatus::Done);
        }
        Ok(removed)
    }
}

#[async_trait]
impl Sweep for Exports {
    fn name(&self) -> &'static str {
        "exports"
    }

    async fn sweep(
        &self,
        tenant: &TenantId,
        _: &[String],
    ) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self::sweep(self, tenant).await? as u64)
    }
}
