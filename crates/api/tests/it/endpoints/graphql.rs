//! The same over GraphQL.

use super::*;

const CREATE: &str = "mutation ($input: CreateNotificationEndpointInput!) {
    createNotificationEndpoint(input: $input) {
        endpoint { id name kind origin signature publicKey payload isEnabled }
        secret userErrors { field code }
    }
}";

async fn done(service: &Service, document: &str, input: Value) -> Value {
    let answer = service.ask(&admin(), document, json!({ "input": input })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    let (_, done) = answer["data"].as_object().unwrap().iter().next().unwrap();
    done.clone()
}

fn first_error(payload: &Value) -> (&str, &str) {
    let error = &payload["userErrors"][0];
    (text(&error["field"][1]), text(&error["code"]))
}

#[tokio::test]
async fn all_of_it_can_be_done_over_graphql() {
    let service = Service::with_carrier().await;
    let wanted = json!({ "name": "Shop", "kind": "WEBHOOK", "url": URL, "payload": "FULL" });
    let made = done(&service, CREATE, wanted).await;
    assert!(text(&made["secret"]).starts_with("whsec_"), "{made}");
    let shop = &made["endpoint"];
    assert_eq!(shop["origin"], "https://shop.example.org");
    assert_eq!((&shop["signature"], &shop["payload"]), (&json!("HMAC"), &json!("FULL")));
    let id = &shop["id"];
    let listed =
        service.ask(&admin(), "{ notificationEndpoints { id name isEnabled } }", json!({})).await;
    let expected = json!([{ "id": id, "name": "Shop", "isEnabled": true }]);
    assert_eq!(listed["data"]["notificationEndpoints"], expected);

    let test = "mutation ($input: TestNotificationEndpointInput!) {
        testNotificationEndpoint(input: $input) { deliveryId userErrors { field code } } }";
    let delivery = done(&service, test, json!({ "id": id })).await["deliveryId"].take();
    let deliveries = "{ notificationDeliveries(state: DELIVERED) { edges { node {
        id tries channel endpointId rule attempts { outcome code } } } pageInfo { hasNextPage } } }";
    until("it is delivered", async || {
        let answer = service.ask(&admin(), deliveries, json!({})).await;
        let node = &answer["data"]["notificationDeliveries"]["edges"][0]["node"];
        let expected = json!({ "id": delivery, "tries": 1, "channel": "endpoint",
            "endpointId": id, "rule": "test",
            "attempts": [{ "outcome": "DELIVERED", "code": 204 }] });
        *node == expected
    })
    .await;

    let replay = "mutation ($input: ReplayNotificationEndpointInput!) {
        replayNotificationEndpoint(input: $input) { messages userErrors { field code } } }";
    let soon = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(30)).to_string();
    let range = json!({ "id": id, "from": "2026-01-01T00:00:00Z", "to": soon });
    assert_eq!(done(&service, replay, range).await["messages"], 1);
    until("it comes again", async || service.carrier.ids().len() == 2).await;
    assert_eq!(service.carrier.ids(), [text(&delivery), text(&delivery)]);

    let rotate = "mutation ($input: RotateNotificationEndpointInput!) {
        rotateNotificationEndpoint(input: $input) { secret endpoint { rotatedAt } } }";
    let rotated = done(&service, rotate, json!({ "id": id })).await;
    assert_ne!(rotated["secret"], made["secret"]);
    assert!(rotated["endpoint"]["rotatedAt"].is_string());

    let change = "mutation ($input: ChangeNotificationEndpointInput!) {
        changeNotificationEndpoint(input: $input) {
            endpoint { name isEnabled disabledBecause } userErrors { field code } } }";
    let off = done(&service, change, json!({ "id": id, "isEnabled": false })).await;
    assert_eq!(off["endpoint"]["isEnabled"], false);
    let refused = done(&service, test, json!({ "id": id })).await;
    assert_eq!(first_error(&refused), ("id", "CONFLICT"), "{refused}");

    let remove = "mutation ($input: RemoveNotificationEndpointInput!) {
        removeNotificationEndpoint(input: $input) { removedId userErrors { field code } } }";
    assert_eq!(done(&service, remove, json!({ "id": id })).await["removedId"], *id);
    let gone = done(&service, remove, json!({ "id": id })).await;
    assert_eq!(first_error(&gone), ("id", "NOT_FOUND"));
}

#[tokio::test]
async fn what_is_wrong_with_the_input_is_told_with_its_field() {
    let service = Service::start().await;
    let wrong = json!({ "name": "Shop", "kind": "WEBHOOK", "url": "http://shop.example.org" });
    assert_eq!(first_error(&done(&service, CREATE, wrong).await), ("url", "MALFORMED"));
    let wrong = json!({ "name": "Shop", "kind": "SLACK", "url": URL, "templateId": "t" });
    let refused = done(&service, CREATE, wrong).await;
    assert_eq!(first_error(&refused), ("templateId", "CONTRADICTION"));
    assert_eq!((&refused["endpoint"], &refused["secret"]), (&Value::Null, &Value::Null));
}
