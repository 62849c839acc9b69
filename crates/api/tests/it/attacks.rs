//! Requests that are meant to do harm.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token};

fn writer() -> String {
    token("shop", "acme", "writer")
}

fn admin() -> String {
    token("root", "acme", "admin")
}

async fn bulk(service: &Service, media_type: &str, body: String) -> Answer {
    let path = "/api/v1/logs/bulk";
    let mut request = request(Method::POST, path, Some(&writer()), Body::from(body));
    request.headers_mut().insert("content-type", media_type.parse().unwrap());
    service.call(request).await
}

#[tokio::test]
async fn a_panic_is_answered_and_the_process_lives() {
    let service = Service::start().await;
    service.record(json!({ "type": "a.b" })).await;
    service.index.panics.store(true, Ordering::SeqCst);
    let answer = service.get("/api/v1/logs", &admin()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (500, "INTERNAL_SERVER_ERROR".into()));
    assert!(!answer.text.contains("a test wanted it"), "{}", answer.text);
    assert_eq!(service.get("/api/v1/logs", &admin()).await.status, 200);
}

#[tokio::test]
async fn what_is_mostly_brackets_counts_for_what_it_grows_to() {
    let service =
        Service::with_limits(|limits| limits.request.in_flight_bytes_max = 4_000_000).await;
    for bomb in [
        format!(r#"{{"type":"a.b","metadata":{{"a":[{}0]}}}}"#, "[0],".repeat(60_000)),
        format!(r#"{{"type":"a.b","before":[{}0]}}"#, "0,".repeat(100_000)),
        format!(r#"{{"type":"a.b","after":[{}0]}}"#, r#"{"":{"":0}},"#.repeat(20_000)),
    ] {
        let answer = service.post("/api/v1/logs", &writer(), bomb.clone()).await;
        assert!([400, 413].contains(&answer.status.as_u16()), "{}", answer.text);
        service.is_idle().await;
        let body = format!("[{bomb}]");
        let answer = bulk(&service, "application/json", body).await;
        assert!([413, 422].contains(&answer.status.as_u16()), "{}", answer.text);
        service.is_idle().await;
    }
    // Many that are small enough alone are too much together.
    let small = format!(r#"{{"type":"a.b","metadata":{{"a":[{}0]}}}}"#, "[0],".repeat(3_000));
    assert_eq!(bulk(&service, "application/x-ndjson", small.clone()).await.status, 201);
    let together = vec![small; 40].join("\n");
    let answer = bulk(&service, "application/x-ndjson", together).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (413, "TOO_LARGE".into()));
    service.is_idle().await;
    let variables =
        format!(r#"{{"query":"{{me{{id}}}}","variables":{{"a":[{}0]}}}}"#, "[0],".repeat(100_000));
    let answer = service.post("/graphql", &admin(), variables).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    service.is_idle().await;
    // Common events are not touched by any of this.
    let event = json!({
        "type": "a.b", "actor": { "id": "ann", "name": "Ann Lee" }, "client": { "ip": "192.0.2.1" },
        "metadata": { "amount": 12, "currency": "EUR", "flags": [true, false] },
    });
    let many = json!(vec![event; 5_000]).to_string();
    assert_eq!(bulk(&service, "application/json", many).await.status, 201);
}

#[tokio::test]
async fn as_many_values_as_the_limit_are_taken_and_one_more_is_not() {
    let service = Service::start().await;
    let max = service.api.limits.event.json_values_max;
    let head = r#"{"type":"a.b","metadata":{"a":["#;
    // Four are around those of the list: the event, its type, the metadata, the list.
    let event = |values: usize| format!("{head}{}0]}}}}", "0,".repeat(values - 5));
    let taken = service.post("/api/v1/logs", &writer(), event(max)).await;
    let refused = service.post("/api/v1/logs", &writer(), event(max + 1)).await;
    assert_eq!((taken.status.as_u16(), refused.status.as_u16()), (201, 400), "{}", taken.text);
    assert_eq!(refused.json()["errors"][0]["code"], "too_large");
}

#[tokio::test]
async fn text_that_is_not_quite_json_is_refused() {
    let service = Service::start().await;
    for body in [
        "\u{feff}{\"type\":\"a.b\"}",
        r#"{"type":"a.b","description":"\ud800"}"#,
        r#"{"type":"a.b","description":"\udc00\ud800"}"#,
        r#"{"type":"a.b","metadata":{"a":NaN}}"#,
        r#"{"type":"a.b","metadata":{"a":Infinity}}"#,
        r#"{"type":"a.b","metadata":{"a":1e999}}"#,
        r#"{"type":"a.b","metadata":{"a":01}}"#,
        r#"{"type":"a.b","metadata":{"a":+1}}"#,
        r#"{"type":"a.b","metadata":{"a":0x10}}"#,
        r#"{"type":"a.b",}"#,
        r#"{'type':'a.b'}"#,
        "{\"type\":\"a.b\",\"description\":\"a\u{1}b\"}",
        r#"{"type":"a.b"}{"type":"a.b"}"#,
        r#"{"type":"a.b","type":"a.c"}"#,
        r#"{"type":"a.b","action":"a.c"}"#,
        r#"{"type":"a.b","metadata":{"a":1,"a":2}}"#,
        r#"{"type":"a.b","metadata":{"x":[{"a":1,"\u0061":2}]}}"#,
        r#"{"type":"a.b","labels":{"a":"1","a":"2"}}"#,
        r#"{"type":"a.b","actor":{"id":"a","alt_ids":{"x":"1","x":"2"}}}"#,
        r#"{"type":"a.b","before":{"a":1,"a":2}}"#,
        r#"{"type":"a.b","schema_version":-1}"#,
        r#"{"type":"a.b","schema_version":4294967296}"#,
        r#"{"type":"a.b","__proto__":{}}"#,
        r#"["a.b"]"#,
    ] {
        let answer = service.post("/api/v1/logs", &writer(), body).await;
        assert!([400, 422].contains(&answer.status.as_u16()), "{body}: {}", answer.text);
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{body}");
    }
    let answer = service
        .post("/api/v1/logs", &writer(), &b"{\"type\":\"a.b\",\"description\":\"\xff\"}"[..])
        .await;
    assert_eq!(answer.status, 400);
    assert!(service.log.is_empty());
}

#[tokio::test]
async fn nesting_is_taken_up_to_the_limit_in_every_field() {
    let service = Service::start().await;
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for field in ["before", "after", "metadata", "changes", "actor", "nonsense"] {
        for depth in [40, 1_000, 100_000] {
            let body = format!(r#"{{"type":"a.b","{field}":{}}}"#, nested(depth));
            let answer = service.post("/api/v1/logs", &writer(), body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code()),
                (400, "BAD_USER_INPUT".into()),
                "{field} {depth}"
            );
        }
        let body = format!(r#"[{{"type":"a.b","{field}":{}}}]"#, nested(100_000));
        let answer = bulk(&service, "application/json", body).await;
        assert_eq!(answer.status, 400, "{field}");
    }
}

#[tokio::test]
async fn numbers_come_back_as_they_were_sent() {
    let service = Service::start().await;
    let exact = [
        "0",
        "-1",
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "1.5",
        "1e21",
        "-0.1",
    ];
    for number in exact {
        let body = format!(r#"{{"type":"a.b","metadata":{{"n":{number}}}}}"#);
        let receipt = service.post("/api/v1/logs", &writer(), body).await.json();
        let id = receipt["id"].as_str().unwrap();
        let event = service.get(&format!("/api/v1/logs/{id}"), &admin()).await.json();
        let sent: Value = serde_json::from_str(number).unwrap();
        assert_eq!(event["metadata"]["n"], sent, "{number}");
    }
}

#[tokio::test]
async fn queries_that_are_meant_to_take_long_do_not() {
    let service = Service::start().await;
    let long = "a".repeat(16_000);
    for n in 0..50 {
        service
            .record(
                json!({ "type": "a.b", "description": long, "metadata": { "n": n, "t": long } }),
            )
            .await;
    }
    for query in [
        format!("metadata.t:{}b", "a*".repeat(60)),
        format!("metadata.t:{}b", "*a".repeat(500)),
        format!("metadata.t:*{}*", "a".repeat(2_000)),
        format!("\"{}\"", "a ".repeat(120)),
        "(".repeat(16) + "a" + &")".repeat(16),
        "-".repeat(16) + "a",
        vec!["metadata.t:*ab*"; 100].join(" OR "),
    ] {
        let began = Instant::now();
        let path =
            format!("/api/v1/logs?count=true&q={}", query.replace(' ', "+").replace('"', "%22"));
        let answer = service.get(&path, &admin()).await;
        assert!([200, 400].contains(&answer.status.as_u16()), "{}", answer.text);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn hostile_names_stay_data() {
    let service = Service::start().await;
    let hostile = [
        "a\u{202e}b",
        "' OR 1=1 --",
        "${jndi:ldap://x}",
        "<script>",
        "{actor.name}",
        "../../x",
        "%s%n",
        "{{7*7}}",
    ];
    for name in hostile {
        let event = json!({
            "type": "user.password.changed",
            "actor": { "id": name, "name": name },
            "subject": { "id": name, "name": name },
            "metadata": { name: name },
            "labels": { "l": name },
        });
        let answer = service.post("/api/v1/logs", &writer(), event.to_string()).await;
        assert!([201, 422].contains(&answer.status.as_u16()), "{name}: {}", answer.text);
        if answer.status == 201 {
            let id = answer.json()["id"].clone();
            let event = service
                .get(&format!("/api/v1/logs/{}", id.as_str().unwrap()), &admin())
                .await
                .json();
            assert_eq!(event["actor"]["name"], name);
            assert_eq!(event["metadata"][name], name);
            assert!(!event["sentence"].as_str().unwrap().contains("49"));
        }
    }
}

#[tokio::test]
async fn events_of_annals_itself_are_not_taken_from_others() {
    let service = Service::start().await;
    for event_type in ["annals.notifications.read", "annals.anything", "ANNALS.x"] {
        let event = json!({ "type": event_type, "metadata": { "notifications": [] } }).to_string();
        let answer = service.post("/api/v1/logs", &admin(), event).await;
        let status = answer.status.as_u16();
        assert!(
            status == 422 || (event_type.starts_with("ANNALS") && status == 201),
            "{event_type}: {}",
            answer.text
        );
    }
}
