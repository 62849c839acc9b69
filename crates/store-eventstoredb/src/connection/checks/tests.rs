use super::*;

const ID: Uuid = Uuid::from_u128(1);

fn place(commit: u64) -> Place {
    Place { commit, prepare: commit }
}

fn checkpoint(commit: u64, event: Option<Uuid>) -> Checkpoint {
    Checkpoint { commit, prepare: commit, event }
}

#[test]
fn a_log_that_ends_at_or_behind_the_checkpoint_goes_on() {
    let found = Found::Event { place: place(500), id: ID };
    assert_eq!(differs(checkpoint(500, Some(ID)), Some(place(500)), found), None);
    assert_eq!(differs(checkpoint(500, Some(ID)), Some(place(900)), found), None);
    let scavenged = Found::Event { place: place(700), id: Uuid::from_u128(2) };
    assert_eq!(differs(checkpoint(500, Some(ID)), Some(place(900)), scavenged), None);
}

#[test]
fn a_log_that_ends_before_the_checkpoint_is_another() {
    let found = Found::Nothing;
    let reason = differs(checkpoint(500, Some(ID)), Some(place(499)), found).unwrap();
    assert!(reason.contains("499") && reason.contains("500"), "{reason}");
    assert!(differs(checkpoint(500, None), None, found).is_some());
}

#[test]
fn another_event_or_none_at_the_checkpoint_tells_another_log() {
    let other = Found::Event { place: place(500), id: Uuid::from_u128(2) };
    assert!(differs(checkpoint(500, Some(ID)), Some(place(900)), other).is_some());
    assert!(differs(checkpoint(500, Some(ID)), Some(place(900)), Found::NoRecord).is_some());
}

#[test]
fn a_checkpoint_without_an_event_is_compared_by_place_alone() {
    let other = Found::Event { place: place(500), id: Uuid::from_u128(2) };
    assert_eq!(differs(checkpoint(500, None), Some(place(900)), other), None);
}

#[test]
fn troubles_with_certificates_are_told_from_an_unreachable_server() {
    let address = Address::parse("esdb://db:2113").unwrap();
    let bad = Failure::unknown("tls: invalid peer certificate: NotValidForName");
    assert!(matches!(Refusal::of(&address, &bad), Refusal::Certificate { .. }));
    let gone = Failure::unknown("tcp connect error: Connection refused");
    let refusal = Refusal::of(&address, &gone);
    assert!(matches!(refusal, Refusal::Unreachable { .. }) && !refusal.is_definite());
}
