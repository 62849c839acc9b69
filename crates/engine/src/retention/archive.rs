//! What is due goes from the archive as well: a month of a tenant as a whole, once everything in it is due and
//! nothing held.
//!
//! A month is read up to the first record that stays. Until when that does is remembered as long as the policy is
//! the same, so that months are not fetched again every day.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_domain::lifecycle::{Judge, Kept, RetentionNow, TenantPolicy};
use annals_domain::{EventId, Position, TenantId};
use annals_ports::LogEntry;
use annals_ports::archive::{ArchiveReader, ArchivedMonth, Expiry, Month};
use jiff::Timestamp;

use super::looking::open_by_position;
use super::{Retention, RetentionError, RetentionRun};

/// Months of which it is remembered until when they stay; beyond that all are looked at anew.
const KEPT_MONTHS_MAX: usize = 100_000;
/// Records that are looked at at once.
const STEP: usize = 256;

/// What became of the archive.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ArchiveExpired {
    /// Months that were deleted.
    pub deleted: Vec<ExpiredMonth>,
    /// Months that are due, but locked by the store; they are tried again.
    pub locked: Vec<LockedMonth>,
}

/// A month that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredMonth {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub month: Month,
    /// How many records it had.
    pub records: u64,
}

/// A month that the store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedMonth {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub month: Month,
    /// Until when, where the store tells.
    pub until: Option<Timestamp>,
}

/// Months that stay, and by what.
#[derive(Debug, Default)]
pub(crate) struct KeptMonths(Mutex<BTreeMap<(TenantId, Month), KeptMonth>>);

#[derive(Debug)]
struct KeptMonth {
    /// None: for ever.
    until: Option<Timestamp>,
    policy: TenantPolicy,
}

/// By what it is judged: as long as that is the same, so is the judgement.
#[derive(PartialEq, Eq)]
struct Basis {
    policy: TenantPolicy,
    holds: Vec<EventId>,
}

/// How a month stands.
enum Standing {
    Due,
    /// A record of it stays until then; none: for ever.
    Kept(Option<Timestamp>),
    /// Something of it is held, or cannot be read, or it was not looked at to its end.
    Stays,
}

impl RetentionRun {
    /// Deletes from the archive what is due as a whole month and not held, where this node writes it. What the
    /// store has locked is told, and is no error.
    pub async fn expire_archive(
        &self,
        now: impl Into<RetentionNow>,
    ) -> Result<ArchiveExpired, RetentionError> {
        let (parts, now, mut expired) = (&self.parts, now.into(), ArchiveExpired::default());
        let Some(archive) = parts.archive.as_ref().filter(|archive| archive.writes) else {
            return Ok(expired);
        };
        let reader = &*archive.reader;
        parts.until_all_is_known().await?;
        for tenant in reader.tenants().await? {
            for month in reader.months(&tenant).await?.into_iter().rev() {
                if parts.stopping.is_cancelled() {
                    return Ok(expired);
                }
                parts.expire_month(reader, &tenant, &month, now, &mut expired).await?;
            }
        }
        Ok(expired)
    }
}

impl Retention {
    async fn expire_month(
        &self,
        reader: &dyn ArchiveReader,
        tenant: &TenantId,
        month: &ArchivedMonth,
        now: RetentionNow,
        expired: &mut ArchiveExpired,
    ) -> Result<(), RetentionError> {
        let basis = self.basis(tenant, now);
        if self.kept_months.stays(tenant, month.month, &basis.policy, now.expiry) {
            return Ok(());
        }
        match self.standing(reader, tenant, month, now).await? {
            Standing::Due => {}
            Standing::Stays => return Ok(()),
            Standing::Kept(until) => {
                self.kept_months.keep(
                    tenant,
                    month.month,
                    KeptMonth { until, policy: basis.policy },
                );
                return Ok(());
            }
        }
        let _removing = self.access.removing().await;
        self.until_all_is_known().await?;
        if self.basis(tenant, now) != basis {
            // Somebody decided something meanwhile: it is looked at again with the next run.
            return Ok(());
        }
        let (tenant, records, month) = (tenant.clone(), month.records, month.month);
        match reader.expire(&tenant, month).await? {
            Expiry::Deleted { .. } => expired.deleted.push(ExpiredMonth { tenant, month, records }),
            Expiry::Locked { until } => expired.locked.push(LockedMonth { tenant, month, until }),
            Expiry::Absent => {}
        }
        Ok(())
    }

    fn basis(&self, tenant: &TenantId, now: RetentionNow) -> Basis {
        let state = self.access.now();
        let Some(lifecycle) = state.tenant(tenant).map(|tenant| tenant.lifecycle()) else {
            return Basis { policy: TenantPolicy::default(), holds: Vec::new() };
        };
        let holds = lifecycle.holds().filter(|hold| hold.is_in_force()).map(|hold| hold.event);
        Basis { policy: lifecycle.proposals().policy(now.policy), holds: holds.collect() }
    }

    async fn standing(
        &self,
        reader: &dyn ArchiveReader,
        tenant: &TenantId,
        month: &ArchivedMonth,
        now: RetentionNow,
    ) -> Result<Standing, RetentionError> {
        let judge = self.judge(tenant, now);
        for piece in 0..month.pieces.len() {
            let entries = reader.piece(tenant, month.month, piece).await?;
            for entries in entries.chunks(STEP) {
                match self.standing_of(&judge, entries).await? {
                    Standing::Due if !self.stopping.is_cancelled() => {}
                    Standing::Due => return Ok(Standing::Stays),
                    stays => return Ok(stays),
                }
            }
        }
        Ok(Standing::Due)
    }

    async fn standing_of(
        &self,
        judge: &Judge<'_>,
        entries: &[LogEntry],
    ) -> Result<Standing, RetentionError> {
        let (mut due, mut to_open, mut in_log) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            let Ok(header) = entry.record.header() else { return Ok(Standing::Stays) };
            let (event_type, class) = (&header.event_type, &header.retention);
            match judge.due(entry.position, event_type, class, header.recorded_at) {
                Ok(over) if judge.holds_any() => {
                    due.push((entry.position, over));
                    to_open.push(entry.clone());
                }
                Ok(_) => {}
                Err(Kept::OwnFact) => in_log.push(entry.position),
                Err(Kept::Until(until)) => return Ok(Standing::Kept(Some(until))),
                Err(Kept::Forever) => return Ok(Standing::Kept(None)),
                Err(Kept::Held(_)) => return Ok(Standing::Stays),
            }
        }
        // What is always kept lies in the log for ever; the copy of it may go.
        if !in_log.is_empty() && self.log.read_at(&in_log).await?.iter().any(Option::is_none) {
            return Ok(Standing::Kept(None));
        }
        let opened = open_by_position(self, to_open).await?;
        let is_held =
            |(position, over): &(Position, _)| judge.clear(over, opened.get(position)).is_err();
        Ok(if due.iter().any(is_held) { Standing::Stays } else { Standing::Due })
    }
}

impl KeptMonths {
    fn stays(
        &self,
        tenant: &TenantId,
        month: Month,
        policy: &TenantPolicy,
        now: Timestamp,
    ) -> bool {
        let kept = self.locked();
        let kept = kept.get(&(tenant.clone(), month)).filter(|kept| kept.policy == *policy);
        kept.is_some_and(|kept| kept.until.is_none_or(|until| until > now))
    }

    fn keep(&self, tenant: &TenantId, month: Month, kept: KeptMonth) {
        let mut months = self.locked();
        if months.len() >= KEPT_MONTHS_MAX {
            months.clear();
        }
        months.insert((tenant.clone(), month), kept);
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<(TenantId, Month), KeptMonth>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
