use annals_tlog::{Algorithm, SigningKey};

use super::*;

fn vkey(name: &str) -> String {
    SigningKey::from_seed(name, Algorithm::Note, &[1; 32]).unwrap().verifying_key().to_string()
}

#[test]
fn keys_are_read_from_a_description_from_lines_and_from_a_policy() {
    let (a, b) = (vkey("log.test/a"), vkey("log.test/b"));
    let description = format!(r#"{{"shards":[{{"vkey":"{a}"}}],"heads":{{"vkey":"{b}"}}}}"#);
    let lines = format!("# kept in March\n{a}\n\n{b}\n");
    let policy = format!("log {a}\nquorum none\n");
    for text in [description, lines, policy] {
        assert!(trust_of(&text).is_ok(), "{text}");
    }
}

#[test]
fn what_holds_no_keys_is_told() {
    for (text, why) in [
        ("{}", "no key"),
        ("", "no key"),
        (r#"{"vkey":"x"}"#, "which is no key"),
        ("x", "which is no key"),
        ("log x\nquorum none\n", "no policy"),
    ] {
        let told = trust_of(text).unwrap_err();
        assert!(told.contains(why), "{text}: {told}");
    }
    let key = vkey("log.test/a");
    let lines = |count| vec![key.clone(); count].join("\n");
    assert!(trust_of(&lines(KEYS_MAX)).is_ok());
    assert!(trust_of(&lines(KEYS_MAX + 1)).unwrap_err().contains("more than"));
}
