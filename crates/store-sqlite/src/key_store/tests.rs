use super::*;
use annals_ports::contract;

#[tokio::test]
async fn the_key_store_keeps_its_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract::key_store::run(std::sync::Arc::new(SqliteKeyStore::open(dir.path()).unwrap())).await;
}

#[tokio::test]
async fn a_reopened_key_store_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::key_store::reopening_keeps_everything(async || {
        Box::new(SqliteKeyStore::open(dir.path()).unwrap()) as Box<dyn KeyStore>
    })
    .await;
}

/// Bytes that are easily told from others and stand for no text.
fn key_of(number: u32) -> WrappedKey {
    WrappedKey(
        (0..60u32)
            .map(|i| (number.wrapping_mul(2_654_435_761) >> (i % 24)) as u8 ^ i as u8)
            .collect(),
    )
}

fn id_of(number: u32) -> KeyId {
    let mut id = [0; 20];
    id[..4].copy_from_slice(&number.wrapping_mul(2_246_822_519).to_be_bytes());
    KeyId(id)
}

fn all_bytes(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    bytes
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_destroyed_key_is_in_none_of_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = TenantId::new("acme").unwrap();
    let store = SqliteKeyStore::open(dir.path()).unwrap();
    for batch in 0..20u32 {
        let keys = (0..50).map(|n| batch * 50 + n).map(|n| (id_of(n), key_of(n))).collect();
        store.put_person_keys(&tenant, keys).await.unwrap();
    }
    let destroyed: Vec<u32> = (0..1000).step_by(97).collect();
    let before = all_bytes(dir.path());
    for number in &destroyed {
        assert!(contains(&before, &key_of(*number).0), "the test would see key {number}");
        assert!(store.destroy_person_key(&tenant, &id_of(*number)).await.unwrap());
    }
    let after = all_bytes(dir.path());
    for number in destroyed {
        // A part is enough to look for: a moved copy could be overwritten at its end.
        assert!(!contains(&after, &key_of(number).0[..32]), "key {number} is still there");
    }
    assert!(contains(&after, &key_of(1).0), "the others stay");
    assert_eq!(store.person_keys(&tenant, &[id_of(1)]).await.unwrap(), [Some(key_of(1))]);
}

#[tokio::test]
async fn an_id_stays_known_as_destroyed() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = TenantId::new("acme").unwrap();
    let store = SqliteKeyStore::open(dir.path()).unwrap();
    store.put_person_keys(&tenant, vec![(id_of(1), key_of(1))]).await.unwrap();
    store.destroy_person_key(&tenant, &id_of(1)).await.unwrap();
    let destroyed: i64 = Connection::open(dir.path().join(FORMAT.file))
        .unwrap()
        .query_row("SELECT destroyed FROM person_keys WHERE slot IS NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(destroyed, 1);
}

/// As a later version of the tenant's key wraps it: longer.
fn rewrapped(number: u32) -> WrappedKey {
    let mut key = key_of(number ^ 0x5555_5555).0;
    key.extend([7; 5]);
    WrappedKey(key)
}

#[tokio::test]
async fn a_key_that_was_replaced_and_destroyed_is_in_none_of_the_files_in_any_form() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = TenantId::new("acme").unwrap();
    let store = SqliteKeyStore::open(dir.path()).unwrap();
    for batch in 0..20u32 {
        let keys = (0..50).map(|n| batch * 50 + n).map(|n| (id_of(n), key_of(n))).collect();
        store.put_person_keys(&tenant, keys).await.unwrap();
    }
    for batch in 0..20u32 {
        let change = |n| Rewrapped { id: id_of(n), expected: key_of(n), key: rewrapped(n) };
        let changes = (0..50).map(|n| change(batch * 50 + n)).collect();
        let replaced = store.replace_person_keys(&tenant, changes).await.unwrap();
        assert!(replaced.into_iter().all(|replaced| replaced));
    }
    let destroyed: Vec<u32> = (0..1000).step_by(97).collect();
    for number in &destroyed {
        assert!(store.destroy_person_key(&tenant, &id_of(*number)).await.unwrap());
    }
    let after = all_bytes(dir.path());
    for number in destroyed {
        for key in [key_of(number), rewrapped(number)] {
            assert!(!contains(&after, &key.0[..32]), "key {number} is still there");
        }
    }
    assert!(contains(&after, &rewrapped(1).0), "the others stay");
    let counts = store.key_counts(None, 10).unwrap();
    assert!(counts.is_empty(), "a tenant without a key of its own is none");
    store.put_tenant_key(&tenant, key_of(5)).await.unwrap();
    let counts = store.key_counts(None, 10).unwrap().remove(0);
    assert_eq!((counts.persons, counts.destroyed, counts.key), (989, 11, key_of(5)));
    assert!(store.key_counts(Some(&tenant), 10).unwrap().is_empty());
}

#[tokio::test]
async fn a_root_key_that_was_replaced_is_in_none_of_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteKeyStore::open(dir.path()).unwrap();
    let (old, new) = (WrappedRoot(key_of(1).0), WrappedRoot(rewrapped(2).0));
    store.put_root_key(old.clone()).await.unwrap();
    assert!(contains(&all_bytes(dir.path()), &old.0));
    assert!(store.replace_root_key(&old, new.clone()).await.unwrap());
    let bytes = all_bytes(dir.path());
    assert!(contains(&bytes, &new.0) && !contains(&bytes, &old.0[..32]));
}

#[tokio::test]
async fn a_file_of_the_first_format_is_brought_up_to_date_and_keeps_its_keys() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = TenantId::new("acme").unwrap();
    let file = Connection::open(dir.path().join(FORMAT.file)).unwrap();
    file.execute_batch(include_str!("../schema/keys.sql")).unwrap();
    file.pragma_update(None, "application_id", FORMAT.application_id).unwrap();
    file.pragma_update(None, "user_version", 1).unwrap();
    file.execute("INSERT INTO tenant_keys VALUES ('acme', x'0102')", []).unwrap();
    drop(file);
    let store = SqliteKeyStore::open(dir.path()).unwrap();
    assert_eq!(store.root_key().await.unwrap(), None);
    let stored = Some((tenant, WrappedKey(vec![1, 2])));
    assert_eq!(store.some_tenant_key().unwrap(), stored);
    let root = WrappedRoot(vec![3]);
    assert_eq!(store.put_root_key(root.clone()).await.unwrap(), root);
}
