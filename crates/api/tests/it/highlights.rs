//! What was asked for is marked in the events, as far as the caller sees them.

use serde_json::{Value, json};

use crate::support::{Service, token};

const PAGE: &str = "query($query: String!) { auditEvents(query: $query) { edges { highlights {
    field path fragment offset ranges { start end } } } } }";

async fn filled() -> Service {
    let service = Service::start().await;
    let event = json!({
        "type": "invoice.viewed",
        "actor": { "type": "user", "id": "ann", "name": "Ann Lee" },
        "description": "The Café refund 👍 was refunded",
        "targets": [{ "type": "invoice", "id": "INV-7", "name": "Refund for Ann" }],
    });
    service.record(event).await;
    service
}

async fn marked(service: &Service, token: &str, query: &str) -> Value {
    let answer = service.ask(token, PAGE, json!({ "query": query })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["auditEvents"]["edges"][0]["highlights"].clone()
}

#[tokio::test]
async fn rest_and_graphql_mark_the_same() {
    let service = filled().await;
    let admin = token("root", "acme", "admin");
    let expected = json!([
        {
            "field": "description", "path": "/description", "offset": 0,
            "fragment": "The Café refund 👍 was refunded",
            "ranges": [{ "start": 9, "end": 15 }, { "start": 23, "end": 31 }],
        },
        {
            "field": "target.name", "path": "/targets/0/name", "offset": 0,
            "fragment": "Refund for Ann", "ranges": [{ "start": 0, "end": 6 }],
        },
    ]);
    assert_eq!(marked(&service, &admin, "refund*").await, expected);
    let page = service.get("/api/v1/logs?q=refund*&highlight=true", &admin).await.json();
    assert_eq!(page["events"][0]["highlights"], expected);
    let value = marked(&service, &admin, "target.id:INV-7 -target.type:file").await;
    assert_eq!(value[0]["path"], "/targets/0/id");
    assert_eq!(value.as_array().unwrap().len(), 1, "{value}");
}

#[tokio::test]
async fn nothing_is_marked_unless_it_is_asked_for() {
    let service = filled().await;
    let admin = token("root", "acme", "admin");
    for query in ["?q=refund", "?q=refund&highlight=false"] {
        let page = service.get(&format!("/api/v1/logs{query}"), &admin).await.json();
        assert_eq!(page["events"].as_array().unwrap().len(), 1);
        assert!(page["events"][0].get("highlights").is_none(), "{page}");
    }
    assert_eq!(marked(&service, &admin, "").await, json!([]));
}

#[tokio::test]
async fn what_the_caller_does_not_see_is_not_marked() {
    let service = filled().await;
    let analyst = token("lee", "acme", "analyst");
    // Their roles hide names and texts, which so cannot be asked for either; what is left is marked.
    let refused = service.ask(&analyst, PAGE, json!({ "query": "refund" })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let value = marked(&service, &analyst, "target.id:INV-7 OR type:nothing").await;
    assert_eq!(value.as_array().unwrap().len(), 1);
    assert!(!value.to_string().contains("Ann"), "{value}");
    // The scope of a person is no question of theirs: that they are the actor is not marked.
    let ann = token("ann", "acme", "user");
    let own = marked(&service, &ann, "type:invoice.*").await;
    assert_eq!(own.as_array().unwrap().len(), 1, "{own}");
    assert_eq!(own[0]["path"], "/type");
}
