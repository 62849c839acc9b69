//! What every [`Spool`] keeps to.

use std::sync::Arc;

use annals_domain::{EventId, TenantId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::spool::{Lane, NewWaiting, Put, Spool, SpoolBounds, WAITING_BYTES, Waiting};

/// Bytes of the events here.
const BYTES: usize = 100;
const WIDE: SpoolBounds =
    SpoolBounds { events_max: 1000, bytes_max: 1 << 20, not_before: Timestamp::MIN };
const WORKS: &str = "the store works";

/// Runs the whole suite; `open` makes an empty spool.
pub async fn run(open: impl Fn() -> Arc<dyn Spool>) {
    events_come_back_in_order_as_they_were_put(&*open()).await;
    the_same_event_waits_once(&*open()).await;
    another_event_with_the_same_id_is_a_conflict(&*open()).await;
    what_does_not_fit_is_told(&*open()).await;
    nothing_overtakes_what_did_not_fit(&*open()).await;
    a_spool_whose_oldest_is_too_old_takes_no_more(&*open()).await;
    removed_events_are_gone_and_their_numbers_are_not_used_again(&*open()).await;
    what_waits_is_read_in_steps(&*open()).await;
    lanes_are_counted(&*open()).await;
    of_those_who_put_beside_each_other_all_are_kept(open()).await;
}

/// Checks that closing and opening again keeps what waits. `open` first drops whatever it opened
/// before.
pub async fn reopening_keeps_everything(open: impl AsyncFn() -> Arc<dyn Spool>) {
    let spool = open().await;
    put(&*spool, vec![event(1), event(2), event(3)], WIDE).await;
    let first = oldest(&*spool).await;
    spool.remove(vec![first[2].number]).await.expect(WORKS);
    drop(spool);
    let spool = open().await;
    assert_eq!(oldest(&*spool).await, first[..2]);
    assert_eq!(put(&*spool, vec![event(1), event(4)], WIDE).await, [Put::AlreadyThere, Put::Kept]);
    let last = oldest(&*spool).await.pop().expect("some wait");
    assert!(last.number > first[2].number, "numbers are not used twice");
    let full = SpoolBounds { events_max: 3, ..WIDE };
    assert_eq!(put(&*spool, vec![event(5)], full).await, [Put::Full], "bounds hold as before");
}

async fn events_come_back_in_order_as_they_were_put(spool: &dyn Spool) {
    assert_eq!(oldest(spool).await, []);
    assert_eq!(put(spool, vec![event(3), event(1)], WIDE).await, [Put::Kept; 2]);
    assert_eq!(put(spool, vec![event(2)], WIDE).await, [Put::Kept]);
    let waiting = oldest(spool).await;
    for (waiting, number) in waiting.iter().zip([3, 1, 2]) {
        let event = event(number);
        assert_eq!((&waiting.tenant, waiting.id), (&event.tenant, event.id));
        assert_eq!((waiting.lane, waiting.at), (event.lane, event.at));
        assert_eq!(waiting.sealed, event.sealed);
    }
    assert!(waiting.is_sorted_by_key(|waiting| waiting.number));
    assert_eq!(spool.oldest(2).await.expect(WORKS), waiting[..2]);
}

async fn the_same_event_waits_once(spool: &dyn Spool) {
    let again = NewWaiting { sealed: vec![0; 7], ..event(1) };
    assert_eq!(put(spool, vec![event(1), again], WIDE).await, [Put::Kept, Put::AlreadyThere]);
    assert_eq!(put(spool, vec![event(1)], WIDE).await, [Put::AlreadyThere]);
    let full = SpoolBounds { events_max: 1, ..WIDE };
    assert_eq!(put(spool, vec![event(1)], full).await, [Put::AlreadyThere], "also when it is full");
    assert_eq!(oldest(spool).await.len(), 1);
}

async fn another_event_with_the_same_id_is_a_conflict(spool: &dyn Spool) {
    let other = NewWaiting { fingerprint: [0; 16], ..event(1) };
    assert_eq!(put(spool, vec![event(1), other.clone()], WIDE).await, [Put::Kept, Put::Conflict]);
    let foreign = NewWaiting { tenant: tenant("umbrella"), ..other };
    assert_eq!(put(spool, vec![foreign], WIDE).await, [Put::Kept], "ids are of a tenant");
}

async fn what_does_not_fit_is_told(spool: &dyn Spool) {
    let bounds = SpoolBounds { events_max: 2, ..WIDE };
    assert_eq!(put(spool, vec![event(1), event(2)], bounds).await, [Put::Kept; 2]);
    assert_eq!(put(spool, vec![event(3)], bounds).await, [Put::Full]);
    let one = WAITING_BYTES + BYTES as u64;
    let bounds = SpoolBounds { bytes_max: 3 * one, ..WIDE };
    assert_eq!(put(spool, vec![event(3), event(4)], bounds).await, [Put::Kept, Put::Full]);
    let first = oldest(spool).await.remove(0);
    spool.remove(vec![first.number]).await.expect(WORKS);
    assert_eq!(put(spool, vec![event(4)], bounds).await, [Put::Kept], "there is room again");
}

async fn nothing_overtakes_what_did_not_fit(spool: &dyn Spool) {
    let large = NewWaiting { sealed: vec![1; 10 * BYTES], ..event(2) };
    let bounds = SpoolBounds { bytes_max: 8 * BYTES as u64, ..WIDE };
    let puts = put(spool, vec![event(1), large, event(3), event(1)], bounds).await;
    assert_eq!(puts, [Put::Kept, Put::Full, Put::Full, Put::AlreadyThere]);
    assert_eq!(oldest(spool).await.len(), 1);
}

async fn a_spool_whose_oldest_is_too_old_takes_no_more(spool: &dyn Spool) {
    let bounds = SpoolBounds { not_before: event(5).at, ..WIDE };
    assert_eq!(put(spool, vec![event(5), event(6)], bounds).await, [Put::Kept; 2]);
    let later = SpoolBounds { not_before: event(6).at, ..WIDE };
    assert_eq!(put(spool, vec![event(7)], later).await, [Put::Full]);
}

async fn removed_events_are_gone_and_their_numbers_are_not_used_again(spool: &dyn Spool) {
    put(spool, vec![event(1), event(2)], WIDE).await;
    let waiting = oldest(spool).await;
    let numbers: Vec<u64> = waiting.iter().map(|waiting| waiting.number).collect();
    spool.remove(numbers.clone()).await.expect(WORKS);
    spool.remove(numbers.clone()).await.expect("removing twice is harmless");
    assert_eq!(oldest(spool).await, []);
    assert_eq!(put(spool, vec![event(1)], WIDE).await, [Put::Kept]);
    assert!(oldest(spool).await[0].number > numbers[1]);
}

async fn lanes_are_counted(spool: &dyn Spool) {
    assert_eq!(spool.lanes().await.expect(WORKS), []);
    let in_lane = |number, lane| NewWaiting { lane: Lane([lane; 16]), ..event(number) };
    put(spool, vec![in_lane(1, 1), in_lane(2, 2), in_lane(3, 1)], WIDE).await;
    let mut lanes = spool.lanes().await.expect(WORKS);
    lanes.sort_unstable();
    assert_eq!(lanes, [(Lane([1; 16]), 2), (Lane([2; 16]), 1)]);
}

async fn of_those_who_put_beside_each_other_all_are_kept(spool: Arc<dyn Spool>) {
    let putting: Vec<_> = (1..=40)
        .map(|number| {
            let spool = Arc::clone(&spool);
            tokio::spawn(async move { spool.put(vec![event(number)], WIDE).await })
        })
        .collect();
    for put in putting {
        assert_eq!(put.await.expect("it does not panic").expect(WORKS), [Put::Kept]);
    }
    assert_eq!(oldest(&*spool).await.len(), 40);
}

async fn what_waits_is_read_in_steps(spool: &dyn Spool) {
    put(spool, (1..=5).map(event).collect(), WIDE).await;
    let all = oldest(spool).await;
    assert_eq!(spool.behind(0, 2).await.expect(WORKS), all[..2]);
    assert_eq!(spool.behind(all[1].number, 2).await.expect(WORKS), all[2..4]);
    assert_eq!(spool.behind(all[4].number, 2).await.expect(WORKS), []);
}

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("tests name tenants well")
}

fn event(number: u8) -> NewWaiting {
    NewWaiting {
        tenant: tenant("acme"),
        id: EventId(Uuid::from_u128(u128::from(number))),
        lane: Lane([number % 3; 16]),
        fingerprint: [number; 16],
        at: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(29_000_000 + i64::from(number)),
        sealed: vec![number; BYTES],
    }
}

async fn put(spool: &dyn Spool, events: Vec<NewWaiting>, bounds: SpoolBounds) -> Vec<Put> {
    spool.put(events, bounds).await.expect(WORKS)
}

async fn oldest(spool: &dyn Spool) -> Vec<Waiting> {
    spool.oldest(100).await.expect(WORKS)
}
