//! Keys are read as people paste them, and no policy is made weaker than it says.

use annals_tlog::{Algorithm, SigningKey};

use super::*;

fn log_key(first: u8) -> String {
    key("audit.example/log", Algorithm::Note, first)
}

fn key(name: &str, algorithm: Algorithm, first: u8) -> String {
    SigningKey::from_seed(name, algorithm, &[first; 32]).unwrap().verifying_key().to_string()
}

fn logs_of(text: &str) -> usize {
    parse_trust(text.as_bytes()).unwrap().logs().len()
}

#[test]
fn keys_are_one_a_line_however_they_were_pasted() {
    let (one, two) = (log_key(1), log_key(2));
    assert_eq!(logs_of(&one), 1);
    assert_eq!(logs_of(&format!("\r\n# ours\r\n  {one}\t\r\n\r\n{two}\r\n")), 2);
    assert_eq!(logs_of(""), 0);
}

#[test]
fn a_policy_is_taken_as_it_is() {
    let witness = key("witness.example", Algorithm::Cosignature, 3);
    let text = format!("log {}\nwitness w {witness}\nquorum w\n", log_key(1));
    assert_eq!(parse_trust(text.as_bytes()), Policy::parse(text.as_bytes()));
}

#[test]
fn a_policy_that_names_no_quorum_is_refused() {
    let witness = key("witness.example", Algorithm::Cosignature, 3);
    let text = format!("log {}\nwitness w {witness}\n", log_key(1));
    assert!(parse_trust(text.as_bytes()).is_err());
    let mixed = format!("{}\nwitness w {witness}\n", log_key(1));
    assert!(parse_trust(mixed.as_bytes()).is_err());
}

#[test]
fn a_line_that_is_no_key_is_named() {
    let text = format!("{}\nno-key\n", log_key(1));
    assert_eq!(parse_trust(text.as_bytes()).unwrap_err().line, 2);
    let witness = key("witness.example", Algorithm::Cosignature, 3);
    assert_eq!(parse_trust(witness.as_bytes()).unwrap_err().line, 1);
    assert!(parse_trust(&[0xff]).is_err());
}

#[test]
fn the_longest_text_is_read_and_no_longer_one() {
    let text = |length: usize| "#".repeat(length);
    assert!(parse_trust(text(POLICY_LEN_MAX + 1).as_bytes()).is_err());
    // What is put in for keys counts as well.
    assert!(parse_trust(text(POLICY_LEN_MAX - QUORUM.len()).as_bytes()).is_err());
    assert!(parse_trust(text(POLICY_LEN_MAX - QUORUM.len() - 1).as_bytes()).is_ok());
}
