//! Somebody who can write the files and has no keys: whatever they change, the verifier tells of it, and
//! the service signs nothing that is not what it signed before.

use std::collections::BTreeSet;

use annals_ports::TreeStore;
use annals_store_sqlite::SqliteTrees;

use super::directory::{
    Directory, Image, KEYS, LOG, MARK, TREES, Verdict, for_each, record, wait_for_trees,
};
use super::events::numbered;
use super::log_changes::{self, CHANGES, Change, delete_and_close};
use super::tree_changes::{self, LEAF_CHANGES, LeafChange, STATEMENTS, forge};

/// Up to where the log goes at each image, and in which year: around the ends of rows, and of a year.
const STEPS: [(u64, i16); 9] = [
    (1, 2025),
    (255, 2025),
    (256, 2025),
    (257, 2025),
    (600, 2025),
    (601, 2026),
    (857, 2026),
    (1100, 2026),
    (1300, 2026),
];
/// First and last; the leaves 255, 256 and 257 of both years, of which the second begins with a link;
/// the last of the year and the first of the next; some between.
const POSITIONS: [i64; 15] =
    [1, 2, 256, 257, 258, 300, 599, 600, 601, 602, 855, 856, 857, 1299, 1300];

/// One thing that is done to the last image.
enum Case {
    Log(&'static str, Change, i64),
    Leaf(&'static str, LeafChange, i64),
    Statement(&'static str),
    /// An event deleted, and the trees made anew and signed by somebody else; perhaps also the mark.
    Forged(i64, bool),
    /// Files put back to an earlier image.
    PutBack(&'static [&'static str], usize),
    /// A file deleted.
    Gone(&'static str),
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for position in POSITIONS {
        cases.extend(CHANGES.map(|(name, change)| Case::Log(name, change, position)));
        cases.extend(LEAF_CHANGES.map(|(name, change)| Case::Leaf(name, change, position)));
    }
    cases.extend(STATEMENTS.map(Case::Statement));
    for position in [1, 256, 600, 601, 1300] {
        cases.extend([false, true].map(|mark| Case::Forged(position, mark)));
    }
    for step in 0..STEPS.len() - 1 {
        cases.push(Case::PutBack(&[LOG], step));
        cases.push(Case::PutBack(&[TREES], step));
        cases.push(Case::PutBack(&[LOG, TREES], step));
        cases.push(Case::PutBack(&[MARK], step));
    }
    cases.extend([KEYS, MARK].map(Case::Gone));
    cases
}

/// The directory after each step, whole each time.
async fn images() -> Vec<Image> {
    let directory = Directory::new();
    let mut images = Vec::new();
    let mut from = 0;
    for (to, year) in STEPS {
        directory.record(from..to, year).await;
        directory.bring_over();
        images.push(Image::of(directory.path()));
        from = to;
    }
    images
}

async fn try_case(directory: &Directory, images: &[Image], case: &Case) -> (String, Verdict) {
    let dir = directory.path();
    let last = &images[images.len() - 1];
    last.put(dir);
    let name = match case {
        Case::Log(name, change, position) => {
            log_changes::change(dir, *position, *change);
            format!("{position}: {name}")
        }
        Case::Leaf(name, change, position) => {
            tree_changes::change_leaf(dir, *position, *change);
            format!("{position}: {name}")
        }
        Case::Statement(statement) => {
            tree_changes::run(dir, statement);
            (*statement).to_owned()
        }
        Case::Forged(position, mark) => {
            log_changes::change(dir, *position, delete_and_close);
            forge(dir, &directory.signer(), *mark).await;
            format!("{position}: deleted, and the trees forged (mark: {mark})")
        }
        Case::PutBack(files, step) => {
            last.with(files, &images[*step]).put(dir);
            format!("{files:?} put back to {}", STEPS[*step].0)
        }
        Case::Gone(file) => {
            std::fs::remove_file(dir.join(file)).unwrap();
            format!("{file} deleted")
        }
    };
    (name, directory.verdict().await)
}

#[test]
fn whatever_is_changed_behind_the_back_of_the_service_is_found() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let images = runtime.block_on(images());
    let untouched = for_each(images.len(), async |directory, number| {
        images[number].put(directory.path());
        directory.verdict().await
    });
    assert!(untouched.iter().all(|verdict| matches!(verdict, Verdict::Whole)), "{untouched:?}");
    let cases = cases();
    let verdicts = for_each(cases.len(), async |directory, number| {
        try_case(directory, &images, &cases[number]).await
    });
    let missed = |(name, verdict): (String, Verdict)| match verdict {
        Verdict::Found(_) => None,
        verdict => Some(format!("{name}: {verdict:?}")),
    };
    let missed: Vec<String> = verdicts.into_iter().filter_map(missed).collect();
    println!("{} cases, {} missed", cases.len(), missed.len());
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_log_that_goes_on_otherwise_from_a_backup_is_neither_signed_nor_whole() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let images = runtime.block_on(images());
    let last = &images[images.len() - 1];
    let notes = |directory: &Directory| {
        let shards = SqliteTrees::open(directory.path()).unwrap().shards().unwrap();
        shards.into_iter().map(|shard| shard.note).filter(|note| !note.is_empty()).collect()
    };
    for_each(images.len() - 1, async |_, step| {
        // A backup is put into an empty directory: what is derived from the log is made anew.
        let directory = Directory::new();
        let old = STEPS[step].0;
        // A year that was left does not go on, as the time of the service never falls.
        // Also a year that was left, and whose last checkpoint the next year begins with, goes on.
        let year = STEPS[step].1;
        images[step].with(&[MARK], last).put(directory.path());
        let signed: BTreeSet<String> = notes(&directory);
        // In small steps: the tree has the size that was signed once, and goes beyond it.
        let others: Vec<u64> = (5000..5000 + STEPS[STEPS.len() - 1].0 - old + 10).collect();
        directory
            .serve(async |installation, system| {
                for numbers in others.chunks(90) {
                    let events = numbers.iter().map(|number| numbered(*number, year));
                    record(system, events.collect()).await;
                    wait_for_trees(installation, system).await;
                    let now = notes(&directory);
                    assert!(
                        now.is_subset(&signed),
                        "{old}: signed anew: {:?}",
                        now.difference(&signed)
                    );
                }
            })
            .await;
        assert_eq!(std::fs::read(directory.file(MARK)).unwrap(), last.0[MARK], "{old}");
        let verdict = directory.verdict().await;
        assert!(matches!(verdict, Verdict::Found(_)), "{old}: {verdict:?}");
    });
}
