//! Filling an index anew while it answers, and what is there after each way to be interrupted.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_domain::{Filter, Position, Recorded};
use annals_ports::{Generations, SearchIndex};

use super::events::{NOW_S, found, plain_event, recorded, settings};
use crate::{GenerationalIndex, Settings};

const MONTH_S: i64 = 31 * 24 * 3600;

/// One event a position; the months begin with every tenth.
fn events(positions: std::ops::RangeInclusive<u64>) -> Vec<Recorded> {
    let event = |at: u64| plain_event(NOW_S + (at / 10) as i64 * MONTH_S);
    positions.map(|at| recorded(at, event(at))).collect()
}

fn opened(dir: &Path) -> GenerationalIndex {
    let (index, quarantine) = GenerationalIndex::open(dir, settings()).unwrap();
    assert_eq!(quarantine, None);
    index
}

/// An index with so many events.
fn filled(up_to: u64) -> (tempfile::TempDir, GenerationalIndex) {
    let dir = tempfile::tempdir().unwrap();
    let index = opened(dir.path());
    fill(&index, 1..=up_to);
    (dir, index)
}

fn fill(index: &dyn SearchIndex, positions: std::ops::RangeInclusive<u64>) {
    index.add(&events(positions)).unwrap();
    index.commit().unwrap();
}

fn all(index: &dyn SearchIndex) -> Vec<u64> {
    found(index, &Filter::All)
}

fn downwards(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.rev().collect()
}

fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_new_generation_takes_the_place_of_the_old_one() {
    let (dir, index) = filled(25);
    let next = index.begin().unwrap();
    assert_eq!(next.position(), Position::START);
    fill(&*next, 1..=25);
    assert_eq!(all(&index), downwards(1..=25), "the old one answers");
    assert!(index.switch(Position(25)).unwrap());
    drop(next);
    assert!(!index.is_unfinished());
    assert_eq!(all(&index), downwards(1..=25));
    assert_eq!(names(dir.path()), ["current", "g2"]);
    fill(&index, 20..=31);
    assert_eq!(all(&index), downwards(1..=31));
    drop(index);
    assert_eq!(all(&opened(dir.path())), downwards(1..=31));
}

#[test]
fn there_is_no_switch_before_all_is_there_that_was_added_to_the_old_one() {
    let (_dir, index) = filled(12);
    let next = index.begin().unwrap();
    fill(&*next, 1..=12);
    index.add(&events(13..=14)).unwrap();
    assert!(!index.switch(Position(12)).unwrap());
    assert!(index.is_unfinished());
    next.add(&events(13..=14)).unwrap();
    assert!(index.switch(Position(14)).unwrap());
    assert_eq!(all(&index), downwards(1..=14), "what was only added is committed by the switch");
    assert_eq!(index.position(), Position(14));
}

#[test]
fn a_log_whose_newest_events_were_removed_can_still_be_indexed_anew() {
    let (_dir, index) = filled(12);
    index.remove(&[Position(12)]).unwrap();
    let next = index.begin().unwrap();
    fill(&*next, 1..=11);
    assert!(index.switch(Position(12)).unwrap());
    assert_eq!(all(&index), downwards(1..=11));
}

#[test]
fn what_was_begun_is_gone_on_with_after_a_restart() {
    let (dir, index) = filled(15);
    fill(&*index.begin().unwrap(), 1..=7);
    drop(index);
    let index = opened(dir.path());
    assert!(index.is_unfinished());
    assert_eq!(all(&index), downwards(1..=15));
    let next = index.begin().unwrap();
    assert_eq!(next.position(), Position(7));
    fill(&*next, 8..=15);
    assert!(index.switch(Position(15)).unwrap());
    assert_eq!(all(&index), downwards(1..=15));
}

#[test]
fn what_was_given_up_does_not_come_back() {
    let (dir, index) = filled(15);
    let next = index.begin().unwrap();
    fill(&*next, 1..=7);
    index.discard().unwrap();
    assert!(!index.is_unfinished());
    let again = index.begin().unwrap();
    assert_eq!(again.position(), Position::START, "it begins anew beside what is still read");
    fill(&*again, 1..=3);
    index.discard().unwrap();
    // A process that ends now leaves the files of both.
    drop((index, next, again));
    let index = opened(dir.path());
    assert!(!index.is_unfinished());
    assert_eq!(all(&index), downwards(1..=15));
    assert_eq!(names(dir.path()), ["current", "g1"]);
}

#[test]
fn what_a_crash_left_half_given_up_does_not_come_back() {
    let (dir, index) = filled(15);
    let next = index.begin().unwrap();
    fill(&*next, 1..=7);
    index.discard().unwrap();
    let left = dir.path().join("g2");
    assert!(left.is_dir(), "somebody still reads it");
    std::mem::forget((index, next));
    let copy = tempfile::tempdir().unwrap();
    copy_all(dir.path(), copy.path());
    let index = opened(copy.path());
    assert!(!index.is_unfinished());
    assert_eq!(names(copy.path()), ["current", "g1"]);
    assert_eq!(all(&index), downwards(1..=15));
}

#[test]
fn every_moment_of_a_switch_leaves_one_whole_index() {
    let (dir, index) = filled(15);
    let next = index.begin().unwrap();
    fill(&*next, 1..=15);
    let before = tempfile::tempdir().unwrap();
    copy_all(dir.path(), before.path());
    // With half a pointer written, the old one answers and the new one is gone on with.
    fs::write(before.path().join("current.new"), "g").unwrap();
    let index_before = opened(before.path());
    assert!(index_before.is_unfinished());
    assert_eq!(all(&index_before), downwards(1..=15));
    // With the pointer renamed, the new one answers and the old one is deleted.
    let after = tempfile::tempdir().unwrap();
    copy_all(dir.path(), after.path());
    fs::write(after.path().join("current"), "g2\n").unwrap();
    let index_after = opened(after.path());
    assert!(!index_after.is_unfinished());
    assert_eq!(all(&index_after), downwards(1..=15));
    assert_eq!(names(after.path()), ["current", "g2"]);
}

#[test]
fn what_is_removed_is_removed_from_both() {
    let (_dir, index) = filled(30);
    let next = index.begin().unwrap();
    next.add(&events(1..=10)).unwrap();
    // Some were added, others are on their way, one of them twice.
    index.remove(&[Position(3), Position(12), Position(13)]).unwrap();
    next.add(&events(11..=12)).unwrap();
    next.add(&events(11..=20)).unwrap();
    next.add(&events(21..=30)).unwrap();
    assert!(index.switch(Position(30)).unwrap());
    let mut kept = downwards(1..=30);
    kept.retain(|at| ![3, 12, 13].contains(at));
    assert_eq!(all(&index), kept);
}

#[test]
fn an_index_of_another_format_is_made_anew() {
    let (dir, index) = filled(12);
    drop(index);
    fs::write(dir.path().join("g1/format"), "0\n").unwrap();
    let index = opened(dir.path());
    assert_eq!(index.position(), Position::START);
    assert_eq!(names(dir.path()), ["current", "g2"]);
    fill(&index, 1..=12);
    drop(index);
    assert_eq!(all(&opened(dir.path())), downwards(1..=12));
}

#[test]
fn what_was_begun_takes_the_place_of_an_index_of_another_format() {
    let (dir, index) = filled(12);
    fill(&*index.begin().unwrap(), 1..=5);
    drop(index);
    fs::write(dir.path().join("g1/format"), "0\n").unwrap();
    let index = opened(dir.path());
    assert_eq!(index.position(), Position(5));
    assert!(!index.is_unfinished());
    fill(&index, 4..=12);
    assert_eq!(all(&index), downwards(1..=12));
}

#[test]
fn an_index_from_before_there_were_generations_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let old = crate::TantivyIndex::open(dir.path(), settings()).unwrap();
    fill(&old, 1..=12);
    drop(old);
    fs::create_dir(dir.path().join("damaged-1")).unwrap();
    let index = opened(dir.path());
    assert_eq!(index.position(), Position::START);
    assert_eq!(names(dir.path()), ["current", "g1"]);
}

#[test]
fn clearing_gives_up_what_was_begun() {
    let (dir, index) = filled(12);
    fill(&*index.begin().unwrap(), 1..=5);
    index.clear().unwrap();
    assert!(!index.is_unfinished());
    assert!(all(&index).is_empty());
    assert_eq!(names(dir.path()), ["current", "g1"]);
}

#[test]
fn searches_and_additions_go_on_through_many_switches() {
    let (_dir, index) = filled(10);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let at_least = index.position().0;
                let seen = all(&index);
                assert!(seen[0] >= at_least, "{at_least} is missing");
                assert_eq!(seen, downwards(1..=seen[0]));
            }
        });
        let writer = scope.spawn(|| {
            let mut at = 10;
            while !done.load(Ordering::Acquire) {
                at += 1;
                fill(&index, at..=at);
            }
            at
        });
        for _ in 0..5 {
            let next: Arc<dyn SearchIndex> = index.begin().unwrap();
            let mut reached = 0;
            while !index.switch(Position(reached)).unwrap() {
                let log = index.position().0;
                next.add(&events(reached.max(1)..=log)).unwrap();
                reached = log;
            }
        }
        done.store(true, Ordering::Release);
        let last = writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(all(&index), downwards(1..=last));
    });
}

/// The files as a crash at this moment would leave them.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy_all(&path, &copy),
            false => {
                fs::copy(&path, &copy).unwrap();
            }
        }
    }
}

#[test]
fn an_index_of_events_in_another_shape_is_made_anew() {
    let shaped = |dir: &Path, shape: &str| {
        let settings = Settings { shape: shape.to_owned(), ..settings() };
        GenerationalIndex::open(dir, settings).unwrap().0
    };
    let (dir, index) = filled(5);
    drop(index);
    let positions = ["", "v2", "v2", "v3", ""].map(|shape| {
        let index = shaped(dir.path(), shape);
        let position = index.position();
        if position == Position::START {
            fill(&index, 1..=5);
        }
        position.0
    });
    assert_eq!(positions, [5, 0, 5, 0, 0]);
}
