//! The keys of an installation, looked at and rotated while the service runs.

use std::path::Path;

use annals_tests::{Ended, TestService, samples};
use reqwest::Method;

use crate::{program, service};

const PERSONS: usize = 5;

async fn keys(service: &TestService, command: &[&str]) -> Ended {
    let data = service.data_dir();
    let data = ["--data-dir", data.to_str().unwrap()];
    service.program().run(&[&["keys"], command, &data].concat()).await
}

/// A service with events of some persons, and the text in which log.json names its keys.
async fn with_events() -> (TestService, String) {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    for number in 0..PERSONS {
        writer.record(&samples::login(&format!("person {number}"))).await.expect(201);
    }
    let names = log_name(&service).await;
    (service, names)
}

async fn log_name(service: &TestService) -> String {
    let reader = service.caller("ada", "acme", "auditor").await;
    let log = reader.get("/tlog/log.json", &[]).await.expect(200);
    log["origin"].as_str().unwrap().to_owned()
}

async fn readable(service: &TestService) -> usize {
    let reader = service.caller("ada", "acme", "auditor").await;
    reader.wait_until_current().await;
    let events = reader.find("type:user.login.*").await;
    events.iter().filter(|event| event["actor"]["id"].is_string()).count()
}

#[tokio::test]
async fn the_master_key_is_exchanged_while_the_service_runs_and_the_old_one_opens_nothing() {
    let (mut service, name) = with_events().await;
    let new = service.home().join("new.key");
    let new = new.to_str().unwrap();
    let status = keys(&service, &["status"]).await.expect(0);
    assert!(status.contains("wrapped by file key"), "{status}");
    assert!(status.contains("opens with the master key"), "{status}");
    assert!(status.contains("tenant      acme: version 1; "), "{status}");
    let told = keys(&service, &["rotate-master", "--new-key-file", new]).await.expect(0);
    assert!(told.contains("ANNALS_MASTER_KEY_FILE"), "{told}");
    let writer = service.caller("shop", "acme", "writer").await;
    writer.record(&samples::login("somebody new")).await.expect(201);
    assert_eq!(readable(&service).await, PERSONS + 1);
    service.stop().await;

    let data = service.data_dir();
    let serve = ["serve", "--data-dir", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let old = service.program().run(&serve).await;
    assert_eq!(old.code, Some(1), "{}", old.stderr);
    assert!(old.stderr.contains("another master key"), "{}", old.stderr);
    let status = keys(&service, &["status"]).await.expect(0);
    assert!(status.contains("DOES NOT OPEN"), "{status}");
    let again = keys(&service, &["rotate-master", "--new-key-file", new]).await.expect(0);
    assert!(again.contains("already"), "{again}");

    service.set("ANNALS_MASTER_KEY_FILE", new);
    service.restart().await;
    assert_eq!(readable(&service).await, PERSONS + 1, "everything is there");
    assert_eq!(log_name(&service).await, name, "and the log has the name it had");
}

#[tokio::test]
async fn a_key_moves_from_a_file_into_the_environment() {
    let (mut service, _) = with_events().await;
    service.set("ANNALS_MASTER_KEY", &"5a".repeat(32));
    keys(&service, &["rotate-master", "--to", "environment"]).await.expect(0);
    service.set("ANNALS_KEYS__PROVIDER", "environment");
    service.stop().await;
    service.restart().await;
    assert_eq!(readable(&service).await, PERSONS);
    service.stop().await;
    service.run(&["verify"]).await.expect(0);
    std::fs::remove_file(service.data_dir().join("master.key")).unwrap();
    service.restart().await;
    assert_eq!(readable(&service).await, PERSONS, "the file is not needed any more");
}

#[tokio::test]
async fn the_key_of_a_tenant_is_rotated_by_a_security_officer_and_that_is_recorded() {
    let (mut service, _) = with_events().await;
    let officer = service.token("sam", "acme", "security_officer").await;
    let rotate = async |tenant: &str, token: &str| {
        let url = format!("http://{}", service.address().get());
        let command =
            ["keys", "rotate-tenant", "--tenant", tenant, "--url", &url, "--token", token];
        service.program().run(&command).await
    };
    let told = rotate("acme", &officer).await.expect(0);
    assert!(told.contains("version 2"), "{told}");
    assert_eq!(rotate("umbrella", &officer).await.code, Some(64), "the token is of another tenant");
    let auditor = service.token("ada", "acme", "auditor").await;
    assert_eq!(rotate("acme", &auditor).await.code, Some(1), "auditors may not");
    let writer = service.caller("shop", "acme", "writer").await;
    writer.record(&samples::login("person 0")).await.expect(201);
    writer.record(&samples::login("somebody new")).await.expect(201);
    assert_eq!(readable(&service).await, PERSONS + 2);
    let reader = service.caller("ada", "acme", "auditor").await;
    let recorded = reader.find("type:annals.key.rotated").await;
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0]["metadata"]["version_before"], 1);
    let status = keys(&service, &["status"]).await.expect(0);
    assert!(status.contains("acme: versions 1 2, a rotation is not finished"), "{status}");
    // Room is left for two versions more.
    let officer = service.caller("sam", "acme", "security_officer").await;
    for status in [202, 202, 409] {
        let path = "/api/v1/keys/rotation";
        let request = officer.request(Method::POST, path);
        annals_tests::Answer::of(request).await.unwrap().expect(status);
    }
    service.stop().await;
    service.restart().await;
    assert_eq!(readable(&service).await, PERSONS + 2);
    let reader = service.caller("ada", "acme", "auditor").await;
    assert!(reader.metric("annals_key_uses_total").await.unwrap() > 0.0, "uses are counted");
}

#[tokio::test]
async fn a_root_key_that_was_taken_out_is_missed_and_not_replaced() {
    let (mut service, _) = with_events().await;
    service.stop().await;
    let file = service.data_dir().join("keys.db");
    let deleted = rusqlite::Connection::open(&file).unwrap();
    assert_eq!(deleted.execute("DELETE FROM root_key", []).unwrap(), 1);
    drop(deleted);
    let data = service.data_dir();
    let serve = ["serve", "--data-dir", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let ended = service.program().run(&serve).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("restore the key store from its backup"), "{}", ended.stderr);
    let nothing = keys(&service, &["status"]).await;
    assert_eq!(nothing.code, Some(1), "{}", nothing.stderr);
}

#[tokio::test]
async fn wrong_use_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let data: &Path = dir.path();
    let data = data.to_str().unwrap();
    assert_eq!(program().run(&["keys", "rotate-master", "--data-dir", data]).await.code, Some(64));
    let ended = program().run(&["keys", "status", "--data-dir", data]).await;
    assert_eq!(ended.code, Some(74), "{}", ended.stderr);
}
