use super::*;

fn key(root: u8, purpose: &str, tenant: &str) -> EnvelopeKey {
    RootKey::from_bytes([root; 32]).envelope_key(purpose, &TenantId::new(tenant).unwrap())
}

#[test]
fn what_was_sealed_opens_again_and_shows_nothing_meanwhile() {
    let key = key(1, "quarantine", "acme");
    for plain in [&b""[..], b"the name of a person", &[7; 100_000]] {
        let sealed = key.seal(b"context", plain).unwrap();
        assert_eq!(key.open(b"context", &sealed).unwrap(), plain);
        assert!(plain.len() < 8 || !sealed.windows(8).any(|window| plain.starts_with(window)));
        assert_ne!(sealed, key.seal(b"context", plain).unwrap(), "no two are alike");
    }
}

#[test]
fn it_opens_for_nobody_else_and_not_after_a_change() {
    let sealed = key(1, "quarantine", "acme").seal(b"context", b"text").unwrap();
    let others =
        [key(2, "quarantine", "acme"), key(1, "spool", "acme"), key(1, "quarantine", "umbrella")];
    for other in others {
        assert_eq!(other.open(b"context", &sealed), Err(KeyError::WrongKey));
    }
    let key = key(1, "quarantine", "acme");
    assert_eq!(key.open(b"other", &sealed), Err(KeyError::WrongKey));
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert!(key.open(b"context", &changed).is_err(), "byte {place}");
        assert!(key.open(b"context", &sealed[..place]).is_err(), "cut at {place}");
    }
}

#[test]
fn names_tell_contents_kinds_and_tenants_apart() {
    let acme = key(1, "spool", "acme");
    assert_eq!(acme.name("lane", b"ann"), acme.name("lane", b"ann"));
    assert_ne!(acme.name("lane", b"ann"), acme.name("lane", b"ben"));
    assert_ne!(acme.name("lane", b"ann"), acme.name("content", b"ann"));
    assert_ne!(acme.name("lane", b"ann"), key(1, "spool", "umbrella").name("lane", b"ann"));
}
