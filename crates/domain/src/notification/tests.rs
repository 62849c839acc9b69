use serde_json::json;

use super::*;
use crate::examples::{catalogue, event, recorded, tenant};

fn change(json: serde_json::Value) -> Option<InboxChange> {
    inbox_change(&recorded(9, event(json)), catalogue())
}

#[test]
fn the_subject_is_told_about_a_significant_event() {
    let json = json!({
        "type": "user.password.changed", "actor": {"id": "ann", "name": "Ann"},
        "subject": {"id": "bob", "name": "Bob"}, "metadata": {"method": "reset"}
    });
    let Some(InboxChange::Arrived(notification)) = change(json.clone()) else { panic!("nothing") };
    assert_eq!(notification.recipient, PersonRef { tenant: tenant(), id: "bob".into() });
    assert_eq!(notification.title, "Password changed");
    assert_eq!(notification.body, "Ann changed the password of Bob (reset)");
    assert_eq!(notification.position, Position(9));
    // The same event makes the same notification, however often it is projected.
    let Some(InboxChange::Arrived(again)) = change(json) else { panic!("nothing") };
    assert_eq!(again.id, notification.id);
}

#[test]
fn nobody_is_told_about_ordinary_events_unknown_types_or_events_about_nobody() {
    assert_eq!(change(json!({"type": "invoice.viewed", "user_id": "ann"})), None);
    assert_eq!(change(json!({"type": "unknown.type", "user_id": "ann"})), None);
    let nobody = json!({"type": "user.password.changed", "metadata": {"method": "self"}});
    assert_eq!(change(nobody), None);
}

#[test]
fn reading_is_an_event_too_and_wrong_ids_are_passed_over() {
    let id = Uuid::from_u128(7);
    let mut event = event(json!({
        "type": "a.b", "user_id": "ann",
        "metadata": {"notifications": [id.to_string(), "nonsense", 5]}
    }));
    event.event_type = READ_TYPE.into();
    let at = event.received_at.timestamp;
    let recipient = PersonRef { tenant: tenant(), id: "ann".into() };
    assert_eq!(
        inbox_change(&recorded(1, event.clone()), catalogue()),
        Some(InboxChange::Read { recipient, notifications: vec![id], at })
    );
    event.metadata.clear();
    assert_eq!(inbox_change(&recorded(1, event), catalogue()), None);
}
