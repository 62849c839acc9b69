//! Relay connections: forwards and backwards, five pages equal the whole.

use serde_json::{Value, json};

use crate::support::{Service, token, until};

const PAGE: &str =
    "query($first: Int, $after: String, $last: Int, $before: String, $order: AuditEventOrder!) {
    auditEvents(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
        edges { cursor node { id } } nodes { id }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    } }";

async fn page(service: &Service, variables: Value) -> Value {
    let admin = token("root", "acme", "admin");
    let answer = service.ask(&admin, PAGE, variables).await;
    let page = answer["data"]["auditEvents"].clone();
    assert!(page.is_object(), "{answer}");
    let edges = page["edges"].as_array().unwrap();
    let nodes: Vec<&Value> = edges.iter().map(|edge| &edge["node"]).collect();
    assert_eq!(page["nodes"].as_array().unwrap().iter().collect::<Vec<_>>(), nodes);
    let cursor = |edge: Option<&Value>| edge.map_or(Value::Null, |edge| edge["cursor"].clone());
    assert_eq!(page["pageInfo"]["startCursor"], cursor(edges.first()));
    assert_eq!(page["pageInfo"]["endCursor"], cursor(edges.last()));
    page
}

fn ids(page: &Value) -> Vec<String> {
    let id = |node: &Value| node["id"].as_str().unwrap().to_owned();
    page["nodes"].as_array().unwrap().iter().map(id).collect()
}

/// 23 events, of which some happened at the same time and none in the order as recorded.
async fn filled() -> Service {
    let service = Service::start().await;
    for n in 0..23 {
        let at = format!("2026-01-{:02}T00:00:00Z", 1 + (n * 7) % 12);
        service.record(json!({ "type": "a.b", "occurred_at": at })).await;
    }
    service
}

#[tokio::test]
async fn five_pages_equal_the_whole_both_ways_and_in_every_order() {
    let service = filled().await;
    for order in ["RECORDED_AT_DESC", "RECORDED_AT_ASC", "OCCURRED_AT_DESC", "OCCURRED_AT_ASC"] {
        let whole = ids(&page(&service, json!({ "first": 250, "order": order })).await);
        assert_eq!(whole.len(), 23);
        let (mut seen, mut after, mut pages) = (Vec::new(), Value::Null, 0);
        loop {
            let part = page(&service, json!({ "first": 5, "after": after, "order": order })).await;
            let info = &part["pageInfo"];
            assert_eq!(info["hasPreviousPage"], pages > 0, "{order}");
            seen.extend(ids(&part));
            pages += 1;
            after = info["endCursor"].clone();
            if info["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!((&seen, pages), (&whole, 5), "{order} forwards");
        let (mut seen, mut before, mut pages) = (Vec::new(), Value::Null, 0);
        loop {
            let part = page(&service, json!({ "last": 5, "before": before, "order": order })).await;
            let info = &part["pageInfo"];
            assert_eq!(info["hasNextPage"], pages > 0, "{order}");
            seen.splice(0..0, ids(&part));
            pages += 1;
            before = info["startCursor"].clone();
            if info["hasPreviousPage"] == false {
                break;
            }
        }
        assert_eq!((&seen, pages), (&whole, 5), "{order} backwards");
    }
}

#[tokio::test]
async fn a_page_beyond_the_end_is_empty_and_points_nowhere() {
    let service = filled().await;
    let whole = page(&service, json!({ "first": 23, "order": "RECORDED_AT_ASC" })).await;
    assert_eq!(whole["pageInfo"]["hasNextPage"], false, "as many as there are is all");
    let end = &whole["pageInfo"]["endCursor"];
    let beyond =
        page(&service, json!({ "first": 5, "after": end, "order": "RECORDED_AT_ASC" })).await;
    assert_eq!(ids(&beyond), Vec::<String>::new());
    assert_eq!(beyond["pageInfo"]["hasNextPage"], false);
    let start = &whole["pageInfo"]["startCursor"];
    let before =
        page(&service, json!({ "last": 5, "before": start, "order": "RECORDED_AT_ASC" })).await;
    assert_eq!(ids(&before), Vec::<String>::new());
}

#[tokio::test]
async fn activity_and_timeline_go_on_page_by_page() {
    let service = Service::start().await;
    for _ in 0..12 {
        service.record(json!({ "type": "a.b", "actor": { "id": "ann" } })).await;
        service.record(json!({ "type": "a.b", "actor": { "id": "bob" } })).await;
    }
    let ann = token("ann", "acme", "user");
    let counts = "{ me { profile { counts { count } } } }";
    until("the profile is there", async || {
        let answer = service.ask(&ann, counts, json!({})).await;
        answer["data"]["me"]["profile"]["counts"][0]["count"] == 12
    })
    .await;
    let document = "query($after: String) { me { activity(first: 5, after: $after) \
        { nodes { id actor { id } } pageInfo { hasNextPage endCursor } } } }";
    let (mut seen, mut after) = (std::collections::BTreeSet::new(), Value::Null);
    loop {
        let answer = service.ask(&ann, document, json!({ "after": after })).await;
        let part = answer["data"]["me"]["activity"].clone();
        assert!(part["nodes"].as_array().unwrap().iter().all(|node| node["actor"]["id"] == "ann"));
        seen.extend(ids(&part));
        after = part["pageInfo"]["endCursor"].clone();
        if part["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen.len(), 12);
}
