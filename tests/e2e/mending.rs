//! A search index that is damaged on disk under a running service finds that out, and is whole again a
//! little later.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use annals_tests::{PATIENCE, Setup, TestService, samples, wait_until};
use serde_json::Value;

use crate::ANNALS;

const EVENTS: usize = 60;

/// A service that looks at its files all the time, with some events in its index.
async fn service(encryption: &str) -> TestService {
    let setup = Setup::default()
        .with("ANNALS_INDEX__ENCRYPTION", encryption)
        .with("ANNALS_INDEX__SCRUB_INTERVAL_SECONDS", "1");
    let service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let events: Vec<Value> = (0..EVENTS).map(|n| samples::numbered("robot", n)).collect();
    writer.bulk(&events).await.expect(201);
    service
}

fn files_with(dir: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files_with(&path, end)),
            false if path.to_string_lossy().ends_with(end) => found.push(path),
            false => {}
        }
    }
    found
}

/// Changes a byte in the middle of every such file.
fn damage(service: &TestService, end: &str) {
    let mut damaged = 0;
    for file in files_with(&service.data_dir().join("index"), end) {
        // A merge takes files away, and one that was just made is empty.
        let Ok(file) = std::fs::OpenOptions::new().read(true).write(true).open(file) else {
            continue;
        };
        let length = file.metadata().unwrap().len();
        if length > 0 {
            let mut byte = [0];
            file.read_exact_at(&mut byte, length / 2).unwrap();
            file.write_all_at(&[byte[0] ^ 0x40], length / 2).unwrap();
            damaged += 1;
        }
    }
    assert!(damaged > 0);
}

async fn heals(encryption: &str) {
    let mut service = service(encryption).await;
    // After a restart everything old is found in the index, and nothing in memory.
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_current().await;
    service.stop().await;
    service.restart().await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.count("type:order.placed").await, EVENTS as u64);
    damage(&service, ".idx");
    wait_until("damage is set aside", PATIENCE, async || {
        auditor.metric("annals_index_set_aside_total").await.filter(|parts| *parts >= 1.0)
    })
    .await;
    auditor.wait_until_current().await;
    wait_until("the index is whole", PATIENCE, async || {
        let ready = auditor.get("/readyz", &[]).await.json();
        (ready["mending"] == false && ready["search"] == true).then_some(())
    })
    .await;
    assert_eq!(auditor.count("type:order.placed").await, EVENTS as u64);
    assert_eq!(auditor.find("type:order.placed").await.len(), EVENTS);
    assert!(service.operations_log().contains("damaged"), "those who run it are told");
    // It goes on like that.
    service.kill9().await;
    service.restart().await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_current().await;
    assert_eq!(auditor.count("type:order.placed").await, EVENTS as u64);
}

#[tokio::test]
async fn an_encrypted_index_that_is_damaged_while_it_runs_heals_itself() {
    heals("on").await;
}

#[tokio::test]
async fn a_plain_index_that_is_damaged_while_it_runs_heals_itself() {
    heals("off").await;
}

#[tokio::test]
async fn an_index_changes_its_form_with_the_setting_and_finds_the_same() {
    let mut service = service("off").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_current().await;
    let index = service.data_dir().join("index");
    let is_readable = |file: &PathBuf| std::fs::read(file).unwrap().starts_with(b"{");
    assert!(files_with(&index, "meta.json").iter().all(is_readable));
    service.stop().await;
    service.set("ANNALS_INDEX__ENCRYPTION", "on");
    service.restart().await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_current().await;
    assert_eq!(auditor.count("type:order.placed").await, EVENTS as u64);
    let lists = files_with(&index, "meta.json");
    assert!(!lists.is_empty() && !lists.iter().any(is_readable), "the plain one is gone");
}
