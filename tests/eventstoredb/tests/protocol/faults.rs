//! Each fault shows itself.

use annals_eventstoredb_double::{AppendFault, Options, Refusal, Server};
use eventstore::{BatchAppendClient, BatchAppendOptions, Error, ExpectedRevision};

use crate::{client_of, event, expecting, hangs, soon};

async fn batch(server: &Server) -> BatchAppendClient {
    soon(client_of(server).batch_append(&BatchAppendOptions::default())).await.unwrap()
}

/// Appends through a session, the second time in the same one.
async fn append(batch: &BatchAppendClient, id: u128) -> Result<(), Error> {
    let stream = format!("s-{id}");
    batch.append_to_stream(stream, ExpectedRevision::NoStream, vec![event(id)]).await.map(drop)
}

#[tokio::test]
async fn an_item_fails_before_or_after_it_is_written() {
    let server = Server::start(Options::default());
    for (fault, message, written) in [
        (AppendFault::Refuse(Refusal::AccessDenied), "AccessDenied", 0),
        (AppendFault::Refuse(Refusal::TooLarge(7)), "Maximum Append Size of 7", 0),
        (AppendFault::Refuse(Refusal::Timeout), "Timeout", 0),
        (AppendFault::BreakSession, "broken on command", 0),
        (AppendFault::CommitThenFail(Refusal::Timeout), "Timeout", 1),
        (AppendFault::CommitThenFail(Refusal::Aborted), "Operation timed out", 2),
    ] {
        server.faults().next_appends(1, fault.clone());
        let batch = batch(&server).await;
        let error = soon(append(&batch, written + 100)).await.unwrap_err();
        assert!(error.to_string().contains(message), "{fault:?}: {error}");
        assert_eq!(server.store().len() as u128, written, "{fault:?}");
    }
    assert_eq!(server.faults().appends_left(), 0);
}

#[tokio::test]
async fn an_answer_never_comes() {
    let server = Server::start(Options::default());
    let batch = batch(&server).await;
    server.faults().next_appends(1, AppendFault::CommitSilently);
    assert!(hangs(append(&batch, 1)).await);
    assert_eq!(server.store().len(), 1);
    server.faults().next_appends(1, AppendFault::Swallow);
    assert!(hangs(append(&batch, 2)).await);
    assert_eq!(server.store().len(), 1);
    soon(append(&batch, 3)).await.unwrap();
}

#[tokio::test]
async fn an_answer_comes_late_twice_or_to_nobody() {
    let server = Server::start(Options::default());
    let batch = batch(&server).await;
    server.faults().next_appends(1, AppendFault::AnswerLate);
    server.faults().next_appends(1, AppendFault::AnswerTwice);
    server.faults().next_appends(1, AppendFault::AnswerStrayFirst);
    let late = append(&batch, 1);
    tokio::pin!(late);
    assert!(hangs(&mut late).await);
    soon(append(&batch, 2)).await.unwrap();
    soon(append(&batch, 3)).await.unwrap();
    server.faults().release_late_answers();
    soon(late).await.unwrap();
    soon(append(&batch, 4)).await.unwrap();
    assert_eq!(server.store().len(), 4);
}

#[tokio::test]
async fn a_server_that_is_not_up_yet_refuses_and_comes_up_on_its_port() {
    let server = Server::start(Options { listening: false, ..Options::default() });
    let refused = tokio::net::TcpStream::connect(server.address()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let any = expecting(ExpectedRevision::Any);
    soon(client_of(&server).append_to_stream("s", &any, event(1))).await.unwrap_err();
    server.resume();
    soon(client_of(&server).append_to_stream("s", &any, event(1))).await.unwrap();
}

#[tokio::test]
async fn a_restart_cuts_connections_and_keeps_the_port() {
    let server = Server::start(Options::default());
    let client = client_of(&server);
    let batch = soon(client.batch_append(&BatchAppendOptions::default())).await.unwrap();
    soon(append(&batch, 1)).await.unwrap();
    server.faults().next_appends(1, AppendFault::CommitSilently);
    let cut = append(&batch, 2);
    tokio::pin!(cut);
    assert!(hangs(&mut cut).await);
    soon(server.restart()).await;
    soon(cut).await.unwrap_err();
    assert!(server.is_up() && server.counters().open_connections() == 0);
    let any = expecting(ExpectedRevision::Any);
    let again = async {
        while client.append_to_stream("t", &any, event(3)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    soon(again).await;
    assert_eq!(server.store().stream("t").len(), 1);
}

#[tokio::test]
async fn a_stalled_server_accepts_and_says_nothing() {
    let server = Server::start(Options::default());
    let any = expecting(ExpectedRevision::Any);
    let client = client_of(&server);
    soon(client.append_to_stream("s", &any, event(1))).await.unwrap();
    server.faults().stall();
    let waiting = client.append_to_stream("s", &any, event(2));
    tokio::pin!(waiting);
    assert!(hangs(&mut waiting).await);
    tokio::net::TcpStream::connect(server.address()).await.unwrap();
    assert_eq!(server.store().len(), 1);
    server.faults().resume();
    soon(waiting).await.unwrap();
}
