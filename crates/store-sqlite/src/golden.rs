//! Opens the golden data directories with the code of today: see tests/golden/README.md.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::{Position, TenantId};
use annals_ports::{KeyStore, LogReader};
use annals_record::{KeyId, MasterKey, PersonKey, Record, RootForm, RootKey};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::file::Format;
use crate::{
    EventLogSettings, SqliteEventLog, SqliteKeyStore, SqliteQuarantine, SqliteRegisters,
    SqliteTrees, verify, verify_trees,
};

/// Files that cannot be made anew: whatever was once written must be readable for ever.
const KEPT: &[&Format] = &[
    &crate::event_log::FORMAT,
    &crate::key_store::FORMAT,
    &crate::trees::FORMAT,
    &crate::registers::FORMAT,
    &crate::quarantine::FORMAT,
];
/// A golden directory has at most so many bytes.
const BYTES_MAX: u64 = 300 * 1024;
/// What the service tells of an event beside the event itself.
const BESIDE: &[&str] = &["sentence", "stream", "revision", "position", "erased"];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// Each golden directory, by name.
fn directories() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    found.sort();
    assert!(found.len() >= 2, "{found:?}");
    found
}

fn copy_of(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

fn master() -> [u8; 32] {
    let text = std::fs::read_to_string(golden().join("master.key")).unwrap();
    let digit = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(digit)
}

/// Before there were root keys the master key did their work.
async fn root(keys: &SqliteKeyStore) -> RootKey {
    let master = MasterKey::from_bytes(master());
    let Some(stored) = keys.root_key().await.unwrap() else { return master.as_root_key() };
    let form = RootForm::read(&stored).unwrap();
    master.unwrap_root_key(&form.context(), &form.sealed).unwrap()
}

fn expected(directory: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(directory.join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn keys_of(keys: &SqliteKeyStore, record: &Record) -> HashMap<KeyId, Arc<PersonKey>> {
    let tenant: &TenantId = &record.tenant;
    let wrapped = keys.tenant_key(tenant).await.unwrap().expect("the tenant has a key");
    let tenant_key = root(keys).await.unwrap_tenant_key(tenant, &wrapped).unwrap();
    let ids: Vec<KeyId> = record.groups.iter().map(|group| group.key).collect();
    let stored = keys.person_keys(tenant, &ids).await.unwrap();
    let held = ids.into_iter().zip(stored).filter_map(|(id, wrapped)| Some((id, wrapped?)));
    let unwrap = |(id, wrapped)| {
        (id, Arc::new(tenant_key.unwrap_person_key(tenant, &id, &wrapped).unwrap()))
    };
    held.map(unwrap).collect()
}

#[tokio::test]
async fn every_golden_directory_is_whole_and_each_event_reads_as_it_did() {
    for directory in directories() {
        let copy = copy_of(&directory);
        let log = SqliteEventLog::open(copy.path(), EventLogSettings::default()).unwrap();
        let keys = SqliteKeyStore::open(copy.path()).unwrap();
        let mut expected = expected(&directory);
        let mut erased = 0;
        for entry in log.read_all(Position::START, 1000).await.unwrap() {
            let held = keys_of(&keys, &entry.record).await;
            let opened = annals_record::open(&entry.record, &|id| held.get(id).cloned()).unwrap();
            let Some(mut told) = expected.remove(&opened.event.id.to_string()) else { continue };
            let missing = told.get("erased").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
            assert_eq!(serde_json::to_value(&opened.erased).unwrap(), missing);
            erased += usize::from(!opened.erased.is_empty());
            let fields = told.as_object_mut().unwrap();
            assert_eq!(fields["stream"], entry.record.stream.as_str());
            assert_eq!(fields["revision"], entry.revision.0);
            fields.retain(|key, _| !BESIDE.contains(&key.as_str()));
            assert_eq!(serde_json::to_value(&opened.event).unwrap(), told);
        }
        assert!(expected.is_empty(), "{}: {:?} are missing", directory.display(), expected.keys());
        log.close().await;
        let report = verify(copy.path(), |_| {}).unwrap();
        assert!(report.is_whole(), "{}: {:?}", directory.display(), report.findings);
        let is_first = directory.ends_with("v1");
        assert_eq!((report.removed, erased), if is_first { (0, 0) } else { (3, 2) });
    }
}

#[test]
fn files_of_older_versions_are_brought_up_to_date_with_their_rows() {
    for directory in directories() {
        let copy = copy_of(&directory);
        let before = rows_of(&copy.path().join("tiles.db"));
        assert!(before > 0);
        SqliteTrees::open(copy.path()).unwrap();
        assert_eq!(rows_of(&copy.path().join("tiles.db")), before);
        assert!(verify_trees(copy.path()).unwrap().is_whole());
        SqliteRegisters::open(copy.path()).unwrap();
        SqliteQuarantine::open(copy.path()).unwrap();
        SqliteKeyStore::open(copy.path()).unwrap();
        SqliteEventLog::open(copy.path(), EventLogSettings::default()).unwrap();
        for format in KEPT {
            assert_eq!(identity_of(&copy.path().join(format.file)), Some(format.version));
        }
    }
}

fn rows_of(path: &Path) -> i64 {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    file.query_row("SELECT sum(length(positions)) FROM leaves", [], |row| row.get(0)).unwrap()
}

/// The version that a file tells, if it is there.
fn identity_of(path: &Path) -> Option<i32> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = Connection::open_with_flags(path, flags).ok()?;
    file.query_row("PRAGMA user_version", [], |row| row.get(0)).ok()
}

#[test]
fn every_version_of_every_file_that_is_kept_has_a_golden_directory() {
    for format in KEPT {
        for version in 1..=format.version {
            let holds = |directory: &PathBuf| {
                let copy = copy_of(directory);
                identity_of(&copy.path().join(format.file)) == Some(version)
            };
            assert!(
                directories().iter().any(holds),
                "no golden directory has `{}` in version {version}: write one, see \
                 tests/golden/README.md",
                format.file
            );
        }
    }
}

#[test]
fn golden_directories_are_small_and_their_key_is_plainly_a_test_key() {
    for directory in directories() {
        let files = std::fs::read_dir(&directory).unwrap();
        let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes <= BYTES_MAX, "{} has {bytes} bytes", directory.display());
    }
    assert_eq!(master(), [0x77; 32]);
}
