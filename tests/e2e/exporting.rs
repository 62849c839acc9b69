//! Exports of the real program: read by tools of others, gone on with after a kill, and only for whoever
//! asked.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use annals_tests::{Answer, Caller, PATIENCE, Setup, TestService, samples, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{ANNALS, in_repository, program, text};

/// A service that exports also on a disk that is nearly full.
async fn service() -> TestService {
    TestService::start_as(ANNALS, Setup::default().with("ANNALS_EXPORT__FREE_BYTES_MIN", "0")).await
}

/// Fetching the packages, and reading, may take this long.
const TOOLS_PATIENCE: Duration = Duration::from_secs(300);
/// What Annals tells of itself is not compared: each export adds to it.
const OTHERS: &str = "-type:annals.*";

/// A Python with the packages of the list, made once for as long as it is the same.
async fn python() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-export");
    let list = in_repository("tests/foreign/export/requirements.txt");
    let (venv, done) = (home.join("venv"), home.join("installed"));
    let wanted = std::fs::read(&list).unwrap();
    if std::fs::read(&done).ok().as_ref() != Some(&wanted) {
        std::fs::create_dir_all(&home).unwrap();
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv)).await;
        let mut install = Command::new(venv.join("bin/pip"));
        run(install.args(["install", "--quiet", "--no-deps", "-r"]).arg(&list)).await;
        std::fs::write(&done, wanted).unwrap();
    }
    venv.join("bin/python")
}

async fn run(command: &mut Command) -> String {
    let shown = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = tokio::time::timeout(TOOLS_PATIENCE, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{shown} hangs")).unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}: {complained}");
    String::from_utf8(output.stdout).unwrap()
}

/// Records so many generated events and some that are meant to do harm.
async fn fill(service: &TestService, count: usize) {
    let admin = service.caller("root", "acme", "admin").await;
    let made = program().run(&["generate", "--count", &count.to_string()]).await.expect(0);
    let lines: Vec<&str> = made.lines().collect();
    for lines in lines.chunks(5000) {
        let answer =
            admin.post("/api/v1/logs/bulk", "application/x-ndjson", lines.join("\n")).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    for name in ["=cmd|' /C calc'!A0", "@SUM(1)", "＝1+1", "Zoë \u{2067}x", "\"-2\"", " +1,;"] {
        let mut event = samples::login("mallory");
        event["actor"]["name"] = name.into();
        event["metadata"]["note"] = format!("{name}\r\n\t=1").into();
        admin.record(&event).await.expect(201);
    }
    admin.wait_until_current().await;
}

/// Asks for a file and waits for its end.
async fn exported(caller: &Caller, order: Value) -> Value {
    let job = ordered(caller, order).await;
    ended(caller, &job).await
}

async fn ordered(caller: &Caller, order: Value) -> Value {
    let asked = caller.post("/api/v1/exports", "application/json", order.to_string()).await;
    asked.expect(202)
}

async fn ended(caller: &Caller, job: &Value) -> Value {
    let path = format!("/api/v1/exports/{}", text(&job["id"]));
    wait_until("the export ends", PATIENCE, async || {
        let job = caller.get(&path, &[]).await.expect(200);
        (job["status"] != "queued" && job["status"] != "running").then_some(job)
    })
    .await
}

async fn bytes(caller: &Caller, path: &str) -> Vec<u8> {
    let response = caller.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn spreadsheets_and_databases_read_what_was_exported() {
    let service = service().await;
    fill(&service, 3000).await;
    let kim = service.caller("kim", "acme", "auditor").await;
    let mut files = Vec::new();
    for format in ["ndjson", "csv", "parquet"] {
        let job = exported(&kim, json!({ "format": format, "query": OTHERS })).await;
        assert_eq!((&job["status"], &job["events"]), (&json!("done"), &json!(3006)), "{job}");
        let file = service.home().join(format!("events.{format}"));
        std::fs::write(&file, bytes(&kim, &text(&job["file"])).await).unwrap();
        files.push(file);
    }
    let script = in_repository("tests/foreign/export/read.py");
    let told = run(Command::new(python().await).arg(script).args(&files)).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["problems"], json!([]));
    assert_eq!(told["events"], 3006);
    let counted = kim.count("type:user.login.succeeded").await;
    assert_eq!(told["types"]["user.login.succeeded"], counted);
}

#[tokio::test]
async fn an_export_goes_on_after_a_kill_and_becomes_the_same_file() {
    let mut service = service().await;
    fill(&service, 20_000).await;
    let kim = service.caller("kim", "acme", "auditor").await;
    for format in ["ndjson", "parquet"] {
        let job = ordered(&kim, json!({ "format": format, "query": OTHERS })).await;
        let path = format!("/api/v1/exports/{}", text(&job["id"]));
        wait_until("it is under way", PATIENCE, async || {
            let job = kim.get(&path, &[]).await.expect(200);
            (job["status"] == "done" || job["events"].as_u64() > Some(0)).then_some(())
        })
        .await;
        service.kill9().await;
        service.restart().await;
        let done = ended(&kim, &job).await;
        assert_eq!((&done["status"], &done["events"]), (&json!("done"), &json!(20_006)), "{done}");
        let file = bytes(&kim, &text(&done["file"])).await;
        let direct = format!("/api/v1/logs/export?format={format}&q=-type:annals.*");
        assert!(file == bytes(&kim, &direct).await, "{format}: the file is another one");
        let manifest = kim.get(&text(&done["manifest"]), &[]).await.expect(200);
        assert_eq!(manifest["bytes"], file.len());
        assert_eq!(manifest["sha256"], done["sha256"]);
    }
}

#[tokio::test]
async fn nothing_of_another_tenant_is_in_any_export() {
    let service = service().await;
    let acme = service.caller("root", "acme", "admin").await;
    let globex = service.caller("root", "globex", "admin").await;
    let mut secret = samples::login("ann");
    secret["actor"]["name"] = "canaryword".into();
    globex.record(&secret).await.expect(201);
    acme.record(&samples::login("ann")).await.expect(201);
    let theirs = exported(&globex, json!({ "format": "json" })).await;
    for format in ["json", "ndjson", "csv", "parquet"] {
        for query in ["", "canaryword", "tenant:globex", "actor.name:canaryword OR has:actor"] {
            let job = exported(&acme, json!({ "format": format, "query": query })).await;
            let file = bytes(&acme, &text(&job["file"])).await;
            let found = file.windows(10).any(|word| word == b"canaryword");
            // What somebody typed themselves may come back; names of others may not.
            assert!(!found, "{format} {query}");
        }
    }
    for path in ["file", "manifest"] {
        let theirs = text(&theirs[path]);
        assert_eq!(acme.get(&theirs, &[]).await.status, 404);
    }
    let direct = acme.get("/api/v1/logs/export", &[("format", "csv"), ("q", "canaryword")]).await;
    assert_eq!((direct.status, direct.text.lines().count()), (200, 1));
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_its_place_to_others() {
    let service = service().await;
    fill(&service, 5000).await;
    let kim = service.caller("kim", "acme", "auditor").await;
    for _ in 0..8 {
        let answer = kim.request(Method::GET, "/api/v1/logs/export").send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 200 | 429));
        drop(answer);
    }
    wait_until("a place is free again", PATIENCE, async || {
        let request = kim.request(Method::GET, "/api/v1/logs/export?format=csv");
        let answer = Answer::of(request).await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;
}
