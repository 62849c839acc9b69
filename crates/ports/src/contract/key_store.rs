//! What every [`KeyStore`] keeps to.

mod listing;
mod replacing;

use std::sync::Arc;

use annals_domain::TenantId;
use annals_record::{KeyId, WrappedKey, WrappedRoot};

use super::{Case, cases, fresh_tenant};
use crate::key_store::{KeyStore, Rewrapped};

/// The cases of the suite, for one store, which may hold keys already.
pub fn cases(store: &Arc<dyn KeyStore>) -> Vec<Case> {
    let mut all = cases![
        store;
        the_first_tenant_key_stays_in_force,
        the_first_person_keys_stay_in_force,
        a_destroyed_key_is_gone,
        tenants_do_not_see_each_others_keys,
        many_keys_are_destroyed_and_known_as_destroyed,
    ];
    all.extend(cases![
        store;
        replacing::a_root_key_is_replaced_by_comparing,
        replacing::a_tenant_key_is_replaced_by_comparing,
        replacing::person_keys_are_replaced_by_comparing,
        replacing::a_destroyed_key_is_not_brought_back_by_replacing,
        replacing::a_key_that_was_replaced_is_not_known_as_destroyed,
        replacing::replacing_and_destroying_at_once_leaves_no_key,
        listing::a_listing_shows_every_key_of_the_tenant_and_of_no_other,
        listing::a_listing_misses_no_key_while_others_are_replaced_and_destroyed,
    ]);
    all
}

/// Runs the whole suite on one store, which may hold keys already.
pub async fn run(store: Arc<dyn KeyStore>) {
    for case in cases(&store) {
        case.run.await;
    }
}

/// Checks that closing and opening again keeps keys, and keeps destroyed ones destroyed. `open`
/// first drops whatever it opened before.
pub async fn reopening_keeps_everything(open: impl AsyncFn() -> Box<dyn KeyStore>) {
    let tenant = tenant();
    let store = open().await;
    store.put_tenant_key(&tenant, key(9)).await.expect("the store works");
    let root = WrappedRoot(vec![8; 100]);
    let root = store.put_root_key(root).await.expect("the store works");
    put(&*store, &tenant, vec![(KeyId([1; 20]), key(1)), (KeyId([2; 20]), key(2))]).await;
    destroy(&*store, &tenant, KeyId([1; 20])).await;
    drop(store);
    let store = open().await;
    assert_eq!(store.tenant_key(&tenant).await.expect("the store works"), Some(key(9)));
    assert_eq!(store.root_key().await.expect("the store works"), Some(root));
    let keys = get(&*store, &tenant, &[KeyId([1; 20]), KeyId([2; 20])]).await;
    assert_eq!(keys, [None, Some(key(2))]);
}

async fn the_first_tenant_key_stays_in_force(store: Arc<dyn KeyStore>) {
    let store = &*store;
    let tenant = tenant();
    assert_eq!(store.tenant_key(&tenant).await.expect("the store works"), None);
    for put in [key(1), key(2), key(1)] {
        let in_force = store.put_tenant_key(&tenant, put).await.expect("the store works");
        assert_eq!(in_force, key(1), "first come");
    }
    assert_eq!(store.tenant_key(&tenant).await.expect("the store works"), Some(key(1)));
}

async fn the_first_person_keys_stay_in_force(store: Arc<dyn KeyStore>) {
    let store = &*store;
    let tenant = tenant();
    let [a, b, c] = [KeyId([1; 20]), KeyId([2; 20]), KeyId([3; 20])];
    assert_eq!(get(store, &tenant, &[a, b]).await, [None, None]);
    assert_eq!(put(store, &tenant, vec![(a, key(1)), (b, key(2))]).await, [key(1), key(2)]);
    let in_force = put(store, &tenant, vec![(c, key(3)), (a, key(4)), (c, key(5))]).await;
    assert_eq!(in_force, [key(3), key(1), key(3)], "first come, also within one call");
    let keys = get(store, &tenant, &[c, KeyId([4; 20]), a, c]).await;
    assert_eq!(keys, [Some(key(3)), None, Some(key(1)), Some(key(3))], "in the order asked for");
    assert!(get(store, &tenant, &[]).await.is_empty());
    assert!(put(store, &tenant, Vec::new()).await.is_empty());
}

async fn a_destroyed_key_is_gone(store: Arc<dyn KeyStore>) {
    let store = &*store;
    let tenant = tenant();
    let [a, b] = [KeyId([1; 20]), KeyId([2; 20])];
    put(store, &tenant, vec![(a, key(1)), (b, key(2))]).await;
    assert!(destroy(store, &tenant, a).await, "there was one");
    assert!(!destroy(store, &tenant, a).await, "now there is none");
    assert!(!destroy(store, &tenant, KeyId([3; 20])).await, "there never was one");
    assert_eq!(get(store, &tenant, &[a, b]).await, [None, Some(key(2))]);
    // Who is recorded again after an erasure begins anew, under another key.
    assert_eq!(put(store, &tenant, vec![(a, key(4))]).await, [key(4)]);
    assert_eq!(get(store, &tenant, &[a]).await, [Some(key(4))]);
    assert!(destroy(store, &tenant, a).await, "and can be erased again");
    assert_eq!(get(store, &tenant, &[a]).await, [None]);
}

async fn tenants_do_not_see_each_others_keys(store: Arc<dyn KeyStore>) {
    let store = &*store;
    let (one, other) = (tenant(), tenant());
    let id = KeyId([1; 20]);
    put(store, &one, vec![(id, key(1))]).await;
    assert_eq!(get(store, &other, &[id]).await, [None]);
    assert_eq!(put(store, &other, vec![(id, key(2))]).await, [key(2)]);
    assert!(destroy(store, &one, id).await);
    assert_eq!(get(store, &other, &[id]).await, [Some(key(2))]);
}

async fn many_keys_are_destroyed_and_known_as_destroyed(store: Arc<dyn KeyStore>) {
    let (store, tenant) = (&*store, tenant());
    let ids = [1, 2, 3, 4].map(|number| KeyId([number; 20]));
    let ever = async || store.ever_destroyed(&tenant, &ids).await.expect("the store works");
    assert_eq!(ever().await, [false; 4]);
    put(store, &tenant, ids.iter().zip(1..=3).map(|(id, number)| (*id, key(number))).collect())
        .await;
    let wanted = [ids[0], ids[2], ids[3], ids[0]];
    let destroyed = store.destroy_person_keys(&tenant, &wanted).await.expect("the store works");
    assert_eq!(destroyed, 2, "each once, and none that never was");
    assert_eq!(get(store, &tenant, &ids).await, [None, Some(key(2)), None, None]);
    assert_eq!(ever().await, [true, false, true, false]);
    put(store, &tenant, vec![(ids[0], key(9))]).await;
    assert_eq!(ever().await, [true, false, true, false], "also when there is another one");
    assert_eq!(store.destroy_person_keys(&tenant, &[]).await.expect("the store works"), 0);
}

fn tenant() -> TenantId {
    TenantId::new(&fresh_tenant()).expect("a fresh name is well-formed")
}

fn key(number: u8) -> WrappedKey {
    WrappedKey(vec![number; 60])
}

async fn get(store: &dyn KeyStore, tenant: &TenantId, ids: &[KeyId]) -> Vec<Option<WrappedKey>> {
    store.person_keys(tenant, ids).await.expect("the store works")
}

async fn put(
    store: &dyn KeyStore,
    tenant: &TenantId,
    keys: Vec<(KeyId, WrappedKey)>,
) -> Vec<WrappedKey> {
    store.put_person_keys(tenant, keys).await.expect("the store works")
}

async fn destroy(store: &dyn KeyStore, tenant: &TenantId, id: KeyId) -> bool {
    store.destroy_person_key(tenant, &id).await.expect("the store works")
}
