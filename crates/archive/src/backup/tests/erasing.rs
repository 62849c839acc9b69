//! Who was erased stays erased, whatever is restored.

use super::*;

use annals_record::{KeyId, PersonKey, TenantKey};
use data_encoding::BASE64;

struct People {
    tenant: TenantKey,
    keys: Keys,
}

impl People {
    fn new() -> Self {
        let tenant = TenantKey::generate().unwrap();
        let wrapped = BASE64.encode(&root().wrap_tenant_key(&acme(), &tenant).unwrap().0);
        let keys =
            Keys { tenants: vec![TenantKeyRow { tenant: acme(), wrapped }], persons: Vec::new() };
        Self { tenant, keys }
    }

    /// Gives a person a key, and tells what an erasure of that key would.
    fn add(&mut self, person: u8) -> ErasedKey {
        let (id, key) = (KeyId([person; 20]), PersonKey::generate().unwrap());
        let wrapped = self.tenant.wrap_person_key(&acme(), &id, &key).unwrap();
        let row = KeyRow {
            tenant: acme(),
            id: id.as_text(),
            wrapped: Some(BASE64.encode(&wrapped.0)),
            destroyed: 0,
        };
        self.keys.persons.retain(|other| other.id != row.id);
        self.keys.persons.push(row);
        let key_check = key.check();
        ErasedKey { tenant: acme(), person: id.as_text(), key_check }
    }
}

fn has_key(keys: &Keys, person: u8) -> bool {
    let id = KeyId([person; 20]).as_text();
    keys.persons.iter().any(|row| row.id == id && row.wrapped.is_some())
}

/// A log with two persons, backed up before one is erased, and again after.
async fn erased_between(place: &Place) -> (Log, ErasedKey) {
    let mut people = People::new();
    let erasure = people.add(1);
    people.add(2);
    let mut log = Log { keys: people.keys.clone(), ..Log::default() };
    log.append();
    back_up(place, &mut log, &verified()).await.unwrap();
    (log, erasure)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_takes_the_keys_of_the_erased_out_of_those_before() {
    let (_dir, place) = folder();
    let (mut log, erasure) = erased_between(&place).await;
    let told_by = log.append();
    log.erased.insert(told_by, erasure.clone());
    // Even a key store that was put back does not bring the key into a backup.
    let made = back_up(&place, &mut log, &verified()).await.unwrap();
    assert_eq!(made.cleansed, 1);
    assert_eq!(made.snapshot.erased, [erasure]);
    let repository = repository(&place).await;
    for snapshot in repository.snapshots().await.unwrap() {
        let keys = repository.keys(&snapshot).await.unwrap();
        assert!(!has_key(&keys, 1) && has_key(&keys, 2), "{}", snapshot.name);
    }
    assert_eq!(back_up(&place, &mut log, &verified()).await.unwrap().cleansed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_the_erasure_is_restored_without_the_key() {
    let (_dir, place) = folder();
    let (_log, erasure) = erased_between(&place).await;
    let (memory, told) = restored(&place, Point::Newest).await.unwrap();
    assert!(has_key(&memory.keys, 1) && told.cleansed == 0, "nothing tells of it yet");
    let (memory, told) = restored_with(&place, Point::Newest, vec![erasure.clone()]).await.unwrap();
    assert!(!has_key(&memory.keys, 1) && has_key(&memory.keys, 2));
    assert_eq!(told.cleansed, 1);
    assert_eq!(memory.keys.persons[0].destroyed, 1, "it is known as destroyed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_snapshot_tells_of_erasures_to_those_before() {
    let (_dir, place) = folder();
    let (mut log, erasure) = erased_between(&place).await;
    let repository = repository(&place).await;
    let first = repository.snapshots().await.unwrap().remove(0);
    let before = place.get(&first.keys, 1 << 20).await.unwrap().unwrap();
    let told_by = log.append();
    log.erased.insert(told_by, erasure);
    back_up(&place, &mut log, &verified()).await.unwrap();
    // Somebody puts the object with the key back.
    place.put(&first.keys, before).await.unwrap();
    let (memory, told) = restored(&place, Point::Position(Position(1))).await.unwrap();
    assert!(!has_key(&memory.keys, 1) && told.cleansed == 1);
}

#[test]
fn a_new_key_of_somebody_who_was_erased_stays() {
    let mut people = People::new();
    let erasure = people.add(1);
    people.add(1);
    assert_eq!(people.keys.cleanse(&[erasure], &root()), 0);
    assert!(has_key(&people.keys, 1));
}

#[test]
fn a_key_that_is_damaged_is_told_and_goes_when_its_person_was_erased() {
    let mut people = People::new();
    let erasure = people.add(1);
    people.add(2);
    assert_eq!(people.keys.damaged(&root()), []);
    people.keys.persons[0].wrapped = Some("AAAA".into());
    let one = DamagedKey { tenant: acme(), id: Some(people.keys.persons[0].id.clone()) };
    assert_eq!(people.keys.damaged(&root()), [one]);
    assert_eq!(people.keys.cleanse(&[erasure], &root()), 1);
    assert!(!has_key(&people.keys, 1) && has_key(&people.keys, 2));
    // Under another master key no tenant's key opens, and nothing under it.
    let other = people.keys.damaged(&RootKey::from_bytes([9; 32]));
    let tenants = other.iter().filter(|key| key.id.is_none());
    assert_eq!((tenants.count(), other.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_holds_up_neither_backup_nor_restore() {
    let (_dir, place) = folder();
    let mut people = People::new();
    people.add(1);
    people.add(2);
    people.keys.persons[0].wrapped = Some("AAAA".into());
    let damaged = DamagedKey { tenant: acme(), id: Some(people.keys.persons[0].id.clone()) };
    let mut log = Log { keys: people.keys, ..Log::default() };
    log.append();
    let made = back_up(&place, &mut log, &verified()).await.unwrap();
    assert_eq!(made.damaged_keys, std::slice::from_ref(&damaged));
    let (memory, told) = restored(&place, Point::Newest).await.unwrap();
    assert_eq!(told.damaged_keys, [damaged]);
    assert_eq!(memory.keys, log.keys, "as it was: somebody may know how to mend it");
}
