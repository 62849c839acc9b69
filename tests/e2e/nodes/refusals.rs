//! Servers, logs and settings that Annals does not work with: one sentence, the exit code, no panic, and no
//! password in what is said.

use annals_eventstoredb_double::{Expected, NewEvent, Options, Server, User};
use annals_tests::{Ended, PATIENCE, Secrets, Setup, TestService, samples};

use super::{node, server};
use crate::{ANNALS, program, text};

/// Stands in URLs, and nowhere else.
const PASSWORD: &str = "s3cret-pass-word";

/// How a first start on this URL ends.
async fn start_on(url: &str) -> Ended {
    let service = TestService::prepared_as(ANNALS, Setup::node_of(url, &Secrets::make()));
    service.refused_start().await
}

/// Checks that a start was refused in one sentence, which has this in it.
fn assert_said(ended: &Ended, code: i32, sentence: &str) {
    let Ended { code: ended, stdout, stderr } = ended;
    assert_eq!(*ended, Some(code), "{stderr}");
    let said: Vec<&str> = stderr.lines().filter(|line| line.starts_with("annals: ")).collect();
    assert_eq!(said.len(), 1, "{stderr}");
    assert!(said[0].contains(sentence), "`{sentence}` is not in: {}", said[0]);
    assert!(stderr.ends_with(&format!("{}\n", said[0])), "it goes on after that: {stderr}");
    for hidden in ["panicked", "RUST_BACKTRACE", PASSWORD] {
        assert!(!stderr.contains(hidden) && !stdout.contains(hidden), "{hidden}: {stderr}");
    }
}

#[tokio::test]
async fn a_url_that_makes_no_sense_ends_with_64_and_says_why() {
    for (url, sentence) in [
        ("http://127.0.0.1:2113", "esdb://"),
        ("esdb://", "no name of a host"),
        ("esdb://127.0.0.1:99999", "no port between"),
        ("esdb://annals:PASSWORD@127.0.0.1:2113?colour=blue", "unknown option `colour`"),
        ("esdb://annals:PASSWORD@127.0.0.1:2113?tls=maybe", "`tls` must be"),
        ("esdb://annals@127.0.0.1:2113", "without a password"),
        ("esdb://annals:PASSWORD@127.0.0.1:2113?nodePreference=follower", "only be `leader`"),
        ("esdb://annals:PASSWORD@127.0.0.1:2113?tlsCaFile=/nonexistent/ca.crt", "/nonexistent/ca"),
        ("embedded", "esdb://"),
    ] {
        let ended = start_on(&url.replace("PASSWORD", PASSWORD)).await;
        assert_said(&ended, 64, sentence);
        let program = program();
        for command in [["conformance"].as_slice(), &["setup", "--writer", "annals"]] {
            let url = url.replace("PASSWORD", PASSWORD);
            let ended = program.run(&[&["eventstore"], command, &["--url", &url]].concat()).await;
            assert_said(&ended, 64, sentence);
        }
    }
}

#[tokio::test]
async fn wrong_credentials_end_with_1_and_do_not_stand_in_what_is_said() {
    let users = vec![User::admin("admin", "changeit")];
    let server = Server::start(Options { users, ..Options::default() });
    for credentials in [&format!("admin:{PASSWORD}@"), &format!("nobody:{PASSWORD}@"), ""] {
        let url = server.url().replace("esdb://", &format!("esdb://{credentials}"));
        assert_said(&start_on(&url).await, 1, "does not accept the user or its password");
    }
}

#[tokio::test]
async fn a_server_that_is_too_old_is_told_from_one_that_is_not() {
    let options = Options { version: "20.10.4".into(), batch_append: false, ..Options::default() };
    let server = Server::start(options);
    assert_said(&start_on(&server.url()).await, 1, "is too old");
}

#[tokio::test]
async fn a_log_written_by_somebody_else_is_refused_with_the_name_of_a_stream() {
    let server = server();
    let event = NewEvent::json("created", "{}");
    server.store().append("person-acme.x", Expected::Any, vec![event]).await.unwrap();
    let ended = start_on(&server.url()).await;
    assert_said(&ended, 1, "was written by somebody else");
    assert!(ended.stderr.contains("person-acme.x"), "{}", ended.stderr);
    assert_eq!(server.store().len(), 1, "nothing is written to it");
}

#[tokio::test]
async fn another_master_key_is_refused() {
    let server = server();
    let _first = node(&server.url(), &Secrets::make()).await;
    let ended = start_on(&server.url()).await;
    assert_said(&ended, 1, "another master key");
    assert!(ended.stderr.contains("ANNALS_MASTER_KEY_FILE"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_data_directory_of_the_other_kind_of_store_is_refused() {
    let server = server();
    let secrets = Secrets::make();
    let mut embedded = crate::service().await;
    embedded.stop().await;
    let url = server.url();
    let other = embedded.run(&["serve", "--listen", "127.0.0.1:0", "--store", &url]).await;
    assert_said(&other, 64, "holds an embedded log");
    assert_eq!(server.store().len(), 0, "nothing is written to the server");
    let mut following = node(&url, &secrets).await;
    following.stop().await;
    let before = server.store().len();
    let other = following.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_said(&other, 64, "follows a log on a server");
    assert_eq!(server.store().len(), before, "nothing of the embedded log was written");
}

#[tokio::test]
async fn a_log_restored_from_an_older_backup_is_refused_until_it_is_copied_anew() {
    let server = server();
    let url = server.url();
    let mut service = node(&url, &Secrets::make()).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    for n in 0..10 {
        writer.record(&samples::numbered("kept", n)).await.expect(201);
    }
    let kept_up_to = server.store().head().unwrap();
    for n in 0..10 {
        writer.record(&samples::numbered("gone", n)).await.expect(201);
    }
    auditor.wait_until_current().await;
    service.stop().await;
    server.stop();
    server.store().truncate_after(kept_up_to).unwrap();
    server.resume();
    let ended = service.refused_start().await;
    assert_said(&ended, 1, "is not the one this node has followed");
    assert!(ended.stderr.contains("annals rebuild"), "{}", ended.stderr);
    service.run(&["rebuild", "--store", &url]).await.expect(0);
    service.restart().await;
    assert_eq!(auditor.count("").await, 10);
    let receipt = writer.record(&samples::numbered("after", 0)).await.expect(201);
    auditor.wait_until_visible(&text(&receipt["position"]), PATIENCE).await;
    assert_eq!(auditor.count("").await, 11);
}

#[tokio::test]
async fn tls_to_a_server_without_it_is_said_and_the_first_start_ends() {
    let server = server();
    let credentials = format!("esdb://annals:{PASSWORD}@");
    let url = server.url().replace("esdb://", &credentials).replace("tls=false", "tls=true");
    let ended = start_on(&format!("{url}&maxDiscoverAttempts=1")).await;
    // Its keys lie on the server, so a node must have reached it once.
    assert_said(&ended, 1, "cannot be reached");
    assert!(ended.stderr.contains("no connection to the event log"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked") && !ended.stderr.contains(PASSWORD));
}
