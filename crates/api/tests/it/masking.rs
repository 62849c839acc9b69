//! What is secret does not get into the log, whichever way it comes, and not into what is kept beside
//! it; what stands there as a pseudonym is found by its value.

use annals_ports::memory::LogErrorKind;
use annals_ports::{LogReader, QuarantineStore};
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Service, token, until};

const CARD: &str = "4111 1111 1111 1111";
const IBAN: &str = "DE89 3704 0044 0532 0130 00";

const PSEUDONYMS: &str = r#"
[catalogue]
action = "pseudonym"

[[rule]]
name = "account"
detector = "iban"
action = "pseudonym"

[[rule]]
name = "card"
detector = "card"
action = "redact"
"#;

fn admin() -> String {
    token("root", "acme", "admin")
}

fn writer() -> String {
    token("shop", "acme", "writer")
}

fn login(id: &str, description: &str) -> Value {
    json!({ "id": id, "type": "order.placed", "user_id": "ann", "description": description })
}

fn id(number: u32) -> String {
    format!("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f{number:04x}")
}

async fn send(service: &Service, body: &Value) -> Answer {
    service.post("/api/v1/logs", &writer(), body.to_string()).await
}

async fn one(service: &Service, id: &str) -> Value {
    service.get(&format!("/api/v1/logs/{id}"), &admin()).await.json()
}

async fn found(service: &Service, query: &str) -> usize {
    let query = percent_encoded(query);
    let answer = service.get(&format!("/api/v1/logs?q={query}"), &admin()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["events"].as_array().unwrap().len()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn a_secret_is_masked_whichever_way_it_comes_and_the_event_tells_so() {
    let service = Service::start().await;
    service.record(login(&id(1), &format!("paid with {CARD}"))).await;
    let bulk = [login(&id(2), "password=hunter2"), login(&id(3), CARD)];
    let many = (0..20).map(|n| login(&id(100 + n), CARD));
    let bulk = Value::from(bulk.into_iter().chain(many).collect::<Vec<_>>());
    let answer = service.post("/api/v1/logs/bulk", &writer(), bulk.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let document =
        "mutation($i: RecordEventsInput!) { recordEvents(input: $i) { receipts { id } } }";
    let event = json!({ "id": id(4), "type": "order.placed", "actor": { "id": "ann" },
        "metadata": { "headers": { "Authorization": "Basic YW5uOnB3" } } });
    let variables = json!({ "i": { "events": [event] } });
    let answer = service.ask(&writer(), document, variables).await;
    service.record(login(&id(5), "nothing here")).await;
    let seen = one(&service, &id(1)).await;
    assert_eq!(seen["description"], "paid with [redacted:card]");
    assert_eq!(seen["labels"]["annals.masked"], "description:card");
    assert_eq!(one(&service, &id(2)).await["description"], "password=[redacted:password]");
    assert_eq!(one(&service, &id(119)).await["description"], "[redacted:card]");
    let seen = one(&service, &id(4)).await;
    assert_eq!(seen["metadata"]["headers"]["Authorization"], "[redacted:secret]", "{answer}");
    assert_eq!(found(&service, "labels.annals.masked:*card*").await, 22);
    assert_eq!(found(&service, "4111").await, 0);
    assert!(one(&service, &id(5)).await.get("labels").is_none());
}

#[tokio::test]
async fn a_masked_event_that_is_sent_again_is_the_same_event() {
    let service = Service::start().await;
    let event = login(&id(1), &format!("paid with {CARD}"));
    let first = send(&service, &event).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = send(&service, &event).await;
    assert_eq!(
        (again.status, again.json()["position"].clone()),
        (StatusCode::OK, first.json()["position"].clone())
    );
    // Of two secrets nothing is left, so nothing tells one from the other, not even a digest.
    let other = send(&service, &login(&id(1), "paid with 5555 5555 5555 4444")).await;
    assert_eq!(other.status, 200);
    let other = send(&service, &login(&id(1), "paid twice")).await;
    assert_eq!(other.status, 409);
}

#[tokio::test]
async fn refused_events_are_kept_and_told_of_without_their_secrets() {
    let service = Service::start().await;
    let known = login(&id(1), "first");
    assert_eq!(send(&service, &known).await.status, 201);
    let mut invalid = login(&id(2), CARD);
    invalid["metadata"] = json!({ CARD: "\u{0}", "password": "hunter2" });
    let refused = [
        login(&id(1), CARD).to_string(),
        invalid.to_string(),
        format!("{{\"type\": \"order.placed\", \"occurred_at\": \"{CARD}\"}}"),
        format!("{{\"type\": \"order.placed\", \"{CARD}\": 1}}"),
        format!("{{\"type\": \"order.placed\", \"password\": \"hunter2\", \"x {CARD}"),
        // It is looked at as JSON, by the catalogue as well, though no event can be read from it.
        json!({ "type": "user.bank_account.changed", "metadata": { "account_number": "00111122" }, "actr": 1 })
            .to_string(),
        r#"{"actr": [{"name": "password", "value": "hunter2"}], "db": "mysql:\/\/u:hunter2@h"}"#.into(),
    ];
    for body in refused {
        let answer = service.post("/api/v1/logs", &writer(), body.clone()).await;
        assert!(answer.status.is_client_error(), "{}", answer.text);
        assert!(!answer.text.contains("1111"), "{}", answer.text);
        let kept = answer.json()["quarantine_id"].as_str().unwrap().to_owned();
        let whole = service.get(&format!("/api/v1/quarantine/{kept}"), &admin()).await;
        assert_eq!(whole.status, 200);
        assert!(!whole.text.contains("1111"), "{body}: {}", whole.text);
        assert!(!whole.text.contains("hunter2"), "{body}: {}", whole.text);
    }
    assert_eq!(service.quarantine.count().await.unwrap(), 7);
}

#[tokio::test]
async fn an_event_whose_readable_identifiers_hold_a_secret_is_refused_whichever_way_it_comes() {
    let service = Service::start().await;
    let secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl";
    let mut event = login(&id(1), "x");
    event["request"] = json!({ "id": "r-1", "correlation_id": secret });
    event["producer"] = json!({ "id": "shop-4111111111111111", "seq": 1 });
    let single = send(&service, &event).await;
    assert_eq!(single.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", single.text);
    let told = &single.json()["errors"];
    assert_eq!(told[0]["path"], "request.correlation_id", "{told}");
    assert_eq!(told[1]["path"], "producer.id", "{told}");
    assert_eq!((&told[0]["code"], &told[1]["code"]), (&json!("secret"), &json!("secret")));
    let bulk = json!([event, login(&id(2), "kept")]).to_string();
    let bulk = service.post("/api/v1/logs/bulk", &writer(), bulk).await;
    assert!(bulk.text.contains("request.correlation_id"), "{}", bulk.text);
    let document = "mutation($i: RecordEventsInput!) { recordEvents(input: $i) { receipts { id } \
                    userErrors { code field } } }";
    let graph = json!({ "id": id(3), "type": "order.placed", "actor": { "id": "ann" },
        "request": { "causationId": secret } });
    let graph = service.ask(&writer(), document, json!({ "i": { "events": [graph] } })).await;
    let told = graph.to_string();
    assert!(told.contains("\"SECRET\"") && told.contains("causation_id"), "{told}");
    for answer in [&single.text, &bulk.text, &graph.to_string()] {
        assert!(!answer.contains("eyJ") && !answer.contains("1111"), "{answer}");
    }
    let kept = service.get("/api/v1/quarantine", &admin()).await;
    let entries = kept.json()["entries"].as_array().unwrap().clone();
    // What was sent twice is kept once.
    assert_eq!(entries.len(), 2, "{}", kept.text);
    for entry in entries {
        let path = format!("/api/v1/quarantine/{}", entry["id"].as_str().unwrap());
        let whole = service.get(&path, &admin()).await;
        assert!(!whole.text.contains("eyJ") && !whole.text.contains("1111"), "{}", whole.text);
        assert!(whole.text.contains("[redacted:jwt]"), "{}", whole.text);
    }
    assert_eq!(service.get(&format!("/api/v1/logs/{}", id(1)), &admin()).await.status, 404);
}

#[tokio::test]
async fn no_error_repeats_the_value_of_a_field() {
    let service = Service::start().await;
    let canary = "canary-8Zq";
    for field in [
        "id",
        "tenant",
        "schema_version",
        "occurred_at",
        "operation",
        "severity",
        "outcome",
        "actor",
        "on_behalf_of",
        "subject",
        "targets",
        "changes",
        "client",
        "ip_address",
        "session",
        "request",
        "justification",
        "metadata",
        "labels",
        "producer",
    ] {
        for value in
            [json!(canary), json!([canary]), json!({ "type": canary, "id": 1, "ip": canary })]
        {
            let mut event = json!({ "type": "order.placed", "user_id": "ann" });
            event[field] = value;
            let answer = send(&service, &event).await;
            assert!(!answer.text.contains(canary), "{field}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_spooled_event_is_masked_before_it_waits() {
    let service = Service::with_masking(PSEUDONYMS).await;
    let event = login(&id(1), CARD);
    service.log.fail_next(LogErrorKind::Unavailable);
    assert_eq!(send(&service, &event).await.status, StatusCode::ACCEPTED);
    until("it is recorded", async || service.api.recorder.spooled() == 0).await;
    assert_eq!(send(&service, &event).await.status, StatusCode::OK);
    until("it is found", async || one(&service, &id(1)).await["description"] == "[redacted:card]")
        .await;
}

#[tokio::test]
async fn a_pseudonym_is_found_by_the_value_it_stands_for() {
    let service = Service::with_masking(PSEUDONYMS).await;
    let mut event = login(&id(1), &format!("to {IBAN}"));
    event["metadata"] = json!({ "account": IBAN, "card": "4111111111111111" });
    service.record(event).await;
    let mut other = login(&id(2), "to somebody else");
    other["metadata"] = json!({ "account": "GB82WEST12345698765432" });
    service.record(other).await;
    let mut phone = login(&id(3), "x");
    phone["type"] = "user.phone.changed".into();
    phone["metadata"] = json!({ "new_phone": "+49 30 1234" });
    service.record(phone).await;
    let seen = one(&service, &id(1)).await;
    let stored = seen["metadata"]["account"].as_str().unwrap().to_owned();
    assert!(stored.starts_with("pseudonym:") && stored.len() == 36, "{stored}");
    assert_eq!(seen["description"], format!("to {stored}"));
    assert_eq!(found(&service, &format!("metadata.account:\"{IBAN}\"")).await, 1);
    assert_eq!(found(&service, "metadata.account:de89370400440532013000").await, 1);
    assert_eq!(found(&service, "metadata.account:DE89370400440532013001").await, 0);
    assert_eq!(found(&service, &format!("\"{IBAN}\"")).await, 1);
    assert_eq!(found(&service, "metadata.new_phone:\"+49 30 1234\"").await, 1);
    assert_eq!(found(&service, "metadata.card:4111111111111111").await, 0);
    // The key is the tenant's: another tenant's events look different.
    let elsewhere = token("shop", "globex", "writer");
    let mut event = login(&id(9), "x");
    event["metadata"] = json!({ "account": IBAN });
    let answer = service.post("/api/v1/logs", &elsewhere, event.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let position = answer.json()["position"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/logs?min_position={position}");
    let seen = service.get(&path, &token("root", "globex", "admin")).await.json();
    let theirs = seen["events"][0]["metadata"]["account"].as_str().unwrap();
    assert!(theirs.starts_with("pseudonym:") && theirs != stored);
}

#[tokio::test]
async fn what_stands_in_headers_for_all_to_read_is_masked_as_well() {
    let service = Service::start().await;
    let mut event = login(&id(1), "x");
    event["source"] = "https://shop:hunter2@shop.example".into();
    event["environment"] = CARD.into();
    service.record(event).await;
    let stored = service.log.read_all(annals_domain::Position::START, 1).await.unwrap();
    let header = String::from_utf8_lossy(&stored[0].record.header).into_owned();
    assert!(!header.contains("1111 1111") && !header.contains("hunter2"), "{header}");
    assert!(header.contains("https://shop:[redacted:url-password]@shop.example"), "{header}");
}
