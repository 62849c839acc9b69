//! An archive in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use annals_domain::{Position, TenantId};
use async_trait::async_trait;
use jiff::Timestamp;

use super::locked;
use crate::LogEntry;
use crate::archive::{ArchiveError, ArchiveReader, ArchivedMonth, ArchivedPiece, Expiry, Month};

/// Keeps months until it is dropped.
#[derive(Default)]
pub struct MemoryArchive {
    months: Mutex<BTreeMap<(TenantId, Month), Kept>>,
    failures: AtomicUsize,
}

#[derive(Clone)]
struct Kept {
    told: ArchivedMonth,
    pieces: Vec<Vec<LogEntry>>,
    locked_until: Option<Timestamp>,
}

impl MemoryArchive {
    /// Keeps the records of one month of a tenant, at most `in_piece` in a piece.
    ///
    /// # Panics
    /// When there is no record, or one whose header cannot be read.
    pub fn keep(&self, tenant: &TenantId, month: Month, entries: &[LogEntry], in_piece: usize) {
        let pieces: Vec<Vec<LogEntry>> = entries.chunks(in_piece).map(<[_]>::to_vec).collect();
        let mut classes = BTreeMap::new();
        for entry in entries {
            let header = entry.record.header().expect("the records of a test can be read");
            let newest = classes.entry(header.retention.into_owned()).or_insert(header.recorded_at);
            *newest = header.recorded_at.max(*newest);
        }
        let told = ArchivedMonth {
            month,
            after: Position(entries[0].position.0 - 1),
            until: entries[entries.len() - 1].position,
            records: entries.len() as u64,
            classes,
            pieces: pieces.iter().map(|piece| told(piece)).collect(),
        };
        let kept = Kept { told, pieces, locked_until: None };
        locked(&self.months).insert((tenant.clone(), month), kept);
    }

    /// Refuses to delete a month until then.
    pub fn lock(&self, tenant: &TenantId, month: Month, until: Timestamp) {
        if let Some(kept) = locked(&self.months).get_mut(&(tenant.clone(), month)) {
            kept.locked_until = Some(until);
        }
    }

    /// Cannot be reached the next times.
    pub fn fail_next(&self, times: usize) {
        self.failures.store(times, Ordering::SeqCst);
    }

    fn require_reachable(&self) -> Result<(), ArchiveError> {
        let spent = self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match spent {
            Ok(_) => {
                Err(ArchiveError::Unavailable { doing: "read", source: "a test wanted it".into() })
            }
            Err(_) => Ok(()),
        }
    }
}

fn told(piece: &[LogEntry]) -> ArchivedPiece {
    let headers = || piece.iter().map(|it| it.record.header().expect("checked before"));
    let received = || headers().map(|header| header.recorded_at);
    let occurred = || headers().map(|header| header.occurred_at.timestamp);
    let range = |first: Option<Timestamp>, last: Option<Timestamp>| {
        (first.unwrap_or_default(), last.unwrap_or_default())
    };
    ArchivedPiece {
        first: piece[0].position,
        last: piece[piece.len() - 1].position,
        records: piece.len() as u64,
        bytes: piece.iter().map(|entry| entry.record.encode().len() as u64).sum(),
        received: range(received().min(), received().max()),
        occurred: range(occurred().min(), occurred().max()),
    }
}

#[async_trait]
impl ArchiveReader for MemoryArchive {
    async fn tenants(&self) -> Result<Vec<TenantId>, ArchiveError> {
        self.require_reachable()?;
        let tenants: BTreeSet<TenantId> =
            locked(&self.months).keys().map(|(tenant, _)| tenant.clone()).collect();
        Ok(tenants.into_iter().collect())
    }

    async fn months(&self, tenant: &TenantId) -> Result<Vec<ArchivedMonth>, ArchiveError> {
        self.require_reachable()?;
        let months = locked(&self.months);
        let of_tenant = months.iter().rev().filter(|((owner, _), _)| owner == tenant);
        Ok(of_tenant.map(|(_, kept)| kept.told.clone()).collect())
    }

    async fn piece(
        &self,
        tenant: &TenantId,
        month: Month,
        piece: usize,
    ) -> Result<Vec<LogEntry>, ArchiveError> {
        self.require_reachable()?;
        let months = locked(&self.months);
        let kept = months.get(&(tenant.clone(), month)).and_then(|kept| kept.pieces.get(piece));
        kept.cloned().ok_or_else(|| ArchiveError::Absent(format!("{tenant}/{month}/{piece}")))
    }

    async fn expire(&self, tenant: &TenantId, month: Month) -> Result<Expiry, ArchiveError> {
        self.require_reachable()?;
        let mut months = locked(&self.months);
        let of = (tenant.clone(), month);
        let Some(kept) = months.get(&of) else { return Ok(Expiry::Absent) };
        if kept.locked_until.is_some() {
            return Ok(Expiry::Locked { until: kept.locked_until });
        }
        let objects = 1 + kept.pieces.len() as u64;
        months.remove(&of);
        Ok(Expiry::Deleted { objects })
    }
}
