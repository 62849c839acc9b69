//! The protocol graphql-transport-ws.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Listening, Service, Socket, connect, subscribe, token, token_until, until};

const STREAM: &str = "subscription { auditEventStream { cursor events { id metadata } } }";

async fn listening() -> Listening {
    Service::start().await.listen().await
}

fn admin() -> String {
    token("root", "acme", "admin")
}

async fn ready(listening: &Listening) -> Socket {
    Socket::graphql_of(listening.address, &admin()).await
}

/// From the beginning of the log on.
fn from_the_start(listening: &Listening) -> String {
    let start = listening.service.api.cursors.position(annals_domain::Position::START);
    STREAM.replace("auditEventStream", &format!("auditEventStream(after: \"{start}\")"))
}

#[tokio::test]
async fn an_operation_is_answered_and_completed() {
    let listening = listening().await;
    let mut socket = ready(&listening).await;
    socket.say(subscribe("1", "{ me { id } }")).await;
    let next = socket.next().await.unwrap();
    assert_eq!(
        next,
        json!({ "type": "next", "id": "1", "payload": { "data": { "me": { "id": "root" } } } })
    );
    assert_eq!(socket.next().await.unwrap(), json!({ "type": "complete", "id": "1" }));
    socket.say(subscribe("1", "{ me { id } }")).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next", "an id is free after its end");
    let events =
        "mutation { recordEvents(input: { events: [{ type: \"a.b\" }] }) { receipts { id } } }";
    socket.say(subscribe("2", events)).await;
    assert_eq!(socket.next().await.unwrap()["type"], "complete");
    assert!(
        socket.next().await.unwrap()["payload"]["data"]["recordEvents"]["receipts"][0]["id"]
            .is_string()
    );
}

#[tokio::test]
async fn a_refused_operation_ends_with_one_error_and_nothing_else() {
    let listening = listening().await;
    let mut socket = ready(&listening).await;
    for (document, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        (&format!("{{ a(x: {}) }}", "[".repeat(100)), "QUERY_TOO_COMPLEX"),
    ] {
        socket.say(subscribe("e", document)).await;
        let message = socket.next().await.unwrap();
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("e")), "{message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], code);
    }
    // Nothing follows: the next message answers the next question.
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await.unwrap()["type"], "pong");
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_the_socket_with_its_code() {
    let listening = listening().await;
    let closed = async |messages: Vec<Message>| {
        let mut socket = Socket::graphql(listening.address).await;
        for message in messages {
            socket.send(message).await;
        }
        socket.closed().await
    };
    let text = |value: Value| Message::text(value.to_string());
    let init = |token: &str| {
        text(
            json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } }),
        )
    };
    let raw = |value: &str| Message::text(value.to_owned());
    let good = || init(&admin());
    let stream = |id: &str| text(subscribe(id, STREAM));
    let many: Vec<Message> =
        std::iter::once(good()).chain((0..33).map(|n| stream(&n.to_string()))).collect();
    let enough: Vec<Message> = std::iter::once(good())
        .chain((0..32).map(|n| stream(&n.to_string())))
        .chain([raw("nonsense")])
        .collect();
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    let bomb = format!(r#"{{"type":"connection_init","payload":{{"a":{deep}}}}}"#);
    let wide = format!(r#"{{"type":"ping","payload":[{}0]}}"#, "[0],".repeat(10_000));
    let cases: Vec<(&str, Vec<Message>, u16)> = vec![
        ("no JSON", vec![raw("nonsense")], 4400),
        ("empty", vec![raw("")], 4400),
        ("a list", vec![raw("[]")], 4400),
        ("no type", vec![raw("{}")], 4400),
        ("unknown type", vec![raw(r#"{"type":"sing"}"#)], 4400),
        ("old protocol", vec![raw(r#"{"type":"start","id":"1"}"#)], 4400),
        ("binary", vec![Message::binary(b"{\"type\":\"ping\"}".to_vec())], 4400),
        ("brackets", vec![raw(&bomb)], 4400),
        ("a hundred thousand brackets", vec![raw(&"[".repeat(100_000))], 4400),
        ("values", vec![raw(&wide)], 4400),
        (
            "subscribe without id",
            vec![good(), raw(r#"{"type":"subscribe","payload":{"query":"{me{id}}"}}"#)],
            4400,
        ),
        ("subscribe without payload", vec![good(), raw(r#"{"type":"subscribe","id":"1"}"#)], 4400),
        ("an id of 10 kB", vec![good(), stream(&"i".repeat(10_000))], 4400),
        ("subscribe first", vec![stream("1")], 4401),
        ("no token", vec![raw(r#"{"type":"connection_init"}"#)], 4403),
        ("an empty payload", vec![raw(r#"{"type":"connection_init","payload":{}}"#)], 4403),
        ("a bad token", vec![init("bad")], 4403),
        (
            "a list for a token",
            vec![raw(r#"{"type":"connection_init","payload":{"Authorization":["a"]}}"#)],
            4403,
        ),
        ("an ended token", vec![init(&token_until(-5, "a", "acme", "admin"))], 4403),
        ("init twice", vec![good(), good()], 4429),
        ("an id twice", vec![good(), stream("1"), stream("1")], 4409),
        ("too many operations", many, 4429),
        ("as many as may be, then nonsense", enough, 4400),
    ];
    for (what, messages, code) in cases {
        assert_eq!(closed(messages).await, Some(code), "{what}");
    }
    // What is larger than a message may be ends the socket without a word.
    let large = text(json!({ "type": "ping", "payload": "x".repeat(200_000) }));
    assert_eq!(closed(vec![good(), large]).await, None);
}

#[tokio::test]
async fn a_caller_opens_as_many_sockets_as_they_may_and_one_less_makes_room() {
    let service = Service::with_limits(|limits| limits.request.sockets_per_caller_max = 2).await;
    let listening = service.listen().await;
    let first = ready(&listening).await;
    let _second = ready(&listening).await;
    let refused = async || {
        let mut socket = Socket::graphql(listening.address).await;
        socket.init(&admin()).await;
        socket.next().await
    };
    assert_eq!(refused().await, Err(Some(4429)));
    // Others are not concerned.
    Socket::graphql_of(listening.address, &token("aud", "acme", "auditor")).await;
    drop(first);
    until("there is room again", async || refused().await.is_ok()).await;
}

#[tokio::test]
async fn documents_are_known_by_their_hash_on_sockets_too() {
    let listening = listening().await;
    let mut socket = ready(&listening).await;
    // SHA-256 of `{ me { id } }`.
    let agreed = json!({ "persistedQuery": { "version": 1, "sha256Hash":
        "c53d78fa4c9c65a93967d42316fcd207fd611c7cac40a103820a866c3e5dd8f5" } });
    let ask = |payload: Value| json!({ "type": "subscribe", "id": "1", "payload": payload });
    for payload in [json!({}), json!({ "extensions": agreed }), json!({ "documentId": "nonsense" })]
    {
        socket.say(ask(payload.clone())).await;
        let message = socket.next().await.unwrap();
        assert_eq!(message["type"], "error", "{payload}: {message}");
    }
    socket.say(ask(json!({ "query": "{ me { id } }", "extensions": { "other": 1 } }))).await;
    assert_eq!(socket.next().await.unwrap()["payload"]["data"]["me"]["id"], "root");
}

#[tokio::test]
async fn silence_at_the_beginning_closes_the_socket() {
    let listening = listening().await;
    let began = Instant::now();
    let mut socket = Socket::graphql(listening.address).await;
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await.unwrap()["type"], "pong", "pings are answered before that");
    assert_eq!(socket.closed().await, Some(4408));
    assert!((2..6).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_token_may_come_in_several_ways() {
    let listening = listening().await;
    let bearer = format!("Bearer {}", admin());
    for payload in [
        json!({ "Authorization": bearer }),
        json!({ "authorization": bearer }),
        json!({ "headers": { "Authorization": bearer } }),
        json!({ "authToken": admin() }),
    ] {
        let mut socket = Socket::graphql(listening.address).await;
        socket.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.next().await.unwrap()["type"], "connection_ack", "{payload}");
    }
    let headers = [("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", &*bearer)];
    let mut socket = connect(listening.address, "/graphql", &headers).await.unwrap();
    socket.say(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    let bad = [("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", "Bearer bad")];
    assert_eq!(connect(listening.address, "/graphql", &bad).await.err(), Some(401));
}

#[tokio::test]
async fn another_protocol_is_refused() {
    let listening = listening().await;
    let none = connect(listening.address, "/graphql", &[]).await.ok().unwrap();
    assert_eq!(none.closed().await, Some(4406));
    let old = [("sec-websocket-protocol", "graphql-ws")];
    assert_eq!(connect(listening.address, "/graphql", &old).await.err(), Some(101));
    let both = [("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")];
    assert!(connect(listening.address, "/graphql", &both).await.is_ok());
}

#[tokio::test]
async fn a_token_that_ends_closes_the_socket_also_in_the_middle_of_a_stream() {
    let listening = listening().await;
    let began = Instant::now();
    let mut socket =
        Socket::graphql_of(listening.address, &token_until(2, "root", "acme", "admin")).await;
    socket.say(subscribe("1", STREAM)).await;
    assert_eq!(socket.closed().await, Some(4403));
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test]
async fn pings_go_both_ways_and_answers_to_none_are_passed_over() {
    let listening = listening().await;
    let mut socket = ready(&listening).await;
    socket.say(json!({ "type": "pong" })).await;
    socket.say(json!({ "type": "pong", "payload": { "a": 1 } })).await;
    socket.say(json!({ "type": "complete", "id": "never" })).await;
    socket.send(Message::Ping("x".into())).await;
    socket.say(json!({ "type": "ping", "payload": { "a": 1 } })).await;
    assert_eq!(socket.next().await.unwrap(), json!({ "type": "pong" }));
}

#[tokio::test]
async fn complete_ends_a_stream_and_its_id_can_be_used_again() {
    let listening = listening().await;
    let mut socket = ready(&listening).await;
    let all = from_the_start(&listening);
    for n in 0..5 {
        listening.service.record(json!({ "type": "a.b", "metadata": { "n": n } })).await;
    }
    for _ in 0..20 {
        socket.say(subscribe("s", &all)).await;
        socket.say(json!({ "type": "complete", "id": "s" })).await;
    }
    drain(&mut socket).await;
    // Nothing of the ended ones comes under the new one's flag: it begins at the beginning.
    socket.say(subscribe("s", &all)).await;
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let message = socket.next().await.unwrap();
        assert_eq!(message["type"], "next", "{message}");
        let events = message["payload"]["data"]["auditEventStream"]["events"].as_array().unwrap();
        seen.extend(events.iter().map(|event| event["metadata"]["n"].as_i64().unwrap()));
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    socket.say(json!({ "type": "complete", "id": "s" })).await;
    drain(&mut socket).await;
    listening.service.record(json!({ "type": "a.b" })).await;
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await.unwrap()["type"], "pong", "an ended stream says nothing");
}

/// Passes over what was on its way, until everything that was said before has been heard.
async fn drain(socket: &mut Socket) {
    socket.say(json!({ "type": "ping" })).await;
    while socket.next().await.unwrap()["type"] != "pong" {}
}

#[tokio::test]
async fn a_slow_client_misses_nothing() {
    let listening = listening().await;
    let mut socket = ready(&listening).await;
    socket.say(subscribe("s", &from_the_start(&listening))).await;
    let text = "x".repeat(15_000);
    // More than the buffers of both ends hold; the service gives a client that takes nothing 30 seconds.
    let count = 900;
    let writer = token("shop", "acme", "writer");
    for chunk in 0..(count / 100) {
        let events: Vec<Value> = (0..100)
            .map(|n| json!({ "type": "a.b", "metadata": { "n": chunk * 100 + n, "text": text } }))
            .collect();
        let answer =
            listening.service.post("/api/v1/logs/bulk", &writer, json!(events).to_string()).await;
        assert_eq!(answer.status, 201);
    }
    // Others are served meanwhile.
    let mut other = ready(&listening).await;
    other.say(subscribe("1", "{ me { id } }")).await;
    assert_eq!(other.next().await.unwrap()["type"], "next");
    let mut expected = 0;
    while expected < count {
        let message = socket.next().await.unwrap();
        assert_eq!(message["type"], "next");
        for event in message["payload"]["data"]["auditEventStream"]["events"].as_array().unwrap() {
            assert_eq!(event["metadata"]["n"], expected);
            expected += 1;
        }
    }
}

#[tokio::test]
async fn a_fault_of_ours_ends_the_operation_and_not_the_socket() {
    let listening = listening().await;
    let mut socket = ready(&listening).await;
    listening.service.index.panics.store(true, std::sync::atomic::Ordering::SeqCst);
    socket.say(subscribe("1", "{ auditEvents { nodes { id } } }")).await;
    let message = socket.next().await.unwrap();
    assert_eq!(message["type"], "error", "{message}");
    assert_eq!(message["payload"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR");
    socket.say(subscribe("1", "{ auditEvents { nodes { id } } }")).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");
}

#[tokio::test]
async fn messages_to_a_person_come_as_they_are_made_and_read() {
    let listening = listening().await;
    let ann = token("ann", "acme", "user");
    let mut socket = Socket::graphql_of(listening.address, &ann).await;
    let start = listening.service.api.cursors.position(annals_domain::Position::START);
    let document = format!(
        "subscription {{ notificationStream(after: \"{start}\") {{ cursor unreadCount notifications {{ id }} }} }}"
    );
    listening
        .service
        .record(json!({ "type": "user.password.changed", "actor": { "id": "ann" } }))
        .await;
    listening
        .service
        .record(json!({ "type": "user.password.changed", "actor": { "id": "bob" } }))
        .await;
    let inbox = "{ me { notifications { unreadCount } } }";
    let unread = async || {
        listening.service.ask(&ann, inbox, json!({})).await["data"]["me"]["notifications"]["unreadCount"].clone()
    };
    until("the message is there", async || unread().await == 1).await;
    socket.say(subscribe("1", &document)).await;
    let batch = socket.next().await.unwrap()["payload"]["data"]["notificationStream"].clone();
    assert_eq!(
        (batch["notifications"].as_array().unwrap().len(), &batch["unreadCount"]),
        (1, &json!(1))
    );
    let mark = format!(
        "mutation {{ markNotificationsRead(input: {{ ids: [{}] }}) {{ unreadCount }} }}",
        batch["notifications"][0]["id"]
    );
    listening.service.ask(&ann, &mark, json!({})).await;
    let batch = socket.next().await.unwrap()["payload"]["data"]["notificationStream"].clone();
    assert_eq!((&batch["notifications"], &batch["unreadCount"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn stopping_tells_every_socket_to_come_back() {
    let mut listening = listening().await;
    let mut ready = ready(&listening).await;
    ready.say(subscribe("1", STREAM)).await;
    let silent = Socket::graphql(listening.address).await;
    let began = Instant::now();
    listening.service.api.stopping.cancel();
    assert_eq!((ready.closed().await, silent.closed().await), (Some(1012), Some(1012)));
    listening.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
