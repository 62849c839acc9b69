//! Proofs over REST and GraphQL: for whoever may see the event, and nobody else.

use annals_tlog::{SignedCheckpoint, VerifyingKey, verify_inclusion};
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Service, token, until};

const PROOF: &str =
    "query($id: ID!) { auditEvent(id: $id) { proof { shard leafIndex treeSize hashes
    checkpoint header file } } integrity { checkpoint shards { name origin verifierKey size rootHash
    checkpoint } } }";

async fn with_proof() -> (Service, String) {
    let service = Service::start().await;
    let event = json!({ "type": "a.b", "actor": { "id": "ann" }, "subject": { "id": "ann" } });
    let id = service.record(event).await;
    let (path, admin) = (format!("/api/v1/logs/{id}/proof"), token("root", "acme", "admin"));
    until("a checkpoint covers it", async || {
        service.get(&path, &admin).await.status == StatusCode::OK
    })
    .await;
    (service, id)
}

#[tokio::test]
async fn what_graphql_tells_of_a_proof_is_verified_with_the_key_that_it_tells() {
    let (service, id) = with_proof().await;
    let admin = token("root", "acme", "admin");
    let answer = service.ask(&admin, PROOF, json!({ "id": id })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    let proof = &answer["data"]["auditEvent"]["proof"];
    let shards = answer["data"]["integrity"]["shards"].as_array().unwrap();
    let shard = shards.iter().find(|shard| shard["name"] == proof["shard"]).unwrap();
    let key = VerifyingKey::parse(shard["verifierKey"].as_str().unwrap()).unwrap();
    assert_eq!(shard["origin"], key.name());
    let signed = proof["checkpoint"].as_str().unwrap().as_bytes();
    let checkpoint = SignedCheckpoint::open(signed, &key).unwrap().checkpoint;
    let header = proof["header"].as_str().unwrap();
    assert!(header.contains(&id), "the header is that of the event: {header}");
    let leaf = annals_tlog::Entry::of_header(header.as_bytes()).leaf_hash();
    let hashes: Vec<_> = proof["hashes"].as_array().unwrap().iter().map(hash).collect();
    let index = proof["leafIndex"].as_u64().unwrap();
    verify_inclusion(&leaf, index, checkpoint.size, &hashes, &checkpoint.root).unwrap();
    let other = annals_tlog::Entry::of_header(b"{}").leaf_hash();
    verify_inclusion(&other, index, checkpoint.size, &hashes, &checkpoint.root).unwrap_err();
}

fn hash(value: &Value) -> annals_tlog::Hash {
    annals_tlog::Hash::from_base64(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_proof_is_for_who_may_see_the_event() {
    let (service, id) = with_proof().await;
    let path = format!("/api/v1/logs/{id}/proof");
    for (who, tenant, role, status) in [
        ("ann", "acme", "user", StatusCode::OK),
        ("ben", "acme", "user", StatusCode::NOT_FOUND),
        ("root", "globex", "admin", StatusCode::NOT_FOUND),
        ("shop", "acme", "writer", StatusCode::FORBIDDEN),
    ] {
        let answer = service.get(&path, &token(who, tenant, role)).await;
        assert_eq!(answer.status, status, "{role} {who} of {tenant}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_is_published_is_read_without_a_token_and_nothing_else_is_there() {
    let (service, _) = with_proof().await;
    let log = service.get("/tlog/log.json", "").await;
    assert_eq!(log.status, StatusCode::OK);
    let shard = log.json()["shards"][0]["path"].as_str().unwrap().to_owned();
    let next = shard.parse::<u16>().unwrap() + 1;
    assert_eq!(log.json()["coming"][0]["path"], next.to_string());
    let checkpoint = service.get(&format!("/tlog/{shard}/checkpoint"), "").await;
    assert!(checkpoint.text.starts_with("log.test/annals/"), "{}", checkpoint.text);
    assert_eq!(checkpoint.headers["cache-control"], "public, max-age=1");
    let tile = service.get(&format!("/tlog/{shard}/tile/0/000.p/1"), "").await;
    assert_eq!(tile.status, StatusCode::OK);
    assert_eq!(tile.headers["cache-control"], "public, max-age=31536000, immutable");
    for nowhere in [
        "/tlog/1999/checkpoint".to_owned(),
        format!("/tlog/{shard}/checkpoint.cosigned"),
        format!("/tlog/{shard}/tile/0/000"),
        format!("/tlog/{shard}/tile/0/000.p/0"),
        format!("/tlog/{shard}/tile/0/0"),
        format!("/tlog/{shard}/tile/9/000.p/1"),
        format!("/tlog/{shard}/tile/../checkpoint"),
        format!("/tlog/{shard}/tile/entries/x001/000"),
        format!("/tlog/{shard}/tile/{}", "0/".repeat(100)),
    ] {
        let answer = service.get(&nowhere, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nowhere}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_service_compares_its_log_with_the_trees_by_itself() {
    const AUDIT: &str = "{ integrity { audit { endedAt leaves findings } } }";
    let (service, _) = with_proof().await;
    let admin = token("root", "acme", "admin");
    until("it has compared them", async || {
        let answer = service.ask(&admin, AUDIT, json!({})).await;
        answer["data"]["integrity"]["audit"]["leaves"].as_u64() > Some(0)
    })
    .await;
    let answer = service.ask(&admin, AUDIT, json!({})).await;
    assert_eq!(answer["data"]["integrity"]["audit"]["findings"], 0, "{answer}");
}
