use std::sync::Arc;

use annals_domain::{Event, Revision, StreamName};
use serde_json::json;

use super::*;

fn recorded(position: u64) -> Recorded {
    let event: Event = serde_json::from_value(json!({
        "id": "00000000-0000-0000-0000-000000000001",
        "type": "user.signed.in",
        "schema_version": 1,
        "tenant": "acme",
        "source": "tests",
        "occurred_at": "2026-11-21T09:00:00Z",
        "received_at": "2026-11-21T09:00:01.250Z",
        "operation": "login",
        "severity": "info",
        "outcome": {"status": "success"},
        "actor": {"type": "user", "id": "ann"},
    }))
    .unwrap();
    Recorded {
        position: Position(position),
        stream: StreamName::from_stored("person-acme.x"),
        revision: Revision(0),
        event: Arc::new(event),
        header_digest: [0; 32],
        erased: Vec::new(),
        stored_schema_version: None,
    }
}

fn push(queue: &Queue, positions: &[u64], weight: usize) -> bool {
    let events: Vec<Recorded> = positions.iter().map(|position| recorded(*position)).collect();
    queue.push(events.iter().map(|event| (event, weight)))
}

fn positions(taken: &Taken) -> Vec<u64> {
    taken.events.iter().map(|event| event.position.0).collect()
}

#[test]
fn an_empty_queue_has_told_everything_and_one_with_a_rest_up_to_what_was_taken() {
    let queue = Queue::new(10);
    assert_eq!(queue.take(5).told_until(Position(3)), Some(Position(3)));
    assert!(push(&queue, &[4, 6, 8], 1));
    let first = queue.take(2);
    assert_eq!((positions(&first), first.all, first.over), (vec![4, 6], false, false));
    assert_eq!(first.told_until(Position(9)), Some(Position(6)));
    let rest = queue.take(2);
    assert_eq!((positions(&rest), rest.all), (vec![8], true));
    assert_eq!(rest.told_until(Position(9)), Some(Position(9)));
    // It was told of 8 while only 7 was looked at for all.
    assert_eq!(rest.told_until(Position(7)), Some(Position(8)));
}

#[test]
fn what_has_no_room_ends_the_queue_behind_what_had() {
    let queue = Queue::new(10);
    assert!(push(&queue, &[1, 2], 4));
    assert!(!push(&queue, &[3, 4], 1 + 2));
    assert!(!push(&queue, &[5], 1), "after a gap nothing is added");
    let taken = queue.take(10);
    assert_eq!((positions(&taken), taken.all, taken.over), (vec![1, 2], false, true));
    // What came after was looked at for others.
    assert_eq!(taken.told_until(Position(9)), Some(Position(2)));
    assert_eq!(queue.take(10).told_until(Position(9)), None);
}

#[test]
fn taking_makes_room_and_the_largest_event_has_the_queue_to_itself() {
    let queue = Queue::new(10);
    assert!(push(&queue, &[1], 64));
    assert_eq!(positions(&queue.take(1)), [1]);
    for round in 0..5 {
        assert!(push(&queue, &[10 * round + 2, 10 * round + 3], 5));
        queue.take(2);
    }
    assert!(push(&queue, &[100], 64));
    assert!(!push(&queue, &[101], 1));
}

#[tokio::test]
async fn who_waits_hears_of_events_and_of_the_end() {
    let queue = Queue::new(10);
    push(&queue, &[1], 1);
    queue.news().await;
    assert_eq!(positions(&queue.take(10)), [1]);
    queue.end();
    queue.news().await;
    assert!(queue.take(10).over);
}
