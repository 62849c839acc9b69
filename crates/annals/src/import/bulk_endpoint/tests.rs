use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap as RequestHeaders;
use axum::response::{IntoResponse as _, Response as Reply};
use axum::routing::post;
use serde_json::{Value, json};

use super::*;

/// Status, `Retry-After` if not empty, and body.
type Prepared = (u16, &'static str, Value);

/// A server that gives prepared answers, and what it was sent.
#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<Vec<Prepared>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(script): State<Script>, headers: RequestHeaders, body: String) -> Reply {
    assert_eq!(headers["authorization"], "Bearer secret");
    assert_eq!(headers["content-type"], "application/x-ndjson");
    script.requests.lock().unwrap().push(body);
    let (status, retry_after, body) = script.answers.lock().unwrap().remove(0);
    let status = StatusCode::from_u16(status).unwrap();
    let mut reply = (status, body.to_string()).into_response();
    if !retry_after.is_empty() {
        reply.headers_mut().insert("retry-after", retry_after.parse().unwrap());
    }
    reply
}

/// Sends three events to a server that answers as told.
async fn send(answers: Vec<Prepared>) -> (anyhow::Result<Vec<Fate>>, Vec<String>) {
    let script = Script { answers: Arc::new(Mutex::new(answers)), requests: Arc::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/api/v1/logs/bulk", post(answer)).with_state(script.clone());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut endpoint = BulkEndpoint::of_server(&url, "secret").unwrap();
    endpoint.pause_first = Duration::ZERO;
    let result = endpoint.send(&batch()).await;
    server.abort();
    let requests = script.requests.lock().unwrap().clone();
    (result, requests)
}

fn batch() -> Vec<Outgoing> {
    [("a", true), ("b", true), ("c", false)]
        .map(|(name, id_from_content)| Outgoing {
            line: 1,
            input: "".into(),
            json: format!("\"{name}\"").into_bytes(),
            id_from_content,
        })
        .into()
}

fn results(statuses: &[u16]) -> Value {
    let items: Vec<Value> = statuses
        .iter()
        .enumerate()
        .map(|(index, status)| json!({"index": index, "status": status, "id": "x", "position": 1}))
        .collect();
    json!({ "results": items })
}

#[tokio::test]
async fn each_event_gets_its_own_answer() {
    let refused = json!({"results": [
        {"index": 2, "status": 422, "error": {"code": "malformed", "message": "no",
            "errors": [{"path": "client.ip", "code": "malformed", "message": "is no address"}]}},
        {"index": 0, "status": 201},
        {"index": 1, "status": 200},
    ]});
    let (fates, requests) = send(vec![(207, "", refused)]).await;
    assert_eq!(
        fates.unwrap(),
        [
            Fate::Recorded,
            Fate::Duplicate,
            Fate::Refused("was refused with 422: `client.ip`: is no address".into())
        ]
    );
    assert_eq!(requests, ["\"a\"\n\"b\"\n\"c\"\n"]);
}

#[tokio::test]
async fn an_id_made_from_content_that_the_log_knows_is_a_duplicate_and_any_other_is_a_conflict() {
    let (fates, _) = send(vec![(207, "", results(&[409, 201, 409]))]).await;
    let fates = fates.unwrap();
    assert_eq!(fates[..2], [Fate::Duplicate, Fate::Recorded]);
    assert_eq!(fates[2], Fate::Refused("was refused with 409: no reason given".into()));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says() {
    let busy = json!({"title": "too many requests"});
    let (fates, requests) = send(vec![
        (429, "0", busy.clone()),
        (503, "0", busy),
        (201, "", results(&[201, 201, 201])),
    ])
    .await;
    assert_eq!(fates.unwrap(), vec![Fate::Recorded; 3]);
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn only_what_has_no_answer_is_sent_again() {
    let (fates, requests) =
        send(vec![(207, "", results(&[201, 503])), (207, "", results(&[201, 200]))]).await;
    assert_eq!(fates.unwrap(), [Fate::Recorded, Fate::Recorded, Fate::Duplicate]);
    assert_eq!(requests, ["\"a\"\n\"b\"\n\"c\"\n", "\"b\"\n\"c\"\n"]);
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up_on() {
    let (fates, requests) = send(vec![(503, "0", json!({"detail": "disk full"})); 10]).await;
    let error = fates.unwrap_err().to_string();
    assert!(error.contains("after 6 tries: 503 Service Unavailable: disk full"), "{error}");
    assert!(error.contains("run the same command again"), "{error}");
    assert_eq!(requests.len(), 6);
}

#[tokio::test]
async fn a_wrong_token_ends_the_import_at_once() {
    let (fates, requests) = send(vec![(401, "", json!({"detail": "token expired"}))]).await;
    let error = fates.unwrap_err().to_string();
    assert!(error.contains("401 Unauthorized: token expired; give a valid --token"), "{error}");
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn an_answer_for_events_that_were_not_sent_is_not_trusted() {
    let (fates, _) = send(vec![(201, "", results(&[201, 201, 201, 201]))]).await;
    assert!(fates.unwrap_err().to_string().contains("is it Annals?"));
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut endpoint = BulkEndpoint::of_server(&url, "secret").unwrap();
    endpoint.pause_first = Duration::ZERO;
    let error = endpoint.send(&batch()).await.unwrap_err().to_string();
    assert!(error.contains("gave up sending"), "{error}");
}
