//! Mutations: recording events, and marking messages as read.

use annals_ports::memory::LogErrorKind;
use serde_json::{Value, json};

use crate::support::{Service, token, until};

const RECORD: &str = "mutation($input: RecordEventsInput!) { recordEvents(input: $input) {
    receipts { id stream revision position receivedAt duplicate } userErrors { field message code } } }";

async fn record(service: &Service, events: Value) -> Value {
    let writer = token("shop", "acme", "writer");
    service.ask(&writer, RECORD, json!({ "input": { "events": events } })).await
}

#[tokio::test]
async fn errors_name_the_event_and_its_field_and_the_others_are_stored() {
    let service = Service::start().await;
    let id = uuid::Uuid::now_v7();
    let answer = record(&service, json!([
        { "type": "a.b", "id": id },
        { "type": "a.b", "id": id },
        { "type": "a.c", "id": id },
        { "type": "" },
        { "type": "a.b", "id": "17" },
        { "type": "a.b", "actor": { "id": "a\u{0}b" } },
        { "type": "a.b", "client": { "ip": "300.1.1.1" } },
        { "type": "a.b", "metadata": [1] },
        { "type": "a.b", "labels": { "a": 1 } },
        { "type": "a.b", "actor": { "id": "a", "altIds": [] } },
        { "type": "a.b", "onBehalfOf": [{ "id": "a" }, { "id": "a", "altIds": { "x": null } }] },
        { "type": "a.b", "targets": [{ "type": "t" }, { "type": "" }] },
    ]))
    .await;
    let payload = &answer["data"]["recordEvents"];
    let receipts = payload["receipts"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let stored: Vec<bool> = receipts.iter().map(Value::is_object).collect();
    assert_eq!(stored[..2], [true, true]);
    assert!(stored[2..].iter().all(|stored| !stored));
    assert_eq!(
        (&receipts[0]["duplicate"], &receipts[1]["duplicate"]),
        (&json!(false), &json!(true))
    );
    let errors = payload["userErrors"].as_array().unwrap();
    let fields: Vec<String> = errors
        .iter()
        .map(|error| {
            error["field"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s.as_str().unwrap())
                .collect::<Vec<_>>()
                .join(".")
        })
        .collect();
    assert_eq!(
        fields,
        [
            "input.events.2",
            "input.events.3.type",
            "input.events.4.id",
            "input.events.5.actor.id",
            "input.events.6.client.ip",
            "input.events.7.metadata",
            "input.events.8.labels",
            "input.events.9.actor.altIds",
            "input.events.10.onBehalfOf.1.altIds",
            "input.events.11.targets.1.type",
        ]
    );
    assert_eq!(errors[0]["code"], "IDEMPOTENCY_CONFLICT");
    assert!(errors.iter().all(|error| !error["message"].as_str().unwrap().is_empty()));
    assert_eq!(service.log.len(), 1);
}

#[tokio::test]
async fn the_same_event_is_the_same_over_rest_and_graphql() {
    let service = Service::start().await;
    let id = uuid::Uuid::now_v7();
    let graphql = json!([{
        "type": "user.password.changed", "id": id, "occurredAt": "2026-01-02T03:04:05+01:00",
        "actor": { "id": "ann", "altIds": { "icn": "1" } }, "operation": "UPDATE",
        "outcome": { "status": "SUCCESS" }, "client": { "ip": "192.0.2.1", "country": "NL" },
        "changes": [{ "path": "/a", "op": "REPLACE", "before": 1, "after": [2] }],
        "metadata": { "b": 1, "a": 2 }, "labels": { "x": "y" },
    }]);
    let rest = json!({
        "labels": { "x": "y" }, "metadata": { "a": 2, "b": 1 }, "id": id,
        "type": "user.password.changed", "occurred_at": "2026-01-02T03:04:05+01:00",
        "actor": { "id": "ann", "alt_ids": { "icn": "1" } }, "operation": "update",
        "outcome": { "status": "success" }, "client": { "ip": "192.0.2.1", "geo": { "country": "NL" } },
        "changes": [{ "path": "/a", "op": "replace", "before": 1, "after": [2] }],
    });
    let first = record(&service, graphql).await;
    assert_eq!(first["data"]["recordEvents"]["userErrors"], json!([]), "{first}");
    let writer = token("shop", "acme", "writer");
    let again = service.post("/api/v1/logs", &writer, rest.to_string()).await;
    assert_eq!(again.status, 200, "{}", again.text);
}

#[tokio::test]
async fn as_many_events_as_the_limit_are_taken_and_one_more_is_not() {
    let service = Service::start().await;
    let events = |count: usize| json!(vec![json!({ "type": "a.b" }); count]);
    let answer = record(&service, events(1000)).await;
    assert_eq!(answer["data"]["recordEvents"]["receipts"].as_array().unwrap().len(), 1000);
    let answer = record(&service, events(1001)).await;
    assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
    assert_eq!(service.log.len(), 1000);
    let answer = record(&service, events(0)).await;
    assert_eq!(answer["data"]["recordEvents"]["receipts"], json!([]), "{answer}");
    service.is_idle().await;
}

#[tokio::test]
async fn what_cannot_be_stored_for_a_reason_of_ours_is_an_error_of_the_request() {
    let service = Service::start().await;
    for (kind, code) in
        [(LogErrorKind::Full, "STORAGE_FULL"), (LogErrorKind::Unavailable, "UNAVAILABLE")]
    {
        service.log.fail_next(kind);
        let answer = record(&service, json!([{ "type": "a.b" }])).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], code, "{answer}");
        assert!(extensions["retryAfterMs"].as_u64().unwrap() >= 1000);
        service.is_idle().await;
    }
}

#[tokio::test]
async fn messages_are_read_by_their_person_alone() {
    let service = Service::start().await;
    let (ann, bob) = (token("ann", "acme", "user"), token("bob", "acme", "user"));
    let changed = |who: &str| json!({ "type": "user.password.changed", "actor": { "id": who } });
    service.record(changed("ann")).await;
    service.record(changed("ann")).await;
    service.record(changed("bob")).await;
    let inbox = "{ me { notifications { unreadCount nodes { id readAt event { id } } } } }";
    let unread = async |token: &str| {
        service.ask(token, inbox, json!({})).await["data"]["me"]["notifications"].clone()
    };
    until("messages come", async || unread(&ann).await["unreadCount"] == 2).await;
    until("messages come", async || unread(&bob).await["unreadCount"] == 1).await;
    let id = unread(&ann).await["nodes"][0]["id"].clone();
    let mark = "mutation($ids: [ID!]!) { markNotificationsRead(input: { ids: $ids }) \
        { unreadCount userErrors { field code } } }";
    let marked = async |token: &str, ids: Value| {
        let answer = service.ask(token, mark, json!({ "ids": ids })).await;
        answer["data"]["markNotificationsRead"].clone()
    };
    // Bob cannot read Ann's messages, nor does he learn whether there are any.
    assert_eq!(marked(&bob, json!([id])).await["unreadCount"], 1);
    assert_eq!(unread(&ann).await["unreadCount"], 2);
    let payload = marked(&ann, json!([id])).await;
    assert_eq!((&payload["unreadCount"], &payload["userErrors"]), (&json!(1), &json!([])));
    assert_eq!(marked(&ann, json!([id])).await["unreadCount"], 1, "reading twice changes nothing");
    for wrong in [json!([]), json!(["x"]), json!(vec![id.clone(); 251])] {
        let payload = marked(&ann, wrong).await;
        assert_eq!(payload["userErrors"][0]["field"], json!(["input", "ids"]));
        assert_eq!(payload["unreadCount"], 1);
    }
    assert_eq!(marked(&ann, json!(vec![id; 250])).await["userErrors"], json!([]));
}
