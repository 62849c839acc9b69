//! Reads of streams and of the whole log; metadata; deleting.

use annals_eventstoredb_double::{Expected, NewEvent, Options, Server};
use eventstore::{
    Error, Position, ReadAllOptions, ReadStream, ReadStreamOptions, StreamMetadataResult,
    StreamPosition,
};

use crate::client_of;

async fn filled() -> Server {
    let server = Server::start(Options::default());
    for number in 0..1_100 {
        let stream = format!("s-{}", number % 2);
        let events = vec![NewEvent::json("noted", format!("{number}"))];
        server.store().append(&stream, Expected::Any, events).await.unwrap();
    }
    server
}

async fn data(mut stream: ReadStream) -> Vec<u64> {
    let mut all = Vec::new();
    while let Some(event) = stream.next().await.unwrap() {
        all.push(String::from_utf8(event.event.unwrap().data.to_vec()).unwrap().parse().unwrap());
    }
    all
}

#[tokio::test]
async fn a_stream_is_read_in_both_directions() {
    let server = filled().await;
    let client = client_of(&server);
    let read = async |options: ReadStreamOptions| {
        data(client.read_stream("s-1", &options).await.unwrap()).await
    };
    let all = read(ReadStreamOptions::default()).await;
    assert_eq!(all, (0..550).map(|number| number * 2 + 1).collect::<Vec<_>>());
    let last = ReadStreamOptions::default().position(StreamPosition::End).max_count(2);
    assert_eq!(read(last).await, [1_099, 1_097]);
    let third = ReadStreamOptions::default().position(StreamPosition::Position(2)).max_count(2);
    assert_eq!(read(third.clone()).await, [5, 7]);
    assert_eq!(read(third.backwards()).await, [5, 3]);
}

#[tokio::test]
async fn the_whole_log_is_read_in_both_directions() {
    let server = filled().await;
    let client = client_of(&server);
    let at = server.store().events()[600].position;
    let at = StreamPosition::Position(Position { commit: at, prepare: at });
    let read = async |options: ReadAllOptions| data(client.read_all(&options).await.unwrap()).await;
    assert_eq!(read(ReadAllOptions::default()).await, (0..1_100).collect::<Vec<_>>());
    let last = ReadAllOptions::default().position(StreamPosition::End).max_count(1);
    assert_eq!(read(last).await, [1_099]);
    let middle = ReadAllOptions::default().position(at).max_count(2);
    assert_eq!(read(middle.clone()).await, [600, 601]);
    assert_eq!(read(middle.backwards()).await, [599, 598], "backwards begins before the position");
}

#[tokio::test]
async fn a_position_inside_a_record_is_refused_and_one_behind_the_end_is_not() {
    let server = filled().await;
    let client = client_of(&server);
    let from = |at| {
        let at = StreamPosition::Position(Position { commit: at, prepare: at });
        ReadAllOptions::default().position(at).max_count(1)
    };
    let error = client.read_all(&from(server.store().events()[3].position + 1)).await.unwrap_err();
    assert!(error.to_string().contains("invalid position"), "{error}");
    let behind = from(server.store().head().unwrap() + 1);
    assert!(data(client.read_all(&behind).await.unwrap()).await.is_empty());
}

#[tokio::test]
async fn a_stream_that_is_not_there_says_so() {
    let server = filled().await;
    let client = client_of(&server);
    let read = async |stream: &str| {
        let opened = client.read_stream(stream, &Default::default()).await;
        match opened {
            Ok(mut opened) => opened.next().await.map(|_| ()),
            Err(error) => Err(error),
        }
    };
    assert!(matches!(read("none").await, Err(Error::ResourceNotFound)));
    client.delete_stream("s-0", &Default::default()).await.unwrap();
    assert!(matches!(read("s-0").await, Err(Error::ResourceNotFound)));
    server.store().tombstone("s-1").await.unwrap();
    assert!(matches!(read("s-1").await, Err(Error::ResourceDeleted)));
}

#[tokio::test]
async fn metadata_is_read_and_obeyed() {
    let server = filled().await;
    let client = client_of(&server);
    server.store().set_metadata("s-0", r#"{"$maxCount": 1}"#).await.unwrap();
    let left = data(client.read_stream("s-0", &Default::default()).await.unwrap()).await;
    assert_eq!(left, [1_098]);
    let metadata = client.get_stream_metadata("s-0", &Default::default()).await.unwrap();
    let StreamMetadataResult::Success(versioned) = metadata else { panic!("{metadata:?}") };
    assert_eq!(versioned.metadata().max_count, Some(1));
}

#[tokio::test]
async fn a_truncated_log_ends_earlier() {
    let server = filled().await;
    let client = client_of(&server);
    server.store().truncate_after(server.store().events()[9].position).unwrap();
    let left = data(client.read_all(&ReadAllOptions::default()).await.unwrap()).await;
    assert_eq!(left, (0..10).collect::<Vec<_>>());
}
