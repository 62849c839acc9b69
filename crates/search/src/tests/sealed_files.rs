//! What encrypted files keep to themselves, and that nothing of another form is taken for them.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use annals_domain::{Filter, Position, Recorded};
use annals_ports::{SearchError, SearchIndex, Upkeep};

use super::events::{NOW_S, empty_index, found, plain_event, recorded, settings};
use crate::{Files, IndexKey, Settings, TantivyIndex};

/// In the events, and nowhere else.
const PLANTED: [&str; 4] = ["quicksilver", "wolfram", "praseodymium", "ytterbium-subject"];

fn with(files: Files) -> Settings {
    Settings { files, ..settings() }
}

fn under(key: u8) -> Settings {
    with(Files::encrypted(IndexKey::from_bytes([key; 32]), 1 << 20))
}

fn events(positions: std::ops::RangeInclusive<u64>) -> Vec<Recorded> {
    let event = |at| {
        let mut event = plain_event(NOW_S);
        event.description = Some(format!("{} met {} at noon", PLANTED[0], PLANTED[1]));
        event.source = PLANTED[2].into();
        event.actor.id = Some(format!("{}-{at}", PLANTED[3]));
        recorded(at, event)
    };
    positions.map(event).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What any file holds of these.
fn readable(dir: &Path, needles: &[String]) -> Vec<String> {
    let mut readable = Vec::new();
    for file in files(dir) {
        // A merge may have taken it away.
        let bytes = fs::read(&file).unwrap_or_default();
        for needle in needles {
            let needle = needle.as_bytes();
            if bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle)) {
                readable.push(format!("{} in {}", needle.escape_ascii(), file.display()));
            }
        }
    }
    readable
}

/// Words, ids, and what tantivy calls its own things.
fn needles(log: &[Recorded]) -> Vec<String> {
    let planted = PLANTED.iter().map(|word| (*word).to_owned());
    let own = ["segment_id", "opstamp", "payload", "received", "praseo", "actor.id"];
    let ids = log.iter().map(|event| event.event.id.to_string());
    planted.chain(own.map(str::to_owned)).chain(ids).collect()
}

#[test]
fn nothing_can_be_read_in_encrypted_files_after_commits_merges_and_removals() {
    let (dir, index) = empty_index();
    let log = events(1..=200);
    let needles = needles(&log);
    for part in log.chunks(10) {
        index.add(part).unwrap();
        index.commit().unwrap();
        assert_eq!(readable(dir.path(), &needles), [""; 0]);
    }
    index.remove(&(1..=50).map(Position).collect::<Vec<_>>()).unwrap();
    assert_eq!(readable(dir.path(), &needles), [""; 0]);
    assert_eq!(found(&index, &Filter::All).len(), 150);
    drop(index);
    assert_eq!(readable(dir.path(), &needles), [""; 0]);
}

/// How far the bytes of all files are from being spread evenly, as chance would have it: about 255, and
/// less than 400 but for once in a million times.
fn unevenness(dir: &Path) -> f64 {
    const HEADER: usize = 52;
    let mut counts = [0_f64; 256];
    for file in files(dir) {
        let bytes = fs::read(&file).unwrap_or_default();
        bytes.iter().skip(HEADER).for_each(|byte| counts[usize::from(*byte)] += 1.0);
    }
    let expected = counts.iter().sum::<f64>() / 256.0;
    counts.iter().map(|count| (count - expected).powi(2) / expected).sum()
}

#[test]
fn encrypted_files_look_like_chance_and_plain_ones_do_not() {
    for (settings, is_sealed) in [(under(1), true), (with(Files::plain()), false)] {
        let dir = tempfile::tempdir().unwrap();
        let index = TantivyIndex::open(dir.path(), settings).unwrap();
        let log = events(1..=20);
        index.add(&log).unwrap();
        index.commit().unwrap();
        index.finish_writing();
        let unevenness = unevenness(dir.path());
        assert_eq!(unevenness < 400.0, is_sealed, "{unevenness}");
        assert_eq!(readable(dir.path(), &needles(&log)).is_empty(), is_sealed);
    }
}

#[test]
fn files_are_their_owners_alone_in_either_form() {
    for files_are in [Files::plain(), under(1).files] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        let index = TantivyIndex::open(&path, with(files_are)).unwrap();
        for part in events(1..=100).chunks(10) {
            index.add(part).unwrap();
            index.commit().unwrap();
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        for entry in fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()) {
            assert_eq!(mode(&entry), 0o700, "{}", entry.display());
        }
        let files = files(&path);
        assert!(files.len() > 6);
        for file in files {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    }
}

#[test]
fn an_index_of_another_form_is_refused_and_told_from_a_damaged_one() {
    let forms = [with(Files::plain()), under(1), under(2)];
    for (made, made_as) in forms.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let index = TantivyIndex::open(dir.path(), made_as.clone()).unwrap();
        index.add(&events(1..=5)).unwrap();
        index.commit().unwrap();
        drop(index);
        for (opened, opened_as) in forms.iter().enumerate() {
            match TantivyIndex::open(dir.path(), opened_as.clone()) {
                Ok(index) => {
                    assert_eq!(made, opened);
                    assert_eq!(found(&index, &Filter::All), [5, 4, 3, 2, 1]);
                }
                Err(SearchError::OtherForm { reason }) => {
                    assert_ne!(made, opened);
                    assert!(reason.contains("encrypted"), "{reason}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn an_answer_from_damaged_files_is_right_or_an_error() {
    let (dir, index) = empty_index();
    for part in events(1..=90).chunks(15) {
        index.add(part).unwrap();
        index.commit().unwrap();
    }
    index.finish_writing();
    drop(index);
    let expected: Vec<u64> = (1..=90).rev().collect();
    let (mut seed, mut errors) = (3_u64, 0);
    for file in files(dir.path()) {
        let length = fs::metadata(&file).unwrap().len();
        for _ in 0..if length == 0 { 0 } else { 12 } {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            flip(&file, (seed >> 33) % length);
            match TantivyIndex::open(dir.path(), settings()) {
                Err(_) => errors += 1,
                Ok(index) => {
                    let word = annals_domain::filter::TextTest {
                        words: vec![PLANTED[0].into()],
                        prefix: false,
                    };
                    for filter in [Filter::All, Filter::Text(word)] {
                        let request = annals_ports::SearchRequest {
                            filter: &filter,
                            order: annals_domain::filter::Order::RecordedNewest,
                            after: None,
                            until: Position(u64::MAX),
                            limit: 1000,
                        };
                        match index.search(&request) {
                            Ok(hits) => {
                                let found = hits.iter().map(|hit| hit.position.0);
                                assert_eq!(found.collect::<Vec<_>>(), expected);
                            }
                            Err(_) => {
                                errors += 1;
                                assert!(index.is_damaged(), "what does not open is damage");
                            }
                        }
                    }
                }
            }
            flip(&file, (seed >> 33) % length);
        }
    }
    assert!(errors > 50, "{errors}");
}

#[test]
fn files_of_merged_segments_go_at_once_also_while_they_are_read() {
    let (dir, index) = empty_index();
    let first = events(1..=10);
    index.add(&first).unwrap();
    index.commit().unwrap();
    let view = index.view.load_full();
    let before = files(dir.path());
    index.remove(&[Position(3)]).unwrap();
    let after = files(dir.path());
    let is_of_a_segment = |file: &&PathBuf| file.file_stem().unwrap().len() == 32;
    assert!(before.iter().filter(is_of_a_segment).all(|file| !after.contains(file)), "{after:?}");
    // Whoever began before still reads what was there, and reads it right.
    let segment = &view.segments[0];
    let all = crate::compile::Compiled::new(&Filter::All, &crate::schema::Fields::new()).unwrap();
    assert_eq!(segment.count_at_once(&all).unwrap(), 10);
    assert_eq!(found(&index, &Filter::All).len(), 9);
}

#[test]
fn memory_for_opened_parts_is_bounded_and_goes_with_the_files() {
    let bytes_max = 200_000;
    let dir = tempfile::tempdir().unwrap();
    let files = Files::encrypted(IndexKey::from_bytes([9; 32]), bytes_max);
    let index = TantivyIndex::open(dir.path(), with(files)).unwrap();
    for part in events(1..=600).chunks(60) {
        index.add(part).unwrap();
        index.commit().unwrap();
        found(&index, &Filter::All);
        assert!(index.memory().kept <= bytes_max as u64);
    }
    assert!(index.memory().kept > 0);
    index.clear().unwrap();
    assert_eq!(index.memory(), annals_ports::IndexMemory::default());
}

fn flip(file: &Path, at: u64) {
    let file = fs::OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    byte[0] ^= 0x10;
    file.write_all_at(&byte, at).unwrap();
}
