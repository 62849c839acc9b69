//! What somebody changes who makes everything around it right again.

use super::*;
use crate::demo::key;

/// The problems of a bundle of twelve events after a change, signed again by the right key.
fn found_after(change: impl FnOnce(&mut Forgery)) -> Vec<Problem> {
    let mut forgery = Forgery::of(&bundle_of(12));
    change(&mut forgery);
    problems(&forgery.signed_by(&bundle_key()), &trusted())
}

fn part_of(line: &str) -> &str {
    let start = line.find("\"description\":{").unwrap();
    &line[start..start + line[start..].find('}').unwrap() + 1]
}

#[test]
fn a_part_swapped_between_events_is_found() {
    let found = found_after(|forgery| {
        forgery.change_events(|lines| {
            let (first, second) = (part_of(&lines[1]).to_owned(), part_of(&lines[2]).to_owned());
            lines[1] = lines[1].replace(&first, &second);
            lines[2] = lines[2].replace(&second, &first);
        });
    });
    let differs = Problem::PartDiffers { part: "description".to_owned() };
    assert_eq!(found[..2], [differs.clone(), differs]);
}

#[test]
fn a_part_swapped_within_an_event_is_found() {
    let found = found_after(|forgery| {
        forgery.replace(EVENTS_FILE, "\"on_behalf_of.10\":{", "\"on_behalf_of.11\":{");
    });
    assert_eq!(found[0], Problem::UnknownPart { part: "on_behalf_of.11".to_owned() });
}

#[test]
fn headers_and_proofs_swapped_between_events_are_found() {
    for field in ["header", "proof"] {
        let found = found_after(|forgery| {
            forgery.change_events(|lines| {
                let value = |line: &str| {
                    let value: serde_json::Value = serde_json::from_str(line).unwrap();
                    value[field].to_string()
                };
                let (first, second) = (value(&lines[1]), value(&lines[2]));
                lines[1] = lines[1].replace(&first, &second);
            });
        });
        let right = matches!(
            found[0],
            Problem::OtherStream { .. } | Problem::PartDiffers { .. } | Problem::ProofIndex { .. }
        );
        assert!(right, "{found:?}");
    }
}

#[test]
fn a_withheld_part_that_is_not_named_is_found() {
    let found = found_after(|forgery| {
        forgery.replace(EVENTS_FILE, "\"withheld\":[\"client\"]", "\"withheld\":[]")
    });
    assert_eq!(found[0], Problem::Withheld);
}

#[test]
fn events_out_of_order_are_found() {
    let found = found_after(|forgery| forgery.change_events(|lines| lines.swap(3, 4)));
    assert!(found.contains(&Problem::Order), "{found:?}");
}

#[test]
fn another_text_for_the_same_line_is_found() {
    for (from, to) in [
        ("{\"shard\":", "{ \"shard\":"),
        ("\"withheld\":[", "\"withheld\":[],\"withheld\":["),
        ("\"withheld\":[", "\"note\":\"\",\"withheld\":["),
        ("\"index\":0", "\"index\":0.0"),
        ("\"shard\":\"2026\",\"index\":0", "\"index\":0,\"shard\":\"2026\""),
    ] {
        let found = found_after(|forgery| forgery.replace(EVENTS_FILE, from, to));
        assert!(matches!(found[0], Problem::NotJson | Problem::NotCanonical), "{from}: {found:?}");
    }
}

#[test]
fn a_proof_with_data_beside_it_is_found() {
    let found = found_after(|forgery| {
        forgery.replace(
            EVENTS_FILE,
            "tlog-proof@v1\\nindex",
            "tlog-proof@v1\\nextra aGVhZGVy\\nindex",
        );
    });
    assert_eq!(found[0], Problem::ProofExtra);
}

#[test]
fn a_checkpoint_of_another_shard_or_one_too_many_is_found() {
    let found = found_after(|forgery| {
        let other = forgery.text("checkpoints/2027");
        *forgery.file("checkpoints/2026") = other.into_bytes();
    });
    assert!(
        matches!(&found[0], Problem::Signature { name, .. } if *name == format!("{ORIGIN}/2026"))
    );
    assert!(found.contains(&Problem::NoCheckpoint));
    let found = found_after(|forgery| {
        forgery.change_events(|lines| lines.retain(|line| line.contains("\"2026\",\"index")))
    });
    assert!(found.contains(&Problem::ShardWithoutEvents), "{found:?}");
}

#[test]
fn files_in_another_order_missing_or_added_are_found() {
    let right = Forgery::of(&bundle_of(3));
    let mut changed = Vec::new();
    for place in 0..right.files.len() {
        let (mut lost, mut swapped, mut added) = (right.clone(), right.clone(), right.clone());
        lost.files.remove(place);
        swapped.files.swap(place, (place + 1) % right.files.len());
        added.files.insert(place, ("checkpoints/2025".to_owned(), Vec::new()));
        changed.extend([lost, swapped, added]);
    }
    for forgery in changed {
        assert!(!checked(&forgery.packed(), &trusted()).is_right());
    }
}

#[test]
fn a_manifest_that_says_something_else_is_found_field_by_field() {
    for (from, to, field) in [
        ("\"parts_shown\":", "\"parts_shown\":1", "counts"),
        ("\"last_revision\":", "\"last_revision\":1", "counts"),
        ("\"size\":8", "\"size\":9", "shards"),
        ("\"name\":\"VERIFY.txt\"", "\"name\":\"verify.txt\"", "files"),
    ] {
        let mut forgery = Forgery::of(&bundle_of(12));
        forgery.replace(MANIFEST_FILE, from, to);
        let manifest = forgery.text(MANIFEST_FILE).into_bytes();
        let found = problems(&forgery.sign(manifest, &bundle_key()), &trusted());
        assert_eq!(found[0], Problem::ManifestDiffers { field });
    }
    for (from, to) in [
        ("{\"counts\"", "{\"a\":1,\"counts\""),
        ("/v1\"", "/v2\""),
        ("\"scope\":{", "\"scope\":{\"a\":0.5,"),
    ] {
        let mut forgery = Forgery::of(&bundle_of(3));
        forgery.replace(MANIFEST_FILE, from, to);
        let manifest = forgery.text(MANIFEST_FILE).into_bytes();
        let found = problems(&forgery.sign(manifest, &bundle_key()), &trusted());
        assert!(
            matches!(found[..], [Problem::NotJson | Problem::Format | Problem::Number]),
            "{found:?}"
        );
    }
}

#[test]
fn a_second_signature_under_the_manifest_is_found() {
    let mut forgery = Forgery::of(&bundle_of(3));
    let text = forgery.text(SIGNATURE_FILE);
    let (signed, _) = text.split_once("\n\n").unwrap();
    let line = key("somebody.example").unwrap().sign(&format!("{signed}\n")).unwrap();
    *forgery.file(SIGNATURE_FILE) = format!("{text}{line}\n").into_bytes();
    assert_eq!(problems(&forgery.packed(), &trusted()), [Problem::SignatureCount { found: 2 }]);
}

#[test]
fn a_policy_in_another_form_is_found() {
    let found = found_after(|forgery| forgery.replace(POLICY_FILE, "quorum", "\nquorum"));
    assert_eq!(found, [Problem::NotCanonical]);
    let found = found_after(|forgery| forgery.replace(POLICY_FILE, "quorum none", "quorum all"));
    assert!(matches!(found[..], [Problem::PolicyUnreadable(_)]), "{found:?}");
}

#[test]
fn instructions_that_were_changed_are_found() {
    let mut forgery = Forgery::of(&bundle_of(3));
    forgery.replace(VERIFY_FILE, "You need no access", "You need access");
    let file = VERIFY_FILE.to_owned();
    assert_eq!(problems(&forgery.packed(), &trusted()), [Problem::FileDiffers { file }]);
}

#[test]
fn the_signature_of_another_manifest_is_found() {
    let mut forgery = Forgery::of(&bundle_of(3));
    *forgery.file(SIGNATURE_FILE) = Forgery::of(&bundle_of(6)).text(SIGNATURE_FILE).into_bytes();
    assert_eq!(problems(&forgery.packed(), &trusted()), [Problem::OtherManifest]);
}

#[test]
fn checkpoints_in_another_order_are_found() {
    let mut forgery = Forgery::of(&bundle_of(3));
    forgery.files.swap(2, 3);
    let found = problems(&forgery.packed(), &trusted());
    assert!(matches!(found[..], [Problem::Files { .. }]), "{found:?}");
}

#[test]
fn a_checkpoint_of_another_log_is_found_though_the_right_key_has_signed_it() {
    let mut forgery = Forgery::of(&bundle_of(3));
    let text = forgery.text("checkpoints/2026");
    let (signed, _) = text.split_once("\n\n").unwrap();
    let signed = signed.replacen(ORIGIN, "other.example/log", 1);
    let expected = format!("{ORIGIN}/2026");
    let note = crate::demo::sign(&expected, format!("{signed}\n")).unwrap();
    *forgery.file("checkpoints/2026") = note.to_string().into_bytes();
    let found = problems(&forgery.signed_by(&bundle_key()), &trusted());
    assert_eq!(found[0], Problem::NotCheckpoint { expected });
}

#[test]
fn a_commitment_of_another_log_is_found_though_the_right_key_has_signed_it() {
    let mut head = DemoLog::of(12).heads_after(12).unwrap().remove(0);
    let text = head.proof.checkpoint.text().replacen(ORIGIN, "other.example/log", 1);
    let name = crate::names::heads_key_name(ORIGIN);
    head.proof.checkpoint = crate::demo::sign(&name, text).unwrap();
    let line = serde_json::to_string(&head.to_line()).unwrap();
    let found = found_after(|forgery| *forgery.file(HEADS_FILE) = format!("{line}\n").into_bytes());
    assert_eq!(found[0], Problem::Commitment("it is another log's"));
}
