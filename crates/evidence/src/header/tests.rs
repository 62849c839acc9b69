//! What is read of a header.

use super::*;

const DIGEST: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn problem(header: &str) -> String {
    Header::parse(header.as_bytes()).unwrap_err().to_string()
}

#[test]
fn stream_and_digests_are_read_and_other_fields_are_not_looked_at() {
    let text = format!(r#"{{"id":"x","parts":{{"actor":"{DIGEST}"}},"stream":"s","v":1}}"#);
    let header = Header::parse(text.as_bytes()).unwrap();
    assert_eq!(header.stream, "s");
    let digest = std::array::from_fn(|place| u8::try_from(place).unwrap());
    assert_eq!(header.parts, BTreeMap::from([("actor".to_owned(), digest)]));
}

#[test]
fn a_header_that_could_be_read_in_two_ways_is_refused() {
    let parts = format!(r#""parts":{{"actor":"{DIGEST}"}}"#);
    for (header, what) in [
        (format!(r#"{{{parts},"stream":"s","stream":"t","v":1}}"#), "one form"),
        (format!(r#"{{"stream":"s",{parts},"v":1}}"#), "one form"),
        (format!(r#"{{{parts},"stream":"s","v":2}}"#), "another version"),
        (format!(r#"{{{parts},"stream":"s"}}"#), "another version"),
        (format!(r#"{{{parts},"v":1}}"#), "no stream"),
        (format!(r#"{{{parts},"stream":"a b","v":1}}"#), "no stream"),
        (r#"{"stream":"s","v":1}"#.to_owned(), "no digests"),
        (r#"{"parts":{"actor":"AA"},"stream":"s","v":1}"#.to_owned(), "no digests"),
        (format!(r#"{{"parts":{{"Actor":"{DIGEST}"}},"stream":"s","v":1}}"#), "no digests"),
        (format!(r#"{{"parts":{{"actor":"{DIGEST}="}},"stream":"s","v":1}}"#), "no digests"),
        // Spare bits of the last character.
        (
            format!(r#"{{"parts":{{"actor":"{}9"}},"stream":"s","v":1}}"#, &DIGEST[..42]),
            "no digests",
        ),
        ("[]".to_owned(), "another version"),
        ("{".to_owned(), "not JSON"),
    ] {
        assert!(problem(&header).contains(what), "{header}: {}", problem(&header));
    }
}

#[test]
fn the_digest_of_a_part_is_over_salt_name_and_json() {
    let salt = [7; SALT_LEN];
    let expected: [u8; 32] = Sha256::digest([&salt[..], b"actor{}"].concat()).into();
    assert_eq!(part_digest(&salt, "actor", "{}"), expected);
}
