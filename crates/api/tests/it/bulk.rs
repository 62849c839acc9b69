//! Many events in one request: a result for each, and one status for all.

use annals_ports::memory::LogErrorKind;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::support::{Answer, Service, token};

async fn bulk(service: &Service, media_type: &str, body: impl Into<Body>) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/logs/bulk")
        .header("authorization", format!("Bearer {}", token("shop", "acme", "writer")))
        .header("content-type", media_type);
    service.call(request.body(body.into()).unwrap()).await
}

fn statuses(answer: &Answer) -> Vec<Value> {
    let body = answer.json();
    let results = body["results"].as_array().unwrap();
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result["index"], index);
        let stored = result["status"].as_u64().unwrap() < 300;
        assert_eq!(result["id"].is_string() && result["position"].is_string(), stored);
        assert_eq!(result["error"].is_object(), !stored);
    }
    results.iter().map(|result| result["status"].clone()).collect()
}

const GOOD: &str = r#"{"type":"a.b"}"#;
const BAD: &str = r#"{"type":7}"#;
const INVALID: &str = r#"{"type":""}"#;

#[tokio::test]
async fn the_status_tells_what_became_of_all() {
    let service = Service::start().await;
    for (body, status, each) in [
        (format!("[{GOOD},{GOOD}]"), 201, json!([201, 201])),
        (format!("[{GOOD},{BAD},{INVALID}]"), 207, json!([201, 400, 422])),
        (format!("[{BAD},{INVALID}]"), 422, json!([400, 422])),
        (format!("[{BAD}]"), 422, json!([400])),
        ("[null, 1, \"a\", [], {}]".into(), 422, json!([400, 400, 400, 400, 422])),
    ] {
        let answer = bulk(&service, "application/json", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(json!(statuses(&answer)), each, "{body}");
    }
    let id = uuid::Uuid::now_v7();
    let first = format!(r#"{{"type":"a.b","id":"{id}"}}"#);
    let other = format!(r#"{{"type":"a.c","id":"{id}"}}"#);
    let answer = bulk(&service, "application/json", format!("[{first},{first},{other}]")).await;
    assert_eq!((answer.status.as_u16(), json!(statuses(&answer))), (207, json!([201, 200, 409])));
    let answer = bulk(&service, "application/json", format!("[{first}]")).await;
    assert_eq!((answer.status.as_u16(), json!(statuses(&answer))), (201, json!([200])));
}

#[tokio::test]
async fn when_nothing_was_stored_for_a_reason_of_ours_the_request_may_be_sent_again() {
    let service = Service::start().await;
    for (kind, status, wait) in [
        (LogErrorKind::Full, 507, "30"),
        (LogErrorKind::Unavailable, 503, "5"),
        (LogErrorKind::AnswerLost, 503, "5"),
    ] {
        service.log.fail_next(kind);
        let body = format!("[{GOOD},{BAD}]");
        let answer = bulk(&service, "application/json", body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("retry-after")),
            (status, wait),
            "{kind:?}"
        );
        assert_eq!(statuses(&answer)[1], 400);
    }
    assert_eq!(bulk(&service, "application/json", format!("[{GOOD}]")).await.status, 201);
}

#[tokio::test]
async fn lines_may_end_as_they_like_and_be_empty() {
    let service = Service::start().await;
    for body in [
        format!("{GOOD}\n{GOOD}"),
        format!("{GOOD}\n{GOOD}\n"),
        format!("{GOOD}\r\n{GOOD}\r\n"),
        format!("\n\n  {GOOD}\t\n \r\n{GOOD}\n\n\n"),
    ] {
        let answer = bulk(&service, "application/x-ndjson", body.clone()).await;
        assert_eq!(answer.status, 201, "{body:?}: {}", answer.text);
        assert_eq!(statuses(&answer).len(), 2, "{body:?}");
    }
    // A line that is none is refused alone, and cannot swallow the next one.
    let answer = bulk(
        &service,
        "application/x-ndjson",
        format!("{{\"type\":\n\"a.b\"}}\n{GOOD}\n{GOOD}{GOOD}"),
    )
    .await;
    assert_eq!(json!(statuses(&answer)), json!([400, 400, 201, 400]));
    for body in ["", "\n", " \r\n \n"] {
        let answer = bulk(&service, "application/x-ndjson", body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT".into()));
    }
    for body in [
        "",
        "[]",
        "{}",
        "[",
        "null",
        &format!("[{GOOD}"),
        &format!("[{GOOD}] x"),
        &format!("{GOOD}\n{GOOD}"),
        &format!("[{GOOD},]"),
    ] {
        let answer = bulk(&service, "application/json", body.to_owned()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "BAD_USER_INPUT".into()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn as_many_events_as_the_limit_are_taken_and_one_more_is_not() {
    let service = Service::with_limits(|limits| limits.request.bulk_events_max = 20).await;
    for (media_type, open, separator, close) in
        [("application/json", "[", ",", "]"), ("application/x-ndjson", "", "\n", "")]
    {
        let body = |count: usize| format!("{open}{}{close}", vec![GOOD; count].join(separator));
        assert_eq!(bulk(&service, media_type, body(20)).await.status, 201);
        let answer = bulk(&service, media_type, body(21)).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (413, "TOO_LARGE".into()));
    }
    assert_eq!(service.log.len(), 40, "of what was refused, nothing was stored");
}

#[tokio::test]
async fn results_stay_in_the_order_of_the_events_whichever_stream_they_go_to() {
    let service = Service::start().await;
    let events: Vec<Value> = (0..500)
        .map(|n| match n % 5 {
            4 => json!({ "type": n }),
            _ => json!({
                "type": "a.b",
                "id": uuid::Uuid::from_u128(n),
                "actor": { "id": format!("p{}", n % 17) },
            }),
        })
        .collect();
    let answer = bulk(&service, "application/json", json!(events).to_string()).await;
    assert_eq!(answer.status, 207);
    statuses(&answer);
    let body = answer.json();
    for (event, result) in events.iter().zip(body["results"].as_array().unwrap()) {
        assert_eq!(event["id"], result["id"]);
    }
}
