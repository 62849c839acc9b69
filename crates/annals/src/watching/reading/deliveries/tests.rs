//! When deliveries count as failing.

use annals_domain::watching::Condition;
use annals_engine::DELIVERIES_PARKED;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;

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

/// The rules of the operator's Prometheus, which watch the same.
const RULES: &str = include_str!("../../../../../../deploy/prometheus/annals.rules.yml");

#[test]
fn what_is_read_is_what_deliveries_write() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let mut deliveries = Deliveries::default();
    let mut percent = |at: u64, outcomes: &[DeliveryOutcome]| {
        metrics::with_local_recorder(&recorder, || {
            outcomes.iter().for_each(|outcome| outcome.count("hook"));
        });
        let now = Moment { steady: Duration::from_secs(at), wall: Timestamp::UNIX_EPOCH };
        deliveries.failed_percent(now, &Numbers::read(handle.render()))
    };
    use DeliveryOutcome::{Delivered, Failed, Parked};
    assert_eq!(percent(10, &[Delivered]), 0.0);
    assert_eq!(percent(20, &[Delivered, Failed, Failed, Failed]), 60.0);
    assert_eq!(percent(30, &[Parked]), 100.0);
    assert!(Numbers::read(handle.render()).sum(DELIVERIES_PARKED) == 1.0);
}

#[test]
fn the_rules_of_prometheus_and_the_advice_name_the_same_numbers() {
    let failed = format!(
        "{DELIVERIES}{{{}=\"{}\"}}",
        DeliveryOutcome::LABEL,
        DeliveryOutcome::Failed.as_str()
    );
    assert!(RULES.contains(&failed), "no rule watches {failed}");
    assert!(RULES.contains(DELIVERIES_PARKED), "no rule watches {DELIVERIES_PARKED}");
    assert!(Condition::DeliveryFailing.definition().remedy.contains(DELIVERIES));
}
