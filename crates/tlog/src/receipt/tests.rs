use super::*;
use crate::key::Algorithm;

const LOG: &str = "log.test/annals";

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(name, Algorithm::Note, &[3; 32]).unwrap()
}

fn events(count: u8) -> Vec<Promised> {
    (0..count).map(|n| Promised { id: format!("event-{n}"), leaf: Hash([n; 32]) }).collect()
}

fn receipt(events: &[Promised]) -> Receipt {
    Receipt::over(LOG, events, 1_790_000_000, 1_790_000_060)
}

#[test]
fn what_was_signed_is_read_again_for_the_same_events_alone() {
    let key = key("log.test/annals/receipts");
    for count in [1, 2, 3, 200] {
        let events = events(count);
        let note = receipt(&events).sign(&key).unwrap().to_string();
        let verifying = key.verifying_key();
        let opened = Receipt::open(note.as_bytes(), verifying, &events).unwrap();
        assert_eq!(opened, receipt(&events));
        let other = |change: &dyn Fn(&mut Vec<Promised>)| {
            let mut changed = events.clone();
            change(&mut changed);
            Receipt::open(note.as_bytes(), verifying, &changed)
        };
        let last = events.len() - 1;
        assert_eq!(other(&|all| all[last].id.push('x')), Err(ReceiptError::OtherEvents));
        assert_eq!(other(&|all| all[last].leaf.0[31] ^= 1), Err(ReceiptError::OtherEvents));
        assert_eq!(other(&|all| all.truncate(last)), Err(ReceiptError::OtherEvents));
        if last > 0 {
            assert_eq!(other(&|all| all.swap(0, last)), Err(ReceiptError::OtherEvents));
        }
    }
}

#[test]
fn every_changed_byte_of_a_receipt_is_found() {
    let key = key("log.test/annals/receipts");
    let events = events(2);
    let note = receipt(&events).sign(&key).unwrap().to_string().into_bytes();
    for place in 0..note.len() {
        for bit in 0..8 {
            let mut changed = note.clone();
            changed[place] ^= 1 << bit;
            let opened = Receipt::open(&changed, key.verifying_key(), &events);
            assert!(opened.is_err(), "byte {place}, bit {bit}");
        }
    }
}

#[test]
fn only_the_key_for_receipts_of_the_log_signs_them() {
    let promised = events(1);
    for name in [LOG, "log.test/annals/2026", "log.test/other/receipts"] {
        assert!(matches!(receipt(&promised).sign(&key(name)), Err(ReceiptError::OtherKey { .. })));
    }
    let witness = SigningKey::from_seed(&key_name(LOG), Algorithm::Cosignature, &[3; 32]).unwrap();
    assert!(receipt(&promised).sign(&witness).is_err());
}

#[test]
fn the_text_has_one_form() {
    let text = receipt(&events(1)).to_string();
    assert_eq!(Receipt::parse(&text).unwrap().to_string(), text);
    let wrong = [
        text.replace("v1", "v2"),
        text.replace("1790000060", "01790000060"),
        text.replace("1790000000", "-1"),
        text.replace("\n1\n", "\n0\n"),
        text.replace("\n1\n", "\n10001\n"),
        format!("{text}more\n"),
        format!("{text}\n"),
        text.trim_end().to_owned(),
        String::new(),
    ];
    for text in wrong {
        assert!(Receipt::parse(&text).is_err(), "{text}");
    }
    assert!(Receipt::parse(&text.replace("\n1\n", "\n10000\n")).is_ok());
}

#[test]
fn a_promise_is_broken_only_after_its_deadline() {
    let receipt = receipt(&events(1));
    assert_eq!(receipt.standing(true, u64::MAX), Standing::Kept);
    assert_eq!(receipt.standing(false, receipt.deadline), Standing::Pending);
    assert_eq!(receipt.standing(false, receipt.deadline + 1), Standing::Broken);
}
