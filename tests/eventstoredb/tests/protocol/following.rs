//! Subscriptions: first what is there, then what comes.

use std::time::Duration;

use annals_eventstoredb_double::{Expected, NewEvent, Options, Server, SubscriptionEnd};
use eventstore::{
    Position, StreamPosition, SubscribeToAllOptions, SubscribeToStreamOptions, Subscription,
    SubscriptionEvent, SubscriptionFilter,
};

use crate::{client_of, hangs, soon};

async fn write(server: &Server, stream: &str) {
    let events = vec![NewEvent::json("noted", "{}")];
    server.store().append(stream, Expected::Any, events).await.unwrap();
}

fn only(prefix: &str, max: u32) -> SubscribeToAllOptions {
    let filter = SubscriptionFilter::on_stream_name().add_prefix(prefix).max(max);
    SubscribeToAllOptions::default().filter(filter)
}

/// What a subscription says, in short.
async fn next(subscription: &mut Subscription) -> String {
    match soon(subscription.next_subscription_event()).await {
        Ok(SubscriptionEvent::Confirmed(_)) => "confirmed".to_owned(),
        Ok(SubscriptionEvent::CaughtUp) => "caught up".to_owned(),
        Ok(SubscriptionEvent::Checkpoint(at)) => format!("checkpoint {}", at.commit),
        Ok(SubscriptionEvent::EventAppeared(event)) => event.get_original_event().stream_id.clone(),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("error {error}"),
    }
}

async fn expect(subscription: &mut Subscription, what: &[&str]) {
    for expected in what {
        assert_eq!(next(subscription).await, *expected);
    }
}

#[tokio::test]
async fn a_filtered_subscription_catches_up_and_goes_on_live() {
    let server = Server::start(Options::default());
    for stream in ["a-1", "b-1", "b-2", "a-2", "b-3"] {
        write(&server, stream).await;
    }
    let client = client_of(&server);
    let mut subscription = client.subscribe_to_all(&only("a-", 4)).await;
    let checkpoint = format!("checkpoint {}", server.store().events()[3].position);
    expect(&mut subscription, &["confirmed", "a-1", "a-2", &checkpoint, "caught up"]).await;
    for stream in ["b-4", "a-3", "b-5"] {
        write(&server, stream).await;
    }
    let checkpoint = format!("checkpoint {}", server.store().head().unwrap());
    expect(&mut subscription, &["a-3", &checkpoint]).await;
    assert_eq!(server.counters().open_subscriptions(), 1);
}

#[tokio::test]
async fn a_subscription_begins_behind_its_position() {
    let server = Server::start(Options::default());
    for stream in ["a-1", "a-2", "a-3"] {
        write(&server, stream).await;
    }
    let client = client_of(&server);
    let at = server.store().events()[1].position;
    let at = StreamPosition::Position(Position { commit: at, prepare: at });
    let mut subscription = client.subscribe_to_all(&only("a-", 100).position(at)).await;
    expect(&mut subscription, &["confirmed", "a-3", "caught up"]).await;
    let mut from_end = client.subscribe_to_all(&only("a-", 9).position(StreamPosition::End)).await;
    expect(&mut from_end, &["confirmed", "caught up"]).await;
    let from_start = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut of_stream = client.subscribe_to_stream("a-2", &from_start).await;
    expect(&mut of_stream, &["confirmed", "a-2", "caught up"]).await;
    write(&server, "a-2").await;
    expect(&mut of_stream, &["a-2"]).await;
}

#[tokio::test]
async fn a_subscription_stalls_and_ends_on_command() {
    let server = Server::start(Options::default());
    let client = client_of(&server);
    let mut subscription = client.subscribe_to_all(&only("a-", 100)).await;
    expect(&mut subscription, &["confirmed", "caught up"]).await;
    server.faults().stall_subscriptions();
    write(&server, "a-1").await;
    assert!(hangs(subscription.next_subscription_event()).await);
    server.faults().resume_subscriptions();
    let mut subscription = client.subscribe_to_all(&only("a-", 100)).await;
    expect(&mut subscription, &["confirmed", "a-1", "caught up"]).await;
    server.faults().end_subscriptions(SubscriptionEnd::Unavailable);
    assert!(next(&mut subscription).await.contains("ended on command"));
    server.faults().end_next_subscriptions(1, SubscriptionEnd::Unavailable);
    let mut subscription = client.subscribe_to_all(&only("a-", 100)).await;
    expect(&mut subscription, &["confirmed"]).await;
    assert!(next(&mut subscription).await.contains("ended on command"));
}

#[tokio::test]
async fn a_slow_subscription_takes_its_time() {
    let server = Server::start(Options::default());
    for stream in ["a-1", "a-2", "a-3"] {
        write(&server, stream).await;
    }
    server.faults().slow_subscriptions(Duration::from_millis(30));
    let begun = std::time::Instant::now();
    let mut subscription = client_of(&server).subscribe_to_all(&only("a-", 100)).await;
    expect(&mut subscription, &["confirmed", "a-1", "a-2", "a-3"]).await;
    assert!(begun.elapsed() >= Duration::from_millis(90));
}
