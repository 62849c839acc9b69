//! The operations log: a file of its own for warnings and errors, which never holds what events hold.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use annals_eventstoredb_double::{Options, Server};
use annals_tests::{PATIENCE, Secrets, Setup, TestService, samples, wait_until};
use serde_json::{Value, json};

use crate::ANNALS;

/// A word that stands in contents alone.
const CANARY: &str = "canarywordofcontents";

#[tokio::test]
async fn contents_of_events_stand_in_no_log_whatever_goes_wrong_with_them() {
    let server = Server::start(Options::default());
    let setup = Setup::node_of(&server.url(), &Secrets::make())
        .with("ANNALS_SPOOL__EVENTS_MAX", "3")
        .with("ANNALS_QUARANTINE__ENTRIES_MAX", "2")
        .with("ANNALS_LOG__LEVEL", "debug,h2=info,hyper=info,tower=info,tonic=info,rustls=info");
    let mut service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let admin = service.caller("root", "acme", "admin").await;
    let whole = |id: &str| {
        json!({
            "id": id,
            "type": "user.login.succeeded",
            "actor": { "id": format!("{CANARY}-actor"), "name": CANARY, "email": format!("{CANARY}@x.test") },
            "description": CANARY,
            "metadata": { "method": "password", "note": CANARY },
            "labels": { "note": CANARY },
        })
    };
    let post = async |body: String| writer.post("/api/v1/logs", "application/json", body).await;
    // Malformed, of an unknown field, invalid, reserved, too large, a conflict.
    assert_eq!(post(format!(r#"{{"type": "{CANARY}", "actor": "#)).await.status, 400);
    assert_eq!(post(format!(r#"{{"type": "a.b", "{CANARY}": 1}}"#)).await.status, 400);
    assert_eq!(post(format!(r#"{{"type": "a.b", "actor": "{CANARY}"}}"#)).await.status, 400);
    assert_eq!(post(format!(r#"{{"type": "annals.{CANARY}"}}"#)).await.status, 422);
    assert_eq!(
        post(format!(r#"{{"type": "a.b", "description": "{CANARY}{}"}}"#, "x".repeat(300_000)))
            .await
            .status,
        413
    );
    let id = samples::id();
    assert_eq!(writer.record(&whole(&id)).await.status, 201);
    let mut other = whole(&id);
    other["description"] = format!("{CANARY} changed").into();
    let conflict = writer.record(&other).await.expect(409);
    let bulk = format!("[{},{}]", whole(&id), other);
    assert_eq!(writer.post("/api/v1/logs/bulk", "application/json", bulk).await.status, 207);
    let mutation = json!({
        "query": "mutation($e: [AuditEventInput!]!) { recordEvents(input: {events: $e}) { userErrors { message } } }",
        "variables": { "e": [{ "type": "a.b", "metadata": CANARY }, { "type": "annals.x", "description": CANARY }] },
    });
    assert_eq!(writer.post("/graphql", "application/json", mutation.to_string()).await.status, 200);
    // The quarantine: shown, replayed in vain, discarded.
    let kept = format!("/api/v1/quarantine/{}", conflict["quarantine_id"].as_str().unwrap());
    let _ = admin.get(&kept, &[]).await;
    let replay = admin.post(&format!("{kept}/replay"), "application/json", Vec::new()).await;
    assert!(matches!(replay.status, 404 | 409), "{}", replay.text);
    // The spool: until it is full, poison in it, and drained.
    server.stop();
    wait_until("the outage is noticed", PATIENCE, async || {
        (service.readiness().await.1["ingest"] == false).then_some(())
    })
    .await;
    let mut poison = other.clone();
    poison["description"] = format!("{CANARY} spooled").into();
    assert_eq!(writer.record(&poison).await.status, 202);
    assert_eq!(writer.record(&whole(&samples::id())).await.status, 202);
    assert_eq!(writer.record(&whole(&samples::id())).await.status, 202);
    assert_eq!(writer.record(&whole(&samples::id())).await.status, 503);
    server.resume();
    wait_until("nothing waits any more", PATIENCE, async || {
        (service.readiness().await.1["spooled"] == 0).then_some(())
    })
    .await;
    let entries = admin.get("/api/v1/quarantine", &[("reason", "conflict")]).await.expect(200);
    assert_eq!(
        entries["entries"].as_array().unwrap().len(),
        1,
        "the poison went to the quarantine"
    );
    let log = service.data_dir().join("operations/annals.log");
    wait_until("the file tells of it", PATIENCE, async || {
        read(&log).contains("it goes to the quarantine").then_some(())
    })
    .await;
    service.stop().await;
    // Neither log nor disk holds it in the clear.
    let told = read(&log);
    assert!(told.contains("made way in the quarantine"), "{told}");
    for line in told.lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(matches!(line["level"].as_str(), Some("WARN" | "ERROR")), "{line}");
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&log), mode(log.parent().unwrap())), (0o600, 0o700));
    assert!(!told.contains(CANARY), "the file holds contents: {told}");
    let stderr = service.operations_log();
    let shown: Vec<&str> = stderr.lines().filter(|line| line.contains(CANARY)).collect();
    assert!(shown.is_empty(), "standard error holds contents: {shown:#?}");
    for file in ["quarantine.db", "quarantine.db-wal", "spool.db", "spool.db-wal"] {
        let bytes = std::fs::read(service.data_dir().join(file)).unwrap_or_default();
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "`{file}` holds contents in the clear");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_stops_nothing() {
    let setup = Setup::default().with("ANNALS_LOG__FILE", "nowhere/deeper/annals.log");
    let mut service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("shop", "acme", "writer").await;
    writer.record(&samples::login("ann")).await.expect(201);
    wait_until("standard error tells", PATIENCE, async || {
        service.operations_log().contains("cannot be written").then_some(())
    })
    .await;
    service.stop().await;
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
