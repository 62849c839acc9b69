//! Nodes that do only a part of the work say so, and refuse the rest.

use annals_tests::{Caller, Operation, PATIENCE, Secrets, Setup, TestService, samples, wait_until};
use serde_json::{Value, json};

use super::server;
use crate::{ANNALS, ids, text};

async fn node_with(url: &str, secrets: &Secrets, roles: &str) -> TestService {
    let setup = Setup::node_of(url, secrets).with("ANNALS_NODE__ROLES", roles);
    TestService::start_as(ANNALS, setup).await
}

async fn admin(node: &TestService) -> Caller {
    node.caller("root", "acme", "admin").await
}

#[tokio::test]
async fn nodes_with_roles_do_their_part_together_and_refuse_the_rest() {
    let server = server();
    let secrets = Secrets::make();
    let recorder = node_with(&server.url(), &secrets, "ingest").await;
    let searcher = node_with(&server.url(), &secrets, "query,project").await;
    let (_, ready) = recorder.readiness().await;
    assert_eq!(ready["roles"], json!(["ingest"]));
    assert_eq!((&ready["ingest"], &ready["search"]), (&json!(true), &json!(false)), "{ready}");
    let ready = wait_until("the searcher has caught up", PATIENCE, async || {
        let (_, ready) = searcher.readiness().await;
        (ready["catching_up"] == false).then_some(ready)
    })
    .await;
    assert_eq!(ready["roles"], json!(["query", "project"]));
    assert_eq!((&ready["ingest"], &ready["search"]), (&json!(false), &json!(true)), "{ready}");
    for node in [&recorder, &searcher] {
        assert_eq!(node.readiness().await.1["delivery"]["takes_part"], false);
    }

    let event = samples::login("ann");
    let writing = admin(&recorder).await;
    let receipt = writing.record(&event).await.expect(201);
    let reading = admin(&searcher).await;
    let position = text(&receipt["position"]);
    let page = [("min_position", position.as_str()), ("q", "actor:ann")];
    let found = reading.list(&page).await.expect(200);
    assert_eq!(ids(found["events"].as_array().unwrap()), [text(&event["id"])]);

    refused(writing.list(&[]).await.expect(503), "query");
    refused(writing.event(event["id"].as_str().unwrap()).await.expect(503), "query");
    let asked = writing.ask(&Operation::AuditEvents.text(), json!({})).await;
    assert_eq!(asked.code(), "UNAVAILABLE", "{}", asked.text);
    refused(reading.record(&samples::login("ben")).await.expect(503), "ingest");
    refused(reading.bulk(&[samples::login("ben")]).await.expect(503), "ingest");
    let input = json!({ "input": { "events": [{ "type": "a.b" }] } });
    let asked = reading.ask(&Operation::RecordEvents.text(), input).await;
    assert_eq!(asked.code(), "UNAVAILABLE", "{}", asked.text);
    assert_eq!(reading.count("").await, 1, "what was refused is not recorded");
}

fn refused(problem: Value, role: &str) {
    assert_eq!(problem["code"], "UNAVAILABLE", "{problem}");
    let told = problem.to_string();
    assert!(told.contains(&format!("Ask a node with the role {role}")), "{told}");
}

#[tokio::test]
async fn roles_that_make_no_sense_stop_the_start() {
    let server = server();
    for (roles, sentence) in
        [("query", "needs `project`"), ("ingest,sing", "`sing` is no role"), (",", "does nothing")]
    {
        let setup = Setup::node_of(&server.url(), &Secrets::make());
        let service = TestService::prepared_as(ANNALS, setup.with("ANNALS_NODE__ROLES", roles));
        let ended = service.refused_start().await;
        assert!(!matches!(ended.code, None | Some(0)), "{roles}");
        assert!(ended.stderr.contains(sentence), "{}", ended.stderr);
    }
}
