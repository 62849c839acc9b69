//! When a message is tried again, and when it is given up.

use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use super::*;

fn message(route: Route) -> Outgoing {
    Outgoing {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, b"a message"),
        tenant: TenantId::new("acme").unwrap(),
        recipient: None,
        route,
        rule: "a-rule".into(),
        severity: "info".into(),
        template: "default".into(),
        locale: "en".into(),
        title: "Something".into(),
        body: "Something happened".into(),
        event: EventId(Uuid::nil()),
        event_type: "a.type".into(),
        occurred_at: DateTime::utc(Timestamp::UNIX_EPOCH),
        recorded_at: Timestamp::UNIX_EPOCH,
        position: Position(1),
        more: Vec::new(),
        is_theirs: true,
    }
}

fn to_endpoint() -> Outgoing {
    message(Route::Endpoint { id: Uuid::nil() })
}

fn failure(permanent: bool, retry_after: Option<Duration>) -> DeliveryError {
    DeliveryError { doing: "deliver", permanent, retry_after, source: "a test wanted it".into() }
}

/// All pauses until it is given up.
fn pauses(message: &Outgoing) -> Vec<Duration> {
    (1..).map_while(|tries| pause(message, tries, &failure(false, None))).collect()
}

#[test]
fn an_endpoint_is_tried_for_three_days_and_a_mail_server_for_half_a_day() {
    for (message, schedule) in [
        (to_endpoint(), &ENDPOINT[..]),
        (message(Route::Email { address: "ann@example.org".into() }), &RELAY[..]),
        (message(Route::Syslog), &RELAY[..]),
    ] {
        let pauses = pauses(&message);
        assert_eq!(pauses.len(), schedule.len(), "then it is given up");
        for (pause, least) in pauses.iter().zip(schedule) {
            assert!(*pause >= *least && *pause <= *least + *least / 10, "{pause:?} for {least:?}");
        }
    }
    let hours = |message: &Outgoing| pauses(message).iter().sum::<Duration>().as_secs() / 3600;
    assert!((72..85).contains(&hours(&to_endpoint())));
    assert!((12..14).contains(&hours(&message(Route::Syslog))));
}

#[test]
fn what_the_receiver_will_never_take_is_given_up_at_once() {
    assert_eq!(pause(&to_endpoint(), 1, &failure(true, None)), None);
}

#[test]
fn a_receiver_that_asks_for_more_time_gets_it_up_to_a_day() {
    let asked = |seconds| {
        let asks = failure(false, Some(Duration::from_secs(seconds)));
        pause(&to_endpoint(), 1, &asks).unwrap()
    };
    assert_eq!(asked(3600), Duration::from_secs(3600));
    assert_eq!(asked(10 * 86_400), RETRY_AFTER_MAX);
    assert!(asked(0) >= ENDPOINT[0], "but not less than it would have had");
}
