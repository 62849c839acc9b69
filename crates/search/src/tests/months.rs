//! Many months: opened quickly, read only where a page reaches, dropped as a whole.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use annals_domain::filter::Order;
use annals_domain::{Filter, Position, Recorded};
use annals_ports::SearchIndex;

use super::events::{NOW_S, found, page, plain_event, recorded, settings};
use crate::TantivyIndex;

const MONTH_S: i64 = 31 * 24 * 3600;
/// Of each month.
const EVENTS: u64 = 10;

fn events(positions: std::ops::RangeInclusive<u64>) -> Vec<Recorded> {
    let event = |at: u64| plain_event(NOW_S + ((at - 1) / EVENTS) as i64 * MONTH_S);
    positions.map(|at| recorded(at, event(at))).collect()
}

fn of_months(months: u64) -> (tempfile::TempDir, TantivyIndex) {
    let dir = tempfile::tempdir().unwrap();
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    index.add(&events(1..=months * EVENTS)).unwrap();
    index.commit().unwrap();
    (dir, index)
}

fn positions(range: std::ops::RangeInclusive<u64>) -> Vec<Position> {
    range.map(Position).collect()
}

fn partitions(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

/// Least positions of the segments whose matches were asked for.
fn asked(index: &TantivyIndex) -> Vec<u64> {
    let view = index.view.load();
    let asked = view.segments.iter().filter(|one| one.asked.swap(0, Ordering::Relaxed) > 0);
    asked.map(|segment| segment.least_position()).collect()
}

#[test]
fn a_hundred_months_are_opened_quickly_and_a_page_of_the_newest_reads_one() {
    let (dir, index) = of_months(100);
    drop(index);
    let started = Instant::now();
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    let took = started.elapsed();
    // Without optimisation and beside other tests; a release build takes a fraction of it.
    assert!(took.as_millis() < 5000, "{took:?}");
    assert!(asked(&index).is_empty());
    let newest = page(&index, &Filter::All, Order::RecordedNewest, None, u64::MAX, 5);
    assert_eq!(newest[0].position, Position(1000));
    assert_eq!(asked(&index), [991], "only the newest month is looked at");
    let more = page(&index, &Filter::All, Order::RecordedNewest, None, u64::MAX, 15);
    assert_eq!(more.len(), 15);
    assert_eq!(asked(&index), [981, 991], "a longer page reaches into the month before");
}

#[test]
fn a_month_of_which_nothing_is_kept_is_dropped() {
    let (dir, index) = of_months(4);
    index.remove(&positions(1..=EVENTS)).unwrap();
    assert_eq!(partitions(dir.path()), 3);
    assert_eq!(found(&index, &Filter::All), (11..=40).rev().collect::<Vec<u64>>());
    // More than one month at once, and a part of the next.
    index.remove(&positions(1..=35)).unwrap();
    assert_eq!(partitions(dir.path()), 1);
    assert_eq!(found(&index, &Filter::All), [40, 39, 38, 37, 36]);
    drop(index);
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    assert_eq!(found(&index, &Filter::All), [40, 39, 38, 37, 36]);
    assert_eq!(index.position(), Position(40));
}

#[test]
fn a_month_that_is_emptied_little_by_little_is_dropped() {
    let (dir, index) = of_months(3);
    for at in 11..=20 {
        assert_eq!(partitions(dir.path()), 3, "before {at} is removed");
        index.remove(&[Position(at)]).unwrap();
    }
    assert_eq!(partitions(dir.path()), 2);
    let kept: Vec<u64> = (1..=10).chain(21..=30).rev().collect();
    assert_eq!(found(&index, &Filter::All), kept);
}

#[test]
fn the_newest_month_stays_when_it_is_empty_because_it_tells_the_position() {
    let (dir, index) = of_months(2);
    index.remove(&positions(1..=20)).unwrap();
    assert_eq!(partitions(dir.path()), 1);
    assert!(found(&index, &Filter::All).is_empty());
    drop(index);
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    assert_eq!(index.position(), Position(20));
    index.add(&events(19..=23)).unwrap();
    index.commit().unwrap();
    assert_eq!(found(&index, &Filter::All), [23, 22, 21]);
}

#[test]
fn what_was_left_of_a_dropped_month_is_deleted_at_the_next_start() {
    let (dir, index) = of_months(2);
    drop(index);
    std::fs::rename(dir.path().join("2026-11"), dir.path().join("dropped-2026-11")).unwrap();
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    assert_eq!(partitions(dir.path()), 1);
    assert_eq!(found(&index, &Filter::All), (11..=20).rev().collect::<Vec<u64>>());
}

#[test]
fn a_search_that_began_before_a_month_was_dropped_ends_well() {
    let (_dir, index) = of_months(3);
    let view = index.view.load_full();
    index.remove(&positions(1..=EVENTS)).unwrap();
    let documents: u32 = view.segments.iter().map(|segment| segment.documents()).sum();
    assert_eq!(documents, 30);
    assert_eq!(view.segments[0].position(0), EVENTS);
}
