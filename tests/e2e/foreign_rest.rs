//! The REST contract, judged by tools of others: Redocly reads it, newman works through the Postman
//! collection, schemathesis looks for answers that break it.
//!
//! The tools are installed below cargo's target directory, from the lists in `tests/foreign/rest`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use annals_tests::{Setup, TestService};
use tokio::process::Command;

use crate::{ANNALS, in_repository, program, service};

/// Installing and running a tool takes no longer than this.
const PATIENCE: Duration = Duration::from_secs(300);

/// A folder of its own with copies of the lists and settings.
fn workshop(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for file in std::fs::read_dir(in_repository("tests/foreign/rest")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    folder
}

/// Runs a tool to its end and returns what it said; it must be content.
async fn run(command: &mut Command, what: &str) -> String {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{what} takes longer than {PATIENCE:?}"));
    let output = output.unwrap_or_else(|error| panic!("{what} does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what} is not content:\n{said}\n{complained}");
    said
}

/// Installs what package-lock.json names, once for as long as it is the same.
async fn with_node_tools(folder: &Path) -> PathBuf {
    let lock = std::fs::read(folder.join("package-lock.json")).unwrap();
    let done = folder.join("node_modules/.annals-installed");
    if std::fs::read(&done).ok().as_ref() != Some(&lock) {
        run(Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(folder), "npm ci")
            .await;
        std::fs::write(&done, &lock).unwrap();
    }
    folder.join("node_modules/.bin")
}

/// Installs what requirements.txt names, once for as long as it is the same.
async fn with_python_tools(folder: &Path) -> PathBuf {
    let list = std::fs::read(folder.join("requirements.txt")).unwrap();
    let home = folder.join("venv");
    let done = home.join("annals-installed");
    if std::fs::read(&done).ok().as_ref() != Some(&list) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home), "python3 -m venv").await;
        let mut install = Command::new(home.join("bin/pip"));
        install.args(["install", "--quiet", "--no-deps", "-r", "requirements.txt"]);
        run(install.current_dir(folder), "pip install").await;
        std::fs::write(&done, &list).unwrap();
    }
    home.join("bin")
}

#[tokio::test]
async fn redocly_finds_nothing_wrong_with_the_document() {
    let folder = workshop("foreign-rest-redocly");
    let document = program().run(&["schema", "openapi"]).await.expect(0);
    std::fs::write(folder.join("openapi.json"), document).unwrap();
    let tools = with_node_tools(&folder).await;
    let mut lint = Command::new(tools.join("redocly"));
    lint.args(["lint", "--config", "redocly.yaml", "--format", "json", "openapi.json"]);
    let said = run(lint.current_dir(&folder), "redocly").await;
    // It is content with warnings; we are not.
    let told = &said[said.find('{').unwrap()..=said.rfind('}').unwrap()];
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    assert_eq!(told["totals"]["errors"], 0, "{said}");
    assert_eq!(told["totals"]["warnings"], 0, "{said}");
}

#[tokio::test]
async fn newman_works_through_the_collection_against_the_service() {
    let folder = workshop("foreign-rest-newman");
    let collection = program().run(&["schema", "postman"]).await.expect(0);
    std::fs::write(folder.join("collection.json"), collection).unwrap();
    let tools = with_node_tools(&folder).await;
    let service = service().await;
    let token = service.token("root", "acme", "admin").await;
    let mut newman = Command::new(tools.join("newman"));
    newman.args(["run", "collection.json", "--color", "off"]);
    newman.args(["--reporters", "cli,json", "--reporter-json-export", "report.json"]);
    newman.args(["--env-var", &format!("base_url=http://{}", service.address().get())]);
    newman.args(["--env-var", &format!("token={token}")]);
    run(newman.current_dir(&folder), "newman").await;
    let report = std::fs::read(folder.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let assertions = &report["run"]["stats"]["assertions"];
    assert_eq!(assertions["failed"], 0);
    assert!(assertions["total"].as_u64().unwrap() >= 100, "{assertions}");
}

#[tokio::test]
async fn schemathesis_finds_no_answer_that_breaks_the_document() {
    let folder = workshop("foreign-rest-schemathesis");
    let tools = with_python_tools(&folder).await;
    // It asks for exports by the hundred, and for what is archived.
    let archive = folder.join("archive");
    std::fs::create_dir_all(&archive).unwrap();
    let setup = Setup::default()
        .with("ANNALS_ARCHIVE__TO", archive.to_str().unwrap())
        .with("ANNALS_EXPORT__KEPT_PER_TENANT_MAX", "10000")
        .with("ANNALS_EXPORT__WAITING_PER_TENANT_MAX", "1000");
    let service = TestService::start_as(ANNALS, setup).await;
    let token = service.token("root", "acme", "admin").await;
    let mut schemathesis = Command::new(tools.join("schemathesis"));
    schemathesis.args(["--config-file", "schemathesis.toml", "run"]);
    schemathesis.arg(format!("http://{}/api/v1/openapi.json", service.address().get()));
    schemathesis.arg("--header").arg(format!("Authorization: Bearer {token}"));
    // All checks are on by default; naming them here would turn on again what its settings turn off.
    schemathesis.args(["--phases", "examples,coverage,fuzzing,stateful"]);
    schemathesis.args(["--max-examples", "8", "--max-time", "50", "--seed", "1", "--no-color"]);
    schemathesis.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", &folder);
    let said = run(schemathesis.current_dir(&folder), "schemathesis").await;
    for phase in ["Examples", "Coverage", "Fuzzing", "Stateful"] {
        assert!(said.contains(&format!("✅ {phase}")), "{phase} did not run: {said}");
    }
}
