//! Inboxes: what is put away, and those of roles, which their people read and nobody else.

use serde_json::{Value, json};

use crate::support::{Service, Socket, subscribe, token, until};

const READ: &str = "query($inbox: String, $state: NotificationState) { me { inboxes \
    notifications(first: 50, inbox: $inbox, state: $state) { unreadCount \
    nodes { id kind readAt archivedAt event { id } } } } }";
const MARK: &str = "mutation($input: MarkNotificationsReadInput!) \
    { done: markNotificationsRead(input: $input) { unreadCount userErrors { field } } }";
const ARCHIVE: &str = "mutation($input: ArchiveNotificationsInput!) \
    { done: archiveNotifications(input: $input) { unreadCount userErrors { field } } }";
/// Of which security is told.
const TOLD: &str = "api_key.created";

/// The page of an inbox, or what is wrong.
async fn page(service: &Service, token: &str, inbox: Option<&str>, state: Option<&str>) -> Value {
    let answer = service.ask(token, READ, json!({ "inbox": inbox, "state": state })).await;
    match answer["errors"].is_null() {
        true => answer["data"]["me"]["notifications"].clone(),
        false => answer["errors"][0]["extensions"]["code"].clone(),
    }
}

async fn count(service: &Service, token: &str, inbox: Option<&str>, state: Option<&str>) -> usize {
    page(service, token, inbox, state).await["nodes"].as_array().unwrap().len()
}

/// What a mutation answers, or what is wrong.
async fn done(
    service: &Service,
    token: &str,
    mutation: &str,
    ids: Value,
    inbox: Option<&str>,
) -> Value {
    let input = json!({ "input": { "ids": ids, "inbox": inbox } });
    let answer = service.ask(token, mutation, input).await;
    match answer["errors"].is_null() {
        true => answer["data"]["done"].clone(),
        false => answer["errors"][0]["extensions"]["code"].clone(),
    }
}

/// A service whose security has a message; tells its id.
async fn told() -> (Service, Value) {
    let service = Service::start().await;
    let event = json!({ "type": TOLD, "actor": { "id": "ann" }, "subject": { "id": "ann" } });
    service.record(event).await;
    let officer = token("sam", "acme", "security_officer");
    until("security is told", async || {
        page(&service, &officer, Some("security"), None).await["unreadCount"] == 1
    })
    .await;
    let message = page(&service, &officer, Some("security"), None).await["nodes"][0].clone();
    assert_eq!(message["kind"], TOLD);
    (service, message["id"].clone())
}

#[tokio::test]
async fn what_is_put_away_is_out_of_the_way_and_found_by_who_asks_for_it() {
    let service = Service::start().await;
    let (ann, bob) = (token("ann", "acme", "user"), token("bob", "acme", "user"));
    for who in ["ann", "ann", "ann", "bob"] {
        service.record(json!({ "type": "user.password.changed", "actor": { "id": who } })).await;
    }
    let unread = async |token: &str| page(&service, token, None, None).await["unreadCount"].clone();
    until("messages come", async || unread(&ann).await == 3 && unread(&bob).await == 1).await;
    let nodes = page(&service, &ann, None, None).await["nodes"].clone();
    let [first, second] = [0, 1].map(|at: usize| nodes[at]["id"].clone());
    assert_eq!(done(&service, &bob, ARCHIVE, json!([first]), None).await["unreadCount"], 1);
    assert_eq!(unread(&ann).await, 3, "nobody puts away what is another's");
    assert_eq!(done(&service, &ann, ARCHIVE, json!([first]), None).await["unreadCount"], 2);
    assert_eq!(done(&service, &ann, MARK, json!([first, second]), None).await["unreadCount"], 1);
    for (state, expected) in
        [(None, 2), (Some("UNREAD"), 1), (Some("READ"), 1), (Some("ARCHIVED"), 1)]
    {
        assert_eq!(count(&service, &ann, None, state).await, expected, "{state:?}");
    }
    let away = page(&service, &ann, None, Some("ARCHIVED")).await["nodes"][0].clone();
    assert_eq!(away["id"], first);
    assert!(away["archivedAt"].is_string() && away["readAt"].is_string(), "{away}");
    for wrong in [json!([]), json!(["x"]), json!(vec![first.clone(); 251])] {
        let answer = done(&service, &ann, ARCHIVE, wrong, None).await;
        assert_eq!(answer["userErrors"][0]["field"], json!(["input", "ids"]));
    }
    let path = "/api/v1/logs?q=type:annals.notification.archived+actor.id:ann";
    let events = service.get(path, &token("root", "acme", "admin")).await.json();
    assert_eq!(events["events"].as_array().unwrap().len(), 1);
    assert_eq!(events["events"][0]["subject"]["id"], "ann");
}

#[tokio::test]
async fn the_people_of_a_role_share_its_inbox() {
    let (service, id) = told().await;
    let root = token("root", "acme", "admin");
    let sam = token("sam", "acme", "security_officer");
    let kim = token("kim", "acme", "security_analyst");
    // The event itself shows only to whom it shows elsewhere.
    for (token, sees) in [(&root, true), (&kim, true), (&sam, false)] {
        let message = page(&service, token, Some("security"), None).await["nodes"][0].clone();
        assert_eq!((&message["id"], message["event"].is_object()), (&id, sees));
        let own = page(&service, token, None, None).await;
        assert_eq!(own["nodes"], json!([]), "their own inbox is another");
    }
    let read = done(&service, &sam, MARK, json!([id]), Some("security")).await;
    assert_eq!(read["unreadCount"], 0);
    assert_eq!(count(&service, &kim, Some("security"), Some("READ")).await, 1, "for all of them");
    done(&service, &root, ARCHIVE, json!([id]), Some("security")).await;
    assert_eq!(count(&service, &sam, Some("security"), None).await, 0);
    assert_eq!(count(&service, &sam, Some("security"), Some("ARCHIVED")).await, 1);
    let path = "/api/v1/logs?q=type:annals.log.read+actor.id:sam&limit=1";
    let traces = service.get(path, &root).await.json();
    let metadata = &traces["events"][0]["metadata"];
    assert_eq!(metadata["what"], json!(["notifications"]), "{traces}");
    assert_eq!(metadata["query"], "inbox:security");
}

#[tokio::test]
async fn nobody_else_reads_or_changes_the_inbox_of_a_role() {
    let (service, id) = told().await;
    let sam = token("sam", "acme", "security_officer");
    let strangers =
        ["user", "auditor", "responder", "records_officer", "privacy_officer", "writer", "analyst"];
    let strangers = strangers.map(|role| (token("eve", "acme", role), "security"));
    let elsewhere = [(sam.clone(), "admin"), (sam.clone(), "no such role"), (sam.clone(), "")];
    for (token, inbox) in strangers.iter().chain(&elsewhere) {
        assert_eq!(page(&service, token, Some(inbox), None).await, "FORBIDDEN", "{inbox}");
        for mutation in [MARK, ARCHIVE] {
            let answer = done(&service, token, mutation, json!([id]), Some(inbox)).await;
            assert_eq!(answer, "FORBIDDEN", "{inbox}");
        }
    }
    // Nor does somebody who goes by the name of a role.
    let posing = token("role:security", "acme", "user");
    assert_eq!(page(&service, &posing, None, None).await, "FORBIDDEN");
    assert_eq!(done(&service, &posing, ARCHIVE, json!([id]), None).await, "FORBIDDEN");
    // Another tenant has an inbox of its own.
    let other = token("root", "other", "admin");
    assert_eq!(count(&service, &other, Some("security"), None).await, 0);
    done(&service, &other, ARCHIVE, json!([id]), Some("security")).await;
    assert_eq!(page(&service, &sam, Some("security"), None).await["unreadCount"], 1);
    let inboxes = async |role: &str| {
        let token = token("kim", "acme", role);
        service.ask(&token, "{ me { inboxes } }", json!({})).await["data"]["me"]["inboxes"].clone()
    };
    assert_eq!(inboxes("admin").await, json!(["admin", "security"]));
    assert_eq!(inboxes("security_officer").await, json!(["security"]));
    assert_eq!(inboxes("user").await, json!([]));
}

#[tokio::test]
async fn the_inbox_of_a_role_is_watched_by_its_people_alone() {
    let (service, id) = told().await;
    let listening = service.listen().await;
    let service = &listening.service;
    let start = service.api.cursors.position(annals_domain::Position::START);
    let document = format!(
        "subscription {{ notificationStream(after: \"{start}\", inbox: \"security\") \
         {{ unreadCount notifications {{ id event {{ id }} }} }} }}"
    );
    let stranger = token("eve", "acme", "user");
    let mut socket = Socket::graphql_of(listening.address, &stranger).await;
    socket.say(subscribe("1", &document)).await;
    let refused = socket.next().await.unwrap();
    assert!(refused.to_string().contains("FORBIDDEN"), "{refused}");

    let sam = token("sam", "acme", "security_officer");
    let mut socket = Socket::graphql_of(listening.address, &sam).await;
    socket.say(subscribe("1", &document)).await;
    let batch = socket.next().await.unwrap()["payload"]["data"]["notificationStream"].clone();
    assert_eq!(batch["notifications"], json!([{ "id": id, "event": null }]));
    done(service, &sam, ARCHIVE, json!([id]), Some("security")).await;
    let batch = socket.next().await.unwrap()["payload"]["data"]["notificationStream"].clone();
    assert_eq!(
        (&batch["notifications"], &batch["unreadCount"]),
        (&json!([]), &json!(0)),
        "who watches is told that one was put away"
    );
    let path = "/api/v1/logs?q=type:annals.log.read+actor.id:sam&limit=250";
    let traces = service.get(path, &token("root", "acme", "admin")).await.json();
    let opened = json!(["stream opened"]);
    let watched = traces["events"].as_array().unwrap().iter().any(|trace| {
        trace["metadata"]["what"] == opened && trace["metadata"]["query"] == "inbox:security"
    });
    assert!(watched, "{traces}");
}
