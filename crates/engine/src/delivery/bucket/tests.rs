//! No lane overtakes itself, whatever order attempts end in, and one receiver takes no more than its room.

use std::collections::BTreeMap;

use annals_domain::notification::{Outgoing, Route};
use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, TenantId};
use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn pending(position: u64, lane: u8) -> Pending {
    let now = Timestamp::UNIX_EPOCH;
    let message = Outgoing {
        id: Uuid::from_u128(position.into()),
        tenant: TenantId::new("acme").unwrap(),
        recipient: Some(lane.to_string()),
        route: Route::Syslog,
        rule: "r".into(),
        severity: "info".into(),
        template: "event".into(),
        locale: "en".into(),
        title: "t".into(),
        body: "b".into(),
        event: EventId(Uuid::from_u128(position.into())),
        event_type: "a.b".into(),
        occurred_at: DateTime::utc(now),
        recorded_at: now,
        position: Position(position),
        more: Vec::new(),
        is_theirs: true,
    };
    Pending { message, lane: lane.to_string(), tries: 0, first_tried: None, beyond: false }
}

proptest! {
    /// A store that keeps the contract of the outbox, and a receiver that fails now and then.
    #[test]
    fn no_lane_overtakes_itself(
        lanes in prop::collection::vec(0..4u8, 1..40),
        ends in prop::collection::vec((any::<u8>(), 0..4u8), 1..200),
    ) {
        const ROOM: usize = 3;
        let mut waiting: BTreeMap<u64, u8> = (1..).zip(lanes.iter().copied()).collect();
        let (mut bucket, mut under_way, mut done) = (Bucket::default(), Vec::new(), Vec::new());
        // At last everything is taken.
        let ends = ends.into_iter().chain(std::iter::repeat_n((0, 1), 200));
        for (choice, outcome) in ends {
            if let Some(without) = bucket.wants(ROOM, Timestamp::UNIX_EPOCH) {
                let asked = waiting.iter().map(|(at, lane)| pending(*at, *lane));
                let asked = asked.filter(|one| !without.contains(&one.lane));
                bucket.offer(asked.take(8).collect());
            }
            while let Some(next) = bucket.start(ROOM) {
                let same = |other: &Pending| other.lane == next.lane;
                prop_assert!(!under_way.iter().any(same), "two of a lane are on their way");
                under_way.push(next);
            }
            prop_assert!(under_way.len() <= ROOM);
            if under_way.is_empty() {
                break;
            }
            let ended = under_way.swap_remove(usize::from(choice) % under_way.len());
            let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1);
            let outcome = match outcome {
                0 => AttemptOutcome::Again(at),
                3 => AttemptOutcome::GivenUp,
                _ => AttemptOutcome::Delivered,
            };
            if !matches!(outcome, AttemptOutcome::Again(_)) {
                waiting.remove(&ended.message.position.0);
                done.push((ended.lane.clone(), ended.message.position));
            }
            bucket.ended(&ended.lane, outcome);
        }
        prop_assert!(waiting.is_empty(), "{waiting:?} were forgotten");
        for lane in 0..4u8 {
            let places: Vec<_> = done.iter().filter(|(of, _)| *of == lane.to_string()).map(|(_, at)| *at).collect();
            prop_assert!(places.is_sorted(), "{places:?}");
        }
        prop_assert_eq!(done.len(), lanes.len());
    }
}

#[test]
fn a_lane_with_more_than_a_page_holds_up_no_other() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let mut bucket = Bucket::default();
    assert_eq!(bucket.wants(3, at(0)), Some(Vec::new()));
    bucket.offer((1..=PAGE as u64).map(|position| pending(position, 0)).collect());
    assert_eq!(bucket.wants(3, at(0)), None, "something may be sent");
    let first = bucket.start(3).unwrap();
    assert!(bucket.start(3).is_none(), "the rest of the page stands behind it");
    assert_eq!(bucket.wants(3, at(0)), None, "it was looked a moment ago");
    assert_eq!(bucket.wants(3, at(1)), Some(vec!["0".to_owned()]));
    bucket.offer(vec![pending(9_000, 1)]);
    assert_eq!(bucket.start(3).unwrap().lane, "1");
    bucket.ended("1", AttemptOutcome::Delivered);
    assert_eq!(bucket.wants(3, at(1)), Some(vec!["0".to_owned()]), "there may be more of it");
    bucket.ended(&first.lane, AttemptOutcome::Delivered);
    assert_eq!(bucket.start(3).unwrap().message.position, Position(2));
}

#[test]
fn what_comes_is_looked_for_at_once_where_little_is_due() {
    let mut bucket = Bucket::default();
    bucket.offer(vec![pending(1, 0), pending(2, 0)]);
    bucket.start(3).unwrap();
    for _ in 0..2 {
        assert_eq!(bucket.wants(3, Timestamp::UNIX_EPOCH), Some(vec!["0".to_owned()]));
    }
}
