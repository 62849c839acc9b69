use super::*;

fn shown(interval: Interval, from: &str, until: &str, zone: &str) -> Vec<String> {
    let zone = TimeZone::get(zone).unwrap();
    let edges = edges(interval, from.parse().unwrap(), until.parse().unwrap(), &zone).unwrap();
    let show = |edge: i64| {
        let instant = Timestamp::from_microsecond(edge).unwrap();
        instant.display_with_offset(zone.to_offset(instant)).to_string()
    };
    edges.into_iter().map(show).collect()
}

#[test]
fn a_day_in_which_clocks_change_is_longer_or_shorter() {
    let zone = "Europe/Berlin";
    let spring = shown(Interval::Day, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", zone);
    assert_eq!(
        spring,
        [
            "2026-03-28T00:00:00+01:00",
            "2026-03-29T00:00:00+01:00",
            "2026-03-30T00:00:00+02:00",
            "2026-03-31T00:00:00+02:00"
        ]
    );
    let autumn = shown(Interval::Day, "2026-10-25T00:00:00Z", "2026-10-25T12:00:00Z", zone);
    assert_eq!(autumn, ["2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"]);
}

#[test]
fn a_day_that_has_no_midnight_begins_when_it_does() {
    // In Beirut clocks went from 24:00 to 01:00.
    let day = shown(Interval::Day, "2024-03-31T10:00:00Z", "2024-03-31T11:00:00Z", "Asia/Beirut");
    assert_eq!(day, ["2024-03-31T01:00:00+03:00", "2024-04-01T00:00:00+03:00"]);
}

#[test]
fn hours_are_equally_long_also_where_clocks_change() {
    let hours =
        shown(Interval::Hour, "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z", "Europe/Berlin");
    assert_eq!(
        hours,
        [
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T03:00:00+01:00",
            "2026-10-25T04:00:00+01:00"
        ]
    );
    let kathmandu =
        shown(Interval::Hour, "2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z", "Asia/Kathmandu");
    assert_eq!(kathmandu[0], "2026-01-01T05:00:00+05:45", "at full hours of the zone");
}

#[test]
fn weeks_begin_on_mondays_and_months_on_their_first_day() {
    let weeks = shown(Interval::Week, "2026-11-22T23:59:59Z", "2026-11-23T00:00:01Z", "UTC");
    assert_eq!(
        weeks,
        ["2026-11-16T00:00:00+00:00", "2026-11-23T00:00:00+00:00", "2026-11-30T00:00:00+00:00"]
    );
    let months = shown(Interval::Month, "2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z", "UTC");
    assert_eq!(
        months,
        ["2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"],
        "what happens at the end itself is not asked for"
    );
}

#[test]
fn stretches_before_1970_are_cut_like_those_after() {
    let minutes =
        shown(Interval::FiveMinutes, "1969-12-31T23:57:00Z", "1970-01-01T00:01:00Z", "UTC");
    assert_eq!(
        minutes,
        ["1969-12-31T23:55:00+00:00", "1970-01-01T00:00:00+00:00", "1970-01-01T00:05:00+00:00"]
    );
}

#[test]
fn there_are_at_most_a_thousand_stretches() {
    let from: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let minutes = |count: i64| from.checked_add(count.minutes()).unwrap();
    let edges = |until| edges(Interval::Minute, from, until, &TimeZone::UTC);
    assert_eq!(edges(minutes(1000)).map(|edges| edges.len()), Ok(1001));
    assert_eq!(edges(minutes(1001)), Err(TooManyBuckets));
    for interval in Interval::ALL {
        let all = super::edges(*interval, Timestamp::MIN, Timestamp::MAX, &TimeZone::UTC);
        assert_eq!(all, Err(TooManyBuckets), "{interval:?}");
    }
}

#[test]
fn words_are_read_back() {
    for interval in Interval::ALL {
        assert_eq!(Interval::from_word(interval.as_str()), Some(*interval));
    }
    assert_eq!(Interval::from_word("2h"), None);
}
