//! Damage is found wherever it is, set aside, and filled anew.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use annals_domain::{Filter, Position, Recorded};
use annals_ports::{Look, SearchIndex, Upkeep};

use super::events::{NOW_S, empty_index, filled_index, found, plain_event, recorded, settings};
use crate::TantivyIndex;

const MONTH_S: i64 = 31 * 24 * 3600;

fn events(positions: std::ops::RangeInclusive<u64>, months_ahead: i64) -> Vec<Recorded> {
    positions.map(|at| recorded(at, plain_event(NOW_S + months_ahead * MONTH_S))).collect()
}

/// Thirty events in three months.
fn three_months() -> (tempfile::TempDir, TantivyIndex) {
    filled_index(&[&events(1..=10, 0), &events(11..=20, 1), &events(21..=30, 2)])
}

fn look(index: &TantivyIndex) -> Look {
    index.look(&mut |_| true).unwrap()
}

fn files_of(month: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(month).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    files
}

fn files_with(month: &Path, end: &str) -> PathBuf {
    files_of(month).into_iter().find(|file| file.to_string_lossy().ends_with(end)).unwrap()
}

/// Changes a bit on disk; the same again changes it back.
fn flip(file: &Path, at: u64, bit: u8) {
    let file = fs::OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    byte[0] ^= 1 << bit;
    file.write_all_at(&byte, at).unwrap();
}

fn downwards(from: u64) -> Vec<u64> {
    (1..=from).rev().collect()
}

#[test]
fn a_whole_index_is_found_whole() {
    let (_dir, index) = three_months();
    let look = look(&index);
    assert_eq!(look.damaged, Vec::<String>::new());
    assert!(look.complete && look.files >= 18 && look.bytes > 1000, "{look:?}");
    assert!(!index.is_damaged() && !index.is_suspect());
    assert_eq!(index.set_damage_aside().unwrap(), None);
    let (_dir, empty) = empty_index();
    assert_eq!(empty.look(&mut |_| true).unwrap(), Look { complete: true, ..Look::default() });
}

#[test]
fn a_look_ends_when_it_is_told_to() {
    let (_dir, index) = three_months();
    let look = index.look(&mut |_| false).unwrap();
    assert!(!look.complete);
    assert_eq!(look.files, 1);
}

#[test]
fn a_changed_bit_is_found_wherever_it_is() {
    let (dir, index) = three_months();
    let is_sealed = index.storage.sealing.is_some();
    let mut seed = 17_u64;
    let mut flips = 0;
    for file in files_of(&dir.path().join("2026-12")) {
        let length = fs::metadata(&file).unwrap().len();
        // tantivy has no checksum of its lists.
        if length == 0 || (!is_sealed && file.extension().is_some_and(|end| end == "json")) {
            continue;
        }
        // Plain files end with the version that wrote them, of which not every byte matters.
        let checked = if is_sealed { length } else { length.saturating_sub(120).max(1) };
        for _ in 0..40 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (at, bit) = ((seed >> 33) % checked, (seed >> 20) as u8 % 8);
            flip(&file, at, bit);
            let found = look(&index).damaged;
            assert_eq!(found, [file.display().to_string()], "byte {at} bit {bit} of {length}");
            flip(&file, at, bit);
            flips += 1;
        }
    }
    assert!(flips >= 6 * 40, "{flips}");
    assert!(look(&index).damaged.is_empty());
}

#[test]
fn files_that_are_missing_or_cut_short_are_found() {
    let (dir, index) = three_months();
    let month = dir.path().join("2026-11");
    let short = files_with(&month, ".store");
    let bytes = fs::read(&short).unwrap();
    // Under another inode, as a restored copy would be: what is mapped stays as it is.
    fs::remove_file(&short).unwrap();
    fs::write(&short, &bytes[..bytes.len() - 5]).unwrap();
    let missing = files_with(&month, ".pos");
    fs::remove_file(&missing).unwrap();
    let mut found = look(&index).damaged;
    found.sort_unstable();
    let mut expected = [short.display().to_string(), missing.display().to_string()];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn damage_is_set_aside_with_what_is_newer_and_the_index_is_whole_when_it_was_filled_anew() {
    let (dir, index) = three_months();
    flip(&files_with(&dir.path().join("2026-12"), ".idx"), 60, 3);
    assert!(!index.is_damaged(), "nobody has looked");
    look(&index);
    assert!(index.is_damaged());
    assert_eq!(index.set_damage_aside().unwrap(), Some(Position(10)));
    assert!(!index.is_damaged());
    assert_eq!(index.position(), Position(10));
    assert_eq!(found(&index, &Filter::All), downwards(10), "searches go on with what is left");
    assert!(dir.path().join("damaged-1/2027-01").is_dir());
    index.add(&events(11..=20, 1)).unwrap();
    index.add(&events(21..=30, 2)).unwrap();
    index.commit().unwrap();
    assert_eq!(found(&index, &Filter::All), downwards(30));
    assert!(look(&index).damaged.is_empty());
    // What was set aside is not kept longer than events are.
    index.remove(&[Position(5)]).unwrap();
    assert!(!dir.path().join("damaged-1").exists());
    drop(index);
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    assert_eq!(found(&index, &Filter::All).len(), 29);
}

#[test]
fn damage_is_set_aside_also_while_events_are_added_to_that_month() {
    let (dir, index) = three_months();
    index.add(&events(31..=40, 2)).unwrap();
    flip(&files_with(&dir.path().join("2027-01"), ".term"), 70, 1);
    look(&index);
    assert_eq!(index.set_damage_aside().unwrap(), Some(Position(20)));
    index.add(&events(21..=40, 2)).unwrap();
    index.commit().unwrap();
    assert_eq!(found(&index, &Filter::All), downwards(40));
}

#[test]
fn a_second_damage_takes_the_place_of_the_first() {
    let (dir, index) = three_months();
    for number in 1..=3 {
        flip(&files_with(&dir.path().join("2027-01"), ".pos"), 55, 0);
        look(&index);
        index.set_damage_aside().unwrap().unwrap();
        index.add(&events(21..=30, 2)).unwrap();
        index.commit().unwrap();
        let names = files_of(dir.path());
        let aside = names.iter().filter(|name| name.to_string_lossy().contains("damaged-"));
        let expected = dir.path().join(format!("damaged-{number}"));
        assert_eq!(aside.collect::<Vec<_>>(), [&expected], "one is kept");
    }
}

#[test]
fn what_is_no_longer_part_of_the_index_is_not_set_aside() {
    let (dir, index) = three_months();
    // A reader that is late tells of a file that a merge or an earlier cure has taken away.
    let gone = dir.path().join("2026-12/00000000000000000000000000000000.idx");
    index.storage.damage.found(&gone);
    assert!(index.is_damaged());
    assert_eq!(index.set_damage_aside().unwrap(), None);
    assert!(!index.is_damaged());
    assert_eq!(found(&index, &Filter::All), downwards(30));
}

#[test]
fn a_search_that_panics_or_fails_raises_the_suspicion_and_a_look_settles_it() {
    let (_dir, index) = three_months();
    let damage = &index.storage.damage;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _watched = crate::damage::Watched(damage);
        panic!("as tantivy does when what it reads makes no sense");
    }));
    assert!(panicked.is_err());
    assert!(index.is_suspect());
    look(&index);
    assert!(!index.is_suspect() && !index.is_damaged());
}
