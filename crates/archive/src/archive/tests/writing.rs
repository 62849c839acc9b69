//! What is written, when, and what is read of it.

use annals_ports::archive::{ArchiveReader, Expiry};
use annals_ports::contract;

use super::*;

#[tokio::test]
async fn the_archive_keeps_its_contract() {
    let world = World::new().await;
    let (_dir, place) = archived(&world).await;
    contract::archive::run(&Archive::new(place, LOG, archive_key()), &world.stored).await;
}

#[tokio::test]
async fn whoever_has_the_folder_and_the_keys_can_check_it() {
    let world = World::new().await;
    let (_dir, place) = archived(&world).await;
    let report = check(&place).await;
    assert_eq!(report.findings, [""; 0]);
    assert_eq!((report.months, report.records, report.proven, report.strays), (4, 20, 20, 0));
    let asked = Asked { tenant: Some(world.tenants()[0].clone()), month: None };
    let one = verify(&place, &keys(), &asked, |_, _| {}).await.unwrap();
    assert_eq!((one.months, one.records, one.is_whole()), (2, 10, true));
    let asked = Asked { month: Some(month("2025-12")), ..Asked::default() };
    let one = verify(&place, &keys(), &asked, |_, _| {}).await.unwrap();
    assert_eq!((one.months, one.records, one.is_whole()), (2, 10, true));
}

#[tokio::test]
async fn what_is_archived_is_not_written_again() {
    let world = World::new().await;
    let (_dir, place) = archived(&world).await;
    let before = names(&place).await;
    assert_eq!(world.archiver(&place).run(at(NOW)).await.unwrap(), []);
    assert_eq!(names(&place).await, before);
}

#[tokio::test]
async fn a_month_is_written_when_its_time_has_come_and_not_a_second_before() {
    let world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let mut archiver = world.archiver(&folder(dir.path()));
    assert_eq!(archiver.run(at("2026-01-31T23:59:59Z")).await.unwrap(), []);
    let stored = archiver.run(at("2026-02-01T00:00:00Z")).await.unwrap();
    assert_eq!(stored.iter().map(|it| it.month).collect::<Vec<_>>(), [month("2025-12")]);
    // However short the span: two days are waited.
    archiver.after = RetentionSpan::parse("PT1S").unwrap();
    assert_eq!(archiver.run(at("2026-02-02T23:59:59Z")).await.unwrap(), []);
    assert_eq!(archiver.run(at("2026-02-03T00:00:00Z")).await.unwrap().len(), 1);
    assert!(check(&archiver.place).await.is_whole());
}

#[tokio::test]
async fn what_comes_late_lies_in_the_month_that_is_written_next() {
    let world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let archiver = Archiver { trees: None, ..world.archiver(&folder(dir.path())) };
    archiver.run(at(NOW)).await.unwrap();
    let tenant = world.tenants()[0].clone();
    let late = contract::dated_record(tenant.as_str(), "s", 900, at("2025-12-31T23:00:00Z"));
    let next = contract::dated_record(tenant.as_str(), "s", 901, at("2026-03-05T00:00:00Z"));
    append(&world.log, [late, next].into_iter()).await;
    let stored = archiver.run(at("2027-01-01T00:00:00Z")).await.unwrap();
    let months: Vec<Month> = stored.iter().map(|stored| stored.month).collect();
    assert_eq!(months, [month("2026-02"), month("2026-03")]);
    assert!(check(&archiver.place).await.is_whole());
    let archive = Archive::new(archiver.place, LOG, archive_key());
    let told = archive.months(&tenant).await.unwrap();
    assert_eq!(told.len(), 4);
    assert_eq!(told[1].pieces[0].received.0, at("2025-12-31T23:00:00Z"), "its times tell");
}

#[tokio::test]
async fn a_log_that_is_not_what_its_tree_holds_is_not_archived() {
    let world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let entries = world.log.read_all(Position::START, 1000).await.unwrap();
    let trees = Arc::new(MemoryTrees::default());
    let digest = [9; 32];
    grow_with(&*trees, &entries, 3, digest);
    let archiver = Archiver { trees: Some(trees), ..world.archiver(&folder(dir.path())) };
    let error = archiver.run(at(NOW)).await.unwrap_err();
    assert!(matches!(error, RunError::Proof { .. }), "{error}");
    assert_eq!(names(&archiver.place).await.iter().filter(|it| it.ends_with("t.json")).count(), 0);
}

/// The trees of another log, in which one record has another header.
fn grow_with(trees: &dyn TreeStore, entries: &[LogEntry], place: usize, digest: [u8; 32]) {
    let honest = MemoryTrees::default();
    grow(&honest, entries);
    for shard in honest.shards().unwrap() {
        let mut leaves = honest.leaves(&shard.name, 0).unwrap().unwrap();
        for leaf in &mut leaves {
            if leaf.position == entries[place].position {
                leaf.digest = digest;
            }
        }
        let growth = TreeGrowth { shard, size_before: 0, leaves, rows: Vec::new() };
        assert!(trees.grow(&growth).unwrap());
    }
}

#[tokio::test]
async fn a_log_without_trees_is_archived_and_nothing_is_called_proven() {
    let world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let archiver = Archiver { trees: None, ..world.archiver(&folder(dir.path())) };
    archiver.run(at(NOW)).await.unwrap();
    let report = check(&archiver.place).await;
    assert_eq!((report.records, report.proven, report.is_whole()), (20, 0, true));
}

#[tokio::test]
async fn what_is_deleted_is_told_to_be_deleted_and_nothing_is_missed() {
    let world = World::new().await;
    let (_dir, place) = archived(&world).await;
    let archive = Archive::new(place.clone(), LOG, archive_key());
    let tenant = &world.tenants()[0];
    let expiry = archive.expire(tenant, month("2025-12")).await.unwrap();
    assert_eq!(expiry, Expiry::Deleted { objects: 3 });
    let report = check(&place).await;
    assert_eq!(report.findings, [""; 0]);
    assert_eq!((report.records, report.strays), (15, 0));
}

#[tokio::test]
async fn the_archive_of_another_key_is_an_error_and_never_wrong_data() {
    let world = World::new().await;
    let (_dir, place) = archived(&world).await;
    let other = SigningKey::from_seed(&key_name(LOG), Algorithm::Note, &[4; 32]).unwrap();
    let archive = Archive::new(place.clone(), LOG, other);
    assert!(archive.months(&world.tenants()[0]).await.is_err());
    assert!(archive.piece(&world.tenants()[0], month("2025-12"), 0).await.is_err());
    assert!(archive.expire(&world.tenants()[0], month("2025-12")).await.is_err());
    assert!(check(&place).await.is_whole(), "nothing was deleted");
}
