//! Keys are read as people paste them, and no policy is made weaker than it says.

use annals_tlog::SigningKey;

use super::*;

const ORIGIN: &str = "audit.example/log";

fn vkey(name: &str, algorithm: Algorithm, first: u8) -> String {
    SigningKey::from_seed(name, algorithm, &[first; 32]).unwrap().verifying_key().to_string()
}

fn log_key(first: u8) -> String {
    vkey(ORIGIN, Algorithm::Note, first)
}

fn witness() -> String {
    vkey("witness.example", Algorithm::Cosignature, 3)
}

fn parse(text: &str) -> Result<Trust, KeysError> {
    Trust::parse(text.as_bytes())
}

/// The keys that a text makes believed.
fn keys_of(text: &str) -> Vec<String> {
    let given = parse(text).unwrap().0.unwrap();
    given.keys.iter().map(ToString::to_string).collect()
}

#[test]
fn keys_are_one_a_line_however_they_were_pasted() {
    let (one, two) = (log_key(1), log_key(2));
    assert_eq!(keys_of(&one), std::slice::from_ref(&one));
    assert_eq!(keys_of(&format!("\r\n# kept in March\n  {one}\t\r\n\r\n{two}\r\n")), [one, two]);
}

#[test]
fn every_key_of_a_description_of_a_log_is_read() {
    let name = |kind: &str| vkey(&format!("{ORIGIN}/{kind}"), Algorithm::Note, 1);
    let [shard, heads, evidence] = ["2026", "heads", "evidence"].map(name);
    let text = format!(
        "\n{{\"evidence\":{{\"vkey\":\"{evidence}\"}},\"heads\":{{\"newest\":null,\"vkey\":\"{heads}\"}},\
         \"origin\":\"{ORIGIN}\",\"shards\":[{{\"path\":\"2026\",\"size\":3,\"vkey\":\"{shard}\"}}]}}\n"
    );
    assert_eq!(keys_of(&text), [evidence, heads, shard]);
    assert!(matches!(parse(&text[..text.len() - 3]), Err(KeysError::NotJson(_))));
}

#[test]
fn a_policy_is_taken_as_it_is() {
    let text = format!("log {}\nwitness w {}\nquorum w\n", log_key(1), witness());
    let policy = Policy::parse(text.as_bytes());
    assert_eq!(parse(&text).unwrap().policy_for(ORIGIN), policy);
    assert_eq!(parse(&text.replace('\n', " \r\n")).unwrap().policy_for("other"), policy);
}

#[test]
fn a_policy_that_names_no_quorum_is_refused() {
    for log in [format!("log {}", log_key(1)), log_key(1)] {
        let told = parse(&format!("{log}\nwitness w {}\n", witness()));
        assert!(matches!(told, Err(KeysError::Policy(_))), "{told:?}");
    }
}

#[test]
fn what_holds_no_keys_is_told() {
    for (text, why) in [
        ("", "holds no key"),
        ("# none", "holds no key"),
        ("{}", "holds no key"),
        ("{\"vkey\":1}", "holds no key"),
        ("{\"vkey\":\"x\"}", "holds `x`, which is no key"),
        ("x\u{7}", "holds `x?`, which is no key"),
        ("{", "is no whole `log.json`"),
        ("log x\nquorum none\n", "is no policy"),
    ] {
        let told = parse(text).unwrap_err().to_string();
        assert!(told.starts_with(why), "{text}: {told}");
    }
    assert!(parse(&witness()).unwrap_err().to_string().contains("the key of a witness"));
    assert_eq!(Trust::parse(&[0xff]).unwrap_err(), KeysError::NotText);
}

#[test]
fn as_many_keys_are_read_as_are_allowed_and_not_one_more() {
    let lines = |count| vec![log_key(1); count].join("\n");
    let json = |count| {
        let rows = vec![format!("{{\"vkey\":\"{}\"}}", log_key(1)); count].join(",");
        format!("{{\"shards\":[{rows}]}}")
    };
    for text in [lines(KEYS_MAX), json(KEYS_MAX)] {
        assert_eq!(keys_of(&text).len(), KEYS_MAX);
    }
    for text in [lines(KEYS_MAX + 1), json(KEYS_MAX + 2)] {
        assert_eq!(parse(&text).unwrap_err(), KeysError::TooMany);
    }
}

#[test]
fn the_longest_text_is_read_and_no_longer_one() {
    let text =
        |length: usize| format!("{}\n{}", log_key(1), "#".repeat(length - 1 - log_key(1).len()));
    assert!(parse(&text(KEYS_LEN_MAX)).is_ok());
    let length = KEYS_LEN_MAX + 1;
    assert_eq!(parse(&text(length)).unwrap_err(), KeysError::TooLong { length });
}

#[test]
fn a_checkpoint_is_judged_by_the_keys_of_its_origin_alone() {
    let other = vkey("other.example", Algorithm::Note, 1);
    let text = [log_key(1), other, log_key(2), log_key(1)].join("\n");
    let policy = parse(&text).unwrap().policy_for(ORIGIN).unwrap();
    let keys: Vec<String> = policy.logs().iter().map(|log| log.key.to_string()).collect();
    assert_eq!(keys, [log_key(1), log_key(2)]);
    assert!(parse(&text).unwrap().policy_for("nobody").unwrap().logs().is_empty());
    assert!(Trust::keys_in_bundle().policy_for(ORIGIN).unwrap().logs().is_empty());
}
