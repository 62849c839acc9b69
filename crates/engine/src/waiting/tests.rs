use proptest::prelude::*;

use super::*;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn the_age_of_a_line_is_that_of_whoever_still_waits_longest() {
    let (mut line, start) = (Line::default(), Instant::now());
    let places: Vec<u64> = (0..3).map(|n| line.enter(start + seconds(n))).collect();
    let now = start + seconds(10);
    assert_eq!(line.age(now), seconds(10));
    line.leave(places[1]);
    assert_eq!(line.age(now), seconds(10));
    line.leave(places[0]);
    assert_eq!((line.age(now), line.began.len()), (seconds(8), 1));
    line.leave(places[2]);
    assert_eq!((line.age(now), line.count), (seconds(0), 0));
}

#[test]
fn only_many_who_wait_long_are_too_many_and_only_for_their_tenant() {
    let waiting = Arc::new(Waiting::new(seconds(4)));
    let (ann, bob) = (TenantId::new("a").unwrap(), TenantId::new("b").unwrap());
    let (soon, later) = (Instant::now() + seconds(2), Instant::now() + seconds(5));
    let mut those: Vec<Waits> = (0..FREE).map(|_| waiting.begin(&ann)).collect();
    assert!(!waiting.is_too_long(&ann, later), "a few may wait");
    those.push(waiting.begin(&ann));
    assert!(waiting.is_too_long(&ann, later));
    assert!(!waiting.is_too_long(&ann, soon));
    assert!(!waiting.is_too_long(&bob, later));
    assert!(waiting.is_pressed(soon) && !waiting.is_pressed(Instant::now()));
    those.remove(0);
    assert!(!waiting.is_too_long(&ann, later));
    drop(those);
    assert!(!waiting.is_pressed(later));
    assert!(waiting.locked().each.is_empty());
}

proptest! {
    #[test]
    fn in_whatever_order_they_leave_the_line_tells_the_oldest(
        leaving in prop::collection::vec(0..50_usize, 0..60),
    ) {
        let (mut line, start) = (Line::default(), Instant::now());
        let places: Vec<u64> = (0..50).map(|n| line.enter(start + seconds(n))).collect();
        let mut left: Vec<usize> = (0..50).collect();
        for index in leaving {
            line.leave(places[index]);
            left.retain(|other| *other != index);
            let oldest = left.first().map_or(Duration::ZERO, |n| seconds(100 - *n as u64));
            prop_assert_eq!(line.age(start + seconds(100)), oldest);
            prop_assert_eq!(line.count, left.len());
        }
    }
}
