//! The log as anybody can check it: a copy of what is published, and a proof, in the hands of a verifier
//! that uses nothing of ours; and the operator's own check of a log that somebody changed.

use std::path::{Path, PathBuf};
use std::process::Output;

use annals_tests::{Caller, PATIENCE, TestService, python_with_packages, samples, wait_until};
use annals_tlog::TileId;
use annals_tlog::tile::{bundles_of, tiles_of};
use reqwest::Method;
use serde_json::Value;
use tokio::process::Command;

use crate::{ANNALS, in_repository, text};

const EVENTS: usize = 700;

/// A service with events under a checkpoint; the ids of the events.
async fn with_events() -> (TestService, Caller, Vec<String>) {
    let service = TestService::start(ANNALS).await;
    let admin = service.caller("root", "acme", "admin").await;
    let events: Vec<Value> = (0..EVENTS).map(|n| samples::numbered("robot", n)).collect();
    let recorded = admin.bulk(&events).await.expect(201);
    let recorded = recorded["results"].as_array().unwrap();
    let ids = recorded.iter().map(|result| text(&result["id"])).collect();
    wait_until("a checkpoint covers them", PATIENCE, async || {
        let log = fetched(&admin, "/tlog/log.json").await?;
        let log: Value = serde_json::from_slice(&log).unwrap();
        let size = log["shards"].as_array()?.last()?["size"].as_u64()?;
        (size >= EVENTS as u64).then_some(())
    })
    .await;
    (service, admin, ids)
}

/// What an address answers without a token.
pub(crate) async fn fetched(caller: &Caller, path: &str) -> Option<Vec<u8>> {
    let answer = caller.anonymous(Method::GET, path).send().await.unwrap();
    match answer.status().as_u16() {
        200 => Some(answer.bytes().await.unwrap().to_vec()),
        _ => None,
    }
}

/// Copies everything that is published of the newest tree into a directory; its key.
pub(crate) async fn mirror(caller: &Caller, to: &Path) -> String {
    let log = fetched(caller, "/tlog/log.json").await.unwrap();
    let log: Value = serde_json::from_slice(&log).unwrap();
    let shard = log["shards"].as_array().unwrap().last().unwrap();
    let at = format!("/tlog/{}", text(&shard["path"]));
    let checkpoint = fetched(caller, &format!("{at}/checkpoint")).await.unwrap();
    let signed = String::from_utf8(checkpoint.clone()).unwrap();
    let size: u64 = signed.lines().nth(1).unwrap().parse().unwrap();
    std::fs::write(to.join("checkpoint"), checkpoint).unwrap();
    let ids: Vec<TileId> = tiles_of(size).chain(bundles_of(size)).collect();
    for id in ids {
        let bytes = fetched(caller, &format!("{at}/{}", id.path())).await.unwrap();
        let file = to.join(id.path());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    text(&shard["vkey"])
}

async fn python() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-tlog");
    std::fs::create_dir_all(&home).unwrap();
    python_with_packages(&in_repository("tests/foreign/tlog"), &home).await
}

async fn verified(python: &Path, log: &Path, key: &str, proof: &Path) -> Output {
    let mut command = Command::new(python);
    command.arg(in_repository("docs/verify/verify.py")).arg(log).arg(key).arg(proof);
    command.output().await.unwrap()
}

#[tokio::test]
async fn a_verifier_of_others_finds_every_event_in_the_log_and_every_change_of_it() {
    let (service, admin, ids) = with_events().await;
    let log = service.home().join("mirror");
    std::fs::create_dir_all(&log).unwrap();
    let key = mirror(&admin, &log).await;
    let python = python().await;
    let proof = service.home().join("event.tlog-proof");
    for id in [&ids[0], &ids[EVENTS / 2], &ids[EVENTS - 1]] {
        let answer = admin.request(Method::GET, &format!("/api/v1/logs/{id}/proof"));
        let answer = answer.send().await.unwrap().error_for_status().unwrap();
        std::fs::write(&proof, answer.bytes().await.unwrap()).unwrap();
        let output = verified(&python, &log, &key, &proof).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    // Another key, another entry, another hash.
    let output = verified(&python, &log, &key.replace("+", "+0"), &proof).await;
    assert!(!output.status.success());
    for file in ["tile/entries/001", "tile/0/000", "checkpoint"] {
        let whole = std::fs::read(log.join(file)).unwrap();
        let mut changed = whole.clone();
        changed[40] ^= 1;
        std::fs::write(log.join(file), &changed).unwrap();
        let output = verified(&python, &log, &key, &proof).await;
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("tile") || file == "checkpoint");
        std::fs::write(log.join(file), &whole).unwrap();
    }
    assert!(verified(&python, &log, &key, &proof).await.status.success());
}

/// Go's own packages for transparency logs, as Debian has them.
async fn gone_through_in_go(log: &Path, key: &str) -> Output {
    let mut command = Command::new("go");
    command.arg("run").arg(in_repository("docs/verify/go/main.go")).arg(log).arg(key);
    command.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode");
    command.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"));
    command.output().await.unwrap()
}

#[tokio::test]
async fn the_packages_of_go_verify_two_hundred_events_and_twenty_growths() {
    let (service, admin, _) = with_events().await;
    let log = service.home().join("mirror");
    std::fs::create_dir_all(&log).unwrap();
    let key = mirror(&admin, &log).await;
    let output = gone_through_in_go(&log, &key).await;
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("200 proofs of inclusion") && told.contains("20 of consistency"),
        "{told}"
    );
    let entries = log.join("tile/entries/000");
    let mut changed = std::fs::read(&entries).unwrap();
    // The hash of an entry: each but its length before it.
    changed.iter_mut().skip(2).for_each(|byte| *byte ^= 1);
    std::fs::write(&entries, changed).unwrap();
    let output = gone_through_in_go(&log, &key).await;
    assert!(!output.status.success(), "{output:?}");
}

#[tokio::test]
async fn the_operator_is_told_what_was_changed_in_trees_and_log() {
    let (mut service, _, _) = with_events().await;
    service.stop().await;
    let data = service.data_dir();
    let whole = verify(&service).await;
    assert_eq!(whole.0, Some(0), "{}", whole.1);
    change(
        &data,
        "tiles.db",
        "UPDATE hashes SET hashes = zeroblob(length(hashes)) WHERE level = 1",
    )
    .await;
    let (code, told) = verify(&service).await;
    assert_eq!(code, Some(2));
    assert!(told.contains("level 1, row 0: its hashes differ"), "{told}");
    change(
        &data,
        "tiles.db",
        "UPDATE leaves SET digests = CAST(zeroblob(32) || substr(digests, 33) AS BLOB) WHERE number = 1",
    )
    .await;
    let (_, told) = verify(&service).await;
    assert!(told.contains("its header is not that of its leaf"), "{told}");
    assert!(told.contains("its leaves have another root than is stored"), "{told}");
}

#[tokio::test]
async fn a_log_whose_end_was_cut_off_is_found_by_its_trees() {
    let (mut service, _, _) = with_events().await;
    service.stop().await;
    change(
        &service.data_dir(),
        "events.db",
        "DROP TRIGGER events_are_never_deleted;
         DELETE FROM events WHERE position > (SELECT max(position) - 3 FROM events)",
    )
    .await;
    let (code, told) = verify(&service).await;
    assert_eq!(code, Some(2));
    assert!(told.contains("a leaf of the Merkle tree is of a record at position"), "{told}");
}

async fn verify(service: &TestService) -> (Option<i32>, String) {
    let ended = service.run(&["verify"]).await;
    (ended.code, ended.stdout + &ended.stderr)
}

/// Changes a file behind the back of Annals.
async fn change(data: &Path, file: &str, statements: &str) {
    let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
    let mut command = Command::new("python3");
    command.args(["-c", script]).arg(data.join(file)).arg(statements);
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
