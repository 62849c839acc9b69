use super::*;

const FIRST: Duration = Duration::from_secs(10);

#[test]
fn rests_double_up_to_the_longest_and_end_with_a_cosignature() {
    let now = Instant::now();
    let mut standing = Standing::default();
    assert!(standing.is_due("2026", now));
    for seconds in [10, 20, 40, 80, 160, 300, 300] {
        standing.unreachable(now, FIRST);
        assert!(!standing.is_due("2026", now + Duration::from_secs(seconds - 1)), "{seconds}");
        assert!(standing.is_due("2026", now + Duration::from_secs(seconds)), "{seconds}");
    }
    (0..100).for_each(|_| standing.unreachable(now, FIRST));
    standing.cosigned("2026", 7);
    assert!(standing.is_due("2026", now));
    assert_eq!((standing.known("2026"), standing.known("2025")), (7, 0));
}

#[test]
fn a_refusal_of_one_shard_leaves_the_others_alone() {
    let now = Instant::now();
    let mut standing = Standing::default();
    standing.cosigned("2026", 7);
    standing.refused("2026", now, FIRST);
    assert!(!standing.is_due("2026", now) && standing.is_due("2025", now));
    assert_eq!(standing.known("2026"), 7);
    standing.disputed("2025", now);
    assert!(!standing.is_due("2025", now + REST_OF_DISPUTE - Duration::from_secs(1)));
    assert!(standing.is_due("2025", now + REST_OF_DISPUTE));
}
