//! Hours at which somebody never works, hours with far too much, and series that end.

use super::*;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

fn act(second: i64) -> Event {
    at(
        second,
        json!({"type": "configuration.changed", "operation": "update", "actor": {"id": "root"}}),
    )
}

#[test]
fn an_hour_at_which_somebody_never_works_is_found_once_enough_is_known() {
    let lines = |learn: usize| {
        format!(
            "filter = \"type:configuration.changed\"\nkey = [\"actor\"]\n\
             off_hours = {{ learn_events = {learn}, margin = 2 }}"
        )
    };
    // From nine to five on ten days.
    let mut events: Vec<Event> =
        (0..10).flat_map(|day| (9..17).map(move |hour| act(day * DAY + hour * HOUR))).collect();
    events.push(act(10 * DAY + 3 * HOUR));
    assert_eq!(found(&mut detector(&lines(80)), &events), [81]);
    assert_eq!(found(&mut detector(&lines(81)), &events), [0usize; 0]);
    // 17 to 18 h is within two hours of the last one, 19 h is not.
    *events.last_mut().unwrap() = act(10 * DAY + 18 * HOUR);
    assert_eq!(found(&mut detector(&lines(80)), &events), [0usize; 0]);
    *events.last_mut().unwrap() = act(10 * DAY + 19 * HOUR);
    assert_eq!(found(&mut detector(&lines(80)), &events), [81]);
}

#[test]
fn fixed_hours_are_those_of_the_place_where_it_was_told() {
    let lines = r#"
filter = "type:configuration.changed"
key = ["actor"]
cooldown = "PT1M"
outside_hours = { from = 7, until = 20 }
"#;
    let events = [act(7 * HOUR), act(20 * HOUR - 1), act(20 * HOUR), act(DAY + 7 * HOUR - 1)];
    assert_eq!(found(&mut detector(lines), &events), [3, 4]);
    let mut in_tokyo = act(20 * HOUR);
    in_tokyo.occurred_at.offset = jiff::tz::Offset::constant(9);
    assert_eq!(found(&mut detector(lines), &[in_tokyo]), [1], "there it is five in the morning");
    let mut in_lima = act(20 * HOUR);
    in_lima.occurred_at.offset = jiff::tz::Offset::constant(-5);
    assert_eq!(found(&mut detector(lines), &[in_lima]), [0usize; 0]);
}

const RATE: &str = r#"
filter = "type:configuration.changed"
rate = { least = 20, factor = 4, learn_days = 3 }
"#;

/// So many in the hour from ten of each day.
fn busy(days: &[i64]) -> Vec<Event> {
    let of_day = |(day, count): (usize, &i64)| {
        let begin = day as i64 * DAY + 10 * HOUR;
        (0..*count).map(move |number| act(begin + number)).collect::<Vec<_>>()
    };
    days.iter().enumerate().flat_map(of_day).collect()
}

#[test]
fn an_hour_with_many_times_as_much_as_on_other_days_is_found_once() {
    // Ten are usual, so forty are four times that; ten and six roots of ten are 29.
    assert_eq!(found(&mut detector(RATE), &busy(&[10, 10, 10, 39])), [0usize; 0]);
    assert_eq!(found(&mut detector(RATE), &busy(&[10, 10, 10, 40])), [70]);
    assert_eq!(found(&mut detector(RATE), &busy(&[10, 10, 10, 200])), [70]);
    assert_eq!(
        found(&mut detector(RATE), &busy(&[10, 10, 200])),
        [0usize; 0],
        "two days are too few"
    );
    assert_eq!(
        found(&mut detector(RATE), &busy(&[1, 1, 1, 19])),
        [0usize; 0],
        "twenty is the least"
    );
    assert_eq!(found(&mut detector(RATE), &busy(&[1, 1, 1, 20])), [23]);
    // What was out of the usual does not become usual at once.
    assert_eq!(found(&mut detector(RATE), &busy(&[10, 10, 10, 500, 500])).len(), 2);
}

#[test]
fn other_hours_have_their_own_usual() {
    let night = |day: i64| (0..10).map(move |number| act(day * DAY + 3 * HOUR + number));
    let mut events: Vec<Event> = Vec::new();
    for day in 0..5 {
        events.extend(night(day));
        events.extend((0..100).map(|number| act(day * DAY + 10 * HOUR + number)));
    }
    assert_eq!(found(&mut detector(RATE), &events), [0usize; 0]);
    // As many at night as by day.
    events.extend((0..100).map(|number| act(5 * DAY + 3 * HOUR + number)));
    assert_eq!(found(&mut detector(RATE), &events), [590]);
}

const SILENCE: &str = r#"
filter = "*"
key = ["type"]
vanished = { learn_events = 10, silence = "PT6H" }
"#;

fn tick(second: i64) -> Event {
    at(second, json!({"type": "clock.ticked", "actor": {"type": "service", "id": "clock"}}))
}

#[test]
fn a_series_that_ends_is_missed_after_the_silence_and_once() {
    let mut events: Vec<Event> = (0..10).map(|number| act(number * HOUR)).collect();
    events.extend((0..6).map(|hour| tick(9 * HOUR + hour * HOUR + 60)));
    let known = events.len();
    events.push(tick(15 * HOUR + 60));
    events.extend((16..40).map(|hour| tick(hour * HOUR + 60)));
    let mut detector = detector(SILENCE);
    let findings: Vec<(usize, Finding)> = events
        .iter()
        .enumerate()
        .flat_map(|(place, event)| {
            detector.take(event).into_iter().map(move |found| (place, found))
        })
        .collect();
    assert_eq!(findings.len(), 1, "{findings:?}");
    // The last was at nine: at 15:01 more than six hours are over.
    assert_eq!(findings[0].0, known);
    assert_eq!(findings[0].1.key, [("type".to_owned(), "configuration.changed".to_owned())]);
    assert_eq!(findings[0].1.events, [events[9].id]);
}

#[test]
fn a_series_is_given_three_times_its_longest_pause_and_must_be_known() {
    let ticks = || (0..40).map(|hour| tick(20 * HOUR + hour * HOUR + 60));
    let few: Vec<Event> = (0..9).map(|number| act(number * HOUR)).chain(ticks()).collect();
    assert_eq!(found(&mut detector(SILENCE), &few), [0usize; 0]);
    // It once paused for ten hours, so thirty go by before it is missed.
    let paused = (0..9).map(|number| act(number * HOUR)).chain([act(18 * HOUR)]);
    let events: Vec<Event> = paused.chain(ticks()).collect();
    assert_eq!(found(&mut detector(SILENCE), &events), [39], "at 48:01");
}
