//! Whoever gives the position of a receipt sees what they wrote, at once.

use annals_tests::{Operation, samples};
use serde_json::json;

use crate::{ids, service, text};

const ROUNDS: usize = 200;

#[tokio::test]
async fn two_hundred_times_what_was_written_is_read_at_once() {
    let service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    for round in 0..ROUNDS {
        let event = samples::numbered("own", round);
        let id = text(&event["id"]);
        let position = text(&admin.record(&event).await.expect(201)["position"]);
        let found = match round % 4 {
            0 => {
                let page = [("min_position", position.as_str()), ("limit", "1")];
                let body = admin.list(&page).await.expect(200);
                ids(body["events"].as_array().unwrap())
            }
            1 => {
                let query = format!("id:{id}");
                let page = [("min_position", position.as_str()), ("q", &query)];
                let body = admin.list(&page).await.expect(200);
                ids(body["events"].as_array().unwrap())
            }
            2 => {
                let query = format!("metadata.n:{round}");
                let asked = json!({ "minPosition": position, "query": query });
                let page = admin.run(Operation::AuditEvents, asked).await;
                ids(page["auditEvents"]["nodes"].as_array().unwrap())
            }
            _ => {
                let asked = json!({ "minPosition": position, "query": format!("id:{id}") });
                let count = admin.run(Operation::AuditEventsCount, asked).await;
                assert_eq!(count["auditEventsCount"]["value"], 1, "round {round}");
                vec![id.clone()]
            }
        };
        assert_eq!(found, [id], "round {round}");
    }
}

#[tokio::test]
async fn the_profile_and_the_inbox_have_it_too() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let ann = service.caller("ann", "acme", "user").await;
    for round in 1..=20 {
        let changed = samples::password_change("ann");
        let position = text(&writer.record(&changed).await.expect(201)["position"]);
        // A page that waits for the position waits for the read models as well.
        ann.list(&[("min_position", &position), ("limit", "1")]).await.expect(200);
        let me = ann.run(Operation::Me, json!({ "first": 1 })).await;
        assert_eq!(me["me"]["activity"]["nodes"][0]["id"], changed["id"], "round {round}");
        assert_eq!(me["me"]["notifications"]["unreadCount"], round);
    }
}
