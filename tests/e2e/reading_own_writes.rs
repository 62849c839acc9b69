//! Whoever gives the position of a receipt sees what they wrote, at once.

use std::time::Duration;

use annals_tests::{Caller, Operation, samples, wait_until};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{ids, service, text};

const CALLERS: usize = 8;
const ROUNDS_A_CALLER: usize = 25;
/// Read models are written twice a second; the rest is for a busy machine.
const MOMENT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn two_hundred_times_what_was_written_is_read_at_once() {
    let service = service().await;
    let mut callers = JoinSet::new();
    for index in 0..CALLERS {
        let admin = service.caller("root", "acme", "admin").await;
        callers.spawn(async move {
            for round in 0..ROUNDS_A_CALLER {
                write_and_read(&admin, index, round).await;
            }
        });
    }
    callers.join_all().await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.count("").await, (CALLERS * ROUNDS_A_CALLER) as u64);
}

/// Each round asks in another way.
async fn write_and_read(admin: &Caller, writer: usize, round: usize) {
    let event = samples::numbered(&format!("writer-{writer}"), round);
    let id = text(&event["id"]);
    let position = text(&admin.record(&event).await.expect(201)["position"]);
    let by_id = format!("id:{id}");
    let by_value = format!("metadata.writer:writer-{writer} metadata.n:{round}");
    let found = match round % 4 {
        0 => {
            let page = [("min_position", position.as_str()), ("q", &by_value)];
            ids(admin.list(&page).await.expect(200)["events"].as_array().unwrap())
        }
        1 => {
            let page = [("min_position", position.as_str()), ("q", &by_id), ("order", "oldest")];
            ids(admin.list(&page).await.expect(200)["events"].as_array().unwrap())
        }
        2 => {
            let asked = json!({ "minPosition": position, "query": by_value });
            let page = admin.run(Operation::AuditEvents, asked).await;
            ids(page["auditEvents"]["nodes"].as_array().unwrap())
        }
        _ => {
            let asked = json!({ "minPosition": position, "query": by_id });
            let count = admin.run(Operation::AuditEventsCount, asked).await;
            assert_eq!(count["auditEventsCount"]["value"], 1, "round {round} of {writer}");
            vec![id.clone()]
        }
    };
    assert_eq!(found, [id], "round {round} of {writer}");
}

#[tokio::test]
async fn the_profile_and_the_inbox_have_it_within_a_moment() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let ann = service.caller("ann", "acme", "user").await;
    for round in 1..=10 {
        let changed = samples::password_change("ann");
        writer.record(&changed).await.expect(201);
        wait_until("timeline and message", MOMENT, async || {
            let me = &ann.run(Operation::Me, json!({ "first": 1 })).await["me"];
            let newest = &me["activity"]["nodes"][0]["id"];
            let told = me["notifications"]["unreadCount"] == round;
            (*newest == changed["id"] && told).then_some(())
        })
        .await;
    }
}
