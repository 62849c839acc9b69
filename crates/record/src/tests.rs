//! Tests of the crate as a whole: what is sealed comes back, and nothing else ever does.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::event::{Actor, ActorType, Event};

use crate::digest::sha256;
use crate::{KeyId, Opened, Owner, PersonKey, Record, SealError, TenantKey, open, owners, seal};

mod damage;
mod dictionaries;
mod erasure;
mod events;
mod key_forms;
mod keys;
mod round_trip;
mod sizes;
mod vectors;

#[path = "../examples/train_dictionary/samples.rs"]
mod samples;

/// The keys of a tenant's owners, made from the tenant's as they are asked for.
pub(crate) struct Ring {
    pub(crate) tenant_key: TenantKey,
    destroyed: Vec<KeyId>,
}

impl Ring {
    pub(crate) fn new() -> Self {
        Self { tenant_key: TenantKey::of_one_key(&[7; 32]), destroyed: Vec::new() }
    }

    pub(crate) fn for_owner(&self, owner: &Owner<'_>) -> Option<(KeyId, Arc<PersonKey>)> {
        let id = self.tenant_key.pseudonym(owner);
        Some((id, self.any(&id)))
    }

    /// The key of an id that is among the event's owners.
    fn of(&self, event: &Event, id: &KeyId) -> Option<Arc<PersonKey>> {
        let known = owners(event).iter().any(|owner| self.tenant_key.pseudonym(owner) == *id);
        (known && !self.destroyed.contains(id)).then(|| self.any(id))
    }

    fn any(&self, id: &KeyId) -> Arc<PersonKey> {
        Arc::new(PersonKey::from_bytes(sha256(&id.0)))
    }

    pub(crate) fn destroy(&mut self, owner: &Owner<'_>) {
        self.destroyed.push(self.tenant_key.pseudonym(owner));
    }

    pub(crate) fn seal(&self, event: &Event) -> Record {
        seal(event, "standard", &[9; 32], &|owner| self.for_owner(owner)).unwrap()
    }

    /// Opens a record of `event` with the keys of its owners that were not destroyed.
    pub(crate) fn open(&self, record: &Record, event: &Event) -> Result<Opened, crate::OpenError> {
        open(record, &|id| self.of(event, id))
    }
}

pub(crate) fn actor(actor_type: ActorType, id: Option<&str>) -> Actor {
    Actor {
        actor_type,
        id: id.map(str::to_owned),
        name: None,
        email: None,
        roles: Vec::new(),
        alt_ids: BTreeMap::new(),
    }
}

#[test]
fn an_owner_without_a_key_is_refused_without_naming_them() {
    let event = events::typical();
    let error = seal(&event, "standard", &[0; 32], &|_| None).unwrap_err();
    assert!(matches!(error, SealError::NoKey { whose: "a person" }));
}

#[test]
fn two_owners_cannot_share_a_key() {
    let event = events::with_everything();
    let key = Arc::new(PersonKey::from_bytes([1; 32]));
    let shared_id =
        |_: &Owner<'_>| Some((KeyId([1; 20]), Arc::new(PersonKey::generate().unwrap())));
    let shared_key =
        |owner: &Owner<'_>| Some((Ring::new().tenant_key.pseudonym(owner), Arc::clone(&key)));
    for error in [
        seal(&event, "standard", &[0; 32], &shared_id).unwrap_err(),
        seal(&event, "standard", &[0; 32], &shared_key).unwrap_err(),
    ] {
        assert!(matches!(error, SealError::SharedKey), "{error}");
    }
}

#[test]
fn an_event_that_is_too_large_is_refused_not_cut() {
    let mut event = events::typical();
    event.description = Some("a".repeat(1024 * 1024));
    let ring = Ring::new();
    let error = seal(&event, "standard", &[0; 32], &|owner| ring.for_owner(owner)).unwrap_err();
    assert!(matches!(error, SealError::TooLarge(_)), "{error}");
    event.description = None;
    let nested = (0..121).fold(serde_json::Value::Null, |inner, _| serde_json::json!([inner]));
    event.metadata.insert("nested".into(), nested);
    let error = seal(&event, "standard", &[0; 32], &|owner| ring.for_owner(owner)).unwrap_err();
    assert!(matches!(error, SealError::TooLarge(_)), "{error}");
    event.metadata.clear();
    event.on_behalf_of = vec![actor(ActorType::User, Some("ann")); 256];
    let error = seal(&event, "standard", &[0; 32], &|owner| ring.for_owner(owner)).unwrap_err();
    assert!(matches!(error, SealError::TooLarge(_)), "{error}");
}

#[test]
fn the_fingerprint_follows_the_content_and_the_person() {
    let ring = Ring::new();
    let event = events::typical();
    let fingerprint = |content: &[u8], event: &Event| {
        let content = crate::content_digest(content);
        let keys = |owner: &Owner<'_>| ring.for_owner(owner);
        seal(event, "standard", &content, &keys).unwrap().fingerprint
    };
    let first = fingerprint(b"as sent", &event);
    assert_eq!(first, fingerprint(b"as sent", &event), "sealed twice, the same");
    assert_ne!(first, fingerprint(b"as sent otherwise", &event));
    let mut other = events::typical();
    other.subject.as_mut().unwrap().id = "somebody else".into();
    assert_ne!(first, fingerprint(b"as sent", &other));
}

#[test]
fn the_same_event_sealed_twice_has_two_leaves() {
    let ring = Ring::new();
    let event = events::typical();
    assert_ne!(ring.seal(&event).leaf(), ring.seal(&event).leaf());
}
