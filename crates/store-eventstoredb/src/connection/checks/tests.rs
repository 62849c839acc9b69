use annals_domain::{EventId, Position, Revision, StreamName, TenantId};
use annals_eventstoredb_double::{Expected, NewEvent, Options, Server, Store};
use annals_ports::append_plan::{Held, RecordKey};
use annals_ports::{Cut, Direction, Follower, LogEntry, LogError, LogReader};
use async_trait::async_trait;

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

/// A copy that is being followed on: at each look it ends at what was stored a moment ago.
struct Moving(Store);

#[async_trait]
impl LogReader for Moving {
    async fn read_stream(
        &self,
        _: &StreamName,
        _: Revision,
        _: Direction,
        _: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        Ok(Vec::new())
    }

    async fn read_all(&self, _: Position, _: usize) -> Result<Vec<LogEntry>, LogError> {
        Ok(Vec::new())
    }

    async fn read_at(&self, _: &[Position]) -> Result<Vec<Option<LogEntry>>, LogError> {
        Ok(Vec::new())
    }

    async fn find(&self, _: &TenantId, _: EventId) -> Result<Option<LogEntry>, LogError> {
        Ok(None)
    }

    async fn head(&self) -> Result<Position, LogError> {
        Ok(Position::START)
    }

    fn follow(&self, _: Position) -> Box<dyn Follower> {
        unreachable!("nobody follows it")
    }
}

#[async_trait]
impl LogReplica for Moving {
    async fn checkpoint(&self) -> Result<Option<Checkpoint>, LogError> {
        let event = NewEvent::json("created", "{}");
        let id = event.id;
        let written = self.0.append("orders-1", Expected::Any, vec![event]).await.unwrap();
        let place = written.position.unwrap();
        Ok(Some(Checkpoint { commit: place, prepare: place, event: Some(id) }))
    }

    async fn apply_with_cuts(
        &self,
        _: Vec<LogEntry>,
        _: Vec<Cut>,
        _: Checkpoint,
    ) -> Result<(), LogError> {
        Ok(())
    }

    async fn cuts(&self, _: &[StreamName]) -> Result<Vec<Option<Revision>>, LogError> {
        Ok(Vec::new())
    }

    async fn cut_off(&self, _: usize) -> Result<Vec<Position>, LogError> {
        Ok(Vec::new())
    }

    async fn forget(&self, _: &[Position]) -> Result<(), LogError> {
        Ok(())
    }

    async fn before(
        &self,
        _: &StreamName,
        _: Revision,
        _: usize,
    ) -> Result<Vec<(Revision, Position)>, LogError> {
        Ok(Vec::new())
    }

    async fn last_revisions(&self, _: &[StreamName]) -> Result<Vec<Option<Revision>>, LogError> {
        Ok(Vec::new())
    }

    async fn held(&self, _: &[RecordKey]) -> Result<Vec<Option<Held>>, LogError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_log_that_is_copied_while_it_is_checked_is_the_same_log() {
    let server = Server::start(Options::default());
    let address = Address::parse(&server.url()).unwrap();
    let generation = crate::connection::connect(1, &address, "").await.unwrap();
    let identity = Identity {
        replica: Arc::new(Moving(server.store().clone())),
        key_check: "key".into(),
        names: Names::new(""),
    };
    identity.check(&generation, &address, &Settings::default()).await.unwrap();
}
