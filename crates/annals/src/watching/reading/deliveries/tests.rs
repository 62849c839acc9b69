//! When deliveries count as failing.

use jiff::Timestamp;

use super::*;

/// The attempts of one channel by then: delivered, failed, given up.
fn read(deliveries: &mut Deliveries, at: u64, [delivered, failed, parked]: [u32; 3]) -> f64 {
    let series = |outcome: &str, count: u32| {
        format!("annals_deliveries_total{{channel=\"hook\",outcome=\"{outcome}\"}} {count}\n")
    };
    let text = series("delivered", delivered) + &series("failed", failed);
    let numbers = Numbers::read(text + &series("parked", parked));
    let now = Moment { steady: Duration::from_secs(at), wall: Timestamp::UNIX_EPOCH };
    deliveries.failed_percent(now, &numbers)
}

#[test]
fn few_failures_say_nothing_and_many_count_as_their_share() {
    let mut deliveries = Deliveries::default();
    assert_eq!(read(&mut deliveries, 10, [0, 2, 0]), 0.0);
    assert_eq!(read(&mut deliveries, 20, [1, 3, 0]), 75.0);
    assert_eq!(read(&mut deliveries, 30, [9, 3, 0]), 25.0);
    assert_eq!(read(&mut deliveries, 400, [9, 3, 0]), 0.0, "that was long ago");
}

#[test]
fn one_delivery_that_was_given_up_is_enough() {
    let mut deliveries = Deliveries::default();
    assert_eq!(read(&mut deliveries, 10, [1000, 0, 0]), 0.0);
    assert_eq!(read(&mut deliveries, 20, [2000, 0, 1]), 100.0);
    assert_eq!(read(&mut deliveries, 330, [2000, 0, 1]), 0.0);
}
