//! A tenant is alone: nothing of another tenant is in any answer, not even that it is there.

use annals_tests::{Caller, LogStream, Operation, Subscription, TestService, samples};
use serde_json::{Value, json};

use crate::{service, text};

/// A word that is in every field of every event of the other tenant.
const CANARY: &str = "canarybird";

#[tokio::test]
async fn no_answer_to_a_tenant_holds_a_word_of_another() {
    let service = service().await;
    let theirs = record_canaries(&service).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let own = text(&writer.record(&samples::login("ann")).await.expect(201)["id"]);
    for (sub, role) in [("root", "admin"), ("audit", "auditor"), ("ann", "user"), (CANARY, "user")]
    {
        let caller = service.caller(sub, "acme", role).await;
        for answer in everything(&caller, &theirs).await {
            assert!(!answer.contains(CANARY), "{role} {sub}: {answer}");
            assert!(theirs.iter().all(|event| !answer.contains(event.stream())), "{answer}");
        }
        let seen = caller.find("").await;
        assert_eq!(seen.len(), usize::from(sub != CANARY), "{role} {sub}");
        assert!(seen.iter().all(|event| event["id"] == own.as_str()));
    }
    let metrics = writer.get("/metrics", &[]).await.text;
    assert!(!metrics.contains(CANARY), "metrics name no one");
    assert!(!service.operations_log().contains(CANARY), "the operations log names no one");
}

#[tokio::test]
async fn an_id_of_another_tenant_is_answered_like_one_that_does_not_exist() {
    let service = service().await;
    let theirs = record_canaries(&service).await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let unknown = auditor.event(&samples::id()).await;
    let foreign = auditor.event(&theirs[0].id()).await;
    assert_eq!((foreign.status, &foreign.text), (404, &unknown.text));
    // Nor can it be found out by taking it: the same id is free in every tenant.
    let writer = service.caller("shop", "acme", "writer").await;
    let mut same_id = samples::login("ann");
    same_id["id"] = theirs[0].id().into();
    writer.record(&same_id).await.expect(201);
    let own = auditor.event(&theirs[0].id()).await.expect(200);
    assert_eq!(own["tenant"], "acme");
    let canaries = service.caller("audit", "globex", "auditor").await;
    assert_eq!(canaries.event(&theirs[0].id()).await.expect(200)["tenant"], "globex");
}

#[tokio::test]
async fn a_cursor_of_another_tenant_is_a_place_in_the_log_and_tells_nothing() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let first = samples::login("ann");
    writer.record(&first).await.expect(201);
    let theirs = record_canaries(&service).await;
    let second = samples::login("ben");
    writer.record(&second).await.expect(201);
    let cursor = theirs[1].position();
    let newer = auditor.walk(Some(&cursor), "").await;
    assert_eq!(crate::ids(&newer), [text(&second["id"])]);
    let older = auditor.list(&[("cursor", &cursor)]).await.expect(200);
    assert_eq!(crate::ids(older["events"].as_array().unwrap()), [text(&first["id"])]);
    let page = json!({ "after": cursor, "first": 10 });
    let page = auditor.run(Operation::AuditEvents, page).await;
    assert_eq!(crate::ids(page["auditEvents"]["nodes"].as_array().unwrap()), [text(&first["id"])]);
    let mut stream = LogStream::open(&auditor, &[("after", &cursor)]).await.unwrap();
    let batch = stream.next().await.unwrap();
    assert_eq!(crate::ids(batch["events"].as_array().unwrap()), [text(&second["id"])]);
    let waited = auditor.list(&[("min_position", &cursor)]).await;
    assert!(!waited.text.contains(CANARY));
}

#[tokio::test]
async fn a_person_of_the_same_name_in_another_tenant_is_told_nothing() {
    let service = service().await;
    let ann = service.caller("ann", "acme", "user").await;
    let their_ann = service.caller("ann", "globex", "user").await;
    let open = async |person: &Caller| {
        Subscription::open(person, Operation::NotificationStream, json!({})).await.unwrap()
    };
    let (mut told, mut their_told) = (open(&ann).await, open(&their_ann).await);
    let writer = service.caller("shop", "globex", "writer").await;
    let changed = samples::password_change("ann");
    writer.record(&changed).await.expect(201);
    their_told.next().await.unwrap();
    // Something of her own comes next; what was theirs would have come before it.
    let writer = service.caller("shop", "acme", "writer").await;
    let own = samples::password_change("ann");
    writer.record(&own).await.expect(201);
    let batch = told.next().await.unwrap();
    assert_eq!(batch["notificationStream"]["notifications"].as_array().unwrap().len(), 1);
    assert_eq!(batch["notificationStream"]["unreadCount"], 1);
    let me = ann.run(Operation::Me, json!({})).await;
    assert_eq!(me["me"]["notifications"]["nodes"][0]["event"]["id"], own["id"]);
    // And a message of another cannot be marked as read.
    let theirs = their_ann.run(Operation::Me, json!({})).await;
    let id = &theirs["me"]["notifications"]["nodes"][0]["id"];
    ann.run(Operation::MarkNotificationsRead, json!({ "input": { "ids": [id] } })).await;
    let theirs = their_ann.run(Operation::Me, json!({})).await;
    assert_eq!(theirs["me"]["notifications"]["unreadCount"], 1);
}

#[tokio::test]
async fn a_token_for_several_tenants_must_name_one_and_then_sees_only_that() {
    let service = service().await;
    record_canaries(&service).await;
    let both = service.caller("audit", "acme,globex", "auditor").await;
    assert_eq!(both.list(&[]).await.status, 400);
    for (tenant, status, events) in [("acme", 200, 0), ("globex", 200, 3), ("initech", 403, 0)] {
        let request = both.request(reqwest::Method::GET, "/api/v1/logs");
        let answer = annals_tests::Answer::of(request.header("annals-tenant", tenant)).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, status, "{tenant}: {}", answer.text);
        let seen = answer.json()["events"].as_array().map_or(0, Vec::len);
        assert_eq!(seen, events, "{tenant}");
    }
}

/// A receipt.
struct Theirs(Value);

impl Theirs {
    fn id(&self) -> String {
        text(&self.0["id"])
    }

    fn position(&self) -> String {
        text(&self.0["position"])
    }

    fn stream(&self) -> &str {
        self.0["stream"].as_str().unwrap_or_default()
    }
}

/// Three events of the other tenant, with the canary in every field that takes a text.
async fn record_canaries(service: &TestService) -> Vec<Theirs> {
    let writer = service.caller("shop", "globex", "writer").await;
    let mut receipts = Vec::new();
    for n in 0..3 {
        let event = json!({
            "id": samples::id(),
            "type": format!("{CANARY}.sung"),
            "source": format!("https://{CANARY}.example"),
            "environment": CANARY,
            "description": format!("{CANARY} sang {n}"),
            "actor": { "id": CANARY, "name": CANARY, "email": format!("{CANARY}@example.org"),
                       "roles": [CANARY] },
            "subject": { "id": CANARY, "name": CANARY },
            "targets": [{ "type": CANARY, "id": CANARY, "name": CANARY }],
            "outcome": { "status": "failure", "code": CANARY, "reason": CANARY },
            "client": { "ip": "192.0.2.99", "user_agent": CANARY },
            "session": { "id": CANARY },
            "request": { "id": CANARY, "correlation_id": CANARY },
            "metadata": { CANARY: CANARY },
            "labels": { CANARY: CANARY },
        });
        receipts.push(Theirs(writer.record(&event).await.expect(201)));
    }
    receipts
}

/// The text of every answer that might hold something of the other tenant.
async fn everything(caller: &Caller, theirs: &[Theirs]) -> Vec<String> {
    let mut answers = Vec::new();
    let (id, cursor) = (theirs[0].id(), theirs[0].position());
    let lists: &[&[(&str, &str)]] = &[
        &[],
        &[("order", "oldest"), ("count", "true")],
        &[("q", "outcome:failure"), ("count", "true")],
        &[("q", "ip:192.0.2.99"), ("count", "true")],
        &[("q", "sang")],
        &[("ip", "192.0.2.0/24")],
        &[("outcome", "failure")],
        &[("cursor", &cursor)],
        &[("cursor", &cursor), ("order", "oldest")],
        &[("min_position", &cursor)],
    ];
    for parameters in lists {
        answers.push(caller.list(parameters).await.text);
    }
    answers.push(caller.event(&id).await.text);
    let operations = [
        (Operation::AuditEvents, json!({ "first": 50 })),
        (Operation::AuditEvents, json!({ "filter": { "ip": "192.0.2.99" } })),
        (Operation::AuditEvents, json!({ "after": cursor, "orderBy": "RECORDED_AT_ASC" })),
        (Operation::AuditEvents, json!({ "before": cursor, "last": 50 })),
        (Operation::AuditEventsCount, json!({ "filter": { "outcome": ["FAILURE"] } })),
        (Operation::AuditEvent, json!({ "id": id })),
        (Operation::EventTypes, json!({})),
    ];
    for (operation, variables) in operations {
        answers.push(caller.ask(&operation.text(), variables).await.text);
    }
    answers
}
