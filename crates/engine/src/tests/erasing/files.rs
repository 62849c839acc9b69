//! The same on the stores of a data directory: no file tells a word of the erased.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::filter::Filter;
use annals_domain::profile::PersonRef;
use annals_domain::{Event, Position};
use annals_ports::memory::MemoryRegisters;
use annals_ports::{LogEntry, LogReader};
use annals_record::sealed_file::FileKey;
use annals_search::{Files, GenerationalIndex};
use annals_store_sqlite::{
    EventLogSettings, SqliteAccess, SqliteEventLog, SqliteInbox, SqliteKeyStore, SqliteProfiles,
    SqliteQuarantine,
};

use super::{acts, found, own};
use crate::tests::inbox::catalogue;
use crate::tests::machine::{record_all, settings, start, tenant, wait_until_durable};
use crate::{Ports, System};

struct Directory {
    dir: tempfile::TempDir,
    log: Arc<SqliteEventLog>,
}

impl Directory {
    fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = SqliteEventLog::open(dir.path(), EventLogSettings::default()).unwrap();
        Self { dir, log: Arc::new(log) }
    }

    async fn start(&self) -> System {
        let (dir, key) = (self.dir.path(), FileKey::from_bytes([7; 32]));
        let index = annals_search::Settings {
            writer_heap_bytes: 15_000_000,
            files: Files::plain(),
            shape: String::new(),
        };
        let (index, _) = GenerationalIndex::open(&dir.join("index"), index).unwrap();
        let ports = Ports {
            log: self.log.clone(),
            keys: Arc::new(SqliteKeyStore::open(dir).unwrap()),
            index: Arc::new(index),
            profiles: Arc::new(SqliteProfiles::open(dir, &key).unwrap()),
            inbox: Arc::new(SqliteInbox::open(dir, &key).unwrap()),
            access: Arc::new(SqliteAccess::open(dir, &key).unwrap()),
            registers: Arc::new(MemoryRegisters::default()),
            carriers: Vec::new(),
            standing: Vec::new(),
            quarantine: Arc::new(SqliteQuarantine::open(dir).unwrap()),
            spool: None,
            exports: None,
            detection: None,
            tiles: None,
            archive: None,
        };
        start(ports, catalogue(), settings()).await
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The files that hold a word.
fn holding(dir: &Path, word: &str) -> Vec<String> {
    let holds = |path: &PathBuf| {
        // The index takes files away while it merges.
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    };
    let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    files(dir).into_iter().filter(holds).map(name).collect()
}

fn person(number: u64) -> String {
    format!("person{number:04}x")
}

/// Each of them acts on their own account, and on the next one; three events in a hundred persons tell of
/// a look.
fn life(persons: u64, events: u64) -> Vec<Event> {
    let event = |number: u64| {
        let one = person(number % persons);
        match number / persons % 2 {
            0 => own(number + 1, &one),
            _ => acts(number + 1, &one, &person((number + 1) % persons)),
        }
    };
    (0..events).map(event).collect()
}

async fn filled(directory: &Directory, persons: u64, events: u64) -> System {
    let system = directory.start().await;
    let mut position = Position::START;
    for some in life(persons, events).chunks(2000) {
        position = record_all(&system, some.to_vec()).await;
    }
    wait_until_durable(&system, position).await;
    system
}

async fn stored(directory: &Directory) -> Vec<LogEntry> {
    directory.log.read_all(Position::START, usize::MAX >> 1).await.unwrap()
}

/// Whether the read models, which are encrypted, tell anything of a person.
async fn is_known(system: &System, person: &str) -> bool {
    let person = PersonRef { tenant: tenant(), id: person.to_owned() };
    system.queries.profile(person, 1).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_erased_no_file_has_a_word_and_of_the_others_all_is_there() {
    let directory = Directory::make();
    let system = filled(&directory, 1000, 3000).await;
    let dir = directory.dir.path();
    std::fs::write(dir.join("left"), "Nameperson0007x").unwrap();
    assert_eq!(holding(dir, "Nameperson0007x"), ["left"], "what is left somewhere is seen");
    std::fs::remove_file(dir.join("left")).unwrap();
    assert!(is_known(&system, &person(7)).await);
    let before = stored(&directory).await;
    let erased: Vec<String> = (0..100).map(|n| person(10 * n + 7)).collect();
    let erasure = system.eraser.erase_persons(&tenant(), &erased).await.unwrap();
    assert_eq!(erasure.keys, 100);
    assert!(erasure.persons.iter().all(|person| person.events == 4));
    assert_eq!(stored(&directory).await, before, "headers and ciphertexts are as they were");
    let all = found(&system, Filter::All).await;
    assert_eq!(all.len(), 3000);
    for name in &erased {
        for word in [format!("Name{name}"), format!("secret{name}")] {
            assert_eq!(holding(dir, &word), [""; 0], "{word}");
        }
        assert_eq!(holding(dir, name), [""; 0], "{name}");
        assert!(!is_known(&system, name).await, "{name} has a profile");
    }
    assert!(is_known(&system, &person(8)).await);
    for number in 0..1000 {
        let name = person(number);
        let hits = found(&system, Filter::equals("actor.id", name.clone())).await;
        assert_eq!(hits.len(), if erased.contains(&name) { 0 } else { 3 }, "{name}");
    }
    system.stop().await;
    let system = directory.start().await;
    let hits = found(&system, Filter::equals("subject.id", person(7))).await;
    assert!(hits.is_empty(), "nothing comes back with the next start");
    assert_eq!(found(&system, Filter::All).await, all);
    system.stop().await;
}
