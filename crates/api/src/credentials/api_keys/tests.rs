use super::*;

const ID: &str = "abcdefghij234567";

#[test]
fn a_key_is_read_back_and_scanners_know_its_form() {
    let (key, digest) = make(ID).unwrap();
    assert!(is_meant(&key));
    let parts = parts(&key).unwrap();
    assert_eq!(parts.id, ID);
    assert_eq!(digest_of(parts), digest);
    // The form that docs/authentication.md gives to scanners.
    let rest = key.strip_prefix("annals_").unwrap();
    let (id, rest) = rest.split_at(16);
    let (secret, check) = rest.split_at(44);
    assert!(id.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)));
    assert!(secret.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    assert_eq!((check.len(), &check[..1]), (7, "_"));
}

#[test]
fn every_key_is_another_one() {
    let (one, other) = (make(ID).unwrap(), make(ID).unwrap());
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

#[test]
fn a_mistyped_key_is_refused_by_its_checksum() {
    let (key, _) = make(ID).unwrap();
    for place in 0..key.len() {
        let mut typed = key.clone().into_bytes();
        typed[place] = if typed[place] == b'x' { b'y' } else { b'x' };
        assert!(parts(std::str::from_utf8(&typed).unwrap()).is_none(), "place {place}");
    }
    for wrong in ["", "annals_", &key[1..], &key[..key.len() - 1], &format!("{key}x")] {
        assert!(parts(wrong).is_none(), "{wrong}");
    }
    assert!(parts(&"é".repeat(KEY_LEN / 2)).is_none());
}

#[test]
fn the_digest_belongs_to_the_id_as_well() {
    let secret = "s";
    assert_ne!(digest_of(Parts { id: "a", secret }), digest_of(Parts { id: "b", secret }));
}
