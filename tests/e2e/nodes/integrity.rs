//! What somebody else does to the log behind Annals' back becomes an event, once, however many nodes see it.

use annals_tests::{Caller, PATIENCE, Secrets, TestService, samples, wait_until};
use serde_json::Value;

use super::{node, server};
use crate::text;

const FINDINGS: &str = "type:annals.integrity.finding";

#[tokio::test]
async fn a_deleted_stream_is_found_by_an_auditor_once_although_every_node_sees_it() {
    let server = server();
    let secrets = Secrets::make();
    let mut nodes = vec![node(&server.url(), &secrets).await, node(&server.url(), &secrets).await];
    let writer = nodes[0].caller("shop", "acme", "writer").await;
    let mut streams = Vec::new();
    for person in ["ann", "ben", "carl"] {
        let receipt = writer.record(&samples::login(person)).await.expect(201);
        streams.push(text(&receipt["stream"]));
    }
    for (found, stream) in streams.iter().enumerate() {
        if found == streams.len() - 1 {
            // It copies the log from its beginning, and meets what the others have found.
            nodes.push(node(&server.url(), &secrets).await);
        }
        server.store().tombstone(stream).await.unwrap();
        for node in &nodes {
            let findings = findings(node, found + 1).await;
            let of_this: Vec<&Value> =
                findings.iter().filter(|event| event["metadata"]["stream"] == **stream).collect();
            assert_eq!(of_this.len(), 1, "{findings:?}");
            assert_eq!(of_this[0]["metadata"]["kind"], "stream_deleted");
            assert_eq!(of_this[0]["severity"], "critical");
        }
    }
    // Whatever a node would have recorded again lies before what all have found last.
    for node in &nodes {
        let auditor = node.caller("audit", "acme", "auditor").await;
        auditor.wait_until_current().await;
        assert_eq!(auditor.find(FINDINGS).await.len(), streams.len());
        let of_another: Caller = node.caller("audit", "umbrella", "auditor").await;
        assert_eq!(of_another.count("").await, 0, "it is no other tenant's");
    }
    writer.record(&samples::login("dora")).await.expect(201);
    // Whoever has no node at hand finds the same in the log itself.
    let verified = nodes[0].run(&["verify", "--store", &server.url()]).await;
    assert_eq!(verified.code, Some(2), "{}", verified.stderr);
    for stream in &streams {
        let told = verified.stdout.lines().filter(|line| line.contains(stream)).count();
        assert_eq!(told, 1, "{stream}: {}", verified.stdout);
    }
}

/// The findings, once a node shows so many of them.
async fn findings(node: &TestService, count: usize) -> Vec<Value> {
    let auditor = node.caller("audit", "acme", "auditor").await;
    wait_until("it is found", PATIENCE, async || {
        let found = auditor.find(FINDINGS).await;
        assert!(found.len() <= count, "{found:?}");
        (found.len() == count).then_some(found)
    })
    .await
}
