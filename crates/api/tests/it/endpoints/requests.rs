//! The test button and the replay, and the deliveries that come of them.

use jiff::{SignedDuration, Timestamp};

use super::*;

const DELIVERIES: &str = "/api/v1/notifications/deliveries";

/// Presses the button; tells the id of the delivery.
async fn tested(service: &Service, endpoint: &Value) -> String {
    let answer = service.post(&format!("{}/test", path(endpoint)), &admin(), "").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let id = text(&answer.json()["delivery_id"]).to_owned();
    assert_eq!(answer.header("location"), format!("{DELIVERIES}/{id}/attempts"));
    id
}

/// The deliveries that a query finds: id and state of each.
async fn deliveries(service: &Service, query: &str) -> Vec<(String, String)> {
    let page = service.get(&format!("{DELIVERIES}{query}"), &admin()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let page = page.json();
    let each = page["deliveries"].as_array().unwrap().iter();
    each.map(|one| (text(&one["id"]).to_owned(), text(&one["state"]).to_owned())).collect()
}

async fn until_delivered(service: &Service, count: usize) {
    until("all are delivered", async || {
        deliveries(service, "?state=delivered").await.len() == count
    })
    .await;
}

fn seconds_ago(seconds: i64) -> String {
    let now = Timestamp::now();
    now.checked_sub(SignedDuration::from_secs(seconds)).unwrap().to_string()
}

#[tokio::test]
async fn the_button_sends_one_message_whose_attempts_can_be_looked_at() {
    let service = Service::with_carrier().await;
    let shop = webhook(&service).await;
    made(&service, json!({ "name": "Other", "kind": "webhook", "url": URL })).await;
    let id = tested(&service, &shop).await;
    until_delivered(&service, 1).await;
    let taken = service.carrier.taken();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!((&*taken[0].id, &*taken[0].rule, &*taken[0].url), (&*id, "test", URL));
    assert_eq!(taken[0].secrets, 1);
    let attempts = service.get(&format!("{DELIVERIES}/{id}/attempts"), &admin()).await.json();
    let attempt = &attempts["attempts"][0];
    assert_eq!((&attempt["outcome"], &attempt["code"]), (&json!("delivered"), &json!(204)));
    // For a day both secrets sign.
    service.post(&format!("{}/rotate", path(&shop)), &admin(), "").await;
    tested(&service, &shop).await;
    until_delivered(&service, 2).await;
    assert_eq!(service.carrier.taken()[1].secrets, 2);
    let other = token("root", "globex", "admin");
    let foreign = service.get(&format!("{DELIVERIES}/{id}/attempts"), &other).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(service.get(DELIVERIES, &other).await.json()["deliveries"], json!([]));
}

#[tokio::test]
async fn what_is_switched_off_is_neither_tested_nor_told_once_more() {
    let service = Service::with_carrier().await;
    let shop = webhook(&service).await;
    asked(&service, Method::PUT, &path(&shop), &admin(), json!({ "enabled": false })).await;
    let range = json!({ "from": seconds_ago(60), "to": seconds_ago(1) });
    for (what, body) in [("test", json!({})), ("replay", range)] {
        let path = format!("{}/{what}", path(&shop));
        let refused = service.post(&path, &admin(), body.to_string()).await;
        assert_eq!((refused.status, &*refused.code()), (StatusCode::CONFLICT, "CONFLICT"));
    }
}

#[tokio::test]
async fn a_range_is_told_once_more_in_order_with_the_same_ids() {
    let service = Service::with_carrier().await;
    let shop = webhook(&service).await;
    let mut ids = Vec::new();
    for number in 1..=3 {
        ids.push(tested(&service, &shop).await);
        until_delivered(&service, number).await;
    }
    assert_eq!(service.carrier.ids(), ids);
    let replay = format!("{}/replay", path(&shop));
    let range = json!({ "from": seconds_ago(600), "to": seconds_ago(-30) });
    let answer = service.post(&replay, &admin(), range.to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    assert_eq!(answer.json(), json!({ "messages": 3 }));
    until("all come again", async || service.carrier.ids().len() == 6).await;
    assert_eq!(service.carrier.ids(), [ids.clone(), ids.clone()].concat());
    until_delivered(&service, 3).await;
    let page = service.get(&format!("{DELIVERIES}?limit=1"), &admin()).await.json();
    assert_eq!(page["deliveries"][0]["tries"], 2);
    let before = json!({ "from": seconds_ago(900), "to": seconds_ago(600) });
    let nothing = service.post(&replay, &admin(), before.to_string()).await;
    assert_eq!(nothing.json(), json!({ "messages": 0 }));
}

#[tokio::test]
async fn what_was_given_up_is_told_once_more() {
    let service = Service::with_carrier().await;
    let url = "https://shop.example.org/refuse";
    let shop = made(&service, json!({ "name": "Shop", "kind": "webhook", "url": url })).await;
    let id = tested(&service, &shop).await;
    until("it is given up", async || {
        deliveries(&service, "?state=given_up").await == [(id.clone(), "given_up".to_owned())]
    })
    .await;
    let attempts = service.get(&format!("{DELIVERIES}/{id}/attempts"), &admin()).await.json();
    assert_eq!(attempts["attempts"][0]["outcome"], "given_up");
    assert!(text(&attempts["attempts"][0]["cause"]).contains("410"));
    let mended = json!({ "url": URL });
    asked(&service, Method::PUT, &path(&shop), &admin(), mended).await;
    let range = json!({ "from": seconds_ago(600), "to": seconds_ago(-30) });
    service.post(&format!("{}/replay", path(&shop)), &admin(), range.to_string()).await;
    until_delivered(&service, 1).await;
    assert_eq!(service.carrier.ids(), [id.clone(), id]);
}

#[tokio::test]
async fn a_range_that_is_none_is_refused() {
    let service = Service::start().await;
    let shop = webhook(&service).await;
    let replay = format!("{}/replay", path(&shop));
    let (earlier, later) = (seconds_ago(20), seconds_ago(10));
    let tomorrow = seconds_ago(-86_400);
    for (from, to, field) in [
        (&later, &earlier, "to"),
        (&later, &later, "to"),
        (&later, &tomorrow, "to"),
        (&"yesterday".to_owned(), &later, "from"),
    ] {
        let range = json!({ "from": from, "to": to });
        let refused = service.post(&replay, &admin(), range.to_string()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{range}: {}", refused.text);
        assert_eq!(refused.json()["errors"][0]["path"], field, "{}", refused.text);
    }
    let range = json!({ "from": earlier, "to": later });
    let taken = service.post(&replay, &admin(), range.to_string()).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.text);
}

#[tokio::test]
async fn deliveries_are_listed_page_by_page_without_what_they_say() {
    let service = Service::with_carrier().await;
    let shop = webhook(&service).await;
    let other = made(&service, json!({ "name": "Other", "kind": "webhook", "url": URL })).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(tested(&service, if number == 2 { &other } else { &shop }).await);
    }
    until_delivered(&service, 5).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = service.get(&format!("{DELIVERIES}?limit=2{cursor}"), &admin()).await;
        for hidden in ["title", "body", "recipient", "example.org"] {
            assert!(!page.text.contains(hidden), "{hidden}: {}", page.text);
        }
        let page = page.json();
        let each = page["deliveries"].as_array().unwrap().iter();
        seen.extend(each.map(|one| text(&one["id"]).to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    ids.reverse();
    assert_eq!(seen, ids);
    let of_other = format!("?endpoint_id={}", text(&other["id"]));
    let of_other = deliveries(&service, &of_other).await;
    assert_eq!(of_other, [(ids[2].clone(), "delivered".to_owned())]);
    assert!(deliveries(&service, "?state=waiting").await.is_empty());
    let unknown = "00000000-0000-7000-8000-000000000000";
    for wrong in ["limit=0", "state=lost", "endpoint_id=x", "colour=red", "cursor=x"] {
        let refused = service.get(&format!("{DELIVERIES}?{wrong}"), &admin()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}: {}", refused.text);
    }
    let refused = service.get(&format!("{DELIVERIES}?cursor={unknown}"), &admin()).await;
    assert_eq!((refused.status, &*refused.code()), (StatusCode::BAD_REQUEST, "INVALID_CURSOR"));
}
