use annals_ports::memory::MemoryKeyStore;
use annals_record::RootKey;

use super::*;

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn ring(persons_max: u64, store: &Arc<MemoryKeyStore>) -> KeyRing {
    KeyRing::remembering(persons_max, store.clone(), RootKey::from_bytes([7; 32]))
}

async fn put_keys(store: &Arc<MemoryKeyStore>, count: u8) -> Vec<KeyId> {
    let ids: Vec<KeyId> = (0..count).map(|number| KeyId([number; 20])).collect();
    let ring = ring(1000, store);
    ring.load_or_make(&tenant(), &ids).await.unwrap();
    ids
}

#[tokio::test]
async fn a_cache_that_is_too_small_makes_nobody_look_erased() {
    let store = Arc::new(MemoryKeyStore::default());
    let ids = put_keys(&store, 200).await;
    let small = ring(3, &store);
    for _ in 0..3 {
        let keys = small.stored(&tenant(), ids.clone()).await.unwrap();
        assert_eq!(keys.held.len(), ids.len());
        assert!(keys.damaged.is_empty());
    }
}

#[tokio::test]
async fn a_destroyed_key_is_neither_held_nor_damaged() {
    let store = Arc::new(MemoryKeyStore::default());
    let ids = put_keys(&store, 2).await;
    store.destroy_person_key(&tenant(), &ids[0]).await.unwrap();
    let keys = ring(1000, &store).stored(&tenant(), ids.clone()).await.unwrap();
    assert!(keys.held.contains_key(&ids[1]) && keys.held.len() == 1);
    assert!(keys.damaged.is_empty());
}

#[test]
fn no_key_is_remembered_for_longer_than_its_time_however_often_it_is_used() {
    let ring = ring(1000, &Arc::new(MemoryKeyStore::default()));
    assert_eq!(ring.persons.policy().time_to_live(), Some(PERSON_KEY_LIFE));
}

#[tokio::test]
async fn a_key_that_does_not_open_is_damaged_and_hides_no_other() {
    let store = Arc::new(MemoryKeyStore::default());
    let ids = put_keys(&store, 1).await;
    let broken = KeyId([250; 20]);
    store.put_person_keys(&tenant(), vec![(broken, WrappedKey(vec![1; 61]))]).await.unwrap();
    let keys = ring(1000, &store).stored(&tenant(), vec![broken, ids[0]]).await.unwrap();
    assert!(keys.held.contains_key(&ids[0]) && keys.held.len() == 1);
    assert!(keys.damaged.contains(&broken) && keys.damaged.len() == 1);
}
