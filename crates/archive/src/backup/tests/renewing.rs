//! Pieces of earlier backups are made anew where they have to be.

use super::*;
use annals_record::WrappedRoot;

use crate::backup::restoring::{fetch, rows_of};

/// Reads all pieces of earlier backups again, whatever day it is.
fn reading_again() -> MakeSettings {
    MakeSettings { read_again_days: 1, ..verified() }
}

/// What all pieces in the repository hold at a position.
async fn held_at(place: &Place, position: u64) -> Vec<PieceRow> {
    let mut held = Vec::new();
    for snapshot in repository(place).await.snapshots().await.unwrap() {
        for piece in &snapshot.pieces {
            let rows = rows_of(piece, fetch(place, piece).await.unwrap()).unwrap();
            held.extend(rows.into_iter().filter(|row| row.position == Position(position)));
        }
    }
    held
}

async fn with_two_pieces() -> (tempfile::TempDir, Place, Log) {
    let (dir, place) = folder();
    let mut log = Log::default();
    for _ in 0..2 {
        log.append_many(10);
        back_up(&place, &mut log, &verified()).await.unwrap();
    }
    (dir, place, log)
}

async fn names(place: &Place) -> Vec<String> {
    let listed = place.list("pieces").await.unwrap();
    listed.into_iter().map(|object| object.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_removed_is_in_no_backup_after_the_next_one() {
    let (_dir, place, mut log) = with_two_pieces().await;
    let before = names(&place).await;
    log.remove(&[3, 4]);
    let made = back_up(&place, &mut log, &verified()).await.unwrap();
    assert_eq!((made.renewed, made.records), (1, 1), "the log is read for what is new alone");
    for position in [3, 4] {
        let held = held_at(&place, position).await;
        assert_eq!(held.len(), 3, "in each snapshot");
        let is_empty = |row: &PieceRow| matches!(row.content, Content::Removed { by: Some(_) });
        assert!(held.iter().all(is_empty), "{held:?}");
    }
    let after = names(&place).await;
    assert_eq!(after.len(), 3);
    assert!(!after.contains(&before[0]) && after.contains(&before[1]));
    for head in [10, 20, 21] {
        let (memory, _) = restored(&place, Point::Position(Position(head))).await.unwrap();
        assert_eq!(memory.rows, log.up_to(Position(head)));
    }
    let again = back_up(&place, &mut log, &reading_again()).await.unwrap();
    assert_eq!((again.renewed, again.records), (0, 0), "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_of_backups_before_a_full_one_lose_what_was_removed_too() {
    let (_dir, place, mut log) = with_two_pieces().await;
    let full = MakeSettings { full: true, ..verified() };
    back_up(&place, &mut log, &full).await.unwrap();
    log.remove(&[3]);
    let made = back_up(&place, &mut log, &full).await.unwrap();
    assert_eq!(made.renewed, 2, "that of the first two snapshots, and that of the third");
    let held = held_at(&place, 3).await;
    assert_eq!(held.len(), 4);
    assert!(held.iter().all(|row| matches!(row.content, Content::Removed { .. })), "{held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_is_gone_or_damaged_is_made_anew_from_the_log() {
    for is_gone in [true, false] {
        let (_dir, place, mut log) = with_two_pieces().await;
        let piece = names(&place).await.remove(0);
        match is_gone {
            true => place.delete(&piece).await.unwrap(),
            false => {
                let mut bytes = place.get(&piece, 1 << 20).await.unwrap().unwrap().to_vec();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                place.put(&piece, bytes).await.unwrap();
            }
        }
        assert!(restored(&place, Point::Newest).await.is_err());
        let made = back_up(&place, &mut log, &reading_again()).await.unwrap();
        assert_eq!((made.renewed, made.records), (1, 10));
        for head in [10, 20] {
            let (memory, _) = restored(&place, Point::Position(Position(head))).await.unwrap();
            assert_eq!(memory.rows, log.up_to(Position(head)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_backup_writes_over_a_damaged_piece_of_the_same_name() {
    let (_dir, place) = folder();
    let mut log = Log::default();
    log.append_many(10);
    back_up(&place, &mut log, &verified()).await.unwrap();
    let piece = names(&place).await.remove(0);
    let bytes = place.get(&piece, 1 << 20).await.unwrap().unwrap();
    place.put(&piece, [&bytes[..9], b"?", &bytes[10..]].concat()).await.unwrap();
    let full = MakeSettings { full: true, ..verified() };
    back_up(&place, &mut log, &full).await.unwrap();
    assert_eq!(names(&place).await, [piece]);
    restored(&place, Point::Newest).await.unwrap();
}

#[tokio::test]
async fn only_the_newest_wrapping_of_the_root_key_stays() {
    let (_dir, place) = folder();
    let repository = repository(&place).await;
    let [old, new] = ["old", "new"].map(|text| WrappedRoot(text.into()));
    repository.keep_root(&old).await.unwrap();
    repository.keep_root(&new).await.unwrap();
    assert_eq!(Repository::roots(&place).await.unwrap().len(), 2);
    repository.keep_root_only(&new).await.unwrap();
    let kept = Repository::roots(&place).await.unwrap();
    assert_eq!(kept.iter().map(|root| root.0.as_slice()).collect::<Vec<_>>(), [b"new"]);
}
