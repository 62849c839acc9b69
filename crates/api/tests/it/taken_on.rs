//! A subscription begins where the log was when it was taken on, and not where it is when somebody first looks.

use axum::body::Body;
use futures_util::StreamExt;
use http::Method;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::support::{Service, request, token, until, within};

/// A service that goes on, and a runtime on which nothing is done but what the test waits for: what was
/// spawned there is not looked at before the next `block_on`.
fn service() -> (Runtime, Runtime, Service) {
    let going = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let standing = Builder::new_current_thread().enable_all().build().unwrap();
    let service = going.block_on(Service::start());
    (going, standing, service)
}

fn subscription(document: &str) -> http::Request<Body> {
    let body = json!({ "query": document }).to_string();
    let mut asked =
        request(Method::POST, "/graphql", Some(&token("ann", "acme", "admin")), Body::from(body));
    asked.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
    asked
}

/// The first answer that is no comment.
async fn first(body: Body) -> Value {
    let mut stream = body.into_data_stream();
    let answer = async {
        loop {
            let bytes = stream.next().await.expect("it goes on").unwrap();
            let text = std::str::from_utf8(&bytes).unwrap();
            if let Some((_, data)) = text.split_once("data:") {
                return serde_json::from_str(data.trim()).unwrap();
            }
        }
    };
    within(answer).await
}

#[test]
fn an_event_between_the_answer_and_the_first_look_is_told() {
    let (going, standing, service) = service();
    let document =
        "subscription { auditEventStream(query: \"type:order.placed\") { events { type } } }";
    let response = standing.block_on(service.open(subscription(document)));
    assert_eq!(response.status(), 200);
    let event = json!({ "type": "order.placed", "actor": { "id": "ann" } });
    going.block_on(service.record(event));
    let told = standing.block_on(first(response.into_body()));
    let types = &told["data"]["auditEventStream"]["events"];
    assert_eq!(*types, json!([{ "type": "order.placed" }]), "{told}");
}

#[test]
fn a_message_between_the_answer_and_the_first_look_is_told() {
    let (going, standing, service) = service();
    let document = "subscription { notificationStream { notifications { title } unreadCount } }";
    let response = standing.block_on(service.open(subscription(document)));
    assert_eq!(response.status(), 200);
    going.block_on(async {
        let event = json!({
            "type": "user.password.changed", "actor": { "id": "ann" }, "metadata": { "method": "self_service" },
        });
        service.record(event).await;
        let ann = token("ann", "acme", "user");
        until("the message is there", async || {
            let told = service.ask(&ann, "{ me { notifications { unreadCount } } }", json!({})).await;
            told["data"]["me"]["notifications"]["unreadCount"] == 1
        })
        .await;
    });
    let told = standing.block_on(first(response.into_body()));
    assert_eq!(told["data"]["notificationStream"]["unreadCount"], 1, "{told}");
}
