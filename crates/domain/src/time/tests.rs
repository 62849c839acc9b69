use proptest::prelude::*;

use super::*;

#[test]
fn the_offset_that_was_told_is_kept() {
    for text in [
        "2026-11-21T09:30:00Z",
        "2026-11-21T09:30:00+09:00",
        "2026-11-21T09:30:00.123456789-03:30",
        "1970-01-01T00:00:00Z",
        "9999-12-30T22:00:00Z",
    ] {
        assert_eq!(DateTime::parse(text).unwrap().to_string(), text);
    }
    let tokyo = DateTime::parse("2026-11-21T09:30:00+09:00").unwrap();
    assert_eq!(tokyo.timestamp, "2026-11-21T00:30:00Z".parse().unwrap());
}

#[test]
fn a_time_needs_a_date_a_time_and_a_zone() {
    for text in [
        "",
        "2026-11-21",
        "09:30:00Z",
        "2026-11-21T09:30:00",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-21T25:00:00Z",
        "2026-11-21T09:30:00+25:00",
        "2026-11-21T09:30:00+01:00[Europe/Berlin]",
        "2026-11-21T09:30:00+01:00:30",
        "tomorrow",
        "1763717400",
        &"1".repeat(1000),
    ] {
        assert!(DateTime::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_wrong_time_is_repeated_only_in_part() {
    let error = DateTime::parse(&"x".repeat(1000)).unwrap_err();
    assert_eq!(error.0.len(), 64);
}

proptest! {
    #[test]
    fn every_time_comes_back_as_it_was(second in 0..253_000_000_000_i64, nano in 0..1_000_000_000_i32, minutes in -1439..1440_i32) {
        let time = DateTime {
            timestamp: Timestamp::new(second, nano).unwrap(),
            offset: Offset::from_seconds(minutes * 60).unwrap(),
        };
        prop_assert_eq!(DateTime::parse(&time.to_string()).unwrap(), time);
        let json = serde_json::to_string(&time).unwrap();
        prop_assert_eq!(serde_json::from_str::<DateTime>(&json).unwrap(), time);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,70}") {
        let _ = DateTime::parse(&text);
    }
}
