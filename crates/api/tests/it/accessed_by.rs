//! "Who viewed my data": who looked at what concerns a person, when and for what.

use serde_json::{Value, json};

use crate::support::{Service, token, until};

const VIEWERS: &str =
    "viewers { type id name exports seen { first last count } purposes { text seen { count } } }";

fn ann() -> String {
    token("ann", "acme", "user")
}

fn auditor() -> String {
    token("eve", "acme", "auditor")
}

/// Kim looks at what is Ann's, for a reason.
fn looking(operation: &str, reason: &str) -> Value {
    json!({
        "type": "record.looked_at", "operation": operation,
        "actor": {"id": "kim", "type": "user", "name": "Kim"}, "subject": {"id": "ann"},
        "justification": {"reason": reason}
    })
}

/// Kim looks at something that Ann owns, in an event about Bob.
fn looking_at_owned() -> Value {
    json!({
        "type": "record.looked_at", "operation": "read", "actor": {"id": "kim", "type": "user"},
        "subject": {"id": "bob"}, "justification": {"reason": "about bob alone"},
        "targets": [{"type": "note", "id": "n-1", "owner": "ann"}]
    })
}

async fn accessed_by(service: &Service, reader: &str, whom: &str, fields: &str) -> Value {
    let document = format!("{{ {whom} {{ accessedBy {{ {fields} }} }} }}");
    let answer = service.ask(reader, &document, json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let field = if whom == "me" { "me" } else { "person" };
    answer["data"][field]["accessedBy"].clone()
}

/// Ann's viewers, once there is one of whom this holds.
async fn viewers_once(service: &Service, what: &str, holds: impl Fn(&Value) -> bool) -> Vec<Value> {
    let found = std::cell::RefCell::new(Vec::new());
    until(what, async || {
        let told = accessed_by(service, &ann(), "me", VIEWERS).await;
        *found.borrow_mut() = told["viewers"].as_array().unwrap().clone();
        found.borrow().iter().any(&holds)
    })
    .await;
    found.into_inner()
}

/// Records an event, and does not look for it: that would be a look as well.
async fn record(service: &Service, event: Value) -> String {
    let shop = token("shop", "acme", "writer");
    let answer = service.post("/api/v1/logs", &shop, event.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Kim as Ann sees her, once she looked so often.
async fn looked(service: &Service, count: u64) -> Value {
    let what = format!("Kim looked {count} times");
    let holds = |viewer: &Value| viewer["id"] == "kim" && viewer["seen"]["count"] == count;
    kim_in(&viewers_once(service, &what, holds).await)
}

fn kim_in(viewers: &[Value]) -> Value {
    let kim: Vec<&Value> = viewers.iter().filter(|viewer| viewer["id"] == "kim").collect();
    assert_eq!(kim.len(), 1, "{viewers:?}");
    kim[0].clone()
}

#[tokio::test]
async fn people_see_who_looked_at_their_data_how_often_and_for_what() {
    let service = Service::start().await;
    record(&service, looking("read", "ticket 1")).await;
    record(&service, looking("read", "ticket 2")).await;
    let last = record(&service, looking("export", "ticket 2")).await;
    record(&service, looking("update", "not a look")).await;
    let mut refused = looking("read", "denied");
    refused["outcome"] = json!({"status": "denied"});
    record(&service, refused).await;
    let kim = looked(&service, 3).await;
    assert_eq!((&kim["type"], &kim["name"]), (&json!("USER"), &json!("Kim")));
    assert_eq!((&kim["exports"], &kim["seen"]["count"]), (&json!(1), &json!(3)));
    let purposes = json!([
        {"text": "ticket 2", "seen": {"count": 2}}, {"text": "ticket 1", "seen": {"count": 1}}
    ]);
    assert_eq!(kim["purposes"], purposes);

    let page = "events(first: 2) { nodes { id operation actor { id } } \
                pageInfo { hasNextPage endCursor } }";
    let events = accessed_by(&service, &ann(), "me", page).await["events"].clone();
    assert_eq!(events["nodes"][0]["id"], last, "{events}");
    assert_eq!(events["nodes"][0]["operation"], "EXPORT");
    assert_eq!(events["pageInfo"]["hasNextPage"], true);
    let cursor = events["pageInfo"]["endCursor"].as_str().unwrap();
    let page = format!("events(after: \"{cursor}\") {{ nodes {{ operation }} }}");
    let rest = accessed_by(&service, &ann(), "me", &page).await;
    assert_eq!(rest["events"]["nodes"], json!([{"operation": "READ"}]));
}

#[tokio::test]
async fn a_look_into_this_log_is_one_and_is_seen_by_whom_it_was_about() {
    let service = Service::start().await;
    record(&service, looking("update", "x")).await;
    let query = "{ person(id: \"ann\") { name timeline { nodes { id } } } }";
    until("Ann is known", async || {
        service.ask(&auditor(), query, json!({})).await["data"]["person"].is_object()
    })
    .await;
    let viewers =
        viewers_once(&service, "the auditor is a viewer", |viewer| viewer["id"] == "eve").await;
    assert!(viewers.iter().all(|viewer| viewer["id"] != "ann"), "{viewers:?}");
    let fields = "events { nodes { type actor { id } } }";
    let events = accessed_by(&service, &ann(), "me", fields).await["events"]["nodes"].clone();
    let trace = json!({"type": "annals.log.read", "actor": {"id": "eve"}});
    assert!(events.as_array().unwrap().contains(&trace), "{events}");
    // To see who looked at oneself is no look at anybody.
    let path = "/api/v1/logs?q=type:annals.log.read+actor.id:ann";
    let traces = service.get(path, &token("root", "acme", "admin")).await.json();
    assert_eq!(traces["events"], json!([]));
}

#[tokio::test]
async fn an_owner_learns_who_looked_but_not_what_the_event_says_of_others() {
    let service = Service::start().await;
    record(&service, looking_at_owned()).await;
    let kim = looked(&service, 1).await;
    assert_eq!((&kim["name"], &kim["purposes"]), (&json!(null), &json!([])));
    let own = accessed_by(&service, &ann(), "me", "events { nodes { id } }").await;
    assert_eq!(own["events"]["nodes"], json!([]), "the event is Bob's");
    let bob = token("bob", "acme", "user");
    let of_bob = accessed_by(&service, &bob, "me", VIEWERS).await;
    let kim = kim_in(of_bob["viewers"].as_array().unwrap());
    assert_eq!(kim["purposes"][0]["text"], "about bob alone");
    // Whoever sees the tenant whole sees these events, too; Ann was seen in none of her own.
    record(&service, looking("update", "x")).await;
    until("Ann is known", async || {
        let query = "{ person(id: \"ann\") { name } }";
        service.ask(&auditor(), query, json!({})).await["data"]["person"].is_object()
    })
    .await;
    let whom = "person(id: \"ann\")";
    let all = accessed_by(&service, &auditor(), whom, "events { nodes { type } }").await;
    let types: Vec<&Value> =
        all["events"]["nodes"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert!(types.contains(&&json!("record.looked_at")), "{types:?}");
}

#[tokio::test]
async fn who_looked_at_others_is_shown_to_few_and_leaves_a_trace() {
    let service = Service::start().await;
    record(&service, looking("read", "ticket 1")).await;
    looked(&service, 1).await;
    let whom = "person(id: \"ann\")";
    let document = format!("{{ {whom} {{ accessedBy {{ {VIEWERS} }} }} }}");
    let kim = token("kim", "acme", "user");
    let refused = service.ask(&kim, &document, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let elsewhere = token("eve", "globex", "auditor");
    let nothing = service.ask(&elsewhere, &document, json!({})).await;
    assert_eq!(nothing["data"]["person"], json!(null));
    let fields = format!("{VIEWERS} events {{ nodes {{ id }} }}");
    let told = accessed_by(&service, &auditor(), whom, &fields).await;
    assert_eq!(kim_in(told["viewers"].as_array().unwrap())["exports"], 0);
    let path = "/api/v1/logs?q=type:annals.log.read+actor.id:eve";
    let traces = service.get(path, &token("root", "acme", "admin")).await.json();
    let trace = &traces["events"][0];
    assert_eq!(trace["subject"]["id"], "ann");
    assert_eq!(trace["metadata"]["what"], json!(["accesses", "profile", "viewers"]));
}

#[tokio::test]
async fn a_profile_counts_by_outcome_and_operation_and_knows_which_sessions_ended() {
    let service = Service::start().await;
    let at = |minute: u32| format!("2026-03-01T09:{minute:02}:00Z");
    let act = |minute: u32, session: &str, operation: &str, status: &str| {
        json!({
            "type": "a.b", "operation": operation, "outcome": {"status": status},
            "occurred_at": at(minute), "user_id": "ann", "session_id": session,
            "client": {"device": {"name": "phone"}, "geo": {"country": "NL"}}
        })
    };
    for event in [
        act(1, "s-1", "login", "failure"),
        act(2, "s-1", "login", "success"),
        act(3, "s-1", "logout", "success"),
        act(4, "s-2", "login", "success"),
    ] {
        record(&service, event).await;
    }
    let document = "{ me {
        profile { outcomes { status count } operations { operation count } }
        devices { device { name } seen { count } } places { geo { country } }
        sessions { id endedAt } } }";
    let told = std::cell::RefCell::new(Value::Null);
    until("Ann was seen four times", async || {
        *told.borrow_mut() = service.ask(&ann(), document, json!({})).await["data"]["me"].clone();
        told.borrow()["devices"][0]["seen"]["count"] == 4
    })
    .await;
    let me = told.into_inner();
    let outcomes = json!([{"status": "SUCCESS", "count": 3}, {"status": "FAILURE", "count": 1}]);
    assert_eq!(me["profile"]["outcomes"], outcomes);
    let operations =
        json!([{"operation": "LOGIN", "count": 3}, {"operation": "LOGOUT", "count": 1}]);
    assert_eq!(me["profile"]["operations"], operations);
    assert_eq!(me["places"], json!([{"geo": {"country": "NL"}}]));
    assert_eq!(me["sessions"][0], json!({"id": "s-2", "endedAt": null}));
    let ended = me["sessions"][1]["endedAt"].as_str().unwrap();
    assert!(ended.starts_with("2026-03-01T09:03:00"), "{ended}");
}
