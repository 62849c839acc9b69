use std::collections::BTreeSet;

use super::*;

fn failure(retry_after: Option<Duration>) -> DeliveryError {
    let source = "a test wanted it".into();
    DeliveryError { doing: "deliver", permanent: false, retry_after, source }
}

#[test]
fn rests_double_up_to_half_a_minute_and_differ_by_half() {
    let longest = [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000];
    for (attempts, longest) in (1..).zip(longest.map(Duration::from_millis)) {
        let rests: BTreeSet<Duration> = (0..200u32)
            .map(|n| Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_be_bytes()))
            .map(|id| rest(id, attempts, &failure(None)))
            .collect();
        assert!(rests.len() > 150, "they differ");
        assert!(*rests.first().unwrap() >= longest / 2 && *rests.last().unwrap() <= longest);
    }
    assert!(rest(Uuid::max(), u32::MAX, &failure(None)) <= LONGEST);
}

#[test]
fn a_receiver_that_asks_for_more_time_gets_it_up_to_a_limit() {
    let asked = |seconds| rest(Uuid::nil(), 1, &failure(Some(Duration::from_secs(seconds))));
    assert_eq!(asked(42), Duration::from_secs(42));
    assert_eq!(asked(86_400), RETRY_AFTER_MAX);
    assert!(asked(0) >= FIRST / 2, "but not less than it would have had");
}
