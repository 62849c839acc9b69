//! What is derived from the log can be deleted and made anew, with the same answers.

use std::path::Path;

use annals_tests::{Caller, Operation, PATIENCE, TestService, samples, wait_until};
use serde_json::{Value, json};

use crate::{ANNALS, service};

const QUERIES: &[&str] = &[
    "",
    "actor:person-3",
    "outcome:failure",
    "type:user.*",
    "opened",
    "ip:203.0.113.0/24",
    "target.id:INV-5",
    "severity>=warning -outcome:success",
];

#[tokio::test]
async fn an_index_and_read_models_that_were_deleted_are_rebuilt_with_the_same_answers() {
    delete_and_rebuild(service().await, &["rebuild"]).await;
}

/// The same wherever the log is kept.
pub(crate) async fn delete_and_rebuild(mut service: TestService, command: &[&str]) {
    record_a_little_of_everything(&service).await;
    let before = answers(&service).await;
    service.stop().await;
    let deleted = delete_what_is_derived(&service.data_dir());
    assert!(deleted.iter().any(|name| name == "index"), "{deleted:?}");
    assert!(deleted.len() >= 3, "{deleted:?}");
    let said = service.run(command).await.expect(0);
    assert!(said.contains("rebuilt"), "{said}");
    service.restart().await;
    assert_same(&answers(&service).await, &before);
}

#[tokio::test]
async fn rebuild_makes_everything_anew_also_when_it_is_there() {
    let mut service = service().await;
    record_a_little_of_everything(&service).await;
    let before = answers(&service).await;
    service.stop().await;
    for what in ["index", "profiles", "all"] {
        service.run(&["rebuild", what]).await.expect(0);
    }
    service.restart().await;
    assert_same(&answers(&service).await, &before);
}

#[tokio::test]
async fn a_service_that_lost_what_is_derived_makes_it_anew_by_itself() {
    let mut service = service().await;
    record_a_little_of_everything(&service).await;
    let before = answers(&service).await;
    service.kill9().await;
    delete_what_is_derived(&service.data_dir());
    service.restart().await;
    assert_same(&answers(&service).await, &before);
}

#[tokio::test]
async fn a_rebuild_beside_a_running_service_is_refused() {
    let service = TestService::start(ANNALS).await;
    let ended = service.run(&["rebuild"]).await;
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("in use"), "{}", ended.stderr);
}

async fn record_a_little_of_everything(service: &TestService) {
    let writer = service.caller("shop", "acme", "writer").await;
    let mut events = Vec::new();
    for n in 0..120 {
        let person = format!("person-{}", n % 10);
        events.push(match n % 6 {
            0 => samples::login(&person),
            1 => samples::failed_login(&person),
            2 => samples::password_change(&person),
            3 | 4 => samples::invoice_viewed("clerk", &person, &format!("INV-{}", n % 6)),
            _ => samples::numbered("robot", n),
        });
    }
    writer.bulk(&events).await.expect(201);
    let ann = service.caller("person-2", "acme", "user").await;
    let inbox = wait_until("messages", PATIENCE, async || {
        let inbox = ann.run(Operation::Me, json!({})).await["me"]["notifications"].take();
        inbox["nodes"].as_array().is_some_and(|nodes| nodes.len() > 2).then_some(inbox)
    });
    let input = json!({ "input": { "ids": [inbox.await["nodes"][1]["id"]] } });
    ann.run(Operation::MarkNotificationsRead, input).await;
}

/// Pages, counts, profiles and inboxes, once all projections have caught up.
async fn answers(service: &TestService) -> Vec<(String, Value)> {
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_current().await;
    let mut answers = Vec::new();
    for query in QUERIES {
        answers.push((format!("pages of `{query}`"), pages(&auditor, query).await));
        answers.push((format!("count of `{query}`"), auditor.count(query).await.into()));
        let occurred = json!({ "query": query, "orderBy": "OCCURRED_AT_ASC", "first": 200 });
        let occurred = auditor.run(Operation::AuditEvents, occurred).await;
        answers.push((format!("`{query}` as it happened"), occurred));
    }
    for n in 0..10 {
        let person = format!("person-{n}");
        let profile = auditor.run(Operation::Person, json!({ "id": person, "first": 100 })).await;
        assert!(profile["person"].is_object(), "{person} has no profile");
        answers.push((format!("profile of {person}"), profile));
        let caller = service.caller(&person, "acme", "user").await;
        let me = caller.run(Operation::Me, json!({ "first": 100 })).await;
        answers.push((format!("inbox of {person}"), me));
    }
    answers
}

/// Newest first, in small pages.
async fn pages(auditor: &Caller, query: &str) -> Value {
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut page = vec![("q", query), ("limit", "17")];
        page.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let body = auditor.list(&page).await.expect(200);
        cursor = body["next_cursor"].as_str().map(str::to_owned);
        pages.push(body);
        if cursor.is_none() {
            return pages.into();
        }
    }
}

fn assert_same(after: &[(String, Value)], before: &[(String, Value)]) {
    assert_eq!(after.len(), before.len());
    for ((what, after), (_, before)) in after.iter().zip(before) {
        assert_eq!(after, before, "{what}");
    }
}

/// Deletes everything but the log, the keys and the secrets; returns the names.
fn delete_what_is_derived(data_dir: &Path) -> Vec<String> {
    let truth = ["events.db", "keys.db", "master.key", "token.secret", "annals.lock"];
    let mut deleted = Vec::new();
    for entry in std::fs::read_dir(data_dir).expect("the data directory is there") {
        let entry = entry.expect("the data directory can be read");
        let name = entry.file_name().into_string().expect("plain names");
        if truth.iter().any(|truth| name.starts_with(truth)) {
            continue;
        }
        let path = entry.path();
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        removed.expect("a file of ours can be deleted");
        deleted.push(name);
    }
    deleted
}
