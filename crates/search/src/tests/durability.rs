//! What is there after commits, crashes, damage and clearing.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_domain::filter::Order;
use annals_domain::{Filter, Position, Recorded};
use annals_ports::{SearchError, SearchIndex};

use super::events::{
    NOW_S, empty_index, filled_index, found, page, plain_event, recorded, settings,
};
use crate::TantivyIndex;

const MONTH_S: i64 = 31 * 24 * 3600;

/// One event a position, all in the month that lies so far ahead.
fn events(positions: std::ops::RangeInclusive<u64>, months_ahead: i64) -> Vec<Recorded> {
    positions.map(|at| recorded(at, plain_event(NOW_S + months_ahead * MONTH_S))).collect()
}

fn reopened(dir: &Path) -> TantivyIndex {
    TantivyIndex::open(dir, settings()).unwrap()
}

fn partitions(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

fn downwards(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.rev().collect()
}

#[test]
fn an_empty_index_finds_nothing() {
    let (_dir, index) = empty_index();
    assert_eq!(index.position(), Position::START);
    assert_eq!(index.commit().unwrap(), Position::START);
    assert!(found(&index, &Filter::All).is_empty());
}

#[test]
fn only_what_was_committed_is_found() {
    let (dir, index) = empty_index();
    index.add(&events(1..=3, 0)).unwrap();
    assert!(found(&index, &Filter::All).is_empty());
    assert_eq!(index.position(), Position::START);
    assert_eq!(index.commit().unwrap(), Position(3));
    assert_eq!(found(&index, &Filter::All), [3, 2, 1]);
    assert_eq!(index.position(), Position(3));
    drop(index);
    let index = reopened(dir.path());
    assert_eq!(index.position(), Position(3));
    assert_eq!(found(&index, &Filter::All), [3, 2, 1]);
}

#[test]
fn a_crash_loses_what_was_not_committed_and_no_more() {
    let (dir, index) = filled_index(&[&events(1..=5, 0)]);
    index.add(&events(6..=9, 0)).unwrap();
    drop(index);
    let index = reopened(dir.path());
    assert_eq!(index.position(), Position(5));
    index.add(&events(4..=12, 0)).unwrap();
    index.commit().unwrap();
    assert_eq!(found(&index, &Filter::All), downwards(1..=12));
}

#[test]
fn an_event_added_twice_is_found_once() {
    let (_dir, index) = empty_index();
    index.add(&events(1..=4, 0)).unwrap();
    index.add(&events(3..=6, 0)).unwrap();
    index.commit().unwrap();
    index.add(&events(1..=6, 0)).unwrap();
    assert_eq!(index.commit().unwrap(), Position(6));
    assert_eq!(found(&index, &Filter::All), downwards(1..=6));
}

#[test]
fn each_month_of_recording_has_a_partition() {
    let (dir, index) = empty_index();
    let mut log = events(1..=3, 0);
    log.extend(events(4..=6, 1));
    log.extend(events(7..=7, 4));
    index.add(&log).unwrap();
    // The months that ended are committed.
    assert_eq!(index.position(), Position(6));
    assert_eq!(index.commit().unwrap(), Position(7));
    assert_eq!(partitions(dir.path()), ["2026-11", "2026-12", "2027-03"]);
    assert_eq!(found(&index, &Filter::All), downwards(1..=7));
    drop(index);
    let index = reopened(dir.path());
    assert_eq!(index.position(), Position(7));
    assert_eq!(found(&index, &Filter::All), downwards(1..=7));
}

#[test]
fn a_clock_that_was_put_back_makes_no_older_partition() {
    let (dir, index) = filled_index(&[&events(1..=2, 3), &events(3..=4, 0), &events(5..=5, 3)]);
    assert_eq!(partitions(dir.path()), ["2027-02"]);
    assert_eq!(found(&index, &Filter::All), downwards(1..=5));
}

#[test]
fn a_cleared_index_can_be_filled_anew() {
    let (dir, index) = filled_index(&[&events(1..=5, 0), &events(6..=7, 1)]);
    index.add(&events(8..=9, 1)).unwrap();
    fs::create_dir(dir.path().join("damaged-1")).unwrap();
    index.clear().unwrap();
    assert_eq!(index.position(), Position::START);
    assert!(found(&index, &Filter::All).is_empty());
    assert!(partitions(dir.path()).is_empty());
    index.add(&events(1..=3, 0)).unwrap();
    assert_eq!(index.commit().unwrap(), Position(3));
    assert_eq!(found(&index, &Filter::All), downwards(1..=3));
}

/// Three months, of which the middle one is about to be damaged.
fn three_months() -> tempfile::TempDir {
    let (dir, index) = filled_index(&[&events(1..=3, 0), &events(4..=6, 1), &events(7..=9, 2)]);
    drop(index);
    assert_eq!(partitions(dir.path()), ["2026-11", "2026-12", "2027-01"]);
    dir
}

fn files_with(path: &Path, end: &str) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.to_string_lossy().ends_with(end)).collect()
}

#[test]
fn a_damaged_partition_is_named() {
    let damages: [fn(&Path); 4] = [
        |month| fs::write(month.join("meta.json"), "{").unwrap(),
        |month| fs::remove_file(month.join("meta.json")).unwrap(),
        |month| files_with(month, ".idx").iter().for_each(|file| fs::remove_file(file).unwrap()),
        |month| files_with(month, ".fast").iter().for_each(|file| fs::write(file, "x").unwrap()),
    ];
    for damage in damages {
        let dir = three_months();
        damage(&dir.path().join("2026-12"));
        match TantivyIndex::open(dir.path(), settings()) {
            Err(SearchError::Damaged { partition, .. }) => assert_eq!(partition, "2026-12"),
            other => panic!("{:?}", other.map(|index| index.position())),
        }
    }
}

#[test]
fn a_damaged_partition_is_set_aside_with_all_newer_ones() {
    let dir = three_months();
    fs::write(dir.path().join("2026-12/meta.json"), "{").unwrap();
    let (index, quarantine) = TantivyIndex::open_or_quarantine(dir.path(), settings()).unwrap();
    let quarantine = quarantine.unwrap();
    assert_eq!(quarantine.partitions, ["2026-12", "2027-01"]);
    assert_eq!(partitions(&quarantine.moved_to), ["2026-12", "2027-01"]);
    assert_eq!(index.position(), Position(3));
    let mut log = events(4..=6, 1);
    log.extend(events(7..=9, 2));
    index.add(&log).unwrap();
    index.commit().unwrap();
    assert_eq!(found(&index, &Filter::All), downwards(1..=9));
    drop(index);
    let (_, quarantine) = TantivyIndex::open_or_quarantine(dir.path(), settings()).unwrap();
    assert_eq!(quarantine, None);
}

#[test]
fn half_a_new_partition_is_forgotten() {
    let (dir, index) = filled_index(&[&events(1..=3, 0)]);
    drop(index);
    fs::create_dir(dir.path().join("nascent")).unwrap();
    let index = reopened(dir.path());
    assert_eq!(partitions(dir.path()), ["2026-11"]);
    assert_eq!(found(&index, &Filter::All), [3, 2, 1]);
}

#[test]
fn an_empty_newest_partition_keeps_the_position() {
    let (dir, index) = filled_index(&[&events(1..=3, 0)]);
    index.add(&events(4..=4, 1)).unwrap();
    drop(index);
    let index = reopened(dir.path());
    assert_eq!(partitions(dir.path()), ["2026-11", "2026-12"]);
    assert_eq!(index.position(), Position(3));
    index.add(&events(4..=5, 1)).unwrap();
    assert_eq!(index.commit().unwrap(), Position(5));
    assert_eq!(found(&index, &Filter::All), downwards(1..=5));
}

#[test]
fn a_second_writer_is_refused_and_harms_nothing() {
    let (dir, index) = filled_index(&[&events(1..=3, 0)]);
    let second = reopened(dir.path());
    assert!(matches!(second.add(&events(4..=4, 0)), Err(SearchError::Failed { .. })));
    assert_eq!(found(&second, &Filter::All), [3, 2, 1]);
    index.add(&events(4..=4, 0)).unwrap();
    index.commit().unwrap();
    drop(index);
    second.add(&events(4..=5, 0)).unwrap();
    assert_eq!(second.commit().unwrap(), Position(5));
    assert_eq!(found(&second, &Filter::All), downwards(1..=5));
}

#[test]
fn searches_see_whole_commits_while_events_are_added() {
    let (_dir, index) = empty_index();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut searches = 0_u32;
            while !done.load(Ordering::Acquire) || searches == 0 {
                let at_least = index.position();
                let all = found(&index, &Filter::All);
                let newest = all.first().copied().unwrap_or(0);
                // Ten events a commit, none missing.
                assert_eq!(newest % 10, 0);
                assert!(newest >= at_least.0);
                assert_eq!(all, downwards(1..=newest));
                searches += 1;
            }
        });
        let writing = SetOnDrop(&done);
        for commit in 0..40_u64 {
            index.add(&events(commit * 10 + 1..=commit * 10 + 10, 0)).unwrap();
            index.commit().unwrap();
        }
        drop(writing);
        reader.join().unwrap();
    });
    let newest = page(&index, &Filter::All, Order::RecordedNewest, None, u64::MAX, 1);
    assert_eq!(newest[0].position, Position(400));
}

/// Ends the reader of a test also when the writer panics.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
