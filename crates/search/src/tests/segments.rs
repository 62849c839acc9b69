//! Segments stay few, and none overlaps another in position, however many commits there are.

use annals_domain::{Filter, Position, Recorded};
use annals_ports::SearchIndex;

use super::events::{NOW_S, empty_index, found, plain_event, recorded};
use crate::TantivyIndex;

fn places(index: &TantivyIndex) -> Vec<(u64, u64)> {
    let view = index.view.load();
    let places = view.segments.iter().map(|one| (one.least_position(), one.greatest_position()));
    let mut places: Vec<(u64, u64)> = places.collect();
    places.sort_unstable();
    places
}

#[test]
fn merges_keep_segments_few_and_apart() {
    let (_dir, index) = empty_index();
    let mut most = 0;
    for commit in 0..60_u64 {
        let events: Vec<Recorded> =
            (1..=1 + commit % 7).map(|n| recorded(100 * commit + n, plain_event(NOW_S))).collect();
        index.add(&events).unwrap();
        index.commit().unwrap();
        let places = places(&index);
        most = most.max(places.len());
        assert!(
            places.windows(2).all(|pair| pair[0].1 < pair[1].0),
            "segments overlap: {places:?}"
        );
    }
    index.finish_writing();
    assert!(places(&index).len() <= 15, "{:?}", places(&index));
    // Merges run beside; while one is under way others wait.
    assert!(most < 40, "{most} segments at once");
    assert_eq!(found(&index, &Filter::All).len(), 234);
    assert_eq!(index.position(), Position(5904));
}
