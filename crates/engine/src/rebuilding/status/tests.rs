use super::*;

fn running(position: u64, head: u64) -> RebuildStatus {
    RebuildStatus::beginning(Position(position), Position(head))
}

#[tokio::test(start_paused = true)]
async fn the_end_is_estimated_from_the_speed_so_far() {
    let mut status = running(0, 1000);
    assert_eq!(status.remaining(), None);
    tokio::time::advance(Duration::from_secs(10)).await;
    status.step(Position(250), Position(1000), 750, 250);
    assert_eq!(status.events_per_second, 25.0);
    assert_eq!(status.remaining(), Some(Duration::from_secs(30)));
    let now = Timestamp::UNIX_EPOCH;
    assert_eq!(status.estimated_end(now).unwrap().as_second(), 30);
    status.end(RebuildState::Failed, Some("the disk is full".into()));
    assert_eq!(status.remaining(), None);
}

#[test]
fn it_is_not_done_before_it_has_ended_well() {
    let mut status = running(1000, 1000);
    assert_eq!(status.percent(), 99);
    status.end(RebuildState::Done, None);
    assert_eq!(status.percent(), 100);
    assert_eq!(running(0, 0).percent(), 0);
    assert_eq!(running(420, 1000).percent(), 42);
}
