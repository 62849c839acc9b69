//! Policies: the grammar, and who is believed.

use proptest::prelude::*;

use super::*;
use crate::key::{Algorithm, SigningKey};
use crate::testing::{MemoryLog, cases, log_key, public};

fn witness(n: u8) -> SigningKey {
    SigningKey::from_seed(&format!("w{n}.example"), Algorithm::Cosignature, &[n + 100; 32]).unwrap()
}

fn policy_text(rest: &str) -> String {
    let mut text = format!("log {}\n", public(&log_key()));
    for n in 1..=6 {
        text += &format!("witness W{n} {}\n", public(&witness(n)));
    }
    text + rest
}

fn note(cosigned_by: &[u8]) -> Note {
    let mut note = Note::parse(&MemoryLog::of_size(4).files["checkpoint"]).unwrap();
    for &n in cosigned_by {
        let cosignature = witness(n).cosign(note.text(), 1_000 + u64::from(n)).unwrap();
        note.add(cosignature).unwrap();
    }
    note
}

const NESTED: &str = "group X 2 W1 W2 W3\ngroup Y any W4 W5 W6\ngroup both all X Y\nquorum both\n";

#[test]
fn the_specifications_example_of_two_groups_is_decided() {
    let policy = Policy::parse(policy_text(NESTED).as_bytes()).unwrap();
    for (cosigned_by, accepted) in [
        (vec![], false),
        (vec![1, 2], false),
        (vec![1, 4], false),
        (vec![4, 5, 6], false),
        (vec![1, 2, 4], true),
        (vec![2, 3, 6], true),
        (vec![1, 2, 3, 4, 5, 6], true),
    ] {
        let note = note(&cosigned_by);
        let verdict = policy.check(&note);
        assert_eq!(verdict.is_ok(), accepted, "{cosigned_by:?}");
        if let Ok(verdict) = verdict {
            assert_eq!(verdict.checkpoint.size, 4);
            let names: Vec<String> = cosigned_by.iter().map(|n| format!("W{n}")).collect();
            let found: Vec<&str> = verdict.cosigned.iter().map(|(w, _)| w.name.as_str()).collect();
            assert_eq!(found, names);
            assert_eq!(verdict.cosigned[0].1, 1_000 + u64::from(cosigned_by[0]));
        }
    }
    let error = policy.check(&note(&[1])).unwrap_err();
    assert_eq!(error.to_string(), "the quorum `both` is not reached; cosigned by W1");
}

#[test]
fn one_witness_or_none_can_be_the_quorum() {
    let one = Policy::parse(policy_text("quorum W3\n").as_bytes()).unwrap();
    assert!(one.check(&note(&[3])).is_ok());
    assert!(one.check(&note(&[1, 2])).is_err());
    let none = Policy::parse(policy_text("quorum none\n").as_bytes()).unwrap();
    assert!(none.check(&note(&[])).is_ok());
}

#[test]
fn only_a_log_of_the_policy_is_believed_and_wrong_signatures_never() {
    let none = Policy::parse(policy_text("quorum none\n").as_bytes()).unwrap();
    let other = SigningKey::from_seed("other", Algorithm::Note, &[5; 32]).unwrap();
    let text = "other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let foreign = Note::new(text.to_owned(), vec![other.sign(text).unwrap()]).unwrap();
    assert_eq!(none.check(&foreign), Err(PolicyError::UnknownLog("other".to_owned())));
    let unsigned = note(&[1]);
    let cosignature = unsigned.signatures()[1].clone();
    let unsigned = Note::new(unsigned.text().to_owned(), vec![cosignature]).unwrap();
    assert!(matches!(none.check(&unsigned), Err(PolicyError::Log(_))));
    let mut wrong = note(&[]);
    let mut cosignature = witness(1).cosign(wrong.text(), 1).unwrap();
    cosignature.bytes[9] ^= 1;
    wrong.add(cosignature).unwrap();
    assert!(matches!(none.check(&wrong), Err(PolicyError::Witness(_))));
}

#[test]
fn a_policy_prints_what_it_is() {
    let text = policy_text(NESTED);
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let printed = policy.to_string();
    assert_eq!(printed, text.replace("any", "1").replace("all", "2"));
    assert_eq!(Policy::parse(printed.as_bytes()), Ok(policy));
    let key = public(&log_key());
    let loose = format!("  # comment\n\n\tlog\t{key}  https://log.example/ \n quorum none\n");
    let policy = Policy::parse(loose.as_bytes()).unwrap();
    assert_eq!(policy.to_string(), format!("log {key} https://log.example/\nquorum none\n"));
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_line() {
    let w1 = public(&witness(1));
    let log = public(&log_key());
    let refused = [
        ("group G 1 W1\n", 9),
        ("quorum G\n", 8),
        ("quorum none\nquorum none\n", 9),
        ("group none 1 W1\nquorum none\n", 8),
        ("group W1 1 W2\nquorum none\n", 8),
        ("group G 1 none\nquorum none\n", 8),
        ("group G 0 W1\nquorum G\n", 8),
        ("group G 2 W1\nquorum G\n", 8),
        ("group G 01 W1\nquorum G\n", 8),
        ("group G all\nquorum G\n", 8),
        ("group G any W1 W1\nquorum G\n", 8),
        ("group G any W1\ngroup H any W1\nquorum G\n", 9),
        ("group G any G\nquorum G\n", 8),
        ("quorum none", 8),
        ("Quorum none\n", 8),
        ("quorum\n", 8),
        ("quorum none\r\n", 8),
        ("quorum none\u{7f}\n", 8),
        ("log\nquorum none\n", 8),
        (&format!("witness again {w1}\nquorum none\n"), 8),
        (&format!("log {log}\nquorum none\n"), 8),
        (&format!("log {w1}\nquorum none\n"), 8),
        (&format!("witness L {log}\nquorum none\n"), 8),
    ];
    for (rest, line) in refused {
        let error = Policy::parse(policy_text(rest).as_bytes()).unwrap_err();
        assert_eq!(error.line, line, "{rest:?}: {error}");
    }
    let long = vec![b'#'; POLICY_LEN_MAX + 1];
    assert!(Policy::parse(&long).is_err());
    let mut many = String::new();
    for n in 0..=64 {
        let key = SigningKey::from_seed("l", Algorithm::Note, &[n; 32]).unwrap();
        many += &format!("log {}\n", public(&key));
    }
    assert_eq!(Policy::parse(format!("{many}quorum none\n").as_bytes()).unwrap_err().line, 65);
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn random_policies_are_refused_or_mean_what_they_print(
        lines in proptest::collection::vec("(group|quorum) [GH] ?(any|all|1|2)?( W[12]| [GH])*", 0..6),
        bytes in proptest::collection::vec(any::<u8>(), 0..60)
    ) {
        let _ = Policy::parse(&bytes);
        if let Ok(policy) = Policy::parse(policy_text(&(lines.join("\n") + "\n")).as_bytes()) {
            prop_assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
        }
    }
}
