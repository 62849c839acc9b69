//! What encrypted files cost: the same index in either form, filled and asked the same.
//!
//! `cargo run -p annals-search --example encryption_cost -- 200000` prints one line a form and question.
//! Figures of a debug build tell proportions only.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_domain::event::{
    Actor, Client, Event, Operation, Outcome, OutcomeStatus, Request, Severity,
};
use annals_domain::filter::{Field, Order, Test, TextTest};
use annals_domain::statistics::Question;
use annals_domain::time::DateTime;
use annals_domain::{EventId, Filter, Position, Recorded, Revision, StreamName, TenantId};
use annals_ports::{SearchIndex, SearchRequest, Upkeep};
use annals_search::{Files, IndexKey, Settings, TantivyIndex};
use jiff::Timestamp;
use uuid::Uuid;

const BATCH: u64 = 2000;
const COMMIT: u64 = 20_000;
const CACHE_BYTES: usize = 256 << 20;

fn main() {
    let events: u64 = std::env::args().nth(1).map_or(100_000, |count| count.parse().unwrap());
    println!("{events} events");
    let key = || IndexKey::from_bytes([7; 32]);
    measure("plain", Files::plain(), events);
    measure("encrypted", Files::encrypted(key(), CACHE_BYTES), events);
}

fn measure(form: &str, files: Files, events: u64) {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { files, ..Settings::default() };
    let index = TantivyIndex::open(dir.path(), settings.clone()).unwrap();
    let mut filling = Duration::ZERO;
    for first in (0..events).step_by(BATCH as usize) {
        let batch: Vec<Recorded> = (first + 1..=first + BATCH).map(event).collect();
        let started = Instant::now();
        index.add(&batch).unwrap();
        if (first + BATCH).is_multiple_of(COMMIT) {
            index.commit().unwrap();
        }
        filling += started.elapsed();
    }
    index.commit().unwrap();
    // Waits for merges.
    index.remove(&[Position(1)]).unwrap();
    drop(index);
    let size: u64 = sizes(dir.path()).iter().map(|(_, bytes)| bytes).sum();
    println!("{form}: filled in {filling:.1?}, {} bytes an event", size / events);
    for (kind, bytes) in sizes(dir.path()) {
        println!("{form}:   .{kind} {} bytes an event", bytes as f64 / events as f64);
    }
    let started = Instant::now();
    let index = TantivyIndex::open(dir.path(), settings).unwrap();
    println!("{form}: opened in {:.1?}", started.elapsed());
    for (name, filter) in questions() {
        time(form, name, |n| page(&index, &filter(n), Order::RecordedNewest));
    }
    let oldest = questions().remove(1).1;
    time(form, "actor, oldest first", |n| page(&index, &oldest(n), Order::RecordedOldest));
    time(form, "count of a word", |n| {
        let filter = word(WORDS[n as usize % WORDS.len()]);
        index.count(&filter, Position(u64::MAX), 1_000_000).unwrap();
    });
    let fields = ["type", "outcome", "actor.id"].map(|name| Field(name.into())).to_vec();
    let question = Question { fields, ..Question::default() };
    time(form, "facets over all", |_| {
        let patience = Duration::from_secs(60);
        index.tally(&Filter::All, Position(u64::MAX), &question, patience).unwrap();
    });
    let memory = index.memory();
    println!("{form}: memory kept {} KiB, held {} KiB", memory.kept >> 10, memory.held >> 10);
    let started = Instant::now();
    let look = index.look(&mut |_| true).unwrap();
    assert!(look.complete && look.damaged.is_empty());
    println!("{form}: looked at {} MiB in {:.1?}", look.bytes >> 20, started.elapsed());
}

fn page(index: &TantivyIndex, filter: &Filter, order: Order) {
    let until = Position(u64::MAX);
    index.search(&SearchRequest { filter, order, after: None, until, limit: 50 }).unwrap();
}

/// The first answer, and the median of those that follow.
fn time(form: &str, name: &str, mut ask: impl FnMut(u64)) {
    let mut took = |n| {
        let started = Instant::now();
        ask(n);
        started.elapsed()
    };
    let first = took(0);
    for n in 0..200 {
        took(n);
    }
    let mut warm: Vec<Duration> = (0..400).map(took).collect();
    warm.sort_unstable();
    println!("{form}: {name}: first {first:.1?}, then {:.1?}, p99 {:.1?}", warm[200], warm[395]);
}

type Asked = (&'static str, Box<dyn Fn(u64) -> Filter>);

fn questions() -> Vec<Asked> {
    let equals =
        |field: &str, value: String| Filter::Field(Field(field.into()), Test::Equals(value));
    vec![
        ("latest page", Box::new(move |_| equals("tenant", "acme".into()))),
        ("actor", Box::new(move |n| equals("actor.id", format!("person-{}", n % 1000)))),
        ("id", Box::new(move |n| equals("id", id(n % 1000 * 50 + 1).to_string()))),
        ("word", Box::new(|n| word(WORDS[n as usize % WORDS.len()]))),
        (
            "beginning of a word",
            Box::new(|n| {
                let words = vec![WORDS[n as usize % WORDS.len()][..3].to_owned()];
                Filter::Text(TextTest { words, prefix: true })
            }),
        ),
        (
            "phrase",
            Box::new(|n| {
                let words = vec![WORDS[n as usize % WORDS.len()].to_owned(), "by".to_owned()];
                Filter::Text(TextTest { words, prefix: false })
            }),
        ),
    ]
}

fn word(word: &str) -> Filter {
    Filter::Text(TextTest { words: vec![word.to_owned()], prefix: false })
}

const WORDS: [&str; 16] = [
    "invoice", "refund", "password", "account", "granted", "viewed", "export", "session", "policy",
    "approved", "rejected", "device", "address", "payment", "contract", "deleted",
];

fn id(number: u64) -> EventId {
    EventId(Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes()))
}

fn event(number: u64) -> Recorded {
    let instant = |seconds: u64| DateTime {
        timestamp: Timestamp::from_second(1_795_219_200 + seconds as i64).unwrap(),
        offset: jiff::tz::Offset::UTC,
    };
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let person = format!("person-{}", (spread * spread / (1 << 24)) % 20_000);
    let words = [0, 5, 9].map(|shift| WORDS[(spread >> shift) as usize % WORDS.len()]);
    let event = Event {
        id: id(number),
        event_type: format!("user.{}.{}", words[0], words[1]),
        schema_version: 1,
        tenant: TenantId::new("acme").unwrap(),
        source: "https://app.example".into(),
        environment: None,
        app_version: None,
        occurred_at: instant(number / 100),
        received_at: instant(number / 100),
        producer: None,
        operation: Operation::Login,
        severity: Severity::Info,
        outcome: Outcome { status: OutcomeStatus::Success, code: None, reason: None },
        description: Some(format!("{} {} by {person} {}", words[0], words[1], words[2])),
        actor: Actor { id: Some(person), ..Actor::annals() },
        on_behalf_of: Vec::new(),
        subject: None,
        targets: Vec::new(),
        changes: Vec::new(),
        client: Client::default(),
        session: None,
        request: Request::default(),
        justification: None,
        metadata: [("amount".to_owned(), (spread % 5000).into())].into_iter().collect(),
        labels: BTreeMap::new(),
    };
    Recorded {
        position: Position(number),
        stream: StreamName::from_stored("person-acme.x"),
        revision: Revision(number),
        event: Arc::new(event),
        header_digest: [0; 32],
        erased: Vec::new(),
        stored_schema_version: None,
    }
}

fn sizes(dir: &std::path::Path) -> Vec<(String, u64)> {
    let mut sizes = BTreeMap::<String, u64>::new();
    for month in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        for file in std::fs::read_dir(month).into_iter().flatten().map(|entry| entry.unwrap()) {
            let name = file.file_name().into_string().unwrap();
            let kind = name.rsplit('.').next().unwrap().to_owned();
            *sizes.entry(kind).or_default() += file.metadata().unwrap().len();
        }
    }
    sizes.into_iter().collect()
}
