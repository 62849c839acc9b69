//! Events that belong together, and what became of a thing.

use serde_json::{Value, json};

use crate::support::{Service, token};

fn admin() -> String {
    token("root", "acme", "admin")
}

/// An event of a session, at a minute.
fn of_session(minute: u32, session: &str) -> Value {
    json!({
        "type": "a.b", "occurred_at": format!("2026-03-01T09:{minute:02}:00Z"),
        "session": {"id": session}, "actor": {"type": "user", "id": "ann"},
    })
}

/// A change of a role, at a minute.
fn of_role(minute: u32, before: &str, after: &str) -> Value {
    json!({
        "type": "a.b", "occurred_at": format!("2026-03-01T09:{minute:02}:00Z"),
        "actor": {"type": "user", "id": "root"}, "subject": {"id": "ann"},
        "targets": [{"type": "account", "id": "a/1"}],
        "changes": [{"path": "/role", "op": "replace", "before": before, "after": after}],
    })
}

#[tokio::test]
async fn related_events_are_paged_and_tell_why_they_are() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for minute in [1, 3, 2] {
        ids.push(service.record(of_session(minute, "s-1")).await);
    }
    service.record(of_session(4, "s-2")).await;
    let path = format!("/api/v1/logs/{}/related?by=session,target", ids[0]);
    let whole = service.get(&path, &admin()).await.json();
    let related = |body: &Value| -> Vec<(String, Value)> {
        let events = body["events"].as_array().unwrap().iter();
        let id = |event: &Value| event["event"]["id"].as_str().unwrap().to_owned();
        events.map(|event| (id(event), event["because"].clone())).collect()
    };
    let because = json!(["session"]);
    let expected = [(ids[2].clone(), because.clone()), (ids[1].clone(), because)];
    assert_eq!(related(&whole), expected, "as they happened, without the event itself");
    let first = service.get(&format!("{path}&limit=1"), &admin()).await.json();
    assert_eq!(related(&first), expected[..1]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = service.get(&format!("{path}&limit=1&cursor={cursor}"), &admin()).await.json();
    assert_eq!(related(&second), expected[1..]);
    assert_eq!(second["next_cursor"], Value::Null);

    let document = "query($id: ID!) { auditEvent(id: $id) { related(by: [SESSION], first: 1) {
        edges { cursor because node { id } } nodes { id } pageInfo { hasNextPage endCursor } } } }";
    let answer = service.ask(&admin(), document, json!({"id": ids[0]})).await;
    let page = &answer["data"]["auditEvent"]["related"];
    assert_eq!(page["edges"][0]["node"]["id"], ids[2], "{answer}");
    assert_eq!(page["edges"][0]["because"], json!(["SESSION"]));
    assert_eq!(page["pageInfo"], json!({"hasNextPage": true, "endCursor": cursor}));
}

#[tokio::test]
async fn what_is_related_to_an_event_of_others_is_not_told() {
    let service = Service::start().await;
    let id = service.record(of_session(1, "s-1")).await;
    service.record(of_session(2, "s-1")).await;
    let path = format!("/api/v1/logs/{id}/related");
    for stranger in [token("root", "globex", "admin"), token("bob", "acme", "user")] {
        assert_eq!(service.get(&path, &stranger).await.code(), "NOT_FOUND");
    }
    let own = service.get(&path, &token("ann", "acme", "user")).await.json();
    assert_eq!(own["events"].as_array().unwrap().len(), 1);
    for (query, reason) in
        [("by=colour", "correlation"), ("limit=0", "from 1"), ("q=x", "by, limit")]
    {
        let answer = service.get(&format!("{path}?{query}"), &admin()).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
        assert!(answer.text.contains(reason), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_history_tells_who_changed_what_and_the_value_at_a_time() {
    let service = Service::start().await;
    service.record(of_role(1, "guest", "user")).await;
    let last = service.record(of_role(5, "user", "admin")).await;
    let path = "/api/v1/targets/account/a%2F1/history";
    let history = service.get(&format!("{path}?path=/role&limit=1"), &admin()).await.json();
    let change = &history["changes"][0];
    assert_eq!(change["event_id"], last, "{history}");
    assert_eq!((&change["before"], &change["after"]), (&json!("user"), &json!("admin")));
    assert_eq!(change["actor"]["id"], "root");
    let cursor = history["next_cursor"].as_str().unwrap();
    let next = service.get(&format!("{path}?path=/role&limit=1&cursor={cursor}"), &admin()).await;
    assert_eq!(next.json()["changes"][0]["after"], "user");
    let oldest = service.get(&format!("{path}?order=oldest&limit=1"), &admin()).await.json();
    assert_eq!(oldest["changes"][0]["after"], "user", "{oldest}");
    let newer = oldest["next_cursor"].as_str().unwrap();
    let newer = service.get(&format!("{path}?order=oldest&cursor={newer}"), &admin()).await.json();
    assert_eq!(newer["changes"][0]["event_id"], last);
    let other = service.get(&format!("{path}?path=/name"), &admin()).await.json();
    assert_eq!(other["changes"], json!([]));

    let at = service.get(&format!("{path}?at=2026-03-01T09:04:00Z"), &admin()).await.json();
    assert_eq!(at["values"][0]["value"], "user", "{at}");
    assert_eq!(at["complete"], true);
    let both = service.get(&format!("{path}?at=2026-03-01T09:04:00Z&limit=3"), &admin()).await;
    assert_eq!(both.code(), "BAD_USER_INPUT");

    let document = "query($at: DateTime!) {
        targetHistory(type: \"account\", id: \"a/1\", path: \"/role\", first: 1) {
            edges { cursor node { path op before after event { id } } } nodes { after }
            pageInfo { hasNextPage endCursor } }
        targetValues(type: \"account\", id: \"a/1\", at: $at) {
            complete values { path after event { actor { id } } } } }";
    let variables = json!({"at": "2026-03-01T09:04:00Z"});
    let answer = service.ask(&admin(), document, variables).await;
    let page = &answer["data"]["targetHistory"];
    assert_eq!(page["nodes"], json!([{"after": "admin"}]), "{answer}");
    assert_eq!(page["pageInfo"], json!({"hasNextPage": true, "endCursor": cursor}));
    let backwards = "query($before: String) {
        targetHistory(type: \"account\", id: \"a/1\", last: 1, before: $before) {
            nodes { after } pageInfo { hasNextPage hasPreviousPage startCursor } } }";
    let oldest = service.ask(&admin(), backwards, json!({})).await["data"]["targetHistory"].clone();
    assert_eq!(oldest["nodes"], json!([{"after": "user"}]));
    assert_eq!(oldest["pageInfo"]["hasPreviousPage"], true);
    let before = json!({"before": oldest["pageInfo"]["startCursor"]});
    let newer = service.ask(&admin(), backwards, before).await["data"]["targetHistory"].clone();
    assert_eq!(newer["nodes"], json!([{"after": "admin"}]));
    let ends = (&newer["pageInfo"]["hasPreviousPage"], &newer["pageInfo"]["hasNextPage"]);
    assert_eq!(ends, (&json!(false), &json!(true)));
    let value = json!({"path": "/role", "after": "user", "event": {"actor": {"id": "root"}}});
    assert_eq!(answer["data"]["targetValues"], json!({"complete": true, "values": [value]}));
}

#[tokio::test]
async fn a_history_holds_only_what_the_caller_may_see() {
    let service = Service::start().await;
    service.record(of_role(1, "guest", "user")).await;
    let path = "/api/v1/targets/account/a%2F1/history";
    for (reader, changes) in [
        (token("ann", "acme", "user"), 1),
        (token("bob", "acme", "user"), 0),
        (token("root", "globex", "admin"), 0),
    ] {
        let history = service.get(path, &reader).await.json();
        assert_eq!(history["changes"].as_array().unwrap().len(), changes);
        let at = service.get(&format!("{path}?at=2026-03-02T00:00:00Z"), &reader).await.json();
        assert_eq!(at["values"].as_array().unwrap().len(), changes);
    }
}
