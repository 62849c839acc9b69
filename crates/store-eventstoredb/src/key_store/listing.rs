//! Listing the keys of a tenant: the server has no list of streams, so all it holds is read once.
//!
//! That takes as long as copying the log does. It is needed after a tenant's key was rotated, in the
//! background and page by page.

use annals_domain::TenantId;
use annals_ports::{KeyPage, KeyPlace};
use annals_record::{KeyId, WrappedKey};

use super::{EventStoreKeys, WRAPPED_TYPE};
use crate::failure::Failure;
use crate::wire::Place;

impl EventStoreKeys {
    /// The keys among the next events of the server. An event that is shown may have been replaced since:
    /// then the newer one comes later.
    pub(super) async fn page(
        &self,
        tenant: &TenantId,
        after: Option<KeyPlace>,
        limit: usize,
    ) -> Result<KeyPage, Failure> {
        let after = after.map(place_of);
        // The event at a place is read again with those behind it.
        let events = self.streams.read_all_from(after, limit + 1).await?;
        let is_last = events.len() <= limit;
        let prefix = self.streams.names().person_key(tenant.as_str(), "");
        let mut page = KeyPage::default();
        for event in events.iter().filter(|event| Some(Place::of(event)) != after).take(limit) {
            page.next = Some(key_place(Place::of(event)));
            let pseudonym = event.stream_id.strip_prefix(&prefix).and_then(KeyId::from_text);
            if let Some(id) = pseudonym.filter(|_| event.event_type == WRAPPED_TYPE) {
                page.keys.push((id, WrappedKey(event.data.to_vec())));
            }
        }
        page.next = page.next.filter(|_| !is_last);
        Ok(page)
    }
}

fn key_place(place: Place) -> KeyPlace {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&place.commit.to_be_bytes());
    bytes[8..16].copy_from_slice(&place.prepare.to_be_bytes());
    KeyPlace(bytes)
}

fn place_of(KeyPlace(bytes): KeyPlace) -> Place {
    let number = |at: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[at..at + 8]);
        u64::from_be_bytes(eight)
    };
    Place { commit: number(0), prepare: number(8) }
}
