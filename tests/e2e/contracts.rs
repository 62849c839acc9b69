//! What other programs rely on: the schema, and the operations that run against it.

use std::collections::BTreeSet;

use annals_tests::{Caller, Operation, PATIENCE, Subscription, TestService, samples, wait_until};
use serde_json::{Value, json};

use crate::{in_repository, program, service};

/// Set to write the contracts anew instead of comparing them.
const UPDATE: &str = "UPDATE_CONTRACTS";

#[tokio::test]
async fn the_committed_schema_is_the_one_that_the_service_speaks() {
    let printed = program().run(&["schema", "graphql"]).await.expect(0);
    let path = in_repository("graphql/schema.graphql");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        printed == committed,
        "graphql/schema.graphql is out of date: run `{UPDATE}=1 cargo test -p annals --test e2e \
         contracts` and look at what changed"
    );
}

#[test]
fn every_file_of_operations_is_known_to_the_tests() {
    let files: BTreeSet<String> = std::fs::read_dir(in_repository("graphql/operations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<String> = Operation::ALL
        .iter()
        .map(|operation| operation.name())
        .chain(["AuditEventFields"])
        .map(|name| format!("{name}.graphql"))
        .collect();
    assert_eq!(files, known);
}

#[tokio::test]
async fn every_operation_runs_without_an_error() {
    let service = service().await;
    let admin = service.caller("ann", "acme", "admin").await;
    let mut ran = BTreeSet::new();
    let event = samples::password_change("ann");
    let id = event["id"].as_str().unwrap().to_owned();
    let input =
        json!({ "events": [{ "id": id, "type": event["type"], "actor": { "id": "ann" } }] });
    let recorded = admin.run(Operation::RecordEvents, json!({ "input": input })).await;
    let position = &recorded["recordEvents"]["receipts"][0]["position"];
    ran.insert(Operation::RecordEvents.name());
    // A profile comes a moment later than the event.
    admin.wait_until_current().await;
    let asked = json!({ "minPosition": position, "query": "", "filter": {}, "first": 10 });
    let counted = json!({ "minPosition": position, "query": "", "filter": {}, "limit": 10 });
    let queries = [
        (Operation::AuditEvents, asked),
        (Operation::AuditEventsCount, counted),
        (Operation::AuditEvent, json!({ "id": id })),
        (Operation::EventTypes, json!({ "family": "account" })),
        (Operation::Person, json!({ "id": "ann", "first": 10 })),
    ];
    for (operation, variables) in queries {
        let data = admin.run(operation, variables).await;
        assert!(data.as_object().unwrap().values().all(|value| !value.is_null()), "{data}");
        ran.insert(operation.name());
    }
    let message = wait_until("the message", PATIENCE, async || {
        let me = admin.run(Operation::Me, json!({ "first": 10 })).await;
        me["me"]["notifications"]["nodes"].get(0).cloned()
    })
    .await;
    ran.insert(Operation::Me.name());
    let input = json!({ "input": { "ids": [message["id"]] } });
    for operation in [Operation::MarkNotificationsRead, Operation::ArchiveNotifications] {
        admin.run(operation, input.clone()).await;
        ran.insert(operation.name());
    }
    for operation in [Operation::AuditEventStream, Operation::NotificationStream] {
        let mut stream = Subscription::open(&admin, operation, json!({})).await.unwrap();
        // Whatever comes first: the event of the stream, or the message about it.
        admin.record(&samples::password_change("ann")).await.expect(201);
        assert!(stream.next().await.unwrap().is_object());
        ran.insert(operation.name());
    }
    ran.extend(keeping_and_forgetting(&service, &admin).await);
    let all: BTreeSet<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    assert_eq!(ran, all);
}

/// Runs what is about retention, legal holds and erasures; tells which operations those were.
async fn keeping_and_forgetting(service: &TestService, admin: &Caller) -> [&'static str; 8] {
    let done = async |caller: &Caller, operation: Operation, input: Value| {
        let data = caller.run(operation, json!({ "input": input })).await;
        let answer = data.as_object().unwrap().values().next().unwrap().clone();
        assert_eq!(answer["userErrors"], json!([]), "{}", operation.name());
        answer
    };
    let reason = "a test of the contracts";
    let hold = json!({ "matter": "2026-117", "query": "actor:zoe", "reason": reason });
    done(admin, Operation::PlaceLegalHold, hold).await;
    let rules = json!([{ "type": "invoice.*", "keep": "P10Y", "legalBasis": "HGB 257" }]);
    let policy = json!({ "rules": rules, "reason": reason });
    done(admin, Operation::ProposeRetentionPolicy, policy).await;
    let erasure = json!({ "person": "bob", "reason": reason, "legalBasis": "GDPR 17(1)(b)" });
    let asked = done(admin, Operation::RequestErasure, erasure).await;
    let second = service.caller("eve", "acme", "admin").await;
    let decision = json!({ "id": asked["erasure"]["id"], "reason": reason });
    done(&second, Operation::ApproveErasure, decision).await;
    let certificate = wait_until("the certificate", PATIENCE, async || {
        let data = admin.run(Operation::Erasures, json!({ "first": 10 })).await;
        let id = data["erasures"]["edges"][0]["node"]["certificateId"].clone();
        (!id.is_null()).then_some(id)
    })
    .await;
    let data = admin.run(Operation::Certificate, json!({ "id": certificate })).await;
    assert!(data["certificate"]["note"].is_string(), "{data}");
    let data = admin.run(Operation::LegalHolds, json!({ "first": 10 })).await;
    assert_eq!(data["legalHolds"]["edges"][0]["node"]["matter"], "2026-117");
    let data = admin.run(Operation::Retention, json!({ "first": 10 })).await;
    assert_eq!(data["retention"]["proposals"]["edges"][0]["node"]["status"], "IN_FORCE");
    [
        Operation::ApproveErasure,
        Operation::Certificate,
        Operation::Erasures,
        Operation::LegalHolds,
        Operation::PlaceLegalHold,
        Operation::ProposeRetentionPolicy,
        Operation::RequestErasure,
        Operation::Retention,
    ]
    .map(Operation::name)
}
