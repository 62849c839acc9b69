//! The stored forms of keys, against bytes that an independent implementation made (Python's
//! `cryptography`), and the versions of a tenant's key.

use annals_domain::TenantId;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use crate::keys::{ROOT_FORM_BYTES_MAX, VERSIONS_MAX, version_of};
use crate::{
    KeyError, KeyId, MasterKey, Owner, PersonKey, RootForm, RootKey, TenantKey, WrappedKey,
    WrappedRoot,
};

/// As Annals stored a tenant's key before there were versions.
const TENANT_1: &str = "01050505050505050505050505da6810ea9d440ba46755b3a7767ad06294898128c791e758563e389bcb8f303fd0bb211bcf7415e5652363883ff579a3";
/// As it stored a person's key then, and stores it under the first version.
const PERSON_1: &str = "0105050505050505050505050571c0e395fad3fd48ac8f6989f29c56cef6691c2a68aeff8d35a3066029d16d81c13963b843b35a0e8632ce8dbdb06f48";
/// The same tenant's key with a second version.
const TENANT_2: &str = "02050505050505050505050505fb6ed60864ac2d16764be2e9066b5d4cd7c88be9d9ae386c063f4a37d39e85252b05549ad7f6074ef2fafdd211d4c0f1a7e040b048e43d658fd8b385be812f54cad311ea24174972ea6ea4f846eacd5dc465b927338697a0f3f8423b0065b3a280207f374f7ec9921cd48c3e58022722680b194629534573ca904264e104b725aefc455bf86db3ae";
/// The same person's key under the second version.
const PERSON_2: &str = "0200000002050505050505050505050505897c058e3cd63dd67f2a7ac1a9a05933e130e7a22778a2de3a05cf99623a38fd2f73cc7b1c21600f0ad252fdf1cfe6b0";
const ANN: &str = "79c46a7d7d3612827486eea72a37906996219d70";
const ROOT: &str = "01050505050505050505050505814036128cf7226f3d722b96f2f70a1cc76389d906d769e539c70b1dfcec738a9bb4aaf25bea4677c47434ab4efa532f";

const PERSON: KeyId = KeyId(*b"abcdefghijklmnopqrst");

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn wrapped(hex: &str) -> WrappedKey {
    WrappedKey(bytes(hex))
}

fn root() -> RootKey {
    RootKey::from_bytes([3; 32])
}

fn form() -> RootForm {
    let unsealed = RootForm::unsealed([7; 32], "file", "b00c44c40c84f139", "2026-11-21T00:00:00Z");
    RootForm { sealed: bytes(ROOT), ..unsealed }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn person() -> PersonKey {
    PersonKey::from_bytes([0x22; 32])
}

#[test]
fn keys_that_were_stored_before_versions_open_as_before() {
    let key = root().unwrap_tenant_key(&tenant(), &wrapped(TENANT_1)).unwrap();
    assert_eq!(key.pseudonym(&Owner::Person("ann")).0.as_slice(), bytes(ANN));
    let opened = key.unwrap_person_key(&tenant(), &PERSON, &wrapped(PERSON_1)).unwrap();
    assert!(opened.is_same(&person()));
    assert_eq!(key.versions().collect::<Vec<_>>(), [1]);
}

#[test]
fn keys_of_a_later_version_have_the_form_that_is_told() {
    let key = root().unwrap_tenant_key(&tenant(), &wrapped(TENANT_2)).unwrap();
    assert_eq!(key.pseudonym(&Owner::Person("ann")).0.as_slice(), bytes(ANN));
    assert_eq!(key.versions().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(key.rotated_at(), at(1_795_283_400));
    for stored in [PERSON_1, PERSON_2] {
        let opened = key.unwrap_person_key(&tenant(), &PERSON, &wrapped(stored)).unwrap();
        assert!(opened.is_same(&person()));
    }
}

#[test]
fn a_root_key_opens_under_its_master_key_as_an_independent_implementation_wrapped_it() {
    let master = MasterKey::from_bytes([9; 32]);
    assert_eq!(master.id(), "b00c44c40c84f139");
    let opened = master.unwrap_root_key(&form().context(), &form().sealed).unwrap();
    assert_eq!(opened.expose(), root().expose());
}

#[test]
fn a_rotated_key_wraps_under_its_newest_version_and_opens_all_it_has() {
    let first = TenantKey::generate().unwrap();
    let second = first.with_new_version(at(100)).unwrap();
    let old = first.wrap_person_key(&tenant(), &PERSON, &person()).unwrap();
    let new = second.wrap_person_key(&tenant(), &PERSON, &person()).unwrap();
    assert_eq!((version_of(&old), version_of(&new)), (Ok(1), Ok(2)));
    for owner in [Owner::Person("ann"), Owner::Service("web"), Owner::Tenant] {
        assert_eq!(first.pseudonym(&owner), second.pseudonym(&owner));
    }
    let open = |key: &TenantKey, wrapped| key.unwrap_person_key(&tenant(), &PERSON, wrapped);
    assert!(open(&second, &old).unwrap().is_same(&person()));
    assert!(open(&second, &new).unwrap().is_same(&person()));
    assert_eq!(open(&first, &new).unwrap_err(), KeyError::UnknownVersion);
    let retired = second.with_newest_version_only();
    assert_eq!(open(&retired, &old).unwrap_err(), KeyError::UnknownVersion);
    assert!(open(&retired, &new).unwrap().is_same(&person()));
    assert_eq!(retired.versions().collect::<Vec<_>>(), [2]);
}

#[test]
fn a_key_has_as_many_versions_as_it_may_and_no_more() {
    let mut key = TenantKey::generate().unwrap();
    for _ in 1..VERSIONS_MAX {
        key = key.with_new_version(at(100)).unwrap();
    }
    assert_eq!(key.with_new_version(at(100)).unwrap_err(), KeyError::TooManyVersions);
    let stored = root().wrap_tenant_key(&tenant(), &key).unwrap();
    let read = root().unwrap_tenant_key(&tenant(), &stored).unwrap();
    assert_eq!(read.versions().collect::<Vec<_>>(), [1, 2, 3, 4]);
    let next = read.with_newest_version_only().with_new_version(at(200)).unwrap();
    assert_eq!(next.versions().collect::<Vec<_>>(), [4, 5], "numbers are not used again");
}

#[test]
fn a_change_of_any_bit_of_any_wrapped_key_is_an_error() {
    let key = root().unwrap_tenant_key(&tenant(), &wrapped(TENANT_2)).unwrap();
    for (stored, is_tenant) in
        [(TENANT_1, true), (TENANT_2, true), (PERSON_1, false), (PERSON_2, false)]
    {
        let opens = |changed: &WrappedKey| match is_tenant {
            true => root().unwrap_tenant_key(&tenant(), changed).is_ok(),
            false => key.unwrap_person_key(&tenant(), &PERSON, changed).is_ok(),
        };
        assert!(opens(&wrapped(stored)));
        let length = wrapped(stored).0.len();
        for place in 0..length {
            for bit in 0..8 {
                let mut changed = wrapped(stored);
                changed.0[place] ^= 1 << bit;
                assert!(!opens(&changed), "byte {place}, bit {bit}");
            }
            assert!(!opens(&WrappedKey(bytes(stored)[..place].to_vec())), "cut to {place}");
        }
        assert!(!opens(&WrappedKey([&bytes(stored)[..], &[0]].concat())), "a byte too many");
    }
}

#[test]
fn a_change_of_any_bit_of_the_stored_root_key_is_an_error() {
    let master = MasterKey::from_bytes([9; 32]);
    let opens = |stored: &[u8]| {
        let form = RootForm::read(&WrappedRoot(stored.to_vec()))?;
        master.unwrap_root_key(&form.context(), &form.sealed).map(drop)
    };
    let stored = form().to_stored().0;
    assert_eq!(RootForm::read(&WrappedRoot(stored.clone())).unwrap(), form());
    opens(&stored).unwrap();
    for place in 0..stored.len() {
        for bit in 0..8 {
            let mut changed = stored.clone();
            changed[place] ^= 1 << bit;
            opens(&changed).unwrap_err();
        }
        opens(&stored[..place]).unwrap_err();
    }
    opens(&[&stored[..], b" "].concat()).unwrap_err();
}

#[test]
fn a_root_key_opens_under_no_other_master_key_and_no_other_context() {
    let form = form();
    let error = MasterKey::from_bytes([8; 32]).unwrap_root_key(&form.context(), &form.sealed);
    assert_eq!(error.unwrap_err(), KeyError::WrongKey);
    let moved = RootForm { installation: [6; 32], ..form.clone() };
    let error = MasterKey::from_bytes([9; 32]).unwrap_root_key(&moved.context(), &form.sealed);
    assert_eq!(error.unwrap_err(), KeyError::WrongKey);
}

#[test]
fn a_stored_root_key_has_a_length_it_may_have() {
    let with = |bytes: usize| RootForm { sealed: vec![0; bytes], ..form() }.to_stored();
    let mut bytes = ROOT_FORM_BYTES_MAX / 4 * 3;
    while with(bytes).0.len() > ROOT_FORM_BYTES_MAX {
        bytes -= 1;
    }
    RootForm::read(&with(bytes)).unwrap();
    // Base64 grows by four letters at a time.
    assert_eq!(RootForm::read(&with(bytes + 3)).unwrap_err(), KeyError::Malformed);
}

#[test]
fn the_root_key_of_an_older_installation_has_the_bytes_of_its_master_key() {
    let master = MasterKey::from_bytes([3; 32]);
    assert_eq!(master.as_root_key().expose(), root().expose());
}
