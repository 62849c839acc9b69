//! The live stream of REST.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Listening, Service, Socket, connect, signed, token, token_until, until};

const PATH: &str = "/api/v1/logs/stream";

async fn listening() -> Listening {
    Service::start().await.listen().await
}

fn protocols(token: &str) -> String {
    format!("annals.v1, bearer.{token}")
}

#[tokio::test]
async fn events_come_as_they_are_recorded_and_from_a_cursor_on() {
    let listening = listening().await;
    let admin = protocols(&token("root", "acme", "admin"));
    let headers = [("sec-websocket-protocol", &*admin)];
    let mut live =
        connect(listening.address, &format!("{PATH}?q=type:a.*"), &headers).await.unwrap();
    for n in 0..3 {
        listening.service.record(json!({ "type": "a.b", "metadata": { "n": n } })).await;
        listening.service.record(json!({ "type": "other" })).await;
    }
    let mut seen = Vec::new();
    let mut first_cursor = None;
    while seen.len() < 3 {
        let batch = live.next().await.unwrap();
        let events = batch["events"].as_array().unwrap();
        seen.extend(events.iter().map(|event| event["metadata"]["n"].as_i64().unwrap()));
        if seen.len() == 1 {
            first_cursor = batch["cursor"].as_str().map(str::to_owned);
        }
    }
    assert_eq!(seen, [0, 1, 2]);
    let after = first_cursor.expect("the first event comes alone");
    let path = format!("{PATH}?q=type:a.*&after={after}");
    let mut again = connect(listening.address, &path, &headers).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let batch = again.next().await.unwrap();
        seen.extend(
            batch["events"].as_array().unwrap().iter().map(|event| event["metadata"]["n"].clone()),
        );
    }
    assert_eq!(seen, [1, 2]);
}

#[tokio::test]
async fn a_person_sees_what_concerns_them_alone() {
    let listening = listening().await;
    let ann = protocols(&token("ann", "acme", "user"));
    let mut live =
        connect(listening.address, PATH, &[("sec-websocket-protocol", &ann)]).await.unwrap();
    for actor in ["bob", "ann", "bob", "ann"] {
        listening.service.record(json!({ "type": "a.b", "actor": { "id": actor } })).await;
    }
    let mut seen = 0;
    while seen < 2 {
        let batch = live.next().await.unwrap();
        let events = batch["events"].as_array().unwrap();
        assert!(events.iter().all(|event| event["actor"]["id"] == "ann"), "{batch}");
        seen += events.len();
    }
}

#[tokio::test]
async fn who_may_not_is_refused_before_the_upgrade() {
    let listening = listening().await;
    let status = async |path: &str, headers: &[(&'static str, &str)]| {
        connect(listening.address, path, headers).await.err()
    };
    let admin = token("root", "acme", "admin");
    let (writer, good) = (protocols(&token("shop", "acme", "writer")), protocols(&admin));
    assert_eq!(status(PATH, &[]).await, Some(401));
    assert_eq!(status(PATH, &[("sec-websocket-protocol", &protocols("bad"))]).await, Some(401));
    assert_eq!(status(PATH, &[("sec-websocket-protocol", &writer)]).await, Some(403));
    assert_eq!(
        status(&format!("{PATH}?after=x"), &[("sec-websocket-protocol", &good)]).await,
        Some(400)
    );
    assert_eq!(
        status(&format!("{PATH}?q=(("), &[("sec-websocket-protocol", &good)]).await,
        Some(400)
    );
    assert_eq!(status(PATH, &[("authorization", &format!("Bearer {admin}"))]).await, None);
}

#[tokio::test]
async fn a_browser_names_the_tenant_by_a_subprotocol() {
    let listening = listening().await;
    let claims = json!({ "sub": "root", "tenant": ["acme", "globex"], "roles": ["admin"], "exp": 9_999_999_999i64 });
    let token = signed(r#"{"alg":"HS256"}"#, &claims.to_string(), crate::support::SECRET);
    let status = async |protocols: String| {
        connect(listening.address, PATH, &[("sec-websocket-protocol", &protocols)]).await.err()
    };
    assert_eq!(status(format!("annals.v1, bearer.{token}")).await, Some(400));
    assert_eq!(status(format!("annals.v1, bearer.{token}, tenant.globex")).await, None);
    assert_eq!(status(format!("annals.v1, bearer.{token}, tenant.initech")).await, Some(403));
}

#[tokio::test]
async fn a_token_that_ends_closes_the_stream() {
    let listening = listening().await;
    let began = Instant::now();
    let short = protocols(&token_until(2, "root", "acme", "admin"));
    let socket =
        connect(listening.address, PATH, &[("sec-websocket-protocol", &short)]).await.unwrap();
    assert_eq!(socket.closed().await, Some(4403));
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn stopping_closes_the_stream_so_that_it_comes_back() {
    let mut listening = listening().await;
    let good = protocols(&token("root", "acme", "admin"));
    let socket =
        connect(listening.address, PATH, &[("sec-websocket-protocol", &good)]).await.unwrap();
    listening.service.api.stopping.cancel();
    assert_eq!(socket.closed().await, Some(1012));
    listening.stop().await;
}

#[tokio::test]
async fn streams_and_sockets_of_a_caller_count_together_and_one_less_makes_room() {
    let service = Service::with_limits(|limits| limits.request.sockets_per_caller_max = 2).await;
    let listening = service.listen().await;
    let root = token("root", "acme", "admin");
    let open = async |token: &str| {
        let protocols = protocols(token);
        connect(listening.address, PATH, &[("sec-websocket-protocol", &protocols)]).await
    };
    let stream = open(&root).await.unwrap();
    let _socket = Socket::graphql_of(listening.address, &root).await;
    assert_eq!(open(&root).await.err(), Some(429));
    let other = open(&token("aud", "acme", "auditor")).await;
    assert!(other.is_ok(), "others are not concerned");
    drop(stream);
    until("there is room again", async || open(&root).await.is_ok()).await;
}

#[tokio::test]
async fn a_stream_whose_token_ended_goes_on_behind_its_cursor() {
    let listening = listening().await;
    let short = protocols(&token_until(2, "root", "acme", "admin"));
    let mut stream =
        connect(listening.address, PATH, &[("sec-websocket-protocol", &short)]).await.unwrap();
    listening.service.record(json!({ "type": "a.b", "metadata": { "n": 1 } })).await;
    let cursor = stream.next().await.unwrap()["cursor"].as_str().unwrap().to_owned();
    assert_eq!(stream.closed().await, Some(4403));
    listening.service.record(json!({ "type": "a.b", "metadata": { "n": 2 } })).await;
    let fresh = protocols(&token("root", "acme", "admin"));
    let path = format!("{PATH}?after={cursor}");
    let headers = [("sec-websocket-protocol", &*fresh)];
    let mut stream = connect(listening.address, &path, &headers).await.unwrap();
    let batch = stream.next().await.unwrap();
    let numbers: Vec<_> = batch["events"].as_array().unwrap().iter().collect();
    assert_eq!(numbers.len(), 1, "{batch}");
    assert_eq!(numbers[0]["metadata"]["n"], 2);
}
