use super::*;

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

#[test]
fn what_a_log_may_show_of_a_message_is_nothing_that_the_event_holds() {
    let delivery = Delivery {
        id: Uuid::from_u128(1),
        tenant: tenant(),
        recipient: "ann@example.org".into(),
        kind: "a.b".into(),
        title: "Password changed".into(),
        body: "Bob changed the password of Ann".into(),
        event: EventId(Uuid::from_u128(7)),
        event_type: "a.b".into(),
        occurred_at: DateTime::parse("2026-11-21T09:30:00Z").unwrap(),
        position: Position(3),
    };
    let shown = format!("{delivery:?}");
    assert!(shown.contains(&delivery.event.to_string()));
    assert!(!["ann@", "Bob", "Password"].iter().any(|secret| shown.contains(secret)), "{shown}");
}
