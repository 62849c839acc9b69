//! What is raised and cleared, by which readings.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

const BEHIND: Condition = Condition::ProjectionLag;
const DISK: Condition = Condition::DiskLow;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn moment(at: u64) -> Moment {
    Moment { steady: seconds(at), wall: Timestamp::from_second(1_800_000_000 + at as i64).unwrap() }
}

fn thresholds() -> Thresholds {
    let lag = Threshold::new(100.0, 10.0).unwrap();
    let disk = Threshold::new(5.0, 8.0).unwrap();
    Thresholds::from([
        (BEHIND, lag.raised_after(seconds(60)).cleared_after(seconds(120))),
        (DISK, disk),
    ])
}

/// Readings of one condition every 20 s; when it was raised (+) and cleared (-).
fn told(condition: Condition, readings: &[f64]) -> Vec<i64> {
    let mut standings = Standings::default();
    let mut told = Vec::new();
    for (turn, reading) in readings.iter().enumerate() {
        let at = 20 * (turn as u64 + 1);
        let readings = match reading.is_nan() {
            true => Readings::new(),
            false => Readings::from([(condition, *reading)]),
        };
        let (after, changes) = judge(&standings, &thresholds(), &readings, moment(at));
        for change in changes {
            assert_eq!(change.condition, condition);
            assert_eq!(change.reading, *reading);
            told.push(if change.is_raised { at as i64 } else { -(at as i64) });
        }
        standings = after;
    }
    told
}

#[test]
fn it_is_raised_once_it_was_bad_for_a_while_and_cleared_once_it_was_good_for_a_while() {
    let mut readings = vec![200.0; 10];
    readings.extend([1.0; 10]);
    assert_eq!(told(BEHIND, &readings), [80, -340]);
}

#[test]
fn what_is_bad_for_a_short_time_or_not_known_in_between_raises_nothing() {
    assert!(told(BEHIND, &[200.0, 200.0, 200.0, 50.0, 200.0, 200.0, 200.0]).is_empty());
    assert!(told(BEHIND, &[200.0, 200.0, 200.0, f64::NAN, 200.0, 200.0]).is_empty());
    assert!(told(BEHIND, &[50.0; 50]).is_empty(), "between bad and good nothing changes");
}

#[test]
fn what_wavers_between_bad_and_good_stays_raised() {
    let wavering: Vec<f64> = (0..100).map(|turn| if turn % 3 == 0 { 200.0 } else { 5.0 }).collect();
    let mut readings = vec![200.0; 4];
    readings.extend(wavering);
    assert_eq!(told(BEHIND, &readings), [80]);
    let unknown = [&[200.0; 4][..], &[f64::NAN; 100]].concat();
    assert_eq!(told(BEHIND, &unknown), [80], "what is not known clears nothing");
}

#[test]
fn of_some_numbers_less_is_worse() {
    assert_eq!(told(DISK, &[9.0, 6.0, 5.0, 7.0, 8.0, 4.0]), [60, -100, 120]);
}

#[test]
fn it_goes_on_from_how_it_was_left() {
    let since = Timestamp::from_second(1_700_000_000).unwrap();
    let left = Standings::of([(DISK, Raised { since, reading: 2.0 })]);
    let bad = Readings::from([(DISK, 1.0)]);
    let (still, changes) = judge(&left, &thresholds(), &bad, moment(1));
    assert!(changes.is_empty(), "it was told before");
    let good = Readings::from([(DISK, 50.0)]);
    let (cleared, changes) = judge(&still, &thresholds(), &good, moment(2));
    let change = Change { condition: DISK, is_raised: false, reading: 50.0, since };
    assert_eq!(changes, [change]);
    assert_eq!(cleared.raised().count(), 0);
}

#[test]
fn a_threshold_needs_room_between_bad_and_good() {
    assert!(Threshold::new(5.0, 5.0).is_err());
    assert!(Threshold::new(f64::NAN, 5.0).is_err());
}

#[test]
fn every_condition_has_a_name_of_its_own_and_tells_what_to_do() {
    for condition in Condition::ALL {
        let definition = condition.definition();
        assert_eq!(Condition::named(definition.id), Some(*condition));
        assert_eq!(serde_json::to_value(condition).unwrap(), definition.id);
        for text in [definition.means, definition.remedy] {
            assert!(text.ends_with('.') && !text.contains("  "), "{text}");
        }
    }
    assert_eq!(Condition::named("anything"), None);
}

#[test]
fn a_counter_tells_what_it_grew_by_within_the_window() {
    let mut increase = Increase::over(seconds(60));
    assert_eq!(increase.tell(seconds(10), 3.0), 3.0, "it begins at 0");
    assert_eq!(increase.tell(seconds(30), 3.0), 3.0);
    assert_eq!(increase.tell(seconds(50), 5.0), 5.0);
    assert_eq!(increase.tell(seconds(80), 5.0), 2.0);
    assert_eq!(increase.tell(seconds(200), 5.0), 0.0);
    assert_eq!(increase.tell(seconds(210), 1.0), 1.0, "what falls was begun anew");
}

#[test]
fn being_behind_is_measured_from_when_the_log_went_past() {
    let mut behind = Behind::default();
    behind.see(seconds(10), 100);
    behind.see(seconds(20), 100);
    behind.see(seconds(30), 150);
    assert_eq!(behind.since(seconds(40), 150), Duration::ZERO);
    assert_eq!(behind.since(seconds(40), 120), seconds(10));
    assert_eq!(behind.since(seconds(40), 99), seconds(30));
    behind.forget(120);
    assert_eq!(behind.since(seconds(40), 120), seconds(10));
}

#[test]
fn a_clock_that_is_set_is_seen_for_a_while() {
    let mut jumps = ClockJumps::within(seconds(100));
    assert_eq!(jumps.tell(moment(10)), 0.0);
    assert_eq!(jumps.tell(moment(20)), 0.0);
    let set_back = Moment { steady: seconds(30), ..moment(0) };
    assert_eq!(jumps.tell(set_back), 30.0);
    let on = |at: u64| Moment { steady: seconds(at), ..moment(at - 30) };
    assert_eq!(jumps.tell(on(130)), 30.0);
    assert_eq!(jumps.tell(on(131)), 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn raising_and_clearing_take_turns_and_never_come_faster_than_wanted(
        steps in prop::collection::vec((1_u64..40, 0_u8..4), 1..300),
    ) {
        let (mut at, mut last) = (0, None::<(u64, bool)>);
        let mut standings = Standings::default();
        for (step, kind) in steps {
            at += step;
            let reading = [Some(200.0), Some(50.0), Some(5.0), None][usize::from(kind)];
            let readings = reading.map(|reading| (BEHIND, reading)).into_iter().collect();
            let (after, changes) = judge(&standings, &thresholds(), &readings, moment(at));
            prop_assert!(changes.len() <= 1);
            for change in changes {
                let since = at - last.map_or(0, |(at, _)| at);
                prop_assert_eq!(change.is_raised, !last.is_some_and(|(_, raised)| raised));
                let wanted = if change.is_raised { 60 } else { 120 };
                prop_assert!(since >= wanted, "after {} s", since);
                last = Some((at, change.is_raised));
            }
            let raised = after.find(BEHIND).is_some();
            prop_assert_eq!(raised, last.is_some_and(|(_, raised)| raised));
            standings = after;
        }
    }

    #[test]
    fn what_is_remembered_has_a_bound_and_stays_right(
        steps in prop::collection::vec((1_u64..50, 0_u64..20), 1..2_000),
    ) {
        let (mut at, mut head) = (Duration::ZERO, 0_u64);
        let (mut increase, mut behind) = (Increase::over(seconds(5)), Behind::default());
        for (step, grown) in steps {
            at += Duration::from_millis(step);
            head += grown;
            let told = increase.tell(at, head as f64);
            prop_assert!((0.0..=head as f64).contains(&told));
            behind.see(at, head);
            prop_assert!(behind.since(at, 0) <= at);
            prop_assert_eq!(behind.since(at, head), Duration::ZERO);
            prop_assert!(increase.samples() <= 258 && behind.samples() <= 256);
        }
    }
}
