//! Listing the person keys of a tenant, page by page.

use std::collections::HashMap;

use annals_domain::TenantId;
use annals_record::WrappedKey;

use super::{Arc, KeyId, KeyStore, Rewrapped, destroy, key, put, tenant};

const KEYS: u8 = 25;
const PAGE: usize = 7;
/// A store that holds much else may need many pages; more would mean that a listing has no end.
const PAGES_MAX: usize = 1_000_000;

pub(super) async fn a_listing_shows_every_key_of_the_tenant_and_of_no_other(
    store: Arc<dyn KeyStore>,
) {
    let (one, other) = (tenant(), tenant());
    assert!(list(&*store, &one, false).await.is_empty());
    for number in 0..KEYS {
        put(&*store, &one, vec![(KeyId([number; 20]), key(number))]).await;
        put(&*store, &other, vec![(KeyId([100 + number; 20]), key(number))]).await;
    }
    let all = list(&*store, &one, false).await;
    let expected: HashMap<_, _> = (0..KEYS).map(|n| (KeyId([n; 20]), vec![key(n)])).collect();
    assert_eq!(all, expected);
}

pub(super) async fn a_listing_misses_no_key_while_others_are_replaced_and_destroyed(
    store: Arc<dyn KeyStore>,
) {
    let tenant = tenant();
    for number in 0..KEYS {
        put(&*store, &tenant, vec![(KeyId([number; 20]), key(number))]).await;
    }
    let listed = list(&*store, &tenant, true).await;
    for number in 0..KEYS {
        let id = KeyId([number; 20]);
        let now = super::get(&*store, &tenant, &[id]).await.remove(0);
        let Some(now) = now else { continue };
        let shown = listed.get(&id).unwrap_or_else(|| panic!("key {number} was missed"));
        assert!(shown.contains(&now) || shown.contains(&key(number)), "key {number} was shown");
    }
}

/// All forms of all keys that the pages show.
async fn list(
    store: &dyn KeyStore,
    tenant: &TenantId,
    disturbed: bool,
) -> HashMap<KeyId, Vec<WrappedKey>> {
    let mut shown = HashMap::<KeyId, Vec<WrappedKey>>::new();
    let mut after = None;
    for page_number in 0..PAGES_MAX {
        let page = store.person_key_page(tenant, after, PAGE).await.expect("the store works");
        assert!(page.keys.len() <= PAGE, "no page is longer than asked for");
        for (id, key) in page.keys {
            shown.entry(id).or_default().push(key);
        }
        after = page.next;
        if after.is_none() {
            return shown;
        }
        if disturbed {
            disturb(store, tenant, page_number).await;
        }
    }
    panic!("the listing has no end");
}

/// Between two pages one key goes, and one is replaced.
async fn disturb(store: &dyn KeyStore, tenant: &TenantId, page_number: usize) {
    let Some(gone) = u8::try_from(2 * page_number).ok().filter(|gone| gone + 1 < KEYS) else {
        return;
    };
    destroy(store, tenant, KeyId([gone; 20])).await;
    let (id, expected) = (KeyId([gone + 1; 20]), key(gone + 1));
    let change = Rewrapped { id, expected, key: key(200) };
    store.replace_person_keys(tenant, vec![change]).await.expect("the store works");
}
