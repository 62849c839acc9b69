//! Proofs over REST and GraphQL: for whoever may see the event, and nobody else.

use annals_tlog::receipt::{Promised, Receipt};
use annals_tlog::{Entry, Hash, Note, ProofFile, SignedCheckpoint, VerifyingKey, verify_inclusion};
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Service, token, until};

const PROOF: &str =
    "query($id: ID!) { auditEvent(id: $id) { proof { shard leafIndex treeSize hashes
    checkpoint header file } } integrity { checkpoint shards { name origin verifierKey size rootHash
    checkpoint } } }";

async fn with_event() -> (Service, String) {
    let service = Service::start().await;
    let event = json!({ "type": "a.b", "actor": { "id": "ann" }, "subject": { "id": "ann" } });
    let id = service.record(event).await;
    (service, id)
}

#[tokio::test]
async fn what_graphql_tells_of_a_proof_is_verified_with_the_key_that_it_tells() {
    let (service, id) = with_event().await;
    let admin = token("root", "acme", "admin");
    // Fields of one answer do not wait for each other: the tree is signed before they are asked for.
    let signed = service.get(&format!("/api/v1/logs/{id}/proof"), &admin).await;
    assert_eq!(signed.status, StatusCode::OK, "{}", signed.text);
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
    let (service, id) = with_event().await;
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
    let (service, id) = with_event().await;
    let path = format!("/api/v1/logs/{id}/proof");
    // Asked for at once, it waits for its checkpoint.
    let proof = service.get(&path, &token("root", "acme", "admin")).await;
    assert_eq!(proof.status, StatusCode::OK, "{}", proof.text);
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
    let (service, _) = with_event().await;
    let admin = token("root", "acme", "admin");
    until("it has compared them", async || {
        let answer = service.ask(&admin, AUDIT, json!({})).await;
        answer["data"]["integrity"]["audit"]["leaves"].as_u64() > Some(0)
    })
    .await;
    let answer = service.ask(&admin, AUDIT, json!({})).await;
    assert_eq!(answer["data"]["integrity"]["audit"]["findings"], 0, "{answer}");
}

/// Events that an answer promises, with the receipt, opened with the key that is published.
async fn promised(service: &Service, events: &[&Value], receipt: &Value) -> Vec<Hash> {
    let events: Vec<Promised> = events
        .iter()
        .map(|event| Promised {
            id: event["id"].as_str().unwrap().to_owned(),
            leaf: hash(&event["leaf"]),
        })
        .collect();
    let log = service.get("/tlog/log.json", "").await.json();
    let key = VerifyingKey::parse(log["receipts"]["vkey"].as_str().unwrap()).unwrap();
    let note = receipt.as_str().unwrap().as_bytes();
    let receipt = Receipt::open(note, &key, &events).unwrap();
    assert!((60..=61).contains(&(receipt.deadline - receipt.signed_at)), "{receipt}");
    events.into_iter().map(|event| event.leaf).collect()
}

#[tokio::test]
async fn every_answer_to_recorded_events_promises_their_leaves() {
    let service = Service::start().await;
    let writer = token("shop", "acme", "writer");
    let event = json!({ "type": "a.b", "actor": { "id": "ann" } });
    let one = service.post("/api/v1/logs", &writer, event.to_string()).await.json();
    let mut leaves = promised(&service, &[&one], &one["receipt"]).await;
    let events = json!([event, { "actor": {} }, event]).to_string();
    let bulk = service.post("/api/v1/logs/bulk", &writer, events).await.json();
    let results = [&bulk["results"][0], &bulk["results"][2]];
    assert!(bulk["results"][1]["leaf"].is_null(), "{bulk}");
    leaves.extend(promised(&service, &results, &bulk["receipt"]).await);
    let mutation = "mutation($input: RecordEventsInput!) { recordEvents(input: $input) {
        receipts { id leaf signed } } }";
    let input = json!({ "input": { "events": [{ "type": "a.b", "actor": { "id": "ann" } }] } });
    let answer = service.ask(&writer, mutation, input).await;
    let receipt = &answer["data"]["recordEvents"]["receipts"][0];
    leaves.extend(promised(&service, &[receipt], &receipt["signed"]).await);
    assert_eq!(leaves.len(), 4);
    for (event, leaf) in [(&one, leaves[0]), (results[1], leaves[2]), (receipt, leaves[3])] {
        let path = format!("/api/v1/logs/{}/proof", event["id"].as_str().unwrap());
        let proof = service.get(&path, &token("root", "acme", "admin")).await.text;
        let header = ProofFile::parse(proof.as_bytes()).unwrap().extra.unwrap();
        assert_eq!(Entry::of_header(&header).leaf_hash(), leaf);
    }
}

#[tokio::test]
async fn an_event_sent_again_is_promised_with_the_leaf_that_it_has() {
    let service = Service::start().await;
    let writer = token("shop", "acme", "writer");
    let event = json!({
        "id": "01890a5d-ac96-774b-bcce-b302099a8057", "type": "a.b", "actor": { "id": "ann" }
    });
    let first = service.post("/api/v1/logs", &writer, event.to_string()).await;
    let again = service.post("/api/v1/logs", &writer, event.to_string()).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::OK));
    let (first, again) = (first.json(), again.json());
    assert_eq!(first["leaf"], again["leaf"]);
    promised(&service, &[&again], &again["receipt"]).await;
}

#[tokio::test]
async fn where_all_streams_ended_is_committed_to_and_published() {
    let (service, _) = with_event().await;
    let newest = || async { service.get("/tlog/log.json", "").await.json() };
    until("there is a commitment", async || !newest().await["heads"]["newest"].is_null()).await;
    let log = newest().await;
    let day = log["heads"]["newest"].as_str().unwrap();
    let note = service.get(&format!("/tlog/log/heads/{day}"), "").await;
    let key = VerifyingKey::parse(log["heads"]["vkey"].as_str().unwrap()).unwrap();
    let note = Note::parse(note.text.as_bytes()).unwrap();
    note.verify(&[key]).unwrap();
    assert!(note.text().starts_with(&format!("log.test/annals/heads/{day}\n")), "{note}");
    for nothing in ["2020-01-01", "2026-13-01", "checkpoint", ".."] {
        let answer = service.get(&format!("/tlog/log/heads/{nothing}"), "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}
