//! Bad events: each gets a precise answer that names the field, and costs little.

use std::time::{Duration, Instant};

use annals_tests::{Caller, samples};
use serde_json::{Value, json};

use crate::service;

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
/// No bad request may take longer than this.
const CHEAP: Duration = Duration::from_secs(2);
/// Brackets that would end a parser that recurses.
const BRACKETS: usize = 10_000;

/// What is wrong: body, status, path of the field, and word for it.
type Bad = (&'static str, u16, &'static str, &'static str);

const BAD: &[Bad] = &[
    // Not JSON, or not an object.
    ("", 400, "", "malformed"),
    ("{\"type\":", 400, "type", "malformed"),
    ("{\"type\":\"a.b\"} x", 400, "", "malformed"),
    ("{\"type\":\"a.b\",}", 400, "", "malformed"),
    ("nonsense", 400, "", "malformed"),
    ("[]", 400, "", "malformed"),
    ("\"text\"", 400, "", "malformed"),
    ("{\"type\":\"\\ud800\"}", 400, "type", "malformed"),
    // Wrong types, by path.
    ("{\"type\":5}", 400, "type", "malformed"),
    ("{\"type\":\"a.b\",\"actor\":\"ann\"}", 400, "actor", "malformed"),
    ("{\"type\":\"a.b\",\"actor\":{\"roles\":\"admin\"}}", 400, "actor.roles", "malformed"),
    (
        "{\"type\":\"a.b\",\"targets\":[{\"type\":\"x\"},{\"type\":7}]}",
        400,
        "targets[1].type",
        "malformed",
    ),
    ("{\"type\":\"a.b\",\"severity\":\"loud\"}", 400, "severity", "malformed"),
    ("{\"type\":\"a.b\",\"outcome\":\"won\"}", 400, "outcome", "malformed"),
    ("{\"type\":\"a.b\",\"client\":{\"ip\":\"300.1.1.1\"}}", 400, "client.ip", "malformed"),
    ("{\"type\":\"a.b\",\"id\":\"17\"}", 400, "id", "malformed"),
    ("{\"type\":\"a.b\",\"metadata\":[]}", 400, "metadata", "malformed"),
    ("{\"type\":\"a.b\",\"labels\":{\"a\":1}}", 400, "labels.a", "malformed"),
    ("{\"type\":\"a.b\",\"schema_version\":-1}", 400, "schema_version", "malformed"),
    ("{\"type\":\"a.b\",\"schema_version\":1e400}", 400, "schema_version", "malformed"),
    // Unknown fields: a misspelt name must not be lost in silence.
    ("{\"type\":\"a.b\",\"actr\":{}}", 400, "actr", "unknown_field"),
    ("{\"type\":\"a.b\",\"actor\":{\"nmae\":\"Ann\"}}", 400, "actor.nmae", "unknown_field"),
    (
        "{\"type\":\"a.b\",\"targets\":[{\"type\":\"x\",\"uuid\":\"1\"}]}",
        400,
        "targets[0].uuid",
        "unknown_field",
    ),
    // Repeated keys: readers disagree on which one counts.
    ("{\"type\":\"a.b\",\"type\":\"c.d\"}", 400, "", "malformed"),
    ("{\"type\":\"a.b\",\"action\":\"c.d\"}", 400, "", "malformed"),
    ("{\"type\":\"a.b\",\"metadata\":{\"a\":1,\"a\":2}}", 400, "metadata", "malformed"),
    ("{\"type\":\"a.b\",\"metadata\":{\"x\":{\"a\":1,\"a\":2}}}", 400, "metadata.x", "malformed"),
    // Missing, contradicting, reserved.
    ("{}", 422, "type", "required"),
    ("{\"type\":\"\"}", 422, "type", "required"),
    (
        "{\"type\":\"a.b\",\"user_id\":\"ann\",\"actor\":{\"id\":\"ben\"}}",
        422,
        "user_id",
        "contradiction",
    ),
    ("{\"type\":\"annals.notification.read\"}", 422, "type", "reserved"),
    // Times.
    ("{\"type\":\"a.b\",\"occurred_at\":\"2026-01-01T00:00:00\"}", 400, "occurred_at", "malformed"),
    ("{\"type\":\"a.b\",\"occurred_at\":\"2026-01-01\"}", 400, "occurred_at", "malformed"),
    (
        "{\"type\":\"a.b\",\"occurred_at\":\"2026-02-30T00:00:00Z\"}",
        400,
        "occurred_at",
        "malformed",
    ),
    ("{\"type\":\"a.b\",\"occurred_at\":1767225600}", 400, "occurred_at", "malformed"),
    (
        "{\"type\":\"a.b\",\"occurred_at\":\"12026-01-01T00:00:00Z\"}",
        400,
        "occurred_at",
        "malformed",
    ),
    (
        "{\"type\":\"a.b\",\"occurred_at\":\"9000-01-01T00:00:00Z\"}",
        422,
        "occurred_at",
        "out_of_range",
    ),
    // NUL and control characters.
    ("{\"type\":\"a\\u0000b\"}", 422, "type", "control_character"),
    ("{\"type\":\"a.b\",\"actor\":{\"id\":\"a\\u0000b\"}}", 422, "actor.id", "control_character"),
    (
        "{\"type\":\"a.b\",\"actor\":{\"id\":\"ann\",\"name\":\"A\\u001b[31mnn\"}}",
        422,
        "actor.name",
        "control_character",
    ),
    (
        "{\"type\":\"a.b\",\"metadata\":{\"k\":\"x\\u0000\"}}",
        422,
        "metadata.k",
        "control_character",
    ),
    ("{\"type\":\"a.b\",\"metadata\":{\"k\\u0000\":1}}", 422, "metadata", "control_character"),
    // Known types keep to their schema, and take no secrets.
    (
        "{\"type\":\"user.password.changed\",\"metadata\":{\"method\":\"magic\"}}",
        422,
        "metadata.method",
        "schema",
    ),
    (
        "{\"type\":\"user.password.changed\",\"metadata\":{\"password\":\"x\"}}",
        422,
        "metadata.password",
        "schema",
    ),
];

#[tokio::test]
async fn what_is_wrong_with_an_event_is_named_by_its_path() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let mut wrong = Vec::new();
    for (body, status, path, code) in BAD {
        let answer = cheap_post(&writer, "/api/v1/logs", JSON, body.as_bytes()).await;
        let problem = answer.json();
        let first = &problem["errors"][0];
        let told = (answer.status, first["path"].as_str(), first["code"].as_str());
        if told != (*status, Some(path), Some(code)) {
            wrong.push(format!(
                "{body}\n  expected {status} `{path}` {code}, told {told:?}: {}",
                answer.text
            ));
            continue;
        }
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(problem["status"], *status);
        assert!(problem["detail"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        // The same over bulk: each item has its own answer.
        let items = format!("[{body}]");
        if serde_json::from_str::<Value>(&items).is_ok() && !body.is_empty() {
            let bulk = cheap_post(&writer, "/api/v1/logs/bulk", JSON, items.as_bytes()).await;
            let item = &bulk.json()["results"][0];
            assert_eq!((bulk.status, &item["status"]), (422, &json!(status)), "{}", bulk.text);
            assert_eq!(item["error"]["errors"][0]["path"], *path, "{}", bulk.text);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    still_well(&mut service, &writer, 0).await;
}

#[tokio::test]
async fn bodies_that_are_too_large_are_refused_before_they_are_read() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let of_size =
        |bytes: usize| format!("{{\"type\":\"a.b\",\"description\":\"{}\"}}", "x".repeat(bytes));
    let refused = cheap_post(&writer, "/api/v1/logs", JSON, of_size(300_000).as_bytes()).await;
    assert_eq!(refused.expect(413)["code"], "TOO_LARGE");
    // A text that is too long is told by its field.
    let refused = cheap_post(&writer, "/api/v1/logs", JSON, of_size(20_000).as_bytes()).await;
    let problem = refused.expect(422);
    assert_eq!(problem["errors"][0]["path"], "description");
    assert_eq!(problem["errors"][0]["code"], "too_large");
    // A large event within a bulk is one bad item.
    let bulk = format!("{}\n{{\"type\":\"a.b\"}}\n", of_size(300_000));
    let answer = cheap_post(&writer, "/api/v1/logs/bulk", NDJSON, bulk.as_bytes()).await;
    let body = answer.expect(207);
    assert_eq!(body["results"][0]["status"], 413);
    assert_eq!(body["results"][1]["status"], 201);
    // A length that lies beyond the limit is refused by its header alone.
    let head = format!(
        "POST /api/v1/logs/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: {NDJSON}\r\nContent-Length: 99999999999\r\n\r\n",
        writer.token()
    );
    let answer = raw(&writer.address(), head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    still_well(&mut service, &writer, 1).await;
}

#[tokio::test]
async fn brackets_without_end_are_refused_quickly_and_the_process_lives() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(BRACKETS), close.repeat(BRACKETS));
        format!("{{\"type\":\"a.b\",\"metadata\":{{\"x\":{open}1{close}}}}}")
    };
    let mut bodies = vec![nested("[", "]"), nested("{\"a\":", "}")];
    bodies.extend(["[".repeat(100_000), "{\"a\":".repeat(BRACKETS), "]".repeat(BRACKETS)]);
    for body in &bodies {
        let answer = cheap_post(&writer, "/api/v1/logs", JSON, body.as_bytes()).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        let bulk = cheap_post(&writer, "/api/v1/logs/bulk", JSON, body.as_bytes()).await;
        assert_eq!(bulk.status, 400, "{}", bulk.text);
        let lines = cheap_post(&writer, "/api/v1/logs/bulk", NDJSON, body.as_bytes()).await;
        assert_eq!(lines.status, 422, "{}", lines.text);
    }
    // As deep as the limit goes.
    let deep = format!(
        "{{\"type\":\"a.b\",\"metadata\":{{\"x\":{}1{}}}}}",
        "[".repeat(20),
        "]".repeat(20)
    );
    let answer = writer.post("/api/v1/logs", JSON, deep).await.expect(422);
    assert_eq!(answer["errors"][0]["code"], "too_large");
    still_well(&mut service, &writer, 0).await;
}

#[tokio::test]
async fn a_bulk_stores_what_is_good_and_answers_every_item() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let good = samples::login("ann");
    let lines = [
        good.to_string(),
        "{\"type\":".to_owned(),
        "{\"type\":\"a.b\",\"actr\":{}}".to_owned(),
        String::new(),
        samples::login("ben").to_string(),
        "[[[[".to_owned(),
        "{}".to_owned(),
    ];
    let body = writer.post("/api/v1/logs/bulk", NDJSON, lines.join("\n")).await.expect(207);
    let results = body["results"].as_array().unwrap();
    let statuses: Vec<u64> = results.iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 400, 400, 201, 400, 422]);
    for (index, item) in results.iter().enumerate() {
        assert_eq!(item["index"], index);
        let stored = item["status"] == 201;
        assert_eq!(item["id"].is_string() && item["position"].is_string(), stored, "{item}");
        assert_eq!(item["error"].is_object(), !stored, "{item}");
    }
    assert_eq!(results[0]["id"], good["id"]);
    assert_eq!(results[2]["error"]["errors"][0]["path"], "actr");
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.count("").await, 2);
}

#[tokio::test]
async fn ten_thousand_events_in_one_bulk_are_taken_and_one_more_is_not() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let mut lines = String::new();
    for n in 0..10_000 {
        // Every hundredth is bad.
        lines += match n % 100 {
            99 => "{\"type\":\"a.b\",\"wrong\":1}\n",
            _ => "{\"type\":\"a.b\",\"user_id\":\"ann\"}\n",
        };
    }
    let more = format!("{lines}{{\"type\":\"a.b\"}}\n");
    let refused = cheap_post(&writer, "/api/v1/logs/bulk", NDJSON, more.as_bytes()).await;
    assert_eq!(refused.expect(413)["code"], "TOO_LARGE");
    let array = format!("[{}]", more.trim_end().replace('\n', ","));
    let refused = cheap_post(&writer, "/api/v1/logs/bulk", JSON, array.as_bytes()).await;
    assert_eq!(refused.expect(413)["code"], "TOO_LARGE");
    let body = writer.post("/api/v1/logs/bulk", NDJSON, lines).await.expect(207);
    let results = body["results"].as_array().unwrap();
    assert_eq!(results.len(), 10_000);
    let stored = results.iter().filter(|item| item["status"] == 201).count();
    assert_eq!(stored, 9_900);
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.walk(None, "").await.len(), 9_900);
    still_well(&mut service, &writer, 9_900).await;
}

#[tokio::test]
async fn other_media_types_methods_and_pages_are_refused_by_name() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let event = samples::login("ann").to_string();
    for media_type in ["text/plain", "application/x-www-form-urlencoded", NDJSON, "", "json"] {
        let answer = cheap_post(&writer, "/api/v1/logs", media_type, event.as_bytes()).await;
        assert_eq!(answer.expect(415)["code"], "UNSUPPORTED_MEDIA_TYPE", "{media_type}");
    }
    let spelled = writer.post("/api/v1/logs", "Application/JSON; charset=utf-8", event).await;
    spelled.expect(201);
    let unknown = writer.get("/api/v2/logs", &[]).await;
    assert_eq!(unknown.expect(404)["code"], "NOT_FOUND");
    let request = writer.request(reqwest::Method::PATCH, "/api/v1/logs");
    let refused = annals_tests::Answer::of(request).await.unwrap();
    assert_eq!(refused.expect(405)["code"], "METHOD_NOT_ALLOWED");
    for empty in ["[]", "", "\n\n"] {
        let answer = cheap_post(&writer, "/api/v1/logs/bulk", NDJSON, empty.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 422), "{empty}: {}", answer.text);
    }
    let not_a_list = cheap_post(&writer, "/api/v1/logs/bulk", JSON, b"{}").await;
    assert_eq!(not_a_list.expect(400)["code"], "BAD_USER_INPUT");
    still_well(&mut service, &writer, 1).await;
}

/// Posts, and checks that the answer comes quickly.
async fn cheap_post(
    caller: &Caller,
    path: &str,
    media_type: &str,
    body: &[u8],
) -> annals_tests::Answer {
    let began = Instant::now();
    let answer = caller.post(path, media_type, body).await;
    let took = began.elapsed();
    assert!(took < CHEAP, "{took:?} for {}", String::from_utf8_lossy(&body[..body.len().min(80)]));
    answer
}

/// The process is the one that was started, has stored nothing else, and records.
async fn still_well(service: &mut annals_tests::TestService, writer: &Caller, stored: u64) {
    assert!(service.is_running());
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.count("").await, stored, "only what is good is stored");
    writer.record(&samples::login("well")).await.expect(201);
    let log = service.operations_log();
    assert!(!log.contains("panicked"), "something panicked: {log}");
}

/// Sends bytes as they are and reads the beginning of the answer.
async fn raw(address: &str, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = vec![0; 4096];
    let reading = tokio::time::timeout(CHEAP, stream.read(&mut answer)).await;
    let length = reading.expect("an answer must come before the body").unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}
