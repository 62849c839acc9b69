//! What changed is taken in anew: nothing of what it was is found or in the files, and all else stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::event::{Actor, Subject};
use annals_domain::{Filter, Position, Recorded};
use annals_ports::{Generations, SearchError, SearchIndex, Upkeep};
use proptest::prelude::*;

use super::events::{
    NOW_S, empty_index, event, filled_index, found, log, plain_event, recorded, settings,
};
use super::one_semantics::filter;
use crate::{GenerationalIndex, TantivyIndex};

const MONTH_S: i64 = 31 * 24 * 3600;

/// An event of a person whose words nobody else has, in one of two months.
fn told(position: u64) -> Recorded {
    let mut event = plain_event(NOW_S + if position <= 20 { 0 } else { MONTH_S });
    event.actor = Actor { id: Some(format!("actor{position}")), ..event.actor };
    event.subject = Some(Subject {
        id: format!("subject{position}"),
        name: Some(format!("canary{position}")),
        alt_ids: Default::default(),
    });
    recorded(position, event)
}

/// The same without the subject.
fn erased(position: u64) -> Recorded {
    let told = told(position);
    let mut event = (*told.event).clone();
    event.subject = None;
    Recorded { event: Arc::new(event), ..told }
}

fn read_erased(positions: &[Position]) -> Result<Vec<Recorded>, SearchError> {
    Ok(positions.iter().map(|position| erased(position.0)).collect())
}

fn positions(numbers: impl IntoIterator<Item = u64>) -> Vec<Position> {
    numbers.into_iter().map(Position).collect()
}

/// Forty events in eight segments, or what merges leave of them.
fn filled() -> (tempfile::TempDir, TantivyIndex) {
    let (dir, index) = empty_index();
    for step in 0..8 {
        index.add(&(1..=5).map(|n| told(5 * step + n)).collect::<Vec<_>>()).unwrap();
        index.commit().unwrap();
    }
    (dir, index)
}

fn canary(number: u64) -> Filter {
    Filter::equals("subject.name", format!("canary{number}"))
}

fn of_actor(number: u64) -> Filter {
    Filter::equals("actor.id", format!("actor{number}"))
}

/// Every term of every segment that has files.
fn terms(index: &TantivyIndex) -> String {
    let view = index.view.load();
    let mut all = Vec::new();
    for segment in &view.segments {
        for (field, _) in segment.reader.schema().fields() {
            let Ok(inverted) = segment.reader.inverted_index(field) else { continue };
            let mut stream = inverted.terms().stream().unwrap();
            while stream.advance() {
                all.extend_from_slice(stream.key());
                all.push(b'\n');
            }
        }
    }
    String::from_utf8_lossy(&all).into_owned()
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

fn seen(index: &TantivyIndex) -> BTreeSet<String> {
    index.view.load().segments.iter().map(|segment| segment.id().uuid_string()).collect()
}

fn are_apart(index: &TantivyIndex) -> bool {
    let view = index.view.load();
    let mut places: Vec<(u64, u64)> =
        view.segments.iter().map(|one| (one.least_position(), one.greatest_position())).collect();
    places.sort_unstable();
    let descend = view.segments.iter().all(|segment| {
        (1..segment.documents()).all(|doc| segment.position(doc - 1) > segment.position(doc))
    });
    descend && places.windows(2).all(|pair| pair[0].1 < pair[1].0)
}

#[test]
fn the_words_of_the_erased_are_in_no_term_of_any_file_and_the_events_stay() {
    let (dir, index) = filled();
    let gone: Vec<u64> = (1..=40).step_by(3).collect();
    let rewritten = index.rewrite(&positions(gone.clone()), &mut read_erased).unwrap();
    assert_eq!(rewritten, gone.len() as u64);
    assert_eq!(segments_in_files(dir.path()), seen(&index), "older files are gone");
    assert!(are_apart(&index));
    let check = |index: &TantivyIndex| {
        let terms = terms(index);
        let lines: BTreeSet<&str> = terms.split(|c: char| !c.is_alphanumeric()).collect();
        for number in 1..=40 {
            let is_gone = gone.contains(&number);
            assert_eq!(!lines.contains(format!("canary{number}").as_str()), is_gone, "{number}");
            assert_eq!(!lines.contains(format!("subject{number}").as_str()), is_gone, "{number}");
            assert_eq!(found(index, &canary(number)).is_empty(), is_gone, "{number}");
            assert_eq!(found(index, &of_actor(number)), [number], "what is left stays findable");
        }
        assert_eq!(found(index, &Filter::All), (1..=40).rev().collect::<Vec<_>>());
        assert_eq!(index.position(), Position(40));
    };
    check(&index);
    drop(index);
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    check(&index);
    assert!(index.look(&mut |_| true).unwrap().damaged.is_empty());
}

#[test]
fn segments_without_such_an_event_are_left_alone_and_it_can_be_done_again() {
    let (_dir, index) = filled();
    index.finish_writing();
    let before = seen(&index);
    assert_eq!(index.rewrite(&positions([0, 41, 1000]), &mut read_erased).unwrap(), 0);
    assert_eq!(seen(&index), before);
    assert_eq!(index.rewrite(&positions([40]), &mut read_erased).unwrap(), 1);
    let kept = before.intersection(&seen(&index)).count();
    assert_eq!(kept, before.len() - 1, "one is written anew");
    assert_eq!(index.rewrite(&positions([40, 40]), &mut read_erased).unwrap(), 1);
    assert_eq!(found(&index, &Filter::All).len(), 40);
    assert_eq!(found(&index, &canary(40)), [0_u64; 0]);
}

#[test]
fn what_was_added_and_not_committed_is_taken_in_anew_and_the_writer_goes_on() {
    let (dir, index) = filled();
    index.add(&[told(41), told(42)]).unwrap();
    index.rewrite(&positions([41]), &mut read_erased).unwrap();
    index.add(&[told(42), told(43)]).unwrap();
    index.commit().unwrap();
    assert_eq!(found(&index, &canary(41)), [0_u64; 0]);
    assert_eq!(found(&index, &canary(42)), [42]);
    assert_eq!(found(&index, &Filter::All), (1..=43).rev().collect::<Vec<_>>());
    std::fs::create_dir(dir.path().join("damaged-3")).unwrap();
    index.rewrite(&positions([43]), &mut read_erased).unwrap();
    assert!(!dir.path().join("damaged-3").exists(), "what was set aside holds words as well");
}

#[test]
fn an_event_that_the_log_has_no_more_goes() {
    let (_dir, index) = filled();
    assert_eq!(index.rewrite(&positions(1..=20), &mut |_| Ok(Vec::new())).unwrap(), 0);
    assert_eq!(found(&index, &Filter::All), (21..=40).rev().collect::<Vec<_>>());
    index.add(&[told(41)]).unwrap();
    index.commit().unwrap();
    assert_eq!(found(&index, &Filter::All).len(), 21);
}

#[test]
fn a_failure_while_reading_leaves_the_index_as_it_was() {
    let (dir, index) = filled();
    let failing = &mut |_: &[Position]| {
        Err(SearchError::Failed { doing: "reading", source: "a test wanted it".into() })
    };
    assert!(index.rewrite(&positions([7, 30]), failing).is_err());
    assert_eq!(found(&index, &canary(7)), [7]);
    drop(index);
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    assert_eq!(found(&index, &Filter::All).len(), 40);
    assert_eq!(index.rewrite(&positions([7, 30]), &mut read_erased).unwrap(), 2);
    assert_eq!(found(&index, &canary(7)), [0_u64; 0]);
}

#[test]
fn both_generations_take_it_in_anew_also_what_one_is_about_to_be_given() {
    let dir = tempfile::tempdir().unwrap();
    let (index, _) = GenerationalIndex::open(dir.path(), settings()).unwrap();
    index.add(&(1..=40).map(told).collect::<Vec<_>>()).unwrap();
    index.commit().unwrap();
    let next = index.begin().unwrap();
    next.add(&(1..=10).map(told).collect::<Vec<_>>()).unwrap();
    next.commit().unwrap();
    index.rewrite(&positions([5, 15, 40]), &mut read_erased).unwrap();
    next.add(&(11..=40).map(told).collect::<Vec<_>>()).unwrap();
    next.commit().unwrap();
    for generation in [&index as &dyn SearchIndex, &*next] {
        assert_eq!(found(generation, &Filter::All).len(), 40);
        for number in [5, 15, 40] {
            assert_eq!(found(generation, &canary(number)), [0_u64; 0], "{number}");
            assert_eq!(found(generation, &of_actor(number)), [number]);
        }
        assert_eq!(found(generation, &canary(16)), [16]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_the_filter_holds_for_after_events_changed(
        events in prop::collection::vec((event(), event(), any::<bool>()), 1..30),
        filters in prop::collection::vec(filter(), 40),
        cuts in (0.0_f64..1.0, 0.0_f64..1.0),
    ) {
        let (old, others): (Vec<_>, Vec<_>) =
            events.into_iter().map(|(old, other, changes)| (old, (other, changes))).unzip();
        let old = log(old);
        let new: Vec<Recorded> = old.iter().zip(others).map(|(told, (mut other, changes))| {
            other.received_at = told.event.received_at;
            other.id = told.event.id;
            let event = if changes { Arc::new(other) } else { Arc::clone(&told.event) };
            Recorded { event, ..told.clone() }
        }).collect();
        let cut = |at: f64| (at * old.len() as f64) as usize;
        let (low, high) = (cut(cuts.0.min(cuts.1)), cut(cuts.0.max(cuts.1)));
        let (_dir, index) = filled_index(&[&old[..low], &old[low..high], &old[high..]]);
        let changed: Vec<Position> = old.iter().zip(&new)
            .filter(|(old, new)| !Arc::ptr_eq(&old.event, &new.event))
            .map(|(old, _)| old.position).collect();
        index.rewrite(&changed, &mut |positions: &[Position]| {
            Ok(new.iter().filter(|new| positions.contains(&new.position)).cloned().collect())
        }).unwrap();
        prop_assert!(are_apart(&index));
        for filter in filters.iter().chain([&Filter::All]) {
            let expected: Vec<u64> = new.iter().rev()
                .filter(|recorded| filter.matches(&recorded.event))
                .map(|recorded| recorded.position.0).collect();
            prop_assert_eq!(&found(&index, filter), &expected, "{:?}", filter);
        }
    }
}
