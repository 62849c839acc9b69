use super::*;

fn delivery(renew: u64, expires: u64, attempts: u32, in_flight: usize) -> DeliverySettings {
    DeliverySettings {
        lease_renew_seconds: renew,
        lease_expires_seconds: expires,
        attempts_max: attempts,
        in_flight_max: in_flight,
    }
}

#[test]
fn a_lease_must_outlive_its_renewal_and_something_must_be_delivered() {
    assert_eq!(delivery(3, 10, 20, 16).check("one"), Ok(()));
    assert_eq!(delivery(1, 3, 1, 1).check("one"), Ok(()));
    for (renew, expires) in [(0, 10), (4, 10), (3, 601), (u64::MAX, 10)] {
        let refused = delivery(renew, expires, 20, 16).check("one");
        assert_eq!(refused, Err(InvalidDelivery::Lease { renew, expires }));
    }
    assert_eq!(delivery(3, 10, 0, 16).check("one"), Err(InvalidDelivery::Nothing));
    assert_eq!(delivery(3, 10, 20, 0).check("one"), Err(InvalidDelivery::Nothing));
}

#[test]
fn a_node_needs_a_name_to_be_told_from_others() {
    let settings = delivery(3, 10, 20, 16);
    assert_eq!(settings.check(""), Err(InvalidDelivery::Node { bytes: 0 }));
    assert_eq!(settings.check(&"n".repeat(256)), Err(InvalidDelivery::Node { bytes: 256 }));
}
