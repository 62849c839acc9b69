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
