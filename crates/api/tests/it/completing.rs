//! Completing a query: the same by REST and by GraphQL, within what the caller may see.

use serde_json::{Value, json};

use crate::support::{Service, token};

fn admin() -> String {
    token("root", "acme", "admin")
}

async fn filled() -> Service {
    let service = Service::start().await;
    let event = |kind: &str, actor: &str, name: &str, outcome: &str| {
        json!({
            "type": kind, "actor": { "id": actor, "name": name },
            "subject": { "id": actor }, "outcome": { "status": outcome },
        })
    };
    let events = [
        event("shop.order.paid", "ann", "Ann Lee", "success"),
        event("shop.order.paid", "ann", "Ann Lee", "success"),
        event("shop.order.paid", "anton", "Anton", "denied"),
        event("shop.cart.emptied", "bob", "Bob", "success"),
    ];
    for event in events {
        service.record(event).await;
    }
    service
}

async fn offered(service: &Service, who: &str, query: &str) -> Value {
    let path = format!("/api/v1/logs/complete?{query}");
    let answer = service.get(&path, who).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
    answer.json()
}

fn texts(body: &Value) -> Vec<(&str, Option<u64>)> {
    let offers = body["offers"].as_array().unwrap().iter();
    offers.map(|offer| (offer["text"].as_str().unwrap(), offer["count"].as_u64())).collect()
}

#[tokio::test]
async fn values_are_offered_with_the_number_of_events_that_the_rest_finds() {
    let service = filled().await;
    let body = offered(&service, &admin(), "q=type:shop.order.*+actor.id:an").await;
    assert_eq!((&body["start"], &body["end"]), (&json!(27), &json!(29)));
    assert_eq!(body["field"], "actor.id");
    assert_eq!(texts(&body), [("ann", Some(2)), ("anton", Some(1))]);
    assert_eq!(body["complete"], true);
    let body = offered(&service, &admin(), "q=actor.name:A&limit=1").await;
    assert_eq!(texts(&body), [("\"ann lee\"", Some(2))]);
    let body = offered(&service, &admin(), "q=type:shop.*+outcome:").await;
    let counts = texts(&body);
    assert_eq!(counts[..2], [("success", Some(3)), ("denied", Some(1))]);
    assert!(counts[2..].iter().all(|(_, count)| *count == Some(0)), "{counts:?}");
}

#[tokio::test]
async fn names_are_offered_with_what_they_mean() {
    let service = Service::start().await;
    let body = offered(&service, &admin(), "q=%C3%A9+act:x&cursor=5").await;
    assert_eq!((&body["start"], &body["end"]), (&json!(2), &json!(5)));
    let first = &body["offers"][0];
    assert_eq!((&first["kind"], &first["text"]), (&json!("field"), &json!("actor")));
    assert!(first["description"].as_str().unwrap().contains("who acted"));
    assert_eq!(body["field"], Value::Null);
}

#[tokio::test]
async fn graphql_completes_as_rest_does() {
    let service = filled().await;
    let document = "query($query: String!, $cursor: Int) {
        completions(query: $query, cursor: $cursor, first: 5) {
            start end field complete offers { kind text description count } }
    }";
    for (query, cursor) in
        [("actor.id:an", None), ("type:x seve", None), ("outcome:de x", Some(10))]
    {
        let variables = json!({ "query": query, "cursor": cursor });
        let answer = service.ask(&admin(), document, variables).await;
        let said = &answer["data"]["completions"];
        let at = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("q={}{at}&limit=5", query.replace(' ', "+"));
        let body = offered(&service, &admin(), &path).await;
        assert!(!texts(&body).is_empty());
        for name in ["start", "end", "field", "complete"] {
            assert_eq!(said[name], body[name], "{name} of {query}: {answer}");
        }
        assert_eq!(texts(said), texts(&body), "{query}");
        let kind = said["offers"][0]["kind"].as_str().unwrap().to_lowercase();
        assert_eq!(body["offers"][0]["kind"], kind);
    }
}

#[tokio::test]
async fn nobody_is_offered_what_they_may_not_see() {
    let service = filled().await;
    let ann = token("ann", "acme", "user");
    let body = offered(&service, &ann, "q=actor.id:").await;
    assert_eq!(texts(&body), [("ann", Some(2))]);
    let foreign = token("root", "globex", "admin");
    assert_eq!(texts(&offered(&service, &foreign, "q=actor.id:").await), []);
}

#[tokio::test]
async fn what_cannot_be_completed_is_refused_with_a_reason() {
    let service = Service::start().await;
    for (query, reason) in [
        ("cursor=x", "must be a number"),
        ("limit=0", "from 1 to 100"),
        ("limit=101", "from 1 to 100"),
        ("colour=red", "known are q, cursor and limit"),
    ] {
        let answer = service.get(&format!("/api/v1/logs/complete?{query}"), &admin()).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{query}");
        assert!(answer.text.contains(reason), "{query}: {}", answer.text);
    }
    let long = format!("/api/v1/logs/complete?q={}", "x".repeat(5000));
    assert_eq!(service.get(&long, &admin()).await.code(), "BAD_USER_INPUT");
}
