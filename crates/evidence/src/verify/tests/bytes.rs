//! No byte can be changed, and no bytes make the verifier fail.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::*;
use crate::Trust;

/// The same random cases on each run, so that a failure can be seen again.
fn cases(count: u32) -> Config {
    Config { cases: count, rng_seed: RngSeed::Fixed(20_261_121), ..Config::default() }
}

#[test]
fn every_byte_of_a_bundle_that_is_changed_is_found() {
    let bundle = bundle_of(3);
    assert!(checked(&bundle, &trusted()).is_right());
    for place in 0..bundle.len() {
        let mut changed = bundle.clone();
        changed[place] ^= 1 << (place % 8);
        let report = checked(&changed, &Trust::keys_in_bundle());
        assert!(!report.is_right(), "byte {place}");
    }
}

#[test]
fn every_byte_of_a_file_that_is_changed_is_found_when_the_checksums_are_made_right() {
    let right = Forgery::of(&bundle_of(2));
    for file in 0..right.files.len() {
        for place in 0..right.files[file].1.len() {
            let mut forgery = right.clone();
            forgery.files[file].1[place] ^= 1 << (place % 8);
            let report = checked(&forgery.packed(), &trusted());
            assert!(!report.is_right(), "byte {place} of {}", right.files[file].0);
        }
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_changed_byte_of_a_larger_bundle_is_found(place: prop::sample::Index, change in 1..=255_u8) {
        let mut bundle = large().to_vec();
        bundle[place.index(large().len())] ^= change;
        prop_assert!(!checked(&bundle, &trusted()).is_right());
    }

    #[test]
    fn a_bundle_that_is_cut_off_is_refused(length: prop::sample::Index) {
        let length = length.index(large().len());
        prop_assert!(!checked(&large()[..length], &trusted()).is_right());
    }

    #[test]
    fn bytes_that_are_moved_doubled_or_lost_are_found(
        from: prop::sample::Index,
        to: prop::sample::Index,
        length in 0..3_000_usize,
        keep: bool,
    ) {
        let mut bundle = large().to_vec();
        let from = from.index(bundle.len());
        let taken = bundle[from..bundle.len().min(from + length)].to_vec();
        if !keep {
            bundle.drain(from..from + taken.len());
        }
        let to = to.index(bundle.len() + 1);
        bundle.splice(to..to, taken);
        prop_assert!(bundle == large() || !checked(&bundle, &trusted()).is_right());
    }

    #[test]
    fn random_bytes_are_no_bundle(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(!checked(&bytes, &trusted()).is_right());
    }

    #[test]
    fn random_contents_of_files_are_refused(
        file in 0..8_usize,
        content in prop::collection::vec(any::<u8>(), 0..300),
        text in "[ -~\n]{0,300}",
        as_text: bool,
    ) {
        let mut forgery = small();
        forgery.files[file].1 = if as_text { text.into_bytes() } else { content };
        prop_assert!(!checked(&forgery.packed(), &trusted()).is_right());
    }

    #[test]
    fn values_of_a_line_that_are_changed_are_found_even_when_the_bundle_is_signed_again(
        line in 0..6_usize,
        field in prop::sample::select(vec!["shard", "index", "stream", "header", "proof", "withheld", "parts"]),
        value in prop::sample::select(vec![
            "null", "0", "1", "-1", "7", "0.5", "1e300", "9007199254740991", "18446744073709551615", "true",
            "\"\"", "\"2026\"", "\"system-acme\"", "\"AA==\"", "\"\\u001b[2J\"", "[]", "[\"client\"]", "{}",
            "{\"actor\":{\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"json\":\"{}\"}}",
        ]),
    ) {
        let mut forgery = small();
        let before = forgery.text(EVENTS_FILE);
        let mut lines = forgery.lines(EVENTS_FILE);
        let old = serde_json::to_string(&lines[line][field]).unwrap();
        let text = before.lines().nth(line).unwrap().to_owned();
        let new = text.replacen(&format!("\"{field}\":{old}"), &format!("\"{field}\":{value}"), 1);
        prop_assume!(new != text);
        lines.clear();
        *forgery.file(EVENTS_FILE) = before.replacen(&text, &new, 1).into_bytes();
        let manifest = forgery.text(MANIFEST_FILE).into_bytes();
        prop_assert!(!checked(&forgery.sign(manifest, &bundle_key()), &trusted()).is_right());
    }
}

/// A bundle of thirty events, made once.
fn large() -> &'static [u8] {
    static LARGE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    LARGE.get_or_init(|| bundle_of(30))
}

fn small() -> Forgery {
    static SMALL: std::sync::OnceLock<Forgery> = std::sync::OnceLock::new();
    SMALL.get_or_init(|| Forgery::of(&bundle_of(6))).clone()
}

#[test]
fn a_report_repeats_no_control_characters_of_a_hostile_bundle() {
    let mut forgery = small();
    forgery.files[2].0 = "checkpoints/\u{9b}2J\u{1b}[2J".to_owned();
    let text = checked(&forgery.packed(), &trusted()).to_string();
    assert!(text.contains("found events.ndjson") && !text.contains(['\u{9b}', '\u{1b}']), "{text}");
}
