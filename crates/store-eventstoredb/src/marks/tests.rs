//! What is known again, and what is not.

use super::*;

const STREAM: &str = "person-acme.x";

fn marks() -> Marks {
    Marks::new(MarkKey::new(&[7; 32]))
}

fn mark(before: u64) -> Mark {
    Mark { before: Revision(before), run: EventId(uuid::Uuid::from_u128(0x0a11)) }
}

fn written(metadata: &str, before: u64) -> String {
    marks().write(STREAM, metadata.as_bytes(), mark(before)).to_string()
}

#[test]
fn what_was_written_is_known_again_on_every_node() {
    let text = written("", 3);
    assert_eq!(marks().read(STREAM, text.as_bytes()), Some(mark(3)));
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["$tb"], 3, "as the server reads it: {text}");
}

#[test]
fn what_others_wrote_there_stays_and_a_further_cut_too() {
    let acl =
        r#"{"$tb":9,"$maxAge":7,"$acl":{"$w":["b","a"],"$r":"all"},"theirs":[{"z":1,"a":2}]}"#;
    let text = written(acl, 3);
    let mut told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(marks().read(STREAM, text.as_bytes()), Some(mark(3)), "{text}");
    told.as_object_mut().unwrap().remove(MARK);
    assert_eq!(told, serde_json::from_str::<Value>(acl).unwrap());
    let further = written(&text, 12);
    assert_eq!(marks().read(STREAM, further.as_bytes()), Some(mark(12)));
    assert_eq!(serde_json::from_str::<Value>(&further).unwrap()["$tb"], 12);
}

#[test]
fn metadata_that_is_none_counts_as_empty_as_on_the_server() {
    for none in ["[]", "7", "{", "\u{0}"] {
        assert_eq!(written(none, 3), written("", 3), "{none}");
    }
}

#[test]
fn nothing_of_it_can_be_changed_by_others() {
    let text = written(r#"{"$maxAge":7}"#, 3);
    assert!(marks().read(STREAM, text.as_bytes()).is_some());
    for (what, by) in [
        ("\"$tb\":3", "\"$tb\":4"),
        ("\"$maxAge\":7", "\"$maxAge\":8"),
        ("\"before\":3", "\"before\":4"),
        ("\"$tb\":3", "\"$tb\":4,\"$tb\":3"),
        ("\"$tb\":3", "\"$tb\": 3"),
        ("\"$maxAge\":7,", ""),
        ("0a11", "0a12"),
    ] {
        let forged = text.replacen(what, by, 1);
        assert_ne!(forged, text, "{what} stands there");
        assert_eq!(marks().read(STREAM, forged.as_bytes()), None, "{forged}");
    }
    assert_eq!(marks().read("person-acme.y", text.as_bytes()), None, "for another stream");
    let others = Marks::new(MarkKey::new(&[8; 32]));
    assert_eq!(others.read(STREAM, text.as_bytes()), None, "under another root key");
    for none in ["", "{}", r#"{"$tb":3}"#, r#"{"annals":3}"#, r#"{"annals":{"tag":"00"}}"#] {
        assert_eq!(marks().read(STREAM, none.as_bytes()), None, "{none}");
    }
}
