//! Test vectors: with fixed keys and fixed random bytes, sealing gives these very bytes.
//!
//! `ANNALS_WRITE_VECTORS=1` writes the files that are not there yet; a file that is there never
//! changes. A reader that knows nothing of this crate's code checks them in `tests/stranger.rs`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::event::Event;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::{actor, events};
use crate::seal::seal_with;
use crate::{Owner, PersonKey, Record, TenantKey, disclose, open, owners};

/// Random bytes that are not: counted up from 0.
fn counted(bytes: &mut [u8], next: &mut u8) {
    for byte in bytes {
        *byte = *next;
        *next = next.wrapping_add(1);
    }
}

fn tenant_key() -> TenantKey {
    TenantKey::of_one_key(&[0x11; 32])
}

/// Each owner's key: 32 times its place among the owners, from 0xa0.
fn person_key(place: usize) -> Arc<PersonKey> {
    Arc::new(PersonKey::from_bytes([0xa0 + place as u8; 32]))
}

fn vector(event: &Event) -> Value {
    let owners = owners(event);
    let place = |owner: &Owner<'_>| owners.iter().position(|known| known == owner);
    let keys = |owner: &Owner<'_>| Some((tenant_key().pseudonym(owner), person_key(place(owner)?)));
    let mut next = 0;
    let mut random = |bytes: &mut [u8]| {
        counted(bytes, &mut next);
        Ok(())
    };
    let content = [0x22; 32];
    let record = seal_with(event, "standard", &content, &keys, &mut random).unwrap();
    let by_id =
        |id: &crate::KeyId| record.groups.iter().position(|group| group.key == *id).map(person_key);
    assert_eq!(open(&record, &by_id).unwrap().event, *event);
    let parts: Vec<_> = disclose(&record, &by_id)
        .unwrap()
        .iter()
        .map(|part| {
            json!({
                "name": part.name.to_string(),
                "salt": HEXLOWER.encode(&part.salt),
                "json": String::from_utf8(part.json.clone()).unwrap(),
                "digest": HEXLOWER.encode(&part.digest()),
            })
        })
        .collect();
    let groups: Vec<_> = record
        .groups
        .iter()
        .enumerate()
        .map(|(place, group)| {
            json!({
                "key_id": group.key.as_text(),
                "key": HEXLOWER.encode(&[0xa0 + place as u8; 32]),
                "ciphertext": HEXLOWER.encode(&group.ciphertext),
            })
        })
        .collect();
    json!({
        "event": event,
        "retention": "standard",
        "tenant_key": HEXLOWER.encode(&[0x11; 32]),
        "content_digest": HEXLOWER.encode(&content),
        "header": String::from_utf8(record.header.clone()).unwrap(),
        "parts": parts,
        "groups": groups,
        "fingerprint": HEXLOWER.encode(&record.fingerprint),
        "leaf": HEXLOWER.encode(&record.leaf()),
        "record": HEXLOWER.encode(&record.encode()),
    })
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(format!("{name}.json"))
}

fn check(name: &str, event: &Event) {
    let made = vector(event);
    let path = file(name);
    if std::env::var_os("ANNALS_WRITE_VECTORS").is_some() && !path.exists() {
        std::fs::write(&path, format!("{made:#}\n")).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in kept.as_object().unwrap() {
        assert_eq!(made[field], *value, "`{field}` of {name}");
    }
    let record = HEXLOWER.decode(kept["record"].as_str().unwrap().as_bytes()).unwrap();
    let record = Record::decode(&record).unwrap();
    assert_eq!(record.header, kept["header"].as_str().unwrap().as_bytes());
}

#[test]
fn a_person_on_their_own_account() {
    check("own-account", &events::typical());
}

#[test]
fn every_field_and_four_owners() {
    check("every-field", &events::with_everything());
}

#[test]
fn a_service_about_no_person() {
    let mut event = events::small();
    event.subject = None;
    check("service", &event);
}

#[test]
fn an_own_fact_of_annals() {
    let mut event = events::small();
    event.event_type = "annals.policy.changed".into();
    event.actor = annals_domain::event::Actor::annals();
    event.subject = None;
    check("own-fact", &event);
}

#[test]
fn nobody_known() {
    let mut event = events::small();
    event.actor = actor(annals_domain::event::ActorType::Anonymous, None);
    check("anonymous", &event);
}
