use serde_json::json;

use crate::import::Format;
use crate::import::tests::{event, refusal};

#[test]
fn an_event_is_sent_as_it_is() {
    let line = json!({"id": "0190f6a4-5b7a-7c39-9a64-8d2fb3e17c05", "action": "user.login", "user_id": "ann"});
    assert_eq!(event(Format::Annals, &line), line);
}

#[test]
fn an_event_without_an_id_gets_one_that_lasts() {
    let line = json!({"type": "user.login", "user_id": "ann"});
    let first = event(Format::Annals, &line);
    assert_eq!(first["id"], event(Format::Annals, &line)["id"]);
    assert_ne!(
        first["id"],
        event(Format::Annals, &json!({"type": "user.login", "user_id": "bo"}))["id"]
    );
}

#[test]
fn what_is_no_event_is_refused_with_the_field() {
    let unknown = refusal(Format::Annals, &json!({"type": "a.b", "actr": 1}));
    assert!(unknown.starts_with("is not an event: ") && unknown.contains("`actr`"), "{unknown}");
    assert_eq!(
        refusal(Format::Annals, &json!({"user_id": "ann"})),
        "has no `type`: no act is told"
    );
}
