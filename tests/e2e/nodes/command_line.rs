//! `annals eventstore` and `annals doctor`: is a server good enough, and who may do what on it.

use std::collections::BTreeSet;

use annals_eventstoredb_double::{
    AppendFault, Event, Expected, METADATA, NewEvent, Options, STREAM_DELETED, Server, TOMBSTONE,
    User,
};
use annals_tests::{Secrets, Setup, TestService, samples};
use serde_json::Value;

use super::{node, server};
use crate::{ANNALS, program};

/// So many appends get lost: one case after the other gives up waiting.
const SWALLOWED: usize = 12;

#[tokio::test]
async fn a_good_server_passes_every_case_and_is_left_clean() {
    let server = server();
    let url = server.url();
    let said = program().run(&["eventstore", "conformance", "--url", &url]).await.expect(0);
    assert!(said.lines().filter(|line| line.starts_with("pass  ")).count() > 20, "{said}");
    assert!(!said.contains("FAIL"), "{said}");
    assert!(said.contains("cases passed") && said.contains("streams were deleted"), "{said}");
    assert_eq!(undeleted(&server), BTreeSet::new());
    // It may be run again on what it leaves behind.
    let said = program().run(&["eventstore", "conformance", "--json", "--url", &url]).await;
    let report: Value = serde_json::from_str(&said.expect(0)).unwrap();
    assert_eq!(report["passed"], true, "{report}");
    assert!(report["cases"].as_array().unwrap().len() > 20, "{report}");
    assert_eq!(undeleted(&server), BTreeSet::new());
}

#[tokio::test]
async fn a_server_that_swallows_appends_fails_and_is_left_clean_too() {
    let server = server();
    // The first append marks the log; without it there would be no case at all.
    server.faults().next_appends(1, AppendFault::AnswerTwice);
    server.faults().next_appends(SWALLOWED, AppendFault::Swallow);
    let ended =
        program().run(&["eventstore", "conformance", "--json", "--url", &server.url()]).await;
    assert!(!ended.stderr.contains("WRONG") && ended.stderr.contains("cases failed"));
    let report: Value = serde_json::from_str(&ended.expect(1)).unwrap();
    assert_eq!(report["passed"], false);
    let cases = report["cases"].as_array().unwrap();
    let failed: Vec<&Value> = cases.iter().filter(|case| case["passed"] == false).collect();
    assert!(!failed.is_empty() && failed.len() < cases.len(), "{report}");
    assert!(failed.iter().all(|case| case["failure"].is_string()), "{report}");
    assert_eq!(undeleted(&server), BTreeSet::new());
}

#[tokio::test]
async fn a_server_that_others_use_is_left_alone_unless_it_is_allowed() {
    let server = server();
    let url = server.url();
    let event = NewEvent::json("created", "{}");
    server.store().append("orders-1", Expected::Any, vec![event]).await.unwrap();
    let ended = program().run(&["eventstore", "conformance", "--url", &url]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    for told in ["orders-1", "--allow-foreign-streams"] {
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    assert_eq!(server.store().len(), 1, "nothing was written");
    let allowed = ["eventstore", "conformance", "--allow-foreign-streams", "--url", &url];
    program().run(&allowed).await.expect(0);
    assert_eq!(undeleted(&server), BTreeSet::from(["orders-1".to_owned()]));
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be() {
    let server = Server::start(Options { listening: false, ..Options::default() });
    for command in [["conformance"].as_slice(), &["setup", "--writer", "annals"]] {
        let url = server.url();
        let ended = program().run(&[&["eventstore"], command, &["--url", &url]].concat()).await;
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("cannot be reached"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn setup_takes_rights_away_and_the_doctor_sees_it() {
    let users = vec![
        User::admin("admin", "pass-of-admin"),
        User::new("annals", "pass-of-annals"),
        User::new("keeper", "pass-of-keeper"),
    ];
    let server = Server::start(Options { users, ..Options::default() });
    let url = |who: &str| server.url().replace("esdb://", &format!("esdb://{who}:pass-of-{who}@"));
    let secrets = Secrets::make();
    let prepared = TestService::prepared_as(ANNALS, Setup::node_of(&url("annals"), &secrets));
    let before = prepared.run(&["doctor", "--store", &url("admin")]).await;
    assert_eq!(before.code, Some(1), "{}", before.stdout);
    assert!(before.stdout.contains("are not protected"), "{}", before.stdout);
    let admin = url("admin");
    let setup = ["eventstore", "setup", "--writer", "annals", "--keeper", "keeper", "--url"];
    let done = program().run(&[&setup[..], &[&admin]].concat()).await;
    let refused = program().run(&[&setup[..], &[&url("annals")]].concat()).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let after = prepared.run(&["doctor", "--store", &url("admin")]).await;
    let hidden = prepared.run(&["doctor", "--store", &url("annals")]).await;
    assert!(hidden.stdout.contains("administrators alone"), "{}", hidden.stdout);
    let service = node(&url("annals"), &secrets).await;
    let writer = service.caller("shop", "acme", "writer").await;
    writer.record(&samples::login("ann")).await.expect(201);
    for ended in [&before, &done, &refused, &after, &hidden] {
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.contains("pass-of") && !said.contains("panicked"), "{said}");
    }
    assert!(!service.operations_log().contains("pass-of"));
    assert!(done.expect(0).contains("`annals` may append"));
    let after = after.expect(0);
    assert!(after.contains("can be appended by annals alone"), "{after}");
}

/// Streams of a server that can be read and are not its own.
fn undeleted(server: &Server) -> BTreeSet<String> {
    let events = server.store().events();
    let is_end = |event: &Event| &*event.event_type == STREAM_DELETED;
    let is_cut = |event: &Event| {
        let metadata: Value = serde_json::from_slice(&event.data).unwrap_or_default();
        &*event.event_type == METADATA && metadata["$tb"] == TOMBSTONE
    };
    let mut streams = BTreeSet::new();
    for event in &events {
        match event.stream.strip_prefix("$$") {
            Some(described) if is_cut(event) => drop(streams.remove(described)),
            _ if is_end(event) => drop(streams.remove(&*event.stream)),
            _ if event.stream.starts_with('$') => {}
            _ => drop(streams.insert(event.stream.to_string())),
        }
    }
    streams
}
