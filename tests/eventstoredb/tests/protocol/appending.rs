//! Appends, one by one and in batches.

use annals_eventstoredb_double::{Options, Server};
use eventstore::{BatchAppendOptions, Error, ExpectedRevision};

use crate::{client_of, event, expecting, soon};

#[tokio::test]
async fn an_append_gets_revision_and_position_and_a_repeat_gets_the_same() {
    let server = Server::start(Options::default());
    let client = client_of(&server);
    let options = expecting(ExpectedRevision::NoStream);
    let first = client.append_to_stream("s-1", &options, vec![event(1), event(2)]).await.unwrap();
    assert_eq!(first.next_expected_version, 1);
    assert_eq!(first.position.commit, server.store().head().unwrap());
    let again = client.append_to_stream("s-1", &options, vec![event(1), event(2)]).await.unwrap();
    assert_eq!(again.next_expected_version, first.next_expected_version);
    assert_eq!(again.position, first.position);
    assert_eq!(server.store().len(), 2);
}

#[tokio::test]
async fn a_conflict_tells_what_was_expected_and_what_is() {
    let server = Server::start(Options::default());
    let client = client_of(&server);
    client.append_to_stream("s", &expecting(ExpectedRevision::Any), event(1)).await.unwrap();
    let options = expecting(ExpectedRevision::Exact(4));
    let error = client.append_to_stream("s", &options, event(2)).await.unwrap_err();
    let Error::WrongExpectedVersion { expected, current } = error else { panic!("{error}") };
    assert_eq!(expected, ExpectedRevision::Exact(4));
    assert_eq!(current, eventstore::CurrentRevision::Current(0));
}

#[tokio::test]
async fn many_appends_share_one_batch_session() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(Options {
        directory: Some(directory.path().to_owned()),
        ..Options::default()
    });
    let client = client_of(&server);
    let batch = client.batch_append(&BatchAppendOptions::default()).await.unwrap();
    let batch = std::sync::Arc::new(batch);
    let tasks: Vec<_> = (0..500u128)
        .map(|number| {
            let batch = std::sync::Arc::clone(&batch);
            tokio::spawn(async move {
                let stream = format!("s-{number}");
                let events = vec![event(number + 1)];
                batch.append_to_stream(stream, ExpectedRevision::NoStream, events).await
            })
        })
        .collect();
    for task in tasks {
        let written = soon(task).await.unwrap().unwrap();
        assert_eq!(written.current_revision(), Some(0));
        assert!(written.current_position().unwrap().commit > 0);
    }
    assert_eq!(server.counters().batch_items(), 500);
    let before = server.store().events();
    drop((batch, client, server));
    let again = Server::start(Options {
        directory: Some(directory.path().to_owned()),
        ..Options::default()
    });
    assert_eq!(again.store().events(), before);
}

#[tokio::test]
async fn a_conflict_in_a_batch_is_told_by_code() {
    let server = Server::start(Options::default());
    let client = client_of(&server);
    let batch = client.batch_append(&BatchAppendOptions::default()).await.unwrap();
    let append = |expected, id| batch.append_to_stream("s", expected, vec![event(id)]);
    soon(append(ExpectedRevision::NoStream, 1)).await.unwrap();
    soon(append(ExpectedRevision::NoStream, 1)).await.unwrap();
    let error = soon(append(ExpectedRevision::NoStream, 2)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Grpc { message, .. } if message == "WrongExpectedVersion"),
        "{error}"
    );
    assert_eq!(server.store().len(), 1);
}

#[tokio::test]
async fn what_is_too_large_or_tombstoned_is_refused() {
    let server = Server::start(Options { max_append_size: 5, ..Options::default() });
    let client = client_of(&server);
    let any = expecting(ExpectedRevision::Any);
    let error = client.append_to_stream("s", &any, vec![event(1), event(2)]).await.unwrap_err();
    assert!(error.to_string().contains("Maximum Append Size"), "{error}");
    client.append_to_stream("s", &any, event(1)).await.unwrap();
    client.tombstone_stream("s", &Default::default()).await.unwrap();
    let error = client.append_to_stream("s", &any, event(2)).await.unwrap_err();
    assert!(matches!(error, Error::ResourceDeleted), "{error}");
    assert_eq!(server.store().stream("s").last().unwrap().event_type.as_ref(), "$streamDeleted");
}

#[tokio::test]
async fn an_old_server_knows_no_batch_append() {
    let server = Server::start(Options {
        batch_append: false,
        version: "20.6.1".to_owned(),
        ..Options::default()
    });
    let client = client_of(&server);
    let refused = client.batch_append(&BatchAppendOptions::default()).await;
    assert!(matches!(refused, Err(Error::UnsupportedFeature)));
    assert_eq!(client.server_info().await.unwrap().version(), (20, 6, 1));
}
