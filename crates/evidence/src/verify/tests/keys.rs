//! Whose keys are believed, and what the report says of it.

use annals_tlog::{Algorithm, SigningKey};

use super::*;
use crate::Trust;
use crate::demo::{key, keys};
use crate::names::{bundle_key_name, heads_key_name, shard_origin};

/// Another key of the same name.
fn foreign(name: &str) -> SigningKey {
    SigningKey::from_seed(name, Algorithm::Note, &[9; 32]).unwrap()
}

#[test]
fn keys_that_came_with_the_bundle_are_told_plainly() {
    let report = checked(&bundle_of(6), &Trust::keys_in_bundle());
    assert!(report.is_right());
    assert_eq!(report.keys, KeySource::Bundle);
    assert!(report.to_string().contains("The keys came with the bundle"));
    assert!(!checked(&bundle_of(6), &trusted()).to_string().contains("keys came with"));
}

#[test]
fn a_manifest_signed_with_a_foreign_key_is_found_with_keys_from_elsewhere_alone() {
    let mut forgery = Forgery::of(&bundle_of(6));
    let name = bundle_key_name(ORIGIN);
    let (right, other) = (key(&name).unwrap(), foreign(&name));
    forgery.replace(
        POLICY_FILE,
        &right.verifying_key().to_string(),
        &other.verifying_key().to_string(),
    );
    forgery.replace(MANIFEST_FILE, "\"tenant\":\"acme\"", "\"tenant\":\"evil\"");
    let forged = forgery.signed_by(&other);
    let not_signed = annals_tlog::VerifyError::NotSigned;
    assert_eq!(problems(&forged, &trusted()), [Problem::Signature { name, problem: not_signed }]);
    let report = checked(&forged, &Trust::keys_in_bundle());
    assert!(report.is_right() && report.keys == KeySource::Bundle);
}

#[test]
fn a_whole_log_made_up_is_found_with_keys_from_elsewhere() {
    // The checkpoints too are signed with foreign keys.
    let mut forgery = Forgery::of(&bundle_of(6));
    for shard in ["2026", "2027"] {
        let file = format!("checkpoints/{shard}");
        let text = forgery.text(&file);
        let (signed, _) = text.split_once("\n\n").unwrap();
        let line = foreign(&shard_origin(ORIGIN, shard)).sign(&format!("{signed}\n")).unwrap();
        *forgery.file(&file) = format!("{signed}\n\n{line}\n").into_bytes();
    }
    let found = problems(&forgery.signed_by(&bundle_key()), &trusted());
    assert!(
        matches!(found[0], Problem::Signature { .. })
            && matches!(found[1], Problem::Signature { .. })
    );
}

#[test]
fn a_key_that_is_not_known_is_named() {
    let all = [shard_origin(ORIGIN, "2027"), heads_key_name(ORIGIN), bundle_key_name(ORIGIN)];
    for missing in all {
        let known = keys().unwrap().into_iter().map(|key| key.verifying_key().clone());
        let known = known.filter(|key| key.name() != missing).collect();
        let found = problems(&bundle_of(6), &Trust::keys(known));
        assert_eq!(found[0], Problem::NoKey { name: missing });
    }
    assert!(!checked(&bundle_of(6), &Trust::keys(Vec::new())).is_right());
}

#[test]
fn a_policy_from_elsewhere_demands_its_witnesses() {
    let witness =
        SigningKey::from_seed("witness.example", Algorithm::Cosignature, &[5; 32]).unwrap();
    let logs: String =
        keys().unwrap().iter().map(|key| format!("log {}\n", key.verifying_key())).collect();
    let policy = format!("{logs}witness w {}\nquorum w\n", witness.verifying_key());
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let found = problems(&bundle_of(6), &Trust::policy(policy.clone()));
    assert!(matches!(&found[0], Problem::Policy(text) if text.contains("quorum `w`")), "{found:?}");

    let log = DemoLog::of(6);
    let mut cosigned = Vec::new();
    for record in &log.records {
        let mut event = log.event(record, &[]).unwrap();
        let cosignature = witness.cosign(event.proof.checkpoint.text(), 1_800_000_000).unwrap();
        event.proof.checkpoint.add(cosignature).unwrap();
        cosigned.push(event);
    }
    let bundle = written(|out| {
        let opening = crate::Opening { policy: policy.clone(), ..crate::demo::opening().unwrap() };
        let mut bundle = crate::BundleWriter::begin(out, opening).unwrap();
        cosigned.iter().for_each(|event| bundle.event(event).unwrap());
        bundle.finish(&bundle_key()).unwrap()
    });
    let report = checked(&bundle, &Trust::policy(policy));
    assert!(report.is_right(), "{report}");
    assert_eq!(report.shards[0].cosigned[0].time, 1_800_000_000);
    assert!(report.to_string().contains("cosigned by `w` at 1800000000 seconds since 1970"));
}
