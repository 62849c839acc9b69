//! The path of a newcomer, from the first event to the morning after a restart.

use annals_tests::{
    LogStream, Operation, PATIENCE, Subscription, TestService, samples, wait_until,
};
use serde_json::{Value, json};

use crate::{ids, service, text};

#[tokio::test]
async fn a_newcomer_records_searches_watches_is_told_and_finds_everything_after_a_restart() {
    walk_the_path(service().await).await;
}

/// The same wherever the log is kept.
pub(crate) async fn walk_the_path(mut service: TestService) {
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let ann = service.caller("ann", "acme", "user").await;
    let mut live = LogStream::open(&auditor, &[]).await.unwrap();
    let watch = json!({ "query": "actor:ann" });
    let mut live_of_ann =
        Subscription::open(&auditor, Operation::AuditEventStream, watch).await.unwrap();
    let mut told =
        Subscription::open(&ann, Operation::NotificationStream, json!({})).await.unwrap();

    // Recorded over REST and GraphQL alike.
    let login = samples::login("ann");
    let receipt = writer.record(&login).await.expect(201);
    assert_eq!(receipt["id"], login["id"]);
    assert_eq!(receipt["revision"], 0);
    let input = json!({ "events": [
        { "id": samples::id(), "type": "record.viewed", "actor": { "id": "ben" },
          "subject": { "id": "ann" }, "targets": [{ "type": "invoice", "id": "INV-7" }] },
        { "type": "user.logout.requested", "actor": { "id": "ben" } },
    ]});
    let recorded = writer.run(Operation::RecordEvents, json!({ "input": input })).await;
    assert_eq!(recorded["recordEvents"]["userErrors"], json!([]));
    let viewed = text(&recorded["recordEvents"]["receipts"][0]["id"]);

    // Seen live, in order.
    let batch = live.next().await.unwrap();
    assert_eq!(batch["events"][0]["id"], login["id"]);
    assert_eq!(batch["events"][0]["sentence"], "Name of ann signed in");
    let batch = live_of_ann.next().await.unwrap();
    assert_eq!(batch["auditEventStream"]["events"][0]["id"], login["id"]);

    // Found by whoever asks with the place of the receipt.
    let last = text(&recorded["recordEvents"]["receipts"][1]["position"]);
    auditor.wait_until_visible(&last, PATIENCE).await;
    let of_the_invoice = auditor.find("target.id:INV-7").await;
    assert_eq!(ids(&of_the_invoice), std::slice::from_ref(&viewed));
    assert_eq!(auditor.count("actor:ben").await, 2);
    let seen_by_ann = ann.find("").await;
    assert_eq!(ids(&seen_by_ann), [viewed.clone(), text(&login["id"])]);
    let device = &seen_by_ann[1]["client"]["device"];
    assert_eq!(device["browser"].as_str().map(|name| name.contains("Firefox")), Some(true));

    // Told of the new password, live and in the inbox; reading is remembered.
    let changed = samples::password_change("ann");
    writer.record(&changed).await.expect(201);
    let message = told.next().await.unwrap();
    let message = &message["notificationStream"]["notifications"][0];
    assert_eq!(message["title"], "Password changed");
    assert_eq!(message["body"], "Name of ann changed their password");
    let inbox = unread(&ann, 1).await;
    assert_eq!(inbox["nodes"][0]["id"], message["id"]);
    assert_eq!(inbox["nodes"][0]["event"]["id"], changed["id"]);
    assert!(inbox["nodes"][0]["readAt"].is_null());
    let input = json!({ "input": { "ids": [message["id"]] } });
    let marked = ann.run(Operation::MarkNotificationsRead, input).await;
    assert_eq!(marked["markNotificationsRead"]["unreadCount"], 0);
    let read = told.next().await.unwrap();
    assert_eq!(read["notificationStream"]["unreadCount"], 0);

    // All of it is there in the morning.
    let before = auditor.walk(None, "").await;
    assert_eq!(before.len(), 5, "what was recorded, and that the message was read");
    service.stop().await;
    service.restart().await;
    assert_eq!(auditor.walk(None, "").await, before);
    let inbox = unread(&ann, 0).await;
    assert_eq!(inbox["nodes"][0]["id"], message["id"]);
    assert!(inbox["nodes"][0]["readAt"].is_string());
    let me = ann.run(Operation::Me, json!({})).await;
    assert_eq!(me["me"]["profile"]["name"], "Name of ann");
    let one = auditor.run(Operation::AuditEvent, json!({ "id": viewed })).await;
    assert_eq!(one["auditEvent"]["targets"][0]["id"], "INV-7");
}

/// The inbox, once it has so many unread messages.
async fn unread(person: &annals_tests::Caller, count: u64) -> Value {
    wait_until("the inbox", PATIENCE, async || {
        let me = person.run(Operation::Me, json!({})).await;
        let inbox = &me["me"]["notifications"];
        (inbox["unreadCount"] == count && inbox["nodes"] != json!([])).then(|| inbox.clone())
    })
    .await
}
