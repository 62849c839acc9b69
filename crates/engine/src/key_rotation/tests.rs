use annals_ports::KeyStore;
use annals_ports::memory::MemoryKeyStore;
use annals_record::keys::{VERSIONS_MAX, version_of};
use annals_record::{KeyError, KeyId, RootKey, WrappedKey};

use super::finishing::rewrap_all;
use super::*;

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn ring(store: &Arc<MemoryKeyStore>) -> Arc<KeyRing> {
    Arc::new(KeyRing::new(store.clone(), RootKey::from_bytes([7; 32])))
}

/// A rotation that retires older versions at once.
fn rotation(ring: &Arc<KeyRing>) -> KeyRotation {
    KeyRotation::start(Arc::clone(ring), Duration::ZERO, CancellationToken::new())
}

fn ids(numbers: std::ops::Range<u16>) -> Vec<KeyId> {
    let id = |number: u16| {
        let mut id = [0; 20];
        id[..2].copy_from_slice(&number.to_be_bytes());
        KeyId(id)
    };
    numbers.map(id).collect()
}

async fn stored_versions(store: &MemoryKeyStore, ids: &[KeyId]) -> Vec<u32> {
    let stored = store.person_keys(&tenant(), ids).await.unwrap();
    stored.iter().flatten().map(|key| version_of(key).unwrap()).collect()
}

/// Waits until the tenant's key has one version.
async fn finished(rotation: &KeyRotation) -> u32 {
    let waiting = async {
        loop {
            let now = rotation.versions(&tenant()).await.unwrap();
            if now.versions.len() == 1 {
                return now.version;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it is finished")
}

async fn same_keys(one: &KeyRing, other: &KeyRing, ids: &[KeyId]) -> bool {
    let one = one.stored(&tenant(), ids.to_vec()).await.unwrap().held;
    let other = other.stored(&tenant(), ids.to_vec()).await.unwrap().held;
    one.len() == ids.len() && ids.iter().all(|id| one[id].is_same(&other[id]))
}

#[tokio::test]
async fn after_a_rotation_all_keys_are_wrapped_anew_and_the_old_version_is_retired() {
    let store = Arc::new(MemoryKeyStore::default());
    let (before, ids) = (ring(&store), ids(0..700));
    before.load_or_make(&tenant(), &ids).await.unwrap();
    let rotation = rotation(&ring(&store));
    let rotated = rotation.rotate(&tenant()).await.unwrap();
    assert_eq!(rotated, Rotated { version: 2, versions: vec![1, 2] });
    assert_eq!(finished(&rotation).await, 2);
    assert_eq!(stored_versions(&store, &ids).await, vec![2; 700]);
    assert!(same_keys(&before, &ring(&store), &ids).await, "they are the same keys");
}

#[tokio::test]
async fn a_key_that_another_node_puts_late_outlasts_the_version_that_wrapped_it() {
    let store = Arc::new(MemoryKeyStore::default());
    let late = ring(&store);
    late.load_or_make(&tenant(), &ids(0..1)).await.unwrap();
    let rotation = rotation(&ring(&store));
    rotation.rotate(&tenant()).await.unwrap();
    finished(&rotation).await;
    // It still holds the key as it was before, and puts more keys.
    let more = ids(0..20);
    late.load_or_make(&tenant(), &more).await.unwrap();
    assert_eq!(stored_versions(&store, &more).await, vec![2; 20]);
    assert!(same_keys(&late, &ring(&store), &more).await);
}

#[tokio::test]
async fn a_node_that_has_not_heard_of_a_rotation_reads_what_others_put_since() {
    let store = Arc::new(MemoryKeyStore::default());
    let unaware = ring(&store);
    unaware.load_or_make(&tenant(), &ids(0..5)).await.unwrap();
    let other = ring(&store);
    rotation(&other).rotate(&tenant()).await.unwrap();
    other.load_or_make(&tenant(), &ids(5..10)).await.unwrap();
    assert!(same_keys(&unaware, &other, &ids(0..10)).await);
    let made = unaware.load_or_make(&tenant(), &ids(5..10)).await.unwrap();
    assert_eq!(made.len(), 5, "nor does it make other keys");
}

#[tokio::test]
async fn a_key_that_was_destroyed_during_a_rotation_stays_destroyed() {
    let store = Arc::new(MemoryKeyStore::default());
    let ring = ring(&store);
    let ids = ids(0..300);
    ring.load_or_make(&tenant(), &ids).await.unwrap();
    let rotation = rotation(&ring);
    rotation.rotate(&tenant()).await.unwrap();
    for id in ids.iter().step_by(3) {
        assert!(store.destroy_person_key(&tenant(), id).await.unwrap());
        tokio::task::yield_now().await;
    }
    finished(&rotation).await;
    let stored = store.person_keys(&tenant(), &ids).await.unwrap();
    for (number, key) in stored.iter().enumerate() {
        assert_eq!(key.is_none(), number % 3 == 0, "key {number}");
    }
}

#[tokio::test]
async fn a_version_is_kept_while_a_key_that_it_wraps_does_not_open() {
    let store = Arc::new(MemoryKeyStore::default());
    let ring = ring(&store);
    ring.load_or_make(&tenant(), &ids(0..3)).await.unwrap();
    let broken = KeyId([250; 20]);
    store.put_person_keys(&tenant(), vec![(broken, WrappedKey(vec![1; 61]))]).await.unwrap();
    let rotation = rotation(&ring);
    rotation.rotate(&tenant()).await.unwrap();
    let held = ring.newest_tenant_key(&tenant()).await.unwrap();
    let pass = rewrap_all(&ring, &tenant(), &held).await.unwrap();
    assert_eq!(pass.damaged, 1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(rotation.versions(&tenant()).await.unwrap().versions, [1, 2]);
}

#[tokio::test]
async fn an_interrupted_rotation_is_finished_by_whoever_uses_the_key_next() {
    let store = Arc::new(MemoryKeyStore::default());
    let first = ring(&store);
    first.load_or_make(&tenant(), &ids(0..10)).await.unwrap();
    let killed = CancellationToken::new();
    killed.cancel();
    let rotation_1 = KeyRotation::start(Arc::clone(&first), Duration::ZERO, killed);
    rotation_1.rotate(&tenant()).await.unwrap();
    assert_eq!(rotation_1.versions(&tenant()).await.unwrap().versions, [1, 2]);
    assert_eq!(stored_versions(&store, &ids(0..10)).await, vec![1; 10], "it was interrupted");

    let second = ring(&store);
    let rotation_2 = rotation(&second);
    second.stored(&tenant(), ids(0..1)).await.unwrap();
    assert_eq!(finished(&rotation_2).await, 2);
    assert_eq!(stored_versions(&store, &ids(0..10)).await, vec![2; 10]);
}

#[tokio::test]
async fn a_key_is_rotated_as_often_as_it_has_room_for_versions() {
    let store = Arc::new(MemoryKeyStore::default());
    let ring = ring(&store);
    let never = Duration::from_secs(3600);
    let rotation = KeyRotation::start(Arc::clone(&ring), never, CancellationToken::new());
    for _ in 1..VERSIONS_MAX {
        rotation.rotate(&tenant()).await.unwrap();
    }
    let error = rotation.rotate(&tenant()).await.unwrap_err();
    assert!(matches!(error, KeyRingError::Key(KeyError::TooManyVersions)));
}

#[tokio::test]
async fn rotations_by_several_nodes_at_once_each_count() {
    let store = Arc::new(MemoryKeyStore::default());
    let never = Duration::from_secs(3600);
    let nodes = [ring(&store), ring(&store)]
        .map(|ring| KeyRotation::start(ring, never, CancellationToken::new()));
    let of = tenant();
    let (one, other) = tokio::join!(nodes[0].rotate(&of), nodes[1].rotate(&of));
    let mut versions = [one.unwrap().version, other.unwrap().version];
    versions.sort_unstable();
    assert_eq!(versions, [2, 3]);
}
