//! Names that can be shown, and that cannot be mistaken for one another.

use super::*;
use crate::limits::NUMBER_MAX;

#[test]
fn names_are_allowed_up_to_their_limits() {
    let of = |length| "a".repeat(length);
    assert!(is_origin(&of(ORIGIN_LEN_MAX)) && !is_origin(&of(ORIGIN_LEN_MAX + 1)));
    assert!(is_shard(&of(SHARD_NAME_LEN_MAX)) && !is_shard(&of(SHARD_NAME_LEN_MAX + 1)));
    assert!(is_stream(&of(STREAM_NAME_LEN_MAX)) && !is_stream(&of(STREAM_NAME_LEN_MAX + 1)));
    assert!(is_part(&of(PART_NAME_LEN_MAX)) && !is_part(&of(PART_NAME_LEN_MAX + 1)));
    assert!(!is_origin("") && !is_shard("") && !is_stream("") && !is_part(""));
}

#[test]
fn the_longest_names_of_keys_can_be_in_a_note() {
    let origin = "o".repeat(ORIGIN_LEN_MAX);
    let longest = [
        bundle_key_name(&origin),
        heads_key_name(&origin),
        shard_origin(&origin, &"s".repeat(SHARD_NAME_LEN_MAX)),
    ];
    assert!(longest.iter().all(|name| name.len() <= annals_tlog::NAME_LEN_MAX));
}

#[test]
fn names_hold_nothing_that_moves_a_cursor_or_parts_words() {
    for bad in ["a b", "a\u{1b}[2J", "a\n", "\u{9b}2J", "a\u{2028}"] {
        assert!(!is_origin(bad) && !is_shard(bad) && !is_stream(bad) && !is_part(bad), "{bad:?}");
    }
    assert!(
        is_stream("person-acme.m5xw6zbanfzsa33o") && is_shard("2026") && is_part("on_behalf_of.10")
    );
}

#[test]
fn a_shard_cannot_have_the_name_of_another_kind_of_key_or_lead_out_of_its_folder() {
    assert!(
        ["heads", "evidence", "receipts", "..", ".", "a/b", "a\\b", "/"]
            .iter()
            .all(|name| !is_shard(name))
    );
}

#[test]
fn a_day_has_ten_characters() {
    assert!(is_day("2026-01-31") && is_day("2026-12-01"));
    for bad in [
        "2026-1-31",
        "2026-13-01",
        "2026-00-01",
        "2026-01-32",
        "2026-01-00",
        "+026-01-01",
        "2026-01-01-",
        "",
    ] {
        assert!(!is_day(bad), "{bad}");
    }
}

#[test]
fn the_largest_number_is_known_to_readers_that_use_floating_point() {
    assert_eq!(NUMBER_MAX, 9_007_199_254_740_991);
}
