//! Values that are new, and places that are too far apart.

use super::*;

const NEW_DEVICE: &str = r#"
filter = "type:user.login.succeeded"
key = ["subject"]
cooldown = "PT1H"
first_seen = { of = ["device"], learn_events = 3, learn = "P1D" }
"#;
const DAY: i64 = 24 * 60 * 60;

fn with_agent(second: i64, agent: &str) -> Event {
    login(second, "ann", json!({"user_agent": agent}))
}

#[test]
fn a_new_value_is_found_once_enough_is_known_and_not_before() {
    let found = |events: &[Event]| found(&mut detector(NEW_DEVICE), events);
    let known = |times: i64| (0..times).map(|second| with_agent(second, "a")).collect::<Vec<_>>();
    let mut enough = known(3);
    enough.push(with_agent(DAY, "b"));
    assert_eq!(found(&enough), [4]);
    let mut too_few = known(2);
    too_few.push(with_agent(DAY, "b"));
    assert_eq!(found(&too_few), [0usize; 0]);
    let mut too_soon = known(3);
    too_soon.push(with_agent(DAY - 1, "b"));
    assert_eq!(found(&too_soon), [0usize; 0]);
    // Then it is known, and what else is new waits for the cooldown.
    enough.extend([
        with_agent(DAY + 1, "b"),
        with_agent(DAY + 2, "c"),
        with_agent(DAY + 7200, "d"),
    ]);
    assert_eq!(found(&enough), [4, 7]);
}

#[test]
fn nothing_is_new_to_somebody_who_is_never_the_same() {
    let mut events: Vec<Event> = (0..VALUES_MAX as i64)
        .map(|number| with_agent(number, &format!("agent {number}")))
        .collect();
    events.push(with_agent(10 * DAY, "another"));
    assert_eq!(found(&mut detector(NEW_DEVICE), &events), [0usize; 0]);
    // With one value less there is room to tell.
    events.remove(0);
    assert_eq!(found(&mut detector(NEW_DEVICE), &events), [VALUES_MAX]);
}

const TRAVEL: &str = r#"
filter = "type:user.login.succeeded"
key = ["subject"]
cooldown = "PT1M"
travel = { speed_max = 1000, least = 500 }
"#;

fn from(second: i64, country: &str) -> Event {
    login(second, "ann", json!({"geo": {"country": country}}))
}

#[test]
fn two_countries_are_too_far_when_no_flight_is_as_fast() {
    let found = |events: &[Event]| found(&mut detector(TRAVEL), events);
    assert_eq!(found(&[from(0, "NL"), from(3600, "JP")]), [2]);
    assert_eq!(found(&[from(0, "NL"), from(12 * 3600, "JP")]), [0usize; 0]);
    assert_eq!(found(&[from(0, "NL"), from(60, "DE")]), [0usize; 0], "neighbours are near");
    assert_eq!(found(&[from(0, "US"), from(60, "CA")]), [0usize; 0]);
    assert_eq!(found(&[from(0, "NL"), from(60, "XX")]), [0usize; 0], "nobody knows where that is");
    assert_eq!(found(&[from(0, "NL"), from(60, "NL"), from(61, "BR"), from(200, "BR")]), [3]);
    // Told in the wrong order it is as far.
    assert_eq!(found(&[from(3600, "JP"), from(0, "NL")]), [2]);
}

#[test]
fn coordinates_are_told_to_the_kilometre() {
    let place = |second, latitude: f64, longitude: f64| {
        at(
            second,
            json!({
                "type": "user.login.succeeded", "actor": {"id": "ann"},
                "metadata": {"location": {"latitude": latitude, "longitude": longitude}}
            }),
        )
    };
    // A degree of latitude is 111.19 km on a globe of 6371 km, so nine of them are 1000.8 km.
    let found =
        |seconds| found(&mut detector(TRAVEL), &[place(0, 0.0, 0.0), place(seconds, 9.0, 0.0)]);
    assert_eq!(found(3600), [2]);
    assert_eq!(found(3610), [0usize; 0]);
}
