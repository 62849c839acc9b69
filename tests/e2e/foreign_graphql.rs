//! GraphQL with the clients, audits and linters that others wrote: the real program, over sockets.
//!
//! The scripts are in tests/foreign/graphql/; its README.md tells how to run one by hand.

use std::path::PathBuf;

use annals_tests::{Setup, TestService, install_node_packages, python_with_packages, run_script};
use tokio::process::Command;

use crate::{ANNALS, in_repository};

fn scripts() -> PathBuf {
    in_repository("tests/foreign/graphql")
}

async fn node(script: &str) -> Command {
    install_node_packages(&scripts()).await;
    let mut command = Command::new("node");
    command.arg(script).current_dir(scripts());
    command
}

/// A service on which tokens end when they say.
async fn punctual() -> TestService {
    let setup = Setup::default().with("ANNALS_AUTH__CLOCK_SKEW_SECONDS", "0");
    TestService::start_as(ANNALS, setup).await
}

/// Runs a script against a service of its own.
async fn passes(script: &str) {
    let command = node(script).await;
    run_script(&mut punctual().await, command).await;
}

#[tokio::test]
async fn every_audit_of_graphql_over_http_passes() {
    passes("audits.mjs").await;
}

#[tokio::test]
async fn graphql_ws_is_cut_off_and_resumes_without_gap_or_duplicate() {
    passes("graphql-ws.mjs").await;
}

#[tokio::test]
async fn urql_is_cut_off_and_resumes_without_gap_or_duplicate() {
    passes("urql.mjs").await;
}

#[tokio::test]
async fn apollo_is_cut_off_and_resumes_without_gap_or_duplicate() {
    passes("apollo.mjs").await;
}

#[tokio::test]
async fn graphql_sse_is_cut_off_and_resumes_without_gap_or_duplicate() {
    passes("graphql-sse.mjs").await;
}

#[tokio::test]
async fn the_playground_asks_watches_and_comes_back() {
    passes("playground.mjs").await;
}

#[tokio::test]
async fn gql_of_python_is_cut_off_and_resumes_without_gap_or_duplicate() {
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let python = python_with_packages(&scripts(), home).await;
    let mut command = Command::new(python);
    command.arg("gql_client.py").current_dir(scripts());
    run_script(&mut punctual().await, command).await;
}

#[tokio::test]
async fn the_schema_and_the_operations_keep_to_the_rules_of_graphql_eslint() {
    ends(node("lint.mjs").await, true).await;
    // The linter sees what is wrong.
    let broken = tempfile::tempdir().unwrap();
    let path = broken.path().join("schema.graphql");
    std::fs::write(&path, "type Query { get_things: [String] }").unwrap();
    let mut command = node("lint.mjs").await;
    command.arg(path);
    ends(command, false).await;
}

#[tokio::test]
async fn the_schema_breaks_no_client_of_the_one_that_was_released() {
    let schema = in_repository("graphql/schema.graphql");
    let compare = async |current: PathBuf| {
        let mut command = node("breaking.mjs").await;
        command.arg(in_repository("graphql/schema.released.graphql")).arg(current);
        command
    };
    ends(compare(schema.clone()).await, true).await;
    // A field that is missing is seen.
    let broken = tempfile::tempdir().unwrap();
    let path = broken.path().join("schema.graphql");
    let text = std::fs::read_to_string(schema).unwrap();
    std::fs::write(&path, text.replace("\tsentence: String!", "\tphrase: String!")).unwrap();
    ends(compare(path).await, false).await;
}

/// Runs a command to its end, well or with a complaint.
async fn ends(mut command: Command, well: bool) {
    let output = command.kill_on_drop(true).output().await.unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), well, "{command:?}: {complaints}");
    assert!(well || !complaints.is_empty(), "a failure must say why");
}
