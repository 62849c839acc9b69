//! What the real client does when a subscription ends with OK. A program of its own, since it leaves
//! a thread behind that spins until the process ends.

use std::time::Duration;

use annals_eventstoredb_double::{Options, Server, SubscriptionEnd};
use eventstore::{Client, SubscribeToAllOptions, SubscriptionEvent};

#[tokio::test]
async fn a_subscription_that_ends_with_ok_drives_the_client_mad() {
    let server = Server::start(Options::default());
    let url = server.url();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = Client::new(url.parse().unwrap()).unwrap();
            let mut subscription = client.subscribe_to_all(&SubscribeToAllOptions::default()).await;
            while let Ok(event) = subscription.next_subscription_event().await {
                told.send(matches!(event, SubscriptionEvent::CaughtUp)).unwrap();
            }
        });
    });
    let limit = Duration::from_secs(10);
    while !tokio::time::timeout(limit, heard.recv()).await.unwrap().unwrap() {}
    server.faults().end_subscriptions(SubscriptionEnd::Ok);
    let closed = async {
        while server.counters().open_subscriptions() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(limit, closed).await.unwrap();
    let more = tokio::time::timeout(Duration::from_millis(300), heard.recv()).await;
    assert!(more.is_err(), "neither an event nor the end comes: {more:?}");
}
