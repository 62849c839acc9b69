//! Saved views: who may keep, see, change and share them, the same by REST and by GraphQL.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token};

async fn put(service: &Service, path: &str, token: &str, tag: Option<&str>, body: Value) -> Answer {
    asked(service, Method::PUT, path, token, tag, body.to_string()).await
}

async fn delete(service: &Service, path: &str, token: &str, tag: Option<&str>) -> Answer {
    asked(service, Method::DELETE, path, token, tag, String::new()).await
}

async fn asked(
    service: &Service,
    method: Method,
    path: &str,
    token: &str,
    tag: Option<&str>,
    body: String,
) -> Answer {
    let mut request = request(method, path, Some(token), body.into());
    if let Some(tag) = tag {
        request.headers_mut().insert("if-match", tag.parse().unwrap());
    }
    service.call(request).await
}

async fn make(service: &Service, token: &str, body: Value) -> Value {
    let made = service.post("/api/v1/views", token, body.to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let view = made.json();
    let id = view["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/api/v1/views/{id}"));
    assert_eq!(made.header("etag"), "\"1\"");
    view
}

fn path(view: &Value) -> String {
    format!("/api/v1/views/{}", view["id"].as_str().unwrap())
}

fn names(list: &Answer) -> Vec<String> {
    let list = list.json();
    let views = list["views"].as_array().unwrap();
    views.iter().map(|view| view["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_view_opens_the_list_that_was_saved() {
    let service = Service::start().await;
    for (number, outcome) in [(1, "failure"), (2, "success"), (3, "failure")] {
        let event = json!({ "type": "a.b", "outcome": { "status": outcome },
            "actor": { "type": "user", "id": "ann" }, "metadata": { "n": number } });
        service.record(event).await;
    }
    let ann = token("ann", "acme", "user");
    let view = json!({ "name": " Failed ", "description": "What failed", "order": "oldest",
        "query": "type:a.b (outcome:failure OR outcome:denied)", "from": "-P1D",
        "fields": ["actor.id", "metadata.n"] });
    let view = make(&service, &ann, view).await;
    assert_eq!(view["name"], "Failed");
    assert_eq!((&view["owner"], &view["own"]), (&json!("ann"), &json!(true)));
    assert_eq!((&view["shared"], &view["version"]), (&json!(false), &json!(1)));
    let id = view["id"].as_str().unwrap();
    let link = view["link"].as_str().unwrap();
    for query in [format!("?view={id}"), link.to_owned()] {
        let page = service.get(&format!("/api/v1/logs{query}"), &ann).await;
        assert_eq!(page.status, StatusCode::OK, "{query}: {}", page.text);
        let events = page.json()["events"].take();
        let numbers: Vec<i64> = events
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["metadata"]["n"].as_i64().unwrap())
            .collect();
        assert_eq!(numbers, [1, 3], "{query}");
    }
    let newest = service.get(&format!("/api/v1/logs?view={id}&order=newest&limit=1"), &ann).await;
    assert_eq!(newest.json()["events"][0]["metadata"]["n"], 3);
    // Whoever does not have the view gets the same list by what the link says beside it.
    let root = token("root", "acme", "admin");
    assert_eq!(service.get(&format!("/api/v1/logs?view={id}"), &root).await.status, 404);
    let without_view = link.split("&view=").next().unwrap();
    let page = service.get(&format!("/api/v1/logs{without_view}"), &root).await;
    assert_eq!(page.json()["events"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_sees_or_changes_the_private_view_of_another() {
    let service = Service::start().await;
    let ann = token("ann", "acme", "user");
    let view = make(&service, &ann, json!({ "name": "mine", "query": "canary" })).await;
    for (who, role) in [("bob", "user"), ("root", "admin"), ("eve", "auditor")] {
        let other = token(who, "acme", role);
        assert_eq!(names(&service.get("/api/v1/views", &other).await), Vec::<String>::new());
        let one = service.get(&path(&view), &other).await;
        assert_eq!(one.status, StatusCode::NOT_FOUND);
        let nothing = service.get("/api/v1/views/0", &other).await;
        assert_eq!(one.text, nothing.text, "the same as when there is none");
        let body = json!({ "name": "theirs" });
        let changed = put(&service, &path(&view), &other, Some("*"), body).await;
        assert_eq!(changed.status, StatusCode::NOT_FOUND);
        assert_eq!(delete(&service, &path(&view), &other, None).await.status, 404);
        let begins = json!({ "view": view["id"] });
        assert_eq!(put(&service, "/api/v1/views/default", &other, None, begins).await.status, 404);
    }
    assert_eq!(names(&service.get("/api/v1/views", &ann).await), ["mine"]);
    let foreign = token("ann", "globex", "user");
    assert_eq!(service.get(&path(&view), &foreign).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sharing_takes_a_permission_and_then_everybody_of_the_tenant_has_the_view() {
    let service = Service::start().await;
    let (ann, root) = (token("ann", "acme", "user"), token("root", "acme", "admin"));
    let shared = json!({ "name": "ours", "query": "outcome:failure", "shared": true });
    let refused = service.post("/api/v1/views", &ann, shared.to_string()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let view = make(&service, &root, shared.clone()).await;
    let list = service.get("/api/v1/views", &ann).await;
    assert_eq!(names(&list), ["ours"]);
    assert_eq!(list.json()["views"][0]["own"], false);
    assert_eq!(put(&service, &path(&view), &ann, Some("*"), shared.clone()).await.status, 403);
    assert_eq!(delete(&service, &path(&view), &ann, None).await.status, 403);
    // Another who may share changes it, but does not take it for themselves.
    let wim = token("wim", "acme", "auditor");
    let body = json!({ "name": "ours, too", "shared": true });
    let changed = put(&service, &path(&view), &wim, Some("\"1\""), body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(changed.json()["owner"], "root");
    let body = json!({ "name": "his" });
    assert_eq!(put(&service, &path(&view), &wim, Some("*"), body).await.status, 403);
    let globex = token("root", "globex", "admin");
    assert_eq!(names(&service.get("/api/v1/views", &globex).await), Vec::<String>::new());
}

#[tokio::test]
async fn a_change_is_refused_when_somebody_was_faster() {
    let service = Service::start().await;
    let ann = token("ann", "acme", "user");
    let view = make(&service, &ann, json!({ "name": "one" })).await;
    let body = json!({ "name": "two" });
    let unsaid = put(&service, &path(&view), &ann, None, body.clone()).await;
    assert_eq!(unsaid.status, StatusCode::PRECONDITION_REQUIRED);
    let changed = put(&service, &path(&view), &ann, Some("\"1\""), body).await;
    assert_eq!((changed.status, changed.header("etag")), (StatusCode::OK, "\"2\""));
    let body = json!({ "name": "three" });
    let late = put(&service, &path(&view), &ann, Some("\"1\""), body.clone()).await;
    assert_eq!(
        (late.status, late.code().as_str()),
        (StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED")
    );
    assert_eq!(delete(&service, &path(&view), &ann, Some("\"1\"")).await.status, 412);
    assert_eq!(put(&service, &path(&view), &ann, Some("*"), body).await.status, StatusCode::OK);
    assert_eq!(service.get(&path(&view), &ann).await.json()["name"], "three");
    assert_eq!(delete(&service, &path(&view), &ann, Some("\"3\"")).await.status, 204);
    assert_eq!(service.get(&path(&view), &ann).await.status, StatusCode::NOT_FOUND);
    // Each step is in the log.
    let admin = token("root", "acme", "admin");
    let told = service.get("/api/v1/logs?type=annals.view.*&order=oldest", &admin).await.json();
    let types: Vec<&str> =
        told["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    let (saved, deleted) = ("annals.view.saved", "annals.view.deleted");
    assert_eq!(types, [saved, saved, saved, deleted]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_with_the_field() {
    let service = Service::start().await;
    let ann = token("ann", "acme", "user");
    for (body, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "n".repeat(101) }), "name"),
        (json!({ "name": "a", "description": "d".repeat(501) }), "description"),
        (json!({ "name": "a", "query": "outcome:(" }), "query"),
        (json!({ "name": "a", "query": "a) OR (b", "from": "-P1D" }), "query"),
        (json!({ "name": "a", "query": "x ".repeat(5000) }), "query"),
        (json!({ "name": "a", "from": "yesterday" }), "from"),
        (json!({ "name": "a", "from": "-P1D OR type:x" }), "from"),
        (json!({ "name": "a", "to": "-P1D)" }), "to"),
        (json!({ "name": "a", "fields": vec!["f"; 41] }), "fields"),
        (json!({ "name": "a", "fields": [""] }), "fields"),
    ] {
        let refused = service.post("/api/v1/views", &ann, body.to_string()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(refused.json()["errors"][0]["path"], field, "{}", refused.text);
    }
    for body in [json!({}), json!({ "name": "a", "order": "best" }), json!({ "name": "a", "x": 1 })]
    {
        let refused = service.post("/api/v1/views", &ann, body.to_string()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn lists_begin_with_what_was_chosen() {
    let service = Service::start().await;
    let (ann, root) = (token("ann", "acme", "user"), token("root", "acme", "admin"));
    let own = make(&service, &ann, json!({ "name": "mine" })).await;
    let shared = make(&service, &root, json!({ "name": "ours", "shared": true })).await;
    let default = "/api/v1/views/default";
    let chosen = put(&service, default, &ann, None, json!({ "view": own["id"] })).await;
    assert_eq!(chosen.status, StatusCode::NO_CONTENT, "{}", chosen.text);
    let everybody = json!({ "view": shared["id"], "tenant": true });
    assert_eq!(put(&service, default, &ann, None, everybody.clone()).await.status, 403);
    assert_eq!(put(&service, default, &root, None, everybody).await.status, 204);
    let seen = service.get("/api/v1/views", &ann).await.json()["views"].take();
    assert_eq!((&seen[0]["default"], &seen[0]["tenant_default"]), (&json!(true), &json!(false)));
    assert_eq!((&seen[1]["default"], &seen[1]["tenant_default"]), (&json!(false), &json!(true)));
    let none = json!({ "view": null });
    assert_eq!(put(&service, default, &ann, None, none).await.status, 204);
    let seen = service.get(&path(&own), &ann).await.json();
    assert_eq!(seen["default"], false);
    let private = make(&service, &root, json!({ "name": "roots" })).await;
    let body = json!({ "view": private["id"], "tenant": true });
    assert_eq!(put(&service, default, &root, None, body).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn graphql_does_the_same() {
    let service = Service::start().await;
    let ann = token("ann", "acme", "user");
    let save = "mutation($input: SaveViewInput!) { saveView(input: $input) {
        view { id version name orderBy from shared isOwn isDefault link }
        userErrors { field code } } }";
    let input = json!({ "name": "mine", "query": "type:a.b", "orderBy": "OCCURRED_AT_ASC", "from": "-P7D" });
    let answer = service.ask(&ann, save, json!({ "input": input })).await;
    let view = answer["data"]["saveView"]["view"].clone();
    assert_eq!(view["orderBy"], "OCCURRED_AT_ASC", "{answer}");
    let link = view["link"].as_str().unwrap();
    assert!(
        link.starts_with("?q=%28type%3Aa.b%29%20after%3A-P7D&order=occurred_oldest&view="),
        "{link}"
    );
    let by_rest = service.get(&path(&view), &ann).await.json();
    assert_eq!(by_rest["link"], view["link"]);
    let change = |version: u64| json!({ "id": view["id"], "version": version, "name": "again" });
    let answer = service.ask(&ann, save, json!({ "input": change(1) })).await;
    assert_eq!(answer["data"]["saveView"]["view"]["version"], 2, "{answer}");
    let answer = service.ask(&ann, save, json!({ "input": change(1) })).await;
    let error = &answer["data"]["saveView"]["userErrors"][0];
    assert_eq!(*error, json!({ "field": ["input", "version"], "code": "PRECONDITION_FAILED" }));
    let wrong = json!({ "name": "a", "query": "outcome:(" });
    let answer = service.ask(&ann, save, json!({ "input": wrong })).await;
    assert_eq!(answer["data"]["saveView"]["userErrors"][0]["field"], json!(["input", "query"]));
    let shared = json!({ "name": "a", "shared": true });
    let answer = service.ask(&ann, save, json!({ "input": shared })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let default = "mutation($id: ID) { setDefaultView(input: { id: $id }) {
        view { isDefault } userErrors { code } query { savedViews { name isDefault } } } }";
    let answer = service.ask(&ann, default, json!({ "id": view["id"] })).await;
    let payload = &answer["data"]["setDefaultView"];
    assert_eq!(payload["view"]["isDefault"], true, "{answer}");
    assert_eq!(payload["query"]["savedViews"], json!([{ "name": "again", "isDefault": true }]));
    let gone = "mutation($id: ID!) { deleteSavedView(input: { id: $id }) {
        deletedId userErrors { field code } query { savedView(id: $id) { id } } } }";
    let bob = token("bob", "acme", "user");
    let answer = service.ask(&bob, gone, json!({ "id": view["id"] })).await;
    assert_eq!(answer["data"]["deleteSavedView"]["userErrors"][0]["code"], "NOT_FOUND");
    let answer = service.ask(&ann, gone, json!({ "id": view["id"] })).await;
    assert_eq!(answer["data"]["deleteSavedView"]["deletedId"], view["id"], "{answer}");
    assert!(answer["data"]["deleteSavedView"]["query"]["savedView"].is_null());
}
