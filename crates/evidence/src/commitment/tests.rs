//! The commitment is a checkpoint with two lines more, in one form.

use annals_tlog::empty_root;

use super::*;

fn commitment() -> HeadsCommitment {
    HeadsCommitment {
        origin: "audit.example/log".to_owned(),
        day: "2026-11-21".to_owned(),
        streams: 17,
        root: empty_root(),
        shard: "2026".to_owned(),
        size: 123,
    }
}

#[test]
fn a_commitment_has_five_lines() {
    let text = commitment().to_string();
    let root = empty_root().to_base64();
    let expected =
        format!("audit.example/log/heads/2026-11-21\n17\n{root}\nshard 2026\nsize 123\n");
    assert_eq!(text, expected);
    assert_eq!(HeadsCommitment::parse(&text), Ok(commitment()));
    assert!(Checkpoint::parse_foreign(&text).is_ok());
}

#[test]
fn no_other_text_is_a_commitment() {
    let text = commitment().to_string();
    for (from, to) in [
        ("/heads/2026-11-21", "/2026"),
        ("/heads/2026-11-21", "/heads/2026-11-32"),
        ("shard 2026\n", ""),
        ("shard 2026", "shard heads"),
        ("shard 2026", "Shard 2026"),
        ("size 123", "size 0123"),
        ("size 123", "size +123"),
        ("size 123", "size -1"),
        ("size 123", "size 9007199254740992"),
        ("size 123\n", "size 123\nmore\n"),
        ("size 123\n", "size 123"),
        ("\n17\n", "\n017\n"),
        ("\n17\n", "\n9007199254740992\n"),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text);
        assert!(HeadsCommitment::parse(&other).is_err(), "{other}");
    }
    let largest = text.replace("size 123", "size 9007199254740991");
    assert!(HeadsCommitment::parse(&largest).is_ok());
}
