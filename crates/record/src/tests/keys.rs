//! The hierarchy of keys.

use annals_domain::TenantId;

use crate::{KeyError, KeyId, Owner, PersonKey, RootKey, TenantKey, WrappedKey, stream_name};

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

#[test]
fn keys_come_back_from_their_wrapping() {
    let root = RootKey::generate().unwrap();
    let root = RootKey::from_bytes(*root.expose());
    let tenant_key = TenantKey::generate().unwrap();
    let person_key = PersonKey::generate().unwrap();
    let id = tenant_key.pseudonym(&Owner::Person("ann"));
    let wrapped_tenant = root.wrap_tenant_key(&tenant("a"), &tenant_key).unwrap();
    let wrapped_person = tenant_key.wrap_person_key(&tenant("a"), &id, &person_key).unwrap();
    let tenant_key = root.unwrap_tenant_key(&tenant("a"), &wrapped_tenant).unwrap();
    assert_eq!(tenant_key.pseudonym(&Owner::Person("ann")), id);
    let again = tenant_key.unwrap_person_key(&tenant("a"), &id, &wrapped_person).unwrap();
    assert!(again.is_same(&person_key));
}

#[test]
fn a_wrapped_key_opens_only_where_it_belongs() {
    let root = RootKey::generate().unwrap();
    let tenant_key = TenantKey::generate().unwrap();
    let wrapped = root.wrap_tenant_key(&tenant("a"), &tenant_key).unwrap();
    let error = root.unwrap_tenant_key(&tenant("b"), &wrapped).unwrap_err();
    assert_eq!(error, KeyError::WrongKey, "another tenant");
    let other = RootKey::generate().unwrap();
    let error = other.unwrap_tenant_key(&tenant("a"), &wrapped).unwrap_err();
    assert_eq!(error, KeyError::WrongKey, "another root key");

    let ann = tenant_key.pseudonym(&Owner::Person("ann"));
    let ben = tenant_key.pseudonym(&Owner::Person("ben"));
    let key = PersonKey::generate().unwrap();
    let wrapped = tenant_key.wrap_person_key(&tenant("a"), &ann, &key).unwrap();
    let error = tenant_key.unwrap_person_key(&tenant("a"), &ben, &wrapped).unwrap_err();
    assert_eq!(error, KeyError::WrongKey, "another person");
    for place in 0..wrapped.0.len() {
        let mut changed = wrapped.clone();
        changed.0[place] ^= 1;
        tenant_key.unwrap_person_key(&tenant("a"), &ann, &changed).unwrap_err();
        let cut = WrappedKey(wrapped.0[..place].to_vec());
        let error = tenant_key.unwrap_person_key(&tenant("a"), &ann, &cut).unwrap_err();
        assert_eq!(error, KeyError::Malformed);
    }
}

#[test]
fn pseudonyms_tell_owners_apart_and_tenants_apart() {
    let key = TenantKey::of_one_key(&[1; 32]);
    let other = TenantKey::of_one_key(&[2; 32]);
    let owners = [
        Owner::Person("ann"),
        Owner::Person("ben"),
        Owner::Person(""),
        Owner::Service("ann"),
        Owner::Service(""),
        Owner::Tenant,
    ];
    let mut pseudonyms: Vec<_> =
        owners.iter().flat_map(|owner| [key.pseudonym(owner), other.pseudonym(owner)]).collect();
    pseudonyms.sort();
    pseudonyms.dedup();
    assert_eq!(pseudonyms.len(), 2 * owners.len());
}

#[test]
fn a_key_id_reads_back_from_its_text_and_from_nothing_else() {
    let id = KeyId(*b"abcdefghijklmnopqrst");
    let text = id.as_text();
    assert_eq!(text, "mfrggzdfmztwq2lknnwg23tpobyxe43u");
    assert_eq!(KeyId::from_text(&text), Some(id));
    for wrong in
        ["", "mfrgg", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U", "1frggzdfmztwq2lknnwg23tpobyxe43u"]
    {
        assert_eq!(KeyId::from_text(wrong), None, "{wrong}");
    }
}

#[test]
fn streams_are_named_by_owner_and_pseudonym() {
    let id = KeyId(*b"abcdefghijklmnopqrst");
    let name = |owner: Owner<'_>| stream_name(&tenant("acme"), &owner, &id).as_str().to_owned();
    assert_eq!(name(Owner::Person("ann")), "person-acme.mfrggzdfmztwq2lknnwg23tpobyxe43u");
    assert_eq!(name(Owner::Service("web")), "service-acme.mfrggzdfmztwq2lknnwg23tpobyxe43u");
    assert_eq!(name(Owner::Tenant), "system-acme");
}

#[test]
fn derived_keys_differ_by_purpose_and_are_always_the_same() {
    let root = RootKey::from_bytes([3; 32]);
    assert_eq!(root.derive("cursors"), RootKey::from_bytes([3; 32]).derive("cursors"));
    assert_ne!(root.derive("cursors"), root.derive("cursor"));
    assert_ne!(root.derive("cursors"), RootKey::from_bytes([4; 32]).derive("cursors"));
}

#[test]
fn debug_shows_no_key() {
    let key = TenantKey::of_one_key(&[0xab; 32]);
    assert_eq!(format!("{key:?}"), "TenantKey(hidden)");
    assert_eq!(format!("{:?}", RootKey::from_bytes([1; 32])), "RootKey(hidden)");
    assert_eq!(format!("{:?}", crate::MasterKey::from_bytes([1; 32])), "MasterKey(hidden)");
    assert_eq!(format!("{:?}", PersonKey::from_bytes([1; 32])), "PersonKey(hidden)");
}

#[test]
fn a_check_tells_a_key_from_others_and_is_always_the_same() {
    let key = PersonKey::from_bytes([7; 32]);
    assert_eq!(key.check(), "a52979a85fab2b9c40aef5c7f67da4fe");
    assert_ne!(PersonKey::from_bytes([8; 32]).check(), key.check());
}
