use annals_domain::time::DateTime;
use annals_domain::{EventId, TenantId};
use uuid::Uuid;

use super::*;

fn delivery(number: u64, person: &str) -> Delivery {
    let tenant = TenantId::new("acme").unwrap();
    let event = EventId(Uuid::from_u128(u128::from(number)));
    Delivery {
        id: Delivery::id_of("memory", &tenant, event, "a.b", person),
        tenant,
        recipient: person.into(),
        kind: "a.b".into(),
        title: "Something".into(),
        body: "Something happened".into(),
        event,
        event_type: "a.b".into(),
        occurred_at: DateTime::parse("2026-11-21T09:30:00Z").unwrap(),
        position: Position(number),
    }
}

fn schedule(start: u64, in_flight_max: usize) -> Schedule {
    let settings = DeliverySettings {
        lease_renew_seconds: 3,
        lease_expires_seconds: 10,
        attempts_max: 3,
        in_flight_max,
    };
    Schedule::new(2, Position(start), &settings)
}

fn add(schedule: &mut Schedule, number: u64, person: &str) {
    schedule.add(Position(number), vec![(0, delivery(number, person))]);
}

/// Starts all that may be started; tells their positions.
fn start_all(schedule: &mut Schedule) -> (Vec<Lane>, Vec<u64>) {
    let started = std::iter::from_fn(|| schedule.start());
    started.map(|(lane, delivery)| (lane, delivery.position.0)).unzip()
}

fn failure(permanent: bool) -> DeliveryError {
    let source = "a test wanted it".into();
    DeliveryError { doing: "deliver", permanent, retry_after: None, source }
}

#[test]
fn a_person_is_told_in_order_and_persons_do_not_wait_for_each_other() {
    let mut schedule = schedule(0, 10);
    for (number, person) in [(1, "ann"), (2, "ann"), (3, "bob"), (4, "ann")] {
        add(&mut schedule, number, person);
    }
    let (mut lanes, positions) = start_all(&mut schedule);
    assert_eq!(positions, [1, 3]);
    let (bob, ann) = (lanes.pop().unwrap(), lanes.pop().unwrap());
    assert_eq!(schedule.tried(ann.clone(), Ok(())), Verdict::Delivered);
    assert_eq!(start_all(&mut schedule).1, [2]);
    assert_eq!(schedule.tried(bob, Ok(())), Verdict::Delivered);
    assert!(matches!(schedule.tried(ann.clone(), Err(&failure(false))), Verdict::Again(_)));
    assert_eq!(start_all(&mut schedule).1, [0; 0], "what comes after it waits");
    schedule.rested(ann);
    assert_eq!(start_all(&mut schedule).1, [2]);
}

#[test]
fn no_more_than_so_many_are_under_way_and_those_that_rest_do_not_count() {
    let mut schedule = schedule(0, 2);
    for number in 1..=5 {
        add(&mut schedule, number, &format!("p{number}"));
    }
    let (lanes, positions) = start_all(&mut schedule);
    assert_eq!(positions, [1, 2]);
    schedule.tried(lanes[0].clone(), Err(&failure(false)));
    schedule.tried(lanes[1].clone(), Err(&failure(false)));
    assert_eq!(start_all(&mut schedule).1, [3, 4]);
    assert_eq!(schedule.under_way(), 2);
    // Another channel has room of its own.
    schedule.add(Position(6), vec![(1, delivery(6, "p6"))]);
    assert_eq!(start_all(&mut schedule).1, [6]);
}

#[test]
fn everything_is_done_up_to_the_oldest_delivery_that_is_not() {
    let mut schedule = schedule(5, 10);
    schedule.read_to(Position(8));
    assert_eq!(schedule.done(), Position(8), "what is told to nobody is done");
    schedule.add(Position(10), vec![(0, delivery(10, "ann")), (1, delivery(10, "ann"))]);
    add(&mut schedule, 13, "bob");
    schedule.read_to(Position(20));
    let (lanes, _) = start_all(&mut schedule);
    // On one channel ann and bob, then on the other ann.
    schedule.tried(lanes[1].clone(), Ok(()));
    assert_eq!(schedule.done(), Position(8));
    schedule.tried(lanes[0].clone(), Ok(()));
    assert_eq!(schedule.done(), Position(8), "one of its channels is left");
    schedule.tried(lanes[2].clone(), Ok(()));
    assert_eq!(schedule.done(), Position(20));
}

#[test]
fn a_delivery_is_parked_when_it_is_hopeless_or_was_tried_often_enough() {
    let mut schedule = schedule(0, 10);
    add(&mut schedule, 1, "ann");
    add(&mut schedule, 2, "ann");
    add(&mut schedule, 3, "ann");
    for attempt in 1..=3 {
        let (lanes, positions) = start_all(&mut schedule);
        assert_eq!(positions, [1]);
        let verdict = schedule.tried(lanes[0].clone(), Err(&failure(false)));
        assert_eq!(verdict == Verdict::Parked, attempt == 3);
        if attempt < 3 {
            schedule.rested(lanes[0].clone());
        }
    }
    assert_eq!(schedule.done(), Position(1));
    let (lanes, positions) = start_all(&mut schedule);
    assert_eq!(positions, [2]);
    assert_eq!(schedule.tried(lanes[0].clone(), Err(&failure(true))), Verdict::Parked);
    // The next one has all its attempts.
    let (lanes, positions) = start_all(&mut schedule);
    assert_eq!(positions, [3]);
    assert!(matches!(schedule.tried(lanes[0].clone(), Err(&failure(false))), Verdict::Again(_)));
}

#[test]
fn reading_stops_when_too_much_lies_before_the_oldest_that_is_not_done() {
    let mut schedule = schedule(0, 10_000);
    add(&mut schedule, 1, "slow");
    for number in 2..WINDOW_MAX {
        add(&mut schedule, number, "quick");
        if schedule.start().is_some_and(|(lane, _)| lane.person.id == "slow") {
            schedule.start();
        }
        let lane = Lane {
            channel: 0,
            person: PersonRef { tenant: TenantId::new("acme").unwrap(), id: "quick".into() },
        };
        schedule.tried(lane, Ok(()));
    }
    assert!(schedule.has_room());
    add(&mut schedule, WINDOW_MAX, "quick");
    assert!(!schedule.has_room());
    let slow = Lane {
        channel: 0,
        person: PersonRef { tenant: TenantId::new("acme").unwrap(), id: "slow".into() },
    };
    schedule.tried(slow, Ok(()));
    assert!(schedule.has_room());
    assert_eq!(schedule.done(), Position(WINDOW_MAX - 1));
}

#[test]
fn a_lane_that_is_empty_is_forgotten() {
    let mut schedule = schedule(0, 10);
    add(&mut schedule, 1, "ann");
    let (lanes, _) = start_all(&mut schedule);
    schedule.tried(lanes[0].clone(), Ok(()));
    assert!(schedule.lanes.is_empty() && schedule.open.is_empty());
}
