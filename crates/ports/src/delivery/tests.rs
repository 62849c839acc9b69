use super::*;

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

#[test]
fn the_same_message_has_the_same_id_and_any_other_has_another() {
    let event = EventId(Uuid::from_u128(7));
    let id = Delivery::id_of("webhook", &tenant(), event, "a.b", "ann");
    assert_eq!(id, Delivery::id_of("webhook", &tenant(), event, "a.b", "ann"));
    // As it was first made: receivers keep it to know what they have had.
    assert_eq!(id.to_string(), "26bdea42-d05d-57d4-ba05-81913a07c156");
    let others = [
        Delivery::id_of("mail", &tenant(), event, "a.b", "ann"),
        Delivery::id_of("webhook", &TenantId::new("other").unwrap(), event, "a.b", "ann"),
        Delivery::id_of("webhook", &tenant(), EventId(Uuid::from_u128(8)), "a.b", "ann"),
        Delivery::id_of("webhook", &tenant(), event, "a.c", "ann"),
        Delivery::id_of("webhook", &tenant(), event, "a.b", "bob"),
    ];
    assert!(!others.contains(&id));
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
