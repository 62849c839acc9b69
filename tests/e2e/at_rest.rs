//! Nothing personal lies in the clear on disk: not in the log, the index, the read models, exports, what
//! was refused, or what the program says of itself; while it runs, after a kill, and after a stop.

use annals_tests::{Caller, Canaries, PATIENCE, Setup, TestService, samples, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{ANNALS, text};

/// As much is said as can be said without the voices of others.
const LEVEL: &str = "debug,h2=info,hyper=info,tower=info,tonic=info,rustls=info";

/// An event with a word in every field that may be about a person.
fn event(canaries: &mut Canaries) -> Value {
    let address = canaries.address("client.ip").to_string();
    let mut word = |field: &str| canaries.word(field);
    json!({
        "id": samples::id(),
        "type": "record.updated",
        "actor": {
            "id": word("actor.id"),
            "name": word("actor.name"),
            "email": format!("{}@example.com", word("actor.email")),
            "roles": [word("actor.roles")],
            "alt_ids": { "old": word("actor.alt_ids") },
        },
        "on_behalf_of": [{ "type": "user", "id": word("on_behalf_of"), "name": word("on_behalf_of.name") }],
        "subject": {
            "id": word("subject.id"),
            "name": word("subject.name"),
            "alt_ids": { "old": word("subject.alt_ids") },
        },
        "targets": [{ "type": "record", "id": word("target.id"), "name": word("target.name"), "owner": word("target.owner") }],
        "changes": [{ "path": "/street", "op": "replace", "before": word("before"), "after": word("after") }],
        "description": format!("wrote to {} at home", word("description")),
        "outcome": { "status": "failure", "code": "Refused", "reason": word("outcome.reason") },
        "client": {
            "ip": address,
            "user_agent": format!("Mozilla/5.0 (X11; {}) Firefox/128.0", word("user_agent")),
            "device": { "name": word("device.name") },
            "geo": { "country": "DE", "city": word("geo.city") },
        },
        "session": { "id": word("session.id"), "auth_method": "password" },
        "justification": { "reason": word("justification.reason"), "ticket": word("justification.ticket") },
        "metadata": { "note": word("metadata"), "deep": { "list": [word("metadata.deep")] } },
        "labels": { "team": word("labels") },
    })
}

async fn post(caller: &Caller, path: &str, body: Value, status: u16) -> Value {
    caller.post(path, "application/json", body.to_string()).await.expect(status)
}

/// Plants words everywhere, and sees that they are there for those who may see them.
async fn plant(service: &TestService, canaries: &mut Canaries) {
    let reader = canaries.word("reader");
    let writer = service.caller("shop", "acme", "writer").await;
    let admin = service.caller(&reader, "acme", "admin").await;
    let whole = event(canaries);
    writer.record(&whole).await.expect(201);
    // Somebody is told that their password was changed.
    let person = canaries.word("person");
    let mut told = samples::password_change(&person);
    told["actor"]["name"] = canaries.word("person.name").into();
    writer.record(&told).await.expect(201);
    // What is refused is kept for whoever corrects it.
    let mut refused = event(canaries);
    refused["actor"]["id"] = Value::Null;
    refused["type"] = "annals.not.allowed".into();
    let problem = writer.record(&refused).await;
    assert!(matches!(problem.status, 400 | 422), "{}", problem.text);
    let mut refused = event(canaries);
    refused["actor"]["id"] = "".into();
    let problem = writer.record(&refused).await;
    assert!(matches!(problem.status, 400 | 422), "{}", problem.text);
    // What people make of their own.
    let key = canaries.word("key.name");
    let made = post(&admin, "/api/v1/api-keys", json!({ "name": key, "roles": ["writer"] }), 201);
    canaries.known("key.secret", &text(&made.await["secret"]));
    let (name, about) = (canaries.word("view.name"), canaries.word("view.description"));
    let view = json!({ "name": name, "description": about, "query": format!("actor:{person}"), "shared": true });
    post(&admin, "/api/v1/views", view, 201).await;
    let revocation = json!({ "subject": canaries.word("revoked"), "reason": canaries.word("why") });
    post(&admin, "/api/v1/revocations", revocation, 201).await;
    admin.wait_until_current().await;
    look(service, canaries, &admin, &whole).await;
    inbox(service, &person).await;
    for format in ["ndjson", "json", "csv", "parquet", "bundle"] {
        export(&admin, format, &person).await;
    }
    admin.wait_until_current().await;
}

/// Looks for the words, with purposes and questions that hold others.
async fn look(service: &TestService, canaries: &mut Canaries, admin: &Caller, whole: &Value) {
    let found = admin.event(&text(&whole["id"])).await.expect(200);
    assert_eq!(found["actor"]["name"], whole["actor"]["name"]);
    let person = text(&whole["subject"]["id"]);
    for query in [
        format!("subject:{person}"),
        text(&whole["actor"]["email"]),
        format!("client.ip:\"{}\"", text(&whole["client"]["ip"])),
    ] {
        assert!(admin.count(&query).await >= 1, "{query}");
    }
    assert_eq!(admin.count(&canaries.word("asked")).await, 0);
    let asked = json!({ "filter": canaries.word("asked in GraphQL") });
    let document =
        "query($filter: String) { auditEvents(query: $filter) { edges { node { id } } } }";
    let _ = admin.ask(document, asked).await;
    let analyst = service.caller(&canaries.word("analyst"), "acme", "analyst").await;
    let purpose = analyst.request(Method::GET, &format!("/api/v1/logs/{}", text(&whole["id"])));
    let purpose = purpose.header("Annals-Purpose", canaries.word("purpose")).send().await.unwrap();
    assert_eq!(purpose.status(), 200);
}

/// Sees that the person was told.
async fn inbox(service: &TestService, person: &str) {
    let own = service.caller(person, "acme", "user").await;
    let document = "{ me { notifications(first: 5) { nodes { title body } } } }";
    let told = own.ask(document, json!({})).await;
    let messages = told.data["me"]["notifications"]["nodes"].as_array();
    assert_eq!(messages.map(Vec::len), Some(1), "{}", told.text);
}

async fn export(admin: &Caller, format: &str, person: &str) {
    let order = json!({ "format": format, "query": format!("-actor:nobody{person}") });
    let job = post(admin, "/api/v1/exports", order, 202).await;
    let path = format!("/api/v1/exports/{}", text(&job["id"]));
    let done = wait_until("the export ends", PATIENCE, async || {
        let job = admin.get(&path, &[]).await.expect(200);
        (job["status"] != "queued" && job["status"] != "running").then_some(job)
    })
    .await;
    assert_eq!(done["status"], "done", "{done}");
    let file = admin.request(Method::GET, &text(&done["file"])).send().await.unwrap();
    let bytes = file.bytes().await.unwrap();
    assert_eq!(done["bytes"], bytes.len(), "{format}");
    if matches!(format, "ndjson" | "json" | "csv") {
        let shows = bytes.windows(person.len()).any(|found| found == person.as_bytes());
        assert!(shows, "{format} holds the person");
    }
}

#[tokio::test]
async fn no_personal_word_lies_on_disk_in_any_form() {
    let setup = Setup::default()
        .with("ANNALS_EXPORT__FREE_BYTES_MIN", "0")
        .with("ANNALS_LOG__LEVEL", LEVEL);
    let mut service = TestService::start_as(ANNALS, setup).await;
    let mut canaries = Canaries::default();
    plant(&service, &mut canaries).await;
    canaries.expect_none_in(service.home());
    service.kill9().await;
    canaries.expect_none_in(service.home());
    service.restart().await;
    plant(&service, &mut canaries).await;
    service.stop().await;
    canaries.expect_none_in(service.home());
    assert!(canaries.count() > 80, "{}", canaries.count());
    // Were one there, it would be found.
    let file = service.data_dir().join("exports").join("left");
    std::fs::write(&file, canaries.word("left")).unwrap();
    assert_eq!(canaries.found_in(service.home()).len(), 1);
}
