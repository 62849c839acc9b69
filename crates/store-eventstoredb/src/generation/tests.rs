use annals_eventstoredb_double::{AppendFault, Options, Server};
use futures_util::future::join_all;

use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn however_many_want_a_session_at_once_one_is_opened() {
    let server = Server::start(Options::default());
    let address = Address::parse(&server.url()).unwrap();
    let generation = crate::connection::connect(1, &address, "").await.unwrap();
    let sessions = join_all((0..200).map(|_| generation.session(1))).await;
    assert!(sessions.iter().all(Result::is_ok));
    // A session that nobody uses stays open all the same, and a connection bears a hundred calls.
    generation.head(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn sessions_that_were_given_up_end_with_their_connection_in_time() {
    let server = Server::start(Options::default());
    let address = Address::parse(&server.url()).unwrap();
    let generation = crate::connection::connect(1, &address, "").await.unwrap();
    for number in 0..30 {
        server.faults().next_appends(1, AppendFault::Swallow);
        let event = || [Proposed::binary(uuid::Uuid::new_v4(), "x", "x".into())];
        let (lost, answered) = (format!("lost-{number}"), format!("answered-{number}"));
        let no_stream = ExpectedRevision::NoStream;
        let swallowed = generation
            .append(Lane::Records, &lost, no_stream, &event(), Duration::from_millis(20))
            .await;
        assert!(swallowed.is_err());
        generation.append(Lane::Records, &answered, no_stream, &event(), PATIENCE).await.unwrap();
        if generation.is_broken() {
            return;
        }
    }
    panic!("thirty sessions are open that nobody uses");
}

#[tokio::test]
async fn an_append_that_comes_too_late_ends_only_the_session_of_its_lane() {
    let server = Server::start(Options::default());
    let address = Address::parse(&server.url()).unwrap();
    let generation = crate::connection::connect(1, &address, "").await.unwrap();
    let event = || [Proposed::binary(uuid::Uuid::new_v4(), "x", "x".into())];
    let no_stream = ExpectedRevision::NoStream;
    generation.append(Lane::Contended, "shared", no_stream, &event(), PATIENCE).await.unwrap();
    server.faults().next_appends(1, AppendFault::AnswerLate);
    let records = event();
    let waiting = generation.append(Lane::Records, "alone", no_stream, &records, PATIENCE);
    let conflicting = async {
        while server.faults().appends_left() > 0 {
            tokio::task::yield_now().await;
        }
        let other = event();
        let late = generation.append(Lane::Contended, "shared", no_stream, &other, PATIENCE);
        assert_eq!(late.await, Err(Failure::Conflict));
        server.faults().release_late_answers();
    };
    let (answered, ()) = tokio::join!(waiting, conflicting);
    assert!(answered.is_ok(), "{answered:?}");
}
