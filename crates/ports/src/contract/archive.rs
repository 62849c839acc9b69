//! What every [`ArchiveReader`] keeps to.

use annals_domain::{Position, Revision, TenantId};
use jiff::SignedDuration;

use super::records::dated_record;
use crate::LogEntry;
use crate::archive::{ArchiveError, ArchiveReader, Expiry, Month};

/// What was stored before the suite begins: of one tenant, in order.
pub struct Stored {
    /// Whose.
    pub tenant: TenantId,
    /// Each month with all its records; months rise, and so do the positions.
    pub months: Vec<(Month, Vec<LogEntry>)>,
}

/// What may be stored: of some tenants five records in each of two months, in turns.
pub fn example(tenants: u64) -> Vec<Stored> {
    let names: Vec<String> = (0..tenants).map(|_| super::fresh_tenant()).collect();
    let mut stored: Vec<Stored> = names
        .iter()
        .map(|name| Stored { tenant: TenantId::new(name).expect("a name"), months: Vec::new() })
        .collect();
    let mut position = 0;
    for month in ["2025-12", "2026-01"] {
        let month: Month = month.parse().expect("a month");
        for of in &mut stored {
            of.months.push((month, Vec::new()));
        }
        for hour in 1..6 {
            let at = month.begins() + SignedDuration::from_hours(hour);
            for of in &mut stored {
                position += 1;
                let record = dated_record(of.tenant.as_str(), "s", u128::from(position), at);
                let (_, entries) = of.months.last_mut().expect("it was put a moment ago");
                let revision = Revision(position / tenants);
                entries.push(LogEntry { position: Position(position), revision, record });
            }
        }
    }
    stored
}

/// Runs the whole suite on an archive that holds what `stored` says, of two tenants and two months each
/// at least.
pub async fn run(archive: &dyn ArchiveReader, stored: &[Stored]) {
    assert!(stored.len() > 1 && stored.iter().all(|of| of.months.len() > 1), "too little to test");
    for of in stored {
        months_come_newest_first_with_what_they_hold(archive, of).await;
        positions_of_stored_months_are_archived_and_others_not(archive, of).await;
        what_is_not_there_is_absent(archive, of).await;
    }
    nothing_is_told_to_a_stranger(archive, stored).await;
    all_tenants_are_told(archive, stored).await;
    a_month_that_was_deleted_is_gone_and_the_others_stay(archive, &stored[0]).await;
}

/// What is locked stays. The archive locks what `stored` says.
pub async fn run_locked(archive: &dyn ArchiveReader, stored: &Stored) {
    let before = archive.months(&stored.tenant).await.expect(WORKS);
    for (month, _) in &stored.months {
        let expiry = archive.expire(&stored.tenant, *month).await.expect(WORKS);
        assert!(matches!(expiry, Expiry::Locked { .. }), "{month} is locked: {expiry:?}");
    }
    assert_eq!(archive.months(&stored.tenant).await.expect(WORKS), before, "nothing was deleted");
    months_come_newest_first_with_what_they_hold(archive, stored).await;
}

const WORKS: &str = "the archive works";

async fn months_come_newest_first_with_what_they_hold(archive: &dyn ArchiveReader, of: &Stored) {
    let months = archive.months(&of.tenant).await.expect(WORKS);
    let told: Vec<Month> = months.iter().map(|month| month.month).collect();
    let expected: Vec<Month> = of.months.iter().rev().map(|(month, _)| *month).collect();
    assert_eq!(told, expected, "newest first");
    for (month, (_, entries)) in months.iter().zip(of.months.iter().rev()) {
        let mut read = Vec::new();
        for (number, piece) in month.pieces.iter().enumerate() {
            let part = archive.piece(&of.tenant, month.month, number).await.expect(WORKS);
            assert_eq!(part.len() as u64, piece.records);
            assert_eq!(part.first().map(|entry| entry.position), Some(piece.first));
            assert_eq!(part.last().map(|entry| entry.position), Some(piece.last));
            for entry in &part {
                let header = entry.record.header().expect("it was stored so");
                let (received, occurred) = (header.recorded_at, header.occurred_at.timestamp);
                assert!(piece.received.0 <= received && received <= piece.received.1);
                assert!(piece.occurred.0 <= occurred && occurred <= piece.occurred.1);
                assert!(month.classes[&*header.retention] >= received, "the newest of its class");
            }
            read.extend(part);
        }
        assert_eq!(&read, entries, "what was stored is read, byte for byte and in order");
        assert_eq!(month.records, entries.len() as u64);
    }
}

async fn positions_of_stored_months_are_archived_and_others_not(
    archive: &dyn ArchiveReader,
    of: &Stored,
) {
    let entries = || of.months.iter().flat_map(|(_, entries)| entries);
    for entry in entries() {
        assert!(archive.is_archived(&of.tenant, entry.position).await.expect(WORKS));
    }
    let beyond = entries().map(|entry| entry.position.0).max().unwrap_or(0) + 1_000_000;
    assert!(!archive.is_archived(&of.tenant, Position(beyond)).await.expect(WORKS));
    assert!(!archive.is_archived(&of.tenant, Position::START).await.expect(WORKS));
}

async fn what_is_not_there_is_absent(archive: &dyn ArchiveReader, of: &Stored) {
    let (month, _) = of.months[0];
    let read = archive.piece(&of.tenant, month, 10_000).await;
    assert!(matches!(read, Err(ArchiveError::Absent(_))), "no such piece");
    let never: Month = "1999-01".parse().expect("a month");
    let read = archive.piece(&of.tenant, never, 0).await;
    assert!(matches!(read, Err(ArchiveError::Absent(_))), "no such month");
    assert_eq!(archive.expire(&of.tenant, never).await.expect(WORKS), Expiry::Absent);
}

async fn nothing_is_told_to_a_stranger(archive: &dyn ArchiveReader, stored: &[Stored]) {
    let stranger = TenantId::new("stranger").expect("a name");
    assert_eq!(archive.months(&stranger).await.expect(WORKS), []);
    for of in stored {
        for (month, entries) in &of.months {
            assert!(archive.piece(&stranger, *month, 0).await.is_err());
            let archived = archive.is_archived(&stranger, entries[0].position).await;
            assert!(!archived.expect(WORKS));
            assert!(entries.iter().all(|entry| entry.record.tenant == of.tenant));
        }
    }
}

async fn all_tenants_are_told(archive: &dyn ArchiveReader, stored: &[Stored]) {
    let tenants = archive.tenants().await.expect(WORKS);
    assert!(tenants.is_sorted());
    for of in stored {
        assert!(tenants.contains(&of.tenant), "{} is missing in {tenants:?}", of.tenant);
    }
}

async fn a_month_that_was_deleted_is_gone_and_the_others_stay(
    archive: &dyn ArchiveReader,
    of: &Stored,
) {
    let (month, entries) = &of.months[0];
    let expiry = archive.expire(&of.tenant, *month).await.expect(WORKS);
    assert!(matches!(expiry, Expiry::Deleted { objects: 2.. }), "{expiry:?}");
    assert_eq!(archive.expire(&of.tenant, *month).await.expect(WORKS), Expiry::Absent);
    assert!(!archive.is_archived(&of.tenant, entries[0].position).await.expect(WORKS));
    assert!(archive.piece(&of.tenant, *month, 0).await.is_err());
    let rest = Stored { tenant: of.tenant.clone(), months: of.months[1..].to_vec() };
    months_come_newest_first_with_what_they_hold(archive, &rest).await;
}
