//! What is derived from the log can be deleted and made anew, with the same answers.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use annals_tests::{Answer, Caller, Operation, PATIENCE, TestService, samples, wait_until};
use reqwest::Method;
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

#[tokio::test]
async fn the_index_is_filled_anew_while_it_is_searched_and_events_come() {
    let mut service = service().await;
    record_a_little_of_everything(&service).await;
    let before = answers(&service).await;
    let operator = service.caller("ops", "operations", "admin").await;
    let writer = service.caller("shop", "globex", "writer").await;
    let reader = service.caller("audit", "globex", "auditor").await;
    let (acked, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let recording = async {
        while !done.load(Ordering::SeqCst) {
            let events: Vec<Value> = (0..50).map(|n| samples::numbered("robot", n)).collect();
            writer.bulk(&events).await.expect(201);
            reader.wait_until_current().await;
            acked.fetch_add(50, Ordering::SeqCst);
        }
    };
    let searching = async {
        while !done.load(Ordering::SeqCst) {
            let at_least = acked.load(Ordering::SeqCst).min(10_000);
            let found = reader.count("actor:robot").await;
            assert!(found >= at_least, "{found} of {at_least} events are found");
        }
    };
    let rebuilding = async {
        for _ in 0..3 {
            assert_eq!(rebuild(&operator, Method::POST).await.expect(202)["state"], "running");
            assert_eq!(ended(&operator).await["state"], "done");
        }
        done.store(true, Ordering::SeqCst);
    };
    tokio::join!(recording, searching, rebuilding);
    assert_eq!(generation(&service), "g4");
    assert_same(&answers(&service).await, &before);
    let told = operator.find("type:annals.index.rebuild").await;
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|event| event["metadata"]["step"] == "requested"), "{told:?}");
    let ready = operator.get("/readyz", &[]).await.json();
    assert_eq!(ready["index_rebuild"]["state"], "done");
    service.kill9().await;
    service.restart().await;
    assert_same(&answers(&service).await, &before);
    assert_eq!(generation(&service), "g4");
}

#[tokio::test]
async fn a_rebuild_that_was_killed_or_cancelled_leaves_a_whole_index() {
    let mut service = service().await;
    record_a_little_of_everything(&service).await;
    let before = answers(&service).await;
    for _ in 0..3 {
        let operator = service.caller("ops", "operations", "admin").await;
        rebuild(&operator, Method::POST).await.expect(202);
        service.kill9().await;
        service.restart().await;
        // What was begun goes on by itself, or was done.
        let operator = service.caller("ops", "operations", "admin").await;
        let state = ended(&operator).await["state"].clone();
        assert!(state == "done" || state == "none", "{state}");
        assert_same(&answers(&service).await, &before);
    }
    let operator = service.caller("ops", "operations", "admin").await;
    rebuild(&operator, Method::DELETE).await.expect(404);
    rebuild(&operator, Method::POST).await.expect(202);
    let cancelled = rebuild(&operator, Method::DELETE).await;
    assert!([200, 404].contains(&cancelled.status), "{}", cancelled.status);
    assert_same(&answers(&service).await, &before);
    let auditor = service.caller("audit", "acme", "auditor").await;
    rebuild(&auditor, Method::POST).await.expect(403);
}

async fn rebuild(caller: &Caller, method: Method) -> Answer {
    Answer::of(caller.request(method, "/api/v1/search/rebuild")).await.unwrap()
}

/// How the rebuild ended.
async fn ended(operator: &Caller) -> Value {
    wait_until("the end of the rebuild", PATIENCE, async || {
        let status = rebuild(operator, Method::GET).await.expect(200);
        (status["state"] != "running").then_some(status)
    })
    .await
}

/// Which generation of the index answers.
fn generation(service: &TestService) -> String {
    let file = service.data_dir().join("index/current");
    std::fs::read_to_string(file).expect("it tells which one answers").trim_end().to_owned()
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
        let mut profile =
            auditor.run(Operation::Person, json!({ "id": person, "first": 100 })).await;
        leave_out_questions(&mut profile["person"]["accessedBy"]);
        answers.push((format!("profile of {person}"), profile));
        let caller = service.caller(&person, "acme", "user").await;
        let mut me = caller.run(Operation::Me, json!({ "first": 100 })).await;
        leave_out_questions(&mut me["me"]["accessedBy"]);
        answers.push((format!("inbox of {person}"), me));
    }
    answers
}

/// Looking at a profile is told in it: what these questions add is not compared.
fn leave_out_questions(accessed_by: &mut Value) {
    let mut leave_out = |list: &str, key: &str, value: &str| {
        if let Some(list) = accessed_by.pointer_mut(list).and_then(Value::as_array_mut) {
            list.retain(|item| item[key] != value);
        }
    };
    leave_out("/viewers", "id", "audit");
    leave_out("/events/nodes", "type", "annals.log.read");
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
