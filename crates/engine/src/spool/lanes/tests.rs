use std::sync::Arc;

use super::*;

const ANN: Lane = Lane([1; 16]);
const BEN: Lane = Lane([2; 16]);

#[tokio::test]
async fn a_lane_is_busy_until_the_last_of_its_events_has_gone() {
    let lanes = Arc::new(Lanes::new(vec![(ANN, 2)]));
    assert!(lanes.is_busy(ANN) && !lanes.is_busy(BEN));
    lanes.are_free(&[BEN]).await;
    let waiting = tokio::spawn({
        let lanes = Arc::clone(&lanes);
        async move { lanes.are_free(&[BEN, ANN]).await }
    });
    lanes.add(&[BEN]);
    lanes.release(&[ANN, ANN]);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished(), "the other lane is busy now");
    assert_eq!(lanes.total(), 1);
    lanes.release(&[BEN]);
    waiting.await.unwrap();
    assert_eq!(lanes.total(), 0);
}
