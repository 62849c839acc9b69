//! What the catalogue says of a type goes into the events of Annals itself.

use uuid::Uuid;

use super::*;

fn event(event_type: &str) -> Event {
    let tenant = TenantId::new("acme").unwrap();
    let now = DateTime::utc(jiff::Timestamp::UNIX_EPOCH);
    Event::of_annals(&Catalogue::shipped(), event_type, tenant, EventId(Uuid::nil()), now)
}

#[test]
fn an_event_of_annals_is_what_the_catalogue_says_of_its_type() {
    let event = event("annals.integrity.finding");
    let catalogue = Catalogue::shipped();
    let entry = catalogue.find("annals.integrity.finding").unwrap();
    assert_eq!(event.severity, entry.severity);
    assert_ne!(event.severity, Severity::Info);
    assert_eq!((event.operation, event.schema_version), (entry.operation, entry.version));
    assert_eq!(event.actor.id.as_deref(), Some("annals"));
}

#[test]
fn a_type_that_a_catalogue_leaves_out_is_recorded_all_the_same() {
    let event = event("annals.unheard.of");
    assert_eq!((event.severity, event.operation), (Severity::Info, Operation::Other));
    assert_eq!(event.schema_version, 1);
}
