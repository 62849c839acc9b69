//! Which rules look at which events; what is decided by the type alone means what the filter means.

use super::quick::Quick;
use super::*;
use crate::examples::{full_event, shipped_limits};
use crate::filter::EventView;
use crate::query::{self, QueryContext};

const QUERIES: &[&str] = &[
    "*",
    "type:user.password.changed",
    "type:USER.password.*",
    "-type:user.*",
    "type:user.login.failed,user.password.changed outcome:success",
    "outcome:success",
    "-outcome:success",
    "outcome:failure,denied",
    "operation:update",
    "operation:up*",
    "severity>=warning",
    "severity:info",
    "severity_rank:1..2",
    "actor.type:user",
    "-actor.type:service",
    "type:user.* (operation:read OR severity:critical OR actor.type:user)",
    "type:user.* -(operation:read OR outcome:failure)",
    "client.ip:10.0.0.0/8",
    "type:user.* has:session",
    "has:outcome",
    "password OR refund",
];

#[test]
fn what_is_left_of_a_filter_holds_exactly_when_the_filter_does() {
    let catalogue = Catalogue::shipped();
    let context =
        QueryContext { limits: &shipped_limits().query, now: start(), catalogue: &catalogue };
    let mut events = vec![
        full_event(),
        failure(0, "ann", "10.0.0.1"),
        login(0, "ann", json!({"ip": "192.0.2.1"})),
        at(
            0,
            json!({"type": "x.y", "actor": {"type": "service", "id": "job"}, "severity": "critical", "operation": "read"}),
        ),
        at(
            0,
            json!({"type": "x.refund", "actor": {"type": "anonymous"}, "outcome": "denied", "session_id": "s"}),
        ),
    ];
    let mut failed = full_event();
    failed.outcome.status = crate::event::OutcomeStatus::Failure;
    events.push(failed);
    let mut held = 0;
    for text in QUERIES {
        let filter = query::parse(text, &context).unwrap_or_else(|error| panic!("{text}: {error}"));
        for event in &events {
            let quick = Quick::of(&filter, &event.event_type);
            let expected = filter.matches(event);
            assert_eq!(quick.holds(event, &EventView::of(event)), expected, "{text}: {quick:?}");
            held += usize::from(expected);
        }
    }
    assert!(held > QUERIES.len() && held < QUERIES.len() * events.len(), "both come: {held}");
}

#[test]
fn what_the_type_decides_needs_no_more_looking() {
    let rule = rule(
        "filter = \"type:user.login.failed outcome:failure\"\nthreshold = { times = 1, within = \"PT1M\" }",
    );
    assert!(matches!(Quick::of(&rule.filter, "user.logout"), Quick::Never));
    assert!(matches!(Quick::of(&rule.filter, "user.login.failed"), Quick::Outcome(_)));
}

#[test]
fn rules_see_events_of_annals_only_where_they_name_them_and_never_their_own_findings() {
    let each = |filter: &str| {
        let lines = format!(
            "filter = \"{filter}\"\ncooldown = \"PT0S\"\nthreshold = {{ times = 1, within = \"PT1M\" }}"
        );
        let mut detector = detector(&lines);
        move |kind: &str| {
            let mut event = failure(0, "ann", "10.0.0.1");
            event.event_type = kind.into();
            detector.take(&event).len()
        }
    };
    let mut all = each("*");
    assert_eq!(
        (all("user.logout"), all("annals.log.read"), all("annals.detection.raised")),
        (1, 0, 0)
    );
    let mut not = each("-type:user.logout");
    assert_eq!((not("annals.log.read"), not("x.y")), (0, 1));
    let mut own = each("type:annals.*");
    assert_eq!((own("annals.log.read"), own("annals.detection.raised"), own("x.y")), (1, 0, 0));
    let mut named = each("type:annals.log.exported OR type:x.y");
    assert_eq!((named("annals.log.exported"), named("annals.log.read"), named("x.y")), (1, 0, 1));
}
