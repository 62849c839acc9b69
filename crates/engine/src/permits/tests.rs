use super::*;

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

#[test]
fn what_is_over_the_bound_is_turned_away_and_room_comes_back() {
    let permits = Permits::new(100, 2);
    assert!(permits.take_bytes(101).is_none());
    let first = permits.take_bytes(100).unwrap();
    assert!(permits.take_bytes(1).is_none());
    drop(first);
    let permit = permits.add_events(permits.take_bytes(1).unwrap(), None, 2).unwrap();
    assert_eq!(permits.under_way(), (1, 2));
    assert!(permits.add_events(permits.take_bytes(1).unwrap(), None, 1).is_none());
    drop(permit);
    assert_eq!(permits.under_way(), (0, 0));
}

#[test]
fn a_tenant_cannot_take_the_room_of_another() {
    let mut limits = annals_domain::limits::Limits::shipped().request;
    limits.in_flight_bytes_max = 1000;
    limits.bulk_bytes_max = 100;
    let permits = Permits::of(&limits);
    let (loud, quiet) = (tenant("loud"), tenant("quiet"));
    let all: Vec<Permit> =
        std::iter::from_fn(|| permits.take_bytes_for(&loud, 10)).take(1000).collect();
    assert_eq!(all.len(), 75);
    let quiet_one = permits.take_bytes_for(&quiet, 100);
    assert!(quiet_one.is_some());
    assert!(permits.take_bytes_for(&loud, 1).is_none());
    drop(all);
    assert!(permits.take_bytes_for(&loud, 300).is_some());
}

#[test]
fn who_has_many_waiting_for_too_long_is_turned_away_and_others_are_not() {
    let mut limits = annals_domain::limits::Limits::shipped().request;
    limits.recording_wait_ms_max = 0;
    let permits = Permits::of(&limits);
    let (slow, quick) = (tenant("slow"), tenant("quick"));
    let waiting: Vec<_> = (0..50).map(|_| permits.waiting.begin(&slow)).collect();
    assert!(permits.take_bytes_for(&slow, 1).is_none());
    assert!(permits.take_bytes_for(&quick, 1).is_some());
    drop(waiting);
    assert!(permits.take_bytes_for(&slow, 1).is_some());
}

#[tokio::test]
async fn finishing_waits_for_what_is_under_way_and_takes_no_more() {
    let permits = Permits::new(10, 10);
    let permit = permits.add_events(permits.take_bytes(1).unwrap(), None, 1).unwrap();
    let finishing = tokio::spawn({
        let permits = permits.clone();
        async move { permits.finish().await }
    });
    tokio::task::yield_now().await;
    assert!(!finishing.is_finished());
    drop(permit);
    finishing.await.unwrap();
    assert!(permits.take_bytes(1).is_none());
}
