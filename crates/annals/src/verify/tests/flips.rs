//! A thousand single bits, each flipped in a whole data directory: the verifier tells of it, or it means
//! nothing.

use std::collections::BTreeMap;

use super::damage::{Hit, Part, Table, flip, flip_record, flip_value};
use super::directory::{
    Directory, Image, KEYS, LOG, MARK, TREES, Verdict, for_each, remove, wait_for_trees,
};
use super::dump::dump;
use super::events::event;
use super::random::Random;

const SEED: u64 = 20_261_121;
/// Flipped inside of values that the tables hold.
const VALUES: usize = 700;
/// Flipped anywhere in the files.
const RAW: usize = 300;
/// Events of the year before, and of this year.
const EVENTS: [u64; 2] = [400, 700];
/// Another value is drawn when the schema does not let a row hold the first.
const DRAWS_MAX: usize = 50;

const fn table(file: &'static str, name: &'static str, key: &'static str) -> Table {
    Table { file, name, key }
}

const EVENTS_TABLE: Table = table(LOG, "events", "position");
const STREAMS: Table = table(LOG, "streams", "id");
const TENANTS: Table = table(LOG, "tenants", "id");
const REMOVALS: Table = table(LOG, "removals", "position");
const WRAPPED: Table = table(KEYS, "wrapped_keys", "slot");
const PERSONS: Table = table(KEYS, "person_keys", "tenant, id");
const TENANT_KEYS: Table = table(KEYS, "tenant_keys", "tenant");
const SHARDS: Table = table(TREES, "shards", "number");
const LEAVES: Table = table(TREES, "leaves", "shard, number");
const HASHES: Table = table(TREES, "hashes", "shard, level, number");

/// What is hit.
#[derive(Debug, Clone, Copy)]
enum Target {
    Value(Table, &'static str),
    Record(Part),
    File(&'static str),
}
use Target::{File, Record, Value};

/// How often what is hit: about as much as there is of it, and everything now and then.
const IN_VALUES: [(usize, Target); 36] = [
    (110, Value(EVENTS_TABLE, "record")),
    (80, Record(Part::Header)),
    (60, Record(Part::Ciphertext)),
    (25, Record(Part::Tag)),
    (35, Record(Part::KeyId)),
    (15, Record(Part::Fingerprint)),
    (20, Value(EVENTS_TABLE, "position")),
    (20, Value(EVENTS_TABLE, "stream")),
    (20, Value(EVENTS_TABLE, "revision")),
    (20, Value(EVENTS_TABLE, "tenant")),
    (25, Value(EVENTS_TABLE, "id")),
    (25, Value(EVENTS_TABLE, "fingerprint")),
    (15, Value(STREAMS, "name")),
    (10, Value(STREAMS, "id")),
    (8, Value(TENANTS, "name")),
    (5, Value(TENANTS, "id")),
    (10, Value(REMOVALS, "run")),
    (8, Value(REMOVALS, "position")),
    (20, Value(WRAPPED, "wrapped")),
    (6, Value(WRAPPED, "slot")),
    (10, Value(PERSONS, "id")),
    (6, Value(PERSONS, "tenant")),
    (10, Value(PERSONS, "slot")),
    (6, Value(TENANT_KEYS, "wrapped")),
    (4, Value(TENANT_KEYS, "tenant")),
    (40, Value(LEAVES, "digests")),
    (30, Value(LEAVES, "positions")),
    (6, Value(LEAVES, "shard")),
    (6, Value(LEAVES, "number")),
    (10, Value(LEAVES, "first_position")),
    (25, Value(HASHES, "hashes")),
    (6, Value(HASHES, "level")),
    (6, Value(SHARDS, "size")),
    (10, Value(SHARDS, "root")),
    (6, Value(SHARDS, "position")),
    (12, Value(SHARDS, "note")),
];
const IN_FILES: [(usize, Target); 7] = [
    (120, File(LOG)),
    (50, File("events.db-wal")),
    (40, File(KEYS)),
    (15, File("keys.db-wal")),
    (45, File(TREES)),
    (20, File("tiles.db-wal")),
    (20, File(MARK)),
];

/// A directory after its service stopped, and one whose service was killed: it has logs of writes.
struct Images {
    stopped: Image,
    killed: Image,
}

async fn images() -> Images {
    let directory = Directory::new();
    directory.record(0..EVENTS[0], 2025).await;
    directory
        .serve(async |installation, system| {
            let run = event(9_000_000, 2025, "annals.retention.run", "removed two");
            remove(installation, system, run, &[30, 60]).await;
        })
        .await;
    let mut killed = Image::default();
    directory
        .serve(async |installation, system| {
            let events =
                (EVENTS[0]..EVENTS[0] + EVENTS[1]).map(|n| super::events::numbered(n, 2026));
            super::directory::record(system, events.collect()).await;
            wait_for_trees(installation, system).await;
            killed = Image::of(directory.path());
        })
        .await;
    directory.bring_over();
    Images { stopped: Image::of(directory.path()), killed }
}

/// What became of one flip.
enum Outcome {
    Found,
    Failed,
    Harmless,
    Missed(String),
}

/// Puts one flip into the directory; tells what it hit.
fn put_flip(directory: &Directory, images: &Images, target: Target, random: &mut Random) -> Hit {
    let dir = directory.path();
    for _ in 0..DRAWS_MAX {
        images.stopped.put(dir);
        let hit = match target {
            Value(table, column) => flip_value(dir, table, column, random),
            Record(part) => flip_record(dir, EVENTS_TABLE, part, random),
            File(name) => {
                let mut image = match name.ends_with("-wal") {
                    true => images.killed.clone(),
                    false => images.stopped.clone(),
                };
                let bytes = image.0.get_mut(name).expect("the image has that file");
                flip(bytes, random);
                image.put(dir);
                Some(Hit { record: None, what: name.to_owned() })
            }
        };
        if let Some(hit) = hit {
            return hit;
        }
    }
    panic!("{target:?}: no row may hold what was drawn, {DRAWS_MAX} times");
}

/// Whether what was told names the record that was hit.
fn names(told: &str, hit: &Hit) -> bool {
    hit.record.as_ref().is_none_or(|(position, stream, revision)| {
        told.contains(&format!("position {position}"))
            || told.contains(&format!("stream {stream}, revision {revision}"))
    })
}

async fn try_flip(directory: &Directory, images: &Images, number: usize) -> (String, Outcome) {
    let mut random = Random::seeded(SEED + number as u64);
    let target = match number < VALUES {
        true => random.weighted(&IN_VALUES),
        false => random.weighted(&IN_FILES),
    };
    let hit = put_flip(directory, images, target, &mut random);
    let name = match target {
        Value(table, column) => format!("{} {}.{column}", table.file, table.name),
        Record(part) => format!("{LOG} events.record, {part:?}, checksum made to fit"),
        File(name) => format!("{name}, any byte"),
    };
    let flipped = Image::of(directory.path());
    let outcome = match directory.verdict().await {
        Verdict::Found(told) if names(&told, &hit) => Outcome::Found,
        Verdict::Found(told) => Outcome::Missed(format!("{}: does not name it: {told}", hit.what)),
        Verdict::Failed(_) if hit.record.is_none() => Outcome::Failed,
        Verdict::Failed(told) => Outcome::Missed(format!("{}: no finding: {told}", hit.what)),
        Verdict::Whole => {
            let before = match target {
                File(name) if name.ends_with("-wal") => &images.killed,
                _ => &images.stopped,
            };
            let said = |image: &Image| {
                image.put(directory.path());
                dump(directory.path())
            };
            match (said(before), said(&flipped)) {
                (Ok(before), Ok(after)) if before == after => Outcome::Harmless,
                (_, Err(error)) => Outcome::Missed(format!("{}: {error}", hit.what)),
                _ => Outcome::Missed(format!("{}: told to be whole", hit.what)),
            }
        }
    };
    (name, outcome)
}

#[test]
fn each_of_a_thousand_flipped_bits_is_found_or_means_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let images = runtime.block_on(images());
    for image in [&images.stopped, &images.killed] {
        let directory = Directory::new();
        image.put(directory.path());
        let verdict = runtime.block_on(directory.verdict());
        assert!(matches!(verdict, Verdict::Whole), "{verdict:?}");
    }
    let outcomes = for_each(VALUES + RAW, async |directory, number| {
        try_flip(directory, &images, number).await
    });
    let mut counts = BTreeMap::<String, [usize; 4]>::new();
    let mut missed = Vec::new();
    for (name, outcome) in outcomes {
        let place = match &outcome {
            Outcome::Found => 0,
            Outcome::Failed => 1,
            Outcome::Harmless => 2,
            Outcome::Missed(how) => {
                missed.push(format!("{name}: {how}"));
                3
            }
        };
        counts.entry(name).or_default()[place] += 1;
    }
    let sum = |place: usize| counts.values().map(|counts| counts[place]).sum::<usize>();
    for (name, [found, failed, harmless, missed]) in &counts {
        println!("{name}: {found} found, {failed} refused, {harmless} harmless, {missed} missed");
    }
    println!("{} found, {} refused, {} harmless, {} missed", sum(0), sum(1), sum(2), sum(3));
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert_eq!(sum(0) + sum(1) + sum(2), VALUES + RAW);
}
