//! What is asked of endpoints: tests and replays.

use super::*;
use crate::notification::state::{ENDPOINT_DISABLED, ENDPOINT_REMOVED};

fn shop() -> Uuid {
    Uuid::from_u128(7)
}

fn with_shop(kind: &str) -> Story {
    let mut story = Story::new();
    let endpoint = json!({"id": shop(), "event": Uuid::nil(), "name": "Shop", "kind": kind,
        "url": "https://example.org", "enabled": true});
    story.fact(ENDPOINT_SET, json!({"endpoint": endpoint, "sealed_secret": "00"}));
    story
}

#[test]
fn a_test_tells_exactly_that_endpoint_whatever_the_rules_say() {
    let mut story = with_shop("webhook");
    story.rule(json!({"filter": "type:annals.*", "channels": ["webhook", "inbox"],
        "audience": ["endpoints", "subject"]}));
    let told = story.fact(ENDPOINT_TESTED, json!({"endpoint": shop()}));
    let sent = queued(&told);
    assert_eq!(sent.len(), 1);
    let message = &sent[0].message;
    let route = Route::Endpoint { id: shop() };
    assert_eq!((&message.route, message.rule.as_str()), (&route, TEST_RULE));
    assert_eq!(message.recipient, None, "it tells nobody of anybody");
    let expected =
        crate::notification::delivery_id(&message.tenant, message.event, TEST_RULE, None, &route);
    assert_eq!(message.id, expected, "whoever asked can tell the id");
    assert!(told.inbox.is_empty() && told.kept.is_empty());
}

#[test]
fn what_is_off_gone_or_beyond_reach_is_not_tested() {
    let tested =
        |story: &mut Story| queued(&story.fact(ENDPOINT_TESTED, json!({"endpoint": shop()}))).len();
    let mut story = with_shop("webhook");
    assert_eq!(tested(&mut story), 1);
    story.fact(ENDPOINT_DISABLED, json!({"endpoint": shop(), "reason": "broken"}));
    assert_eq!(tested(&mut story), 0);
    let mut story = with_shop("webhook");
    story.fact(ENDPOINT_REMOVED, json!({"endpoint": shop()}));
    assert_eq!(tested(&mut story), 0);
    assert_eq!(tested(&mut with_shop("adapter")), 0, "nothing carries there");
    assert_eq!(tested(&mut Story::new()), 0);
}

#[test]
fn a_replay_names_its_range_and_its_place() {
    let mut story = with_shop("webhook");
    let asked = json!({"endpoint": shop(), "from": "2026-03-01T09:00:00Z",
        "to": "2026-03-01T10:00:00Z"});
    let told = story.fact(REPLAY_REQUESTED, asked);
    let [OutboxChange::Replayed(replay)] = &told.outbox[..] else { panic!("{:?}", told.outbox) };
    assert_eq!((replay.endpoint, replay.position), (shop(), Position(2)));
    assert_eq!(replay.from.to_string(), "2026-03-01T09:00:00Z");
    assert_eq!(replay.to.to_string(), "2026-03-01T10:00:00Z");
    let told = story.fact(REPLAY_REQUESTED, json!({"endpoint": shop(), "from": "yesterday"}));
    assert!(told.outbox.is_empty());
}
