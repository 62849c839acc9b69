use super::*;
use annals_ports::contract;

fn key() -> FileKey {
    FileKey::from_bytes([1; 32])
}

#[test]
fn the_access_store_keeps_its_contract() {
    let dir = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    contract::access_store::run(|| {
        count.set(count.get() + 1);
        let own = dir.path().join(count.get().to_string());
        std::fs::create_dir(&own).unwrap();
        Box::new(SqliteAccess::open(&own, &key()).unwrap())
    });
}

#[test]
fn a_reopened_access_store_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::access_store::reopening_keeps_everything(|| {
        Box::new(SqliteAccess::open(dir.path(), &key()).unwrap())
    });
}

#[test]
fn an_entry_that_cannot_be_read_is_told_and_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteAccess::open(dir.path(), &key()).unwrap();
    store
        .within("damage it", |all| {
            all.execute("INSERT INTO entries VALUES ('acme', 'revocation/1', '{}')", [])
        })
        .unwrap();
    let told = store.load().unwrap_err().to_string();
    assert!(told.contains("access"), "{told}");
}
