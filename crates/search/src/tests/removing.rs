//! What was removed is neither found nor counted, and its words are out of the files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use annals_domain::{Filter, Position, Recorded};
use annals_ports::{SearchIndex, Upkeep};

use super::events::{NOW_S, empty_index, found, plain_event, recorded, settings};
use crate::TantivyIndex;

const MONTH_S: i64 = 31 * 24 * 3600;

/// An event in one of two months.
fn event(position: u64) -> Recorded {
    let month = if position <= 20 { 0 } else { MONTH_S };
    recorded(position, plain_event(NOW_S + month))
}

/// Forty events, committed in eight steps.
fn filled() -> (tempfile::TempDir, TantivyIndex) {
    let (dir, index) = empty_index();
    for step in 0..8 {
        let events: Vec<Recorded> = (1..=5).map(|n| event(5 * step + n)).collect();
        index.add(&events).unwrap();
        index.commit().unwrap();
    }
    (dir, index)
}

fn positions(range: impl Iterator<Item = u64>) -> Vec<Position> {
    range.map(Position).collect()
}

fn count(index: &TantivyIndex) -> u64 {
    index.count(&Filter::All, Position(u64::MAX), 1000).unwrap().value
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The segments of which there are files. Their names are long.
fn segments_in_files(dir: &Path) -> BTreeSet<String> {
    let names = files(dir).into_iter().filter_map(|file| {
        let name = file.file_name()?.to_str()?.split('.').next()?.to_owned();
        (name.len() == 32).then_some(name)
    });
    names.collect()
}

#[test]
fn what_was_removed_is_neither_found_nor_counted() {
    let (dir, index) = filled();
    index.remove(&positions((1..=40).step_by(2))).unwrap();
    let even: Vec<u64> = (1..=40).rev().filter(|n| n % 2 == 0).collect();
    assert_eq!(found(&index, &Filter::All), even);
    assert_eq!(count(&index), 20);
    assert_eq!(index.position(), Position(40));
    drop(index);
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    assert_eq!(found(&index, &Filter::All), even);
    assert_eq!(count(&index), 20);
    assert!(index.look(&mut |_| true).unwrap().damaged.is_empty());
}

#[test]
fn a_whole_month_and_the_newest_event_can_go_and_the_index_goes_on() {
    let (dir, index) = filled();
    index.remove(&positions((1..=20).chain([40]))).unwrap();
    assert_eq!(found(&index, &Filter::All), (21..=39).rev().collect::<Vec<_>>());
    assert_eq!(index.position(), Position(40), "the newest is not added again");
    index.add(&[event(40), event(41)]).unwrap();
    index.commit().unwrap();
    drop(index);
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    assert_eq!(found(&index, &Filter::All)[..2], [41, 39]);
    assert_eq!((count(&index), index.position()), (20, Position(41)));
}

#[test]
fn the_files_hold_nothing_but_segments_without_what_was_removed() {
    let (dir, index) = filled();
    index.remove(&positions((1..=20).step_by(2).chain(21..=40))).unwrap();
    let view = index.view.load();
    let documents: u32 = view.segments.iter().map(|segment| segment.documents()).sum();
    assert_eq!(documents, 10, "none is only marked as deleted");
    let seen = view.segments.iter().map(|segment| segment.id().uuid_string()).collect();
    assert_eq!(segments_in_files(dir.path()), seen, "older files are gone");
}

#[test]
fn what_is_not_there_and_what_was_not_committed_is_left_as_it_is() {
    let (_dir, index) = filled();
    index.remove(&[]).unwrap();
    index.remove(&[Position(1000), Position(0), Position(u64::MAX)]).unwrap();
    assert_eq!(count(&index), 40);
    index.add(&[event(41)]).unwrap();
    index.remove(&[Position(3)]).unwrap();
    assert_eq!(count(&index), 40, "what was added is committed first");
    index.remove(&[Position(3)]).unwrap();
    assert_eq!(count(&index), 40);
}
