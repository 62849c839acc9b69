//! Who sees what: two tenants, four roles, the same over REST, GraphQL and live streams, also in
//! counts.

use std::collections::BTreeSet;

use annals_tests::{Caller, LogStream, Operation, PATIENCE, TestService, samples, wait_until};
use serde_json::{Value, json};

use crate::{ids, service};

/// An event of the table: whose tenant, who acted, about whom.
struct Recorded {
    tenant: &'static str,
    actor: &'static str,
    subject: &'static str,
    id: String,
}

const EVENTS: &[(&str, &str, &str)] = &[
    ("acme", "ann", "ann"),
    ("acme", "ann", "ben"),
    ("acme", "clerk", "ann"),
    ("acme", "clerk", "ben"),
    ("acme", "ben", "ben"),
    // The same names mean other people in another tenant.
    ("globex", "ann", "ann"),
    ("globex", "ann", "carl"),
    ("globex", "carl", "ann"),
    ("globex", "carl", "carl"),
    ("globex", "clerk", "ben"),
];

/// What a role sees of the events of its tenant.
enum Sees {
    Everything,
    WhatConcernsThem,
    /// And is told so.
    Nothing,
}

const CALLERS: &[(&str, &str, &str, Sees)] = &[
    ("root", "acme", "admin", Sees::Everything),
    ("audit", "acme", "auditor", Sees::Everything),
    ("ann", "acme", "user", Sees::WhatConcernsThem),
    ("ben", "acme", "user", Sees::WhatConcernsThem),
    ("clerk", "acme", "user", Sees::WhatConcernsThem),
    ("nobody", "acme", "user", Sees::WhatConcernsThem),
    ("carl", "acme", "user", Sees::WhatConcernsThem),
    ("shop", "acme", "writer", Sees::Nothing),
    ("root", "globex", "admin", Sees::Everything),
    ("audit", "globex", "auditor", Sees::Everything),
    ("ann", "globex", "user", Sees::WhatConcernsThem),
    ("ben", "globex", "user", Sees::WhatConcernsThem),
    ("carl", "globex", "user", Sees::WhatConcernsThem),
    ("shop", "globex", "writer", Sees::Nothing),
    ("audit", "initech", "auditor", Sees::Everything),
];

#[tokio::test]
async fn two_tenants_and_four_roles_see_what_the_table_says_and_nothing_else() {
    let service = service().await;
    let events = record_table(&service).await;
    for (sub, tenant, role, sees) in CALLERS {
        let caller = service.caller(sub, tenant, role).await;
        let who = format!("{role} {sub} of {tenant}");
        let visible: BTreeSet<String> = events
            .iter()
            .filter(|event| event.tenant == *tenant)
            .filter(|event| match sees {
                Sees::Everything => true,
                Sees::WhatConcernsThem => event.actor == *sub || event.subject == *sub,
                Sees::Nothing => false,
            })
            .map(|event| event.id.clone())
            .collect();
        match sees {
            Sees::Nothing => check_refused(&caller, &who).await,
            _ => check_sees(&caller, &who, &events, &visible).await,
        }
    }
}

#[tokio::test]
async fn profiles_and_inboxes_are_their_own_persons_and_auditors_of_the_tenant_see_profiles() {
    let service = service().await;
    record_table(&service).await;
    let ann = service.caller("ann", "acme", "user").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let writer = service.caller("shop", "acme", "writer").await;
    // Timelines are read models: they come a moment later.
    for (who, caller) in [("ann", &ann), ("ben", &auditor)] {
        let seen = wait_until("the timeline", PATIENCE, async || {
            let person = caller.run(Operation::Person, json!({ "id": who })).await;
            (person["person"]["seen"]["count"] == 3).then_some(person)
        });
        let timeline = &seen.await["person"]["timeline"]["nodes"];
        assert_eq!(timeline.as_array().expect("a list").len(), 3, "{who}");
    }
    let refused = ann.ask(&Operation::Person.text(), json!({ "id": "ben" })).await;
    assert_eq!(refused.code(), "FORBIDDEN", "{}", refused.text);
    // Carl is a person of the other tenant.
    let of_carl = auditor.run(Operation::Person, json!({ "id": "carl" })).await;
    assert_eq!(of_carl["person"], Value::Null);
    for operation in [Operation::Person, Operation::Me] {
        let refused = writer.ask(&operation.text(), json!({ "id": "shop" })).await;
        assert_eq!(refused.code(), "FORBIDDEN", "{}", refused.text);
    }
}

#[tokio::test]
async fn only_admins_and_writers_record_and_nobody_into_another_tenant() {
    let service = service().await;
    for (role, status) in [("admin", 201), ("writer", 201), ("auditor", 403), ("user", 403)] {
        let caller = service.caller("someone", "acme", role).await;
        assert_eq!(caller.record(&samples::login("ann")).await.status, status, "{role}");
        let bulk = caller.bulk(&[samples::login("ann")]).await;
        assert_eq!(bulk.status, status, "{role}: {}", bulk.text);
        let input = json!({ "input": { "events": [{ "type": "user.login.succeeded" }] } });
        let recorded = caller.ask(&Operation::RecordEvents.text(), input).await;
        assert_eq!(recorded.errors.is_empty(), status == 201, "{role}: {}", recorded.text);
        if status == 403 {
            assert_eq!(recorded.code(), "FORBIDDEN");
        }
    }
    let writer = service.caller("shop", "acme", "writer").await;
    let mut foreign = samples::login("ann");
    foreign["tenant"] = "globex".into();
    let refused = writer.record(&foreign).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(refused.json()["errors"][0]["path"], "tenant");
    let auditor = service.caller("audit", "globex", "auditor").await;
    assert_eq!(auditor.count("").await, 0);
}

async fn record_table(service: &TestService) -> Vec<Recorded> {
    let mut events = Vec::new();
    for (tenant, actor, subject) in EVENTS {
        let writer = service.caller("shop", tenant, "writer").await;
        let event = samples::invoice_viewed(actor, subject, "INV-1");
        let receipt = writer.record(&event).await.expect(201);
        let id = receipt["id"].as_str().unwrap().to_owned();
        events.push(Recorded { tenant, actor, subject, id });
    }
    events
}

/// The same set over every way in.
async fn check_sees(caller: &Caller, who: &str, events: &[Recorded], visible: &BTreeSet<String>) {
    let listed: BTreeSet<String> = ids(&caller.find("").await).into_iter().collect();
    assert_eq!(listed, *visible, "REST list of {who}");
    let oldest: BTreeSet<String> = ids(&caller.walk(None, "").await).into_iter().collect();
    assert_eq!(oldest, *visible, "REST list from the oldest of {who}");
    assert_eq!(caller.count("").await, visible.len() as u64, "REST count of {who}");
    assert_eq!(caller.count("INV").await, visible.len() as u64, "REST text count of {who}");
    for order in ["RECORDED_AT_DESC", "OCCURRED_AT_ASC"] {
        let page = json!({ "first": 100, "orderBy": order });
        let page = caller.run(Operation::AuditEvents, page).await;
        let nodes = page["auditEvents"]["nodes"].as_array().unwrap();
        let found: BTreeSet<String> = ids(nodes).into_iter().collect();
        assert_eq!(found, *visible, "GraphQL list of {who}");
    }
    for variables in [json!({}), json!({ "filter": { "type": { "eq": "record.viewed" } } })] {
        let count = caller.run(Operation::AuditEventsCount, variables).await;
        assert_eq!(count["auditEventsCount"]["value"], visible.len(), "GraphQL count of {who}");
        assert_eq!(count["auditEventsCount"]["precision"], "EXACT");
    }
    for event in events {
        let seen = visible.contains(&event.id);
        let one = caller.event(&event.id).await;
        assert_eq!(one.status, if seen { 200 } else { 404 }, "{who} reads {}", event.id);
        let one = caller.run(Operation::AuditEvent, json!({ "id": event.id })).await;
        assert_eq!(one["auditEvent"].is_object(), seen, "{who} reads {}", event.id);
        assert_eq!(caller.count(&format!("id:{}", event.id)).await, u64::from(seen), "{who}");
    }
    check_live(caller, who, visible).await;
}

/// A stream from the first visible event on shows the others, in order.
async fn check_live(caller: &Caller, who: &str, visible: &BTreeSet<String>) {
    let walked = caller.walk(None, "").await;
    let Some(first) = walked.first() else { return };
    let after = first["position"].as_str().unwrap();
    let mut stream = LogStream::open(caller, &[("after", after)]).await.unwrap();
    let mut seen = vec![first["id"].as_str().unwrap().to_owned()];
    while seen.len() < visible.len() {
        let batch = stream.next().await.unwrap();
        seen.extend(ids(batch["events"].as_array().unwrap()));
    }
    assert_eq!(seen, ids(&walked), "live stream of {who}");
}

/// A role that sees nothing is told so, whatever it asks.
async fn check_refused(caller: &Caller, who: &str) {
    let unknown = samples::id();
    for path in ["/api/v1/logs", "/api/v1/logs?count=true", &format!("/api/v1/logs/{unknown}")] {
        let refused = caller.get(path, &[]).await;
        assert_eq!(refused.status, 403, "{who} reads {path}");
        assert_eq!(refused.json()["code"], "FORBIDDEN");
    }
    let operations = [
        (Operation::AuditEvents, json!({})),
        (Operation::AuditEventsCount, json!({})),
        (Operation::AuditEvent, json!({ "id": unknown })),
    ];
    for (operation, variables) in operations {
        let refused = caller.ask(&operation.text(), variables).await;
        assert_eq!(refused.code(), "FORBIDDEN", "{who}: {}", refused.text);
    }
    let stream = LogStream::open(caller, &[]).await;
    assert_eq!(stream.err().and_then(|closed| closed.code), Some(403), "{who}");
}
