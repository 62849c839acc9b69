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

#[test]
fn putting_away_is_an_event_and_the_inbox_of_a_role_is_named_in_it() {
    let id = Uuid::from_u128(7);
    let mut event = event(json!({
        "type": "a.b", "user_id": "ann", "metadata": {"notifications": [id.to_string()]}
    }));
    event.event_type = ARCHIVED_TYPE.into();
    let at = event.received_at.timestamp;
    let put_away = |event: &Event| match inbox_change(&recorded(1, event.clone()), catalogue()) {
        Some(InboxChange::Archived { recipient, notifications, at: when }) => {
            assert_eq!((notifications, when, recipient.tenant), (vec![id], at, tenant()));
            Some(recipient.id)
        }
        _ => None,
    };
    assert_eq!(put_away(&event), Some("ann".into()));
    event.metadata.insert("inbox".into(), "security".into());
    assert_eq!(put_away(&event), Some(role_inbox("security")));
    event.metadata.insert("inbox".into(), 5.into());
    assert_eq!(put_away(&event), None, "nobody's own inbox is meant then");
}
