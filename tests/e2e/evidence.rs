//! What people hold in their hands against the log: evidence bundles and receipts, checked by the command
//! line and by a program that uses nothing of ours.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use annals_tests::{Caller, PATIENCE, TestService, python_with_packages, samples, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{ANNALS, in_repository, program, text};

/// The promise is for a minute; then it shows whether it was kept.
const PROMISE_PATIENCE: Duration = Duration::from_secs(120);
/// Every so many bytes one is changed.
const CHANGES: usize = 40;

/// Writes what an address answers to a file beside the data.
async fn saved(service: &TestService, caller: &Caller, path: &str, name: &str) -> PathBuf {
    let answer = caller.request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let file = service.home().join(name);
    std::fs::write(&file, answer.bytes().await.unwrap()).unwrap();
    file
}

/// Waits until the ends of streams are committed to; `log.json` as somebody keeps it.
async fn kept_keys(service: &TestService, caller: &Caller) -> PathBuf {
    wait_until("the ends of streams are committed to", PATIENCE, async || {
        let log: Value = caller.get("/tlog/log.json", &[]).await.json();
        log["heads"]["newest"].as_str().map(str::to_owned)
    })
    .await;
    saved(service, caller, "/tlog/log.json", "log.json").await
}

/// Has it committed to where streams end now, as it does on the next day.
async fn commit_again(service: &TestService, caller: &Caller) {
    kept_keys(service, caller).await;
    wait_until("a checkpoint covers the events", PATIENCE, async || {
        let log = caller.get("/tlog/log.json", &[]).await.json();
        (log["shards"][0]["size"].as_u64()? > 20).then_some(())
    })
    .await;
    std::fs::remove_dir_all(service.data_dir().join("heads")).unwrap();
}

async fn bundle(service: &TestService, caller: &Caller, query: &str) -> PathBuf {
    let order = json!({ "format": "bundle", "query": query }).to_string();
    let job = caller.post("/api/v1/exports", "application/json", order).await.expect(202);
    let path = format!("/api/v1/exports/{}", text(&job["id"]));
    let job = wait_until("the bundle is written", PATIENCE, async || {
        let job = caller.get(&path, &[]).await.expect(200);
        (job["status"] != "queued" && job["status"] != "running").then_some(job)
    })
    .await;
    assert_eq!(job["status"], "done", "{job}");
    saved(service, caller, &text(&job["file"]), "bundle.zip").await
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn python_says(bundle: &Path, keys: &Path) -> Output {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-evidence");
    std::fs::create_dir_all(&home).unwrap();
    let python = python_with_packages(&in_repository("tests/foreign/tlog"), &home).await;
    let script = in_repository("docs/verify/verify_bundle.py");
    Command::new(python).arg(script).arg(bundle).arg(keys).output().await.unwrap()
}

/// The keys of a `log.json`, one a line.
fn lines_of_keys(log: &Path) -> PathBuf {
    fn collect(value: &Value, keys: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                keys.extend(fields.get("vkey").map(text));
                fields.values().for_each(|value| collect(value, keys));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, keys)),
            _ => {}
        }
    }
    let mut keys = Vec::new();
    collect(&serde_json::from_slice(&std::fs::read(log).unwrap()).unwrap(), &mut keys);
    let file = log.with_extension("keys");
    std::fs::write(&file, keys.join("\n")).unwrap();
    file
}

#[tokio::test]
async fn a_bundle_is_verified_without_the_service_and_no_byte_of_it_can_be_changed() {
    let mut service = TestService::start(ANNALS).await;
    let admin = service.caller("root", "acme", "admin").await;
    let events: Vec<Value> = (0..20).map(|n| samples::numbered("robot", n)).collect();
    admin.bulk(&events).await.expect(201);
    commit_again(&service, &admin).await;
    let log = kept_keys(&service, &admin).await;
    let file = bundle(&service, &admin, "-type:annals.*").await;
    let keys = lines_of_keys(&log);
    service.stop().await;
    let ended = program().run(&["verify", "--bundle", shown(&file), "--keys", shown(&log)]).await;
    let told = ended.expect(0);
    assert!(told.contains("20 events") && told.contains("complete"), "{told}");
    let python = python_says(&file, &keys).await;
    assert!(python.status.success(), "{python:?}");
    let alone = program().run(&["verify", "--bundle", shown(&file)]).await.expect(0);
    assert!(alone.contains("The keys came with the bundle"), "{alone}");
    let whole = std::fs::read(&file).unwrap();
    for place in (0..whole.len()).step_by(whole.len() / CHANGES) {
        let mut changed = whole.clone();
        changed[place] ^= 0x20;
        std::fs::write(&file, changed).unwrap();
        let arguments = ["verify", "--bundle", shown(&file), "--keys", shown(&log)];
        assert_eq!(program().run(&arguments).await.code, Some(2), "byte {place}");
        assert_eq!(python_says(&file, &keys).await.status.code(), Some(2), "byte {place}");
    }
}

#[tokio::test]
async fn an_event_that_was_suppressed_is_shown_by_its_receipt() {
    let mut service = TestService::start(ANNALS).await;
    let admin = service.caller("root", "acme", "admin").await;
    admin.record(&samples::numbered("robot", 0)).await.expect(201);
    let log = kept_keys(&service, &admin).await;
    service.stop().await;
    let before = service.home().join("before");
    copy(&service.data_dir(), &before);
    service.restart().await;
    let promised = admin.record(&samples::numbered("robot", 1)).await;
    promised.expect(201);
    let receipt = service.home().join("answer.json");
    std::fs::write(&receipt, &promised.text).unwrap();
    let check = async || {
        let place = format!("http://{}", admin.address());
        let arguments = ["verify-receipt", shown(&receipt), "--log", &place, "--keys", shown(&log)];
        program().run(&arguments).await
    };
    wait_until("the promise is kept", PATIENCE, async || {
        (check().await.code == Some(0)).then_some(())
    })
    .await;
    // The operator goes back to before the event, with mark and all, and goes on.
    service.stop().await;
    std::fs::remove_dir_all(service.data_dir()).unwrap();
    copy(&before, &service.data_dir());
    service.restart().await;
    admin.record(&samples::numbered("robot", 2)).await.expect(201);
    let pending = check().await;
    assert_eq!(pending.code, Some(75), "{}", pending.stderr);
    let broken = wait_until("the promise is over", PROMISE_PATIENCE, async || {
        let ended = check().await;
        (ended.code != Some(75)).then_some(ended)
    })
    .await;
    assert_eq!(broken.code, Some(2), "{}", broken.stderr);
    assert!(broken.stderr.contains("the promise is broken"), "{}", broken.stderr);
    // A changed answer proves nothing.
    std::fs::write(&receipt, promised.text.replace("\"leaf\":\"", "\"leaf\":\"A")).unwrap();
    assert_eq!(check().await.code, Some(64));
}

fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}
