//! Replacing what is stored compares first.

use annals_domain::TenantId;

use super::{Arc, KeyId, KeyStore, Rewrapped, WrappedRoot, destroy, get, key, put, tenant};

/// How often two callers are let loose on one key.
const RACES: u8 = 40;

pub(super) async fn a_root_key_is_replaced_by_comparing(store: Arc<dyn KeyStore>) {
    let works = "the store works";
    // The store may be shared, and has one root key: whatever is in force is begun with.
    let first = WrappedRoot(vec![1; 100]);
    let in_force = store.put_root_key(first).await.expect(works);
    assert_eq!(store.root_key().await.expect(works), Some(in_force.clone()));
    let again = store.put_root_key(WrappedRoot(vec![2; 100])).await.expect(works);
    assert_eq!(again, in_force, "first come");
    let second = WrappedRoot([&in_force.0[..], b"2"].concat());
    let wrong = WrappedRoot(vec![9; 100]);
    assert!(!store.replace_root_key(&wrong, second.clone()).await.expect(works));
    assert_eq!(store.root_key().await.expect(works), Some(in_force.clone()));
    assert!(store.replace_root_key(&in_force, second.clone()).await.expect(works));
    assert!(!store.replace_root_key(&in_force, wrong).await.expect(works), "it is replaced");
    assert_eq!(store.root_key().await.expect(works), Some(second));
}

pub(super) async fn a_tenant_key_is_replaced_by_comparing(store: Arc<dyn KeyStore>) {
    let works = "the store works";
    let tenant = tenant();
    let replace = |expected, new| replace_tenant_key(&*store, &tenant, expected, new);
    assert!(!replace(1, 2).await, "there is none");
    assert_eq!(store.tenant_key(&tenant).await.expect(works), None, "and there is none still");
    store.put_tenant_key(&tenant, key(1)).await.expect(works);
    assert!(!replace(3, 2).await, "it is another");
    assert!(replace(1, 2).await);
    assert!(!replace(1, 3).await, "it is replaced");
    assert_eq!(store.tenant_key(&tenant).await.expect(works), Some(key(2)));
    assert_eq!(store.put_tenant_key(&tenant, key(4)).await.expect(works), key(2));
}

pub(super) async fn person_keys_are_replaced_by_comparing(store: Arc<dyn KeyStore>) {
    let tenant = tenant();
    let [a, b, c] = [KeyId([1; 20]), KeyId([2; 20]), KeyId([3; 20])];
    put(&*store, &tenant, vec![(a, key(1)), (b, key(2))]).await;
    let change = |id, expected, new| Rewrapped { id, expected: key(expected), key: longer(new) };
    let changes = vec![change(b, 2, 12), change(c, 3, 13), change(a, 9, 11)];
    let replaced = store.replace_person_keys(&tenant, changes).await.expect("the store works");
    assert_eq!(replaced, [true, false, false], "in the order asked for");
    let keys = get(&*store, &tenant, &[a, b, c]).await;
    assert_eq!(keys, [Some(key(1)), Some(longer(12)), None]);
    assert_eq!(put(&*store, &tenant, vec![(b, key(7))]).await, [longer(12)], "it is in force");
    let none = store.replace_person_keys(&tenant, Vec::new()).await.expect("the store works");
    assert!(none.is_empty());
}

pub(super) async fn a_destroyed_key_is_not_brought_back_by_replacing(store: Arc<dyn KeyStore>) {
    let tenant = tenant();
    let [a, b] = [KeyId([1; 20]), KeyId([2; 20])];
    put(&*store, &tenant, vec![(a, key(1)), (b, key(2))]).await;
    destroy(&*store, &tenant, a).await;
    let change = |id, expected, new| Rewrapped { id, expected, key: longer(new) };
    let replaced = store.replace_person_keys(&tenant, vec![change(a, key(1), 11)]).await;
    assert_eq!(replaced.expect("the store works"), [false]);
    assert_eq!(get(&*store, &tenant, &[a]).await, [None]);
    // Nor is the next key of the same person replaced by a form of the one before.
    put(&*store, &tenant, vec![(a, key(3))]).await;
    let changes = vec![change(a, key(1), 11), change(b, key(2), 12)];
    let replaced = store.replace_person_keys(&tenant, changes).await;
    assert_eq!(replaced.expect("the store works"), [false, true]);
    assert_eq!(get(&*store, &tenant, &[a, b]).await, [Some(key(3)), Some(longer(12))]);
    assert!(destroy(&*store, &tenant, b).await, "what was replaced can be destroyed");
    assert_eq!(get(&*store, &tenant, &[b]).await, [None]);
}

pub(super) async fn a_key_that_was_replaced_is_not_known_as_destroyed(store: Arc<dyn KeyStore>) {
    let tenant = tenant();
    let ids = [KeyId([1; 20]), KeyId([2; 20])];
    let works = "the store works";
    let ever = async || store.ever_destroyed(&tenant, &ids).await.expect(works);
    let replace = async |changes| {
        let changes: Vec<_> = changes;
        let all = vec![true; changes.len()];
        assert_eq!(store.replace_person_keys(&tenant, changes).await.expect(works), all);
    };
    let change = |id, expected, key| Rewrapped { id, expected, key };
    let [a, b] = ids;
    put(&*store, &tenant, vec![(a, key(1)), (b, key(2))]).await;
    destroy(&*store, &tenant, b).await;
    put(&*store, &tenant, vec![(b, key(3))]).await;
    replace(vec![change(a, key(1), longer(11)), change(b, key(3), longer(13))]).await;
    assert_eq!(ever().await, [false, true]);
    replace(vec![change(a, longer(11), key(21)), change(b, longer(13), key(23))]).await;
    assert_eq!(ever().await, [false, true], "however often");
    destroy(&*store, &tenant, a).await;
    put(&*store, &tenant, vec![(a, key(31))]).await;
    replace(vec![change(a, key(31), longer(41))]).await;
    assert_eq!(ever().await, [true, true]);
}

/// Whoever is first: in the end there is no key.
pub(super) async fn replacing_and_destroying_at_once_leaves_no_key(store: Arc<dyn KeyStore>) {
    let tenant = tenant();
    for race in 1..=RACES {
        let id = KeyId([race; 20]);
        put(&*store, &tenant, vec![(id, key(race))]).await;
        let rewrapped = Rewrapped { id, expected: key(race), key: longer(race) };
        let (replaced, destroyed) = {
            let (one, other, of) = (Arc::clone(&store), Arc::clone(&store), tenant.clone());
            let replacing =
                tokio::spawn(async move { one.replace_person_keys(&of, vec![rewrapped]).await });
            let of = tenant.clone();
            let destroying = tokio::spawn(async move { other.destroy_person_key(&of, &id).await });
            (replacing.await.expect("no panic"), destroying.await.expect("no panic"))
        };
        replaced.expect("the store works");
        assert!(destroyed.expect("the store works"), "race {race}: there was a key to destroy");
        assert_eq!(get(&*store, &tenant, &[id]).await, [None], "race {race}");
    }
}

/// Keys of later versions are longer.
fn longer(number: u8) -> annals_record::WrappedKey {
    annals_record::WrappedKey(vec![number; 65])
}

async fn replace_tenant_key(store: &dyn KeyStore, of: &TenantId, expected: u8, new: u8) -> bool {
    store.replace_tenant_key(of, &key(expected), key(new)).await.expect("the store works")
}
