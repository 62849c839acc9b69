use std::os::unix::fs::PermissionsExt as _;

use clap::Parser as _;
use tempfile::TempDir;

use super::*;

pub(super) mod server;

use server::{Prepared, Server, says};

const PLACE: &str = "/api/v1/exports/7e1f";
const EVENTS: &str = "{\"id\":1}\n{\"id\":2}\n";
/// Of `EVENTS`, by `sha256sum`.
const SHA256: &str = "c63f6dd68b68601e7315ea40d28bc34e55379e4fa65f82b1d32228429aeafcde";

fn taken() -> Prepared {
    says(202, job("queued", 0)).with("location", PLACE)
}

pub(super) fn job(status: &str, percent: u8) -> Value {
    json!({
        "id": "7e1f", "format": "ndjson", "query": "", "status": status, "events": 0, "bytes": 0,
        "percent": percent, "until_position": "p", "requested_at": "2026-11-21T12:00:00Z",
        "started_at": null, "finished_at": null, "expires_at": null,
    })
}

pub(super) fn done() -> Value {
    let mut job = job("done", 100);
    job["events"] = json!(2);
    job["bytes"] = json!(EVENTS.len());
    job["sha256"] = json!(SHA256);
    job["file"] = json!(format!("{PLACE}/file"));
    job
}

/// What becomes of `events.ndjson` in a directory of its own.
struct Outcome {
    ended: anyhow::Result<Ready>,
    asked: Vec<String>,
    directory: TempDir,
}

impl Outcome {
    /// The message and the exit code.
    fn refusal(&self) -> (String, u8) {
        let error = self.ended.as_ref().unwrap_err();
        (format!("{error:#}"), exit::code_of(error))
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("events.ndjson")).unwrap()
    }
}

async fn export_from(answers: Vec<Prepared>) -> Outcome {
    export_into(tempfile::tempdir().unwrap(), answers, &[]).await
}

async fn export_into(directory: TempDir, answers: Vec<Prepared>, more: &[&str]) -> Outcome {
    let server = Server::that(answers).await;
    let out = directory.path().join("events.ndjson");
    let mut line = vec!["--url", &server.url, "--token", "secret", "--out", out.to_str().unwrap()];
    line.extend(more);
    let ended = export(&args(&line).unwrap()).await;
    Outcome { ended, asked: server.asked(), directory }
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: ExportArgs,
}

fn args(line: &[&str]) -> Result<ExportArgs, clap::Error> {
    Line::try_parse_from([&["export"], line].concat()).map(|line| line.args)
}

#[tokio::test]
async fn a_file_is_downloaded_when_its_job_is_done() {
    let answers = vec![
        taken(),
        says(200, job("queued", 0)),
        says(200, job("running", 40)),
        says(200, done()),
    ];
    let answers = [answers, vec![says(200, EVENTS)]].concat();
    let outcome =
        export_into(tempfile::tempdir().unwrap(), answers, &["--query", "actor:ann"]).await;
    let ready = outcome.ended.as_ref().unwrap();
    assert_eq!((ready.events, ready.bytes), (2, EVENTS.len() as u64));
    assert_eq!(
        outcome.asked,
        [
            "POST /api/v1/exports {\"format\":\"ndjson\",\"query\":\"actor:ann\"}",
            "GET /api/v1/exports/7e1f",
            "GET /api/v1/exports/7e1f",
            "GET /api/v1/exports/7e1f",
            "GET /api/v1/exports/7e1f/file",
        ]
    );
    assert_eq!(outcome.text(), EVENTS);
    assert_eq!(outcome.files(), ["events.ndjson"]);
    let path = outcome.directory.path().join("events.ndjson");
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_with_another_digest_is_not_kept() {
    let changed = EVENTS.replace('2', "3");
    let outcome = export_from(vec![taken(), says(200, done()), says(200, changed)]).await;
    let (message, code) = outcome.refusal();
    assert!(message.contains(&format!("but {SHA256} was promised")), "{message}");
    assert_eq!(code, exit::TAMPERED);
    assert!(outcome.files().is_empty());
}

#[tokio::test]
async fn a_file_that_is_shorter_or_longer_than_promised_is_not_kept() {
    let cases = [
        (says(200, "{\"id\":1}\n"), "has 9 bytes of the promised 18"),
        (says(200, format!("{EVENTS}\n")), "has more than the promised 18 bytes"),
        (says(200, "{\"id\":1}\n").broken_off(), "of 18 bytes: "),
    ];
    for (file, told) in cases {
        let outcome = export_from(vec![taken(), says(200, done()), file]).await;
        let (message, code) = outcome.refusal();
        assert!(message.contains(told), "{message}");
        assert_eq!(code, exit::FAILED);
        assert!(outcome.files().is_empty());
    }
}

#[tokio::test]
async fn a_job_that_ends_without_a_file_tells_why() {
    let cases = [("failed", "failed: disk full"), ("cancelled", "was cancelled: disk full")];
    for (status, told) in cases {
        let mut job = job(status, 40);
        job["reason"] = json!("disk full");
        let outcome = export_from(vec![taken(), says(200, job)]).await;
        let (message, code) = outcome.refusal();
        assert!(message.contains(told), "{message}");
        assert_eq!(code, exit::FAILED);
        assert!(outcome.files().is_empty());
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_what_to_do_and_not_asked_again() {
    let cases = [
        (401, "401 Unauthorized: no; give a valid --token-file"),
        (403, "403 Forbidden: no; the token needs a role that may export"),
        (404, "404 Not Found: no; is --url the address of an Annals server?"),
        (500, "500 Internal Server Error: no; nothing was written"),
    ];
    for (status, told) in cases {
        let outcome = export_from(vec![says(status, json!({"title": "t", "detail": "no"}))]).await;
        let (message, code) = outcome.refusal();
        assert!(message.contains(told), "{message}");
        assert_eq!((code, outcome.asked.len()), (exit::FAILED, 1));
        assert!(outcome.files().is_empty());
    }
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_only_by_force() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("events.ndjson"), "mine").unwrap();
    let answers = vec![taken(), says(200, done()), says(200, EVENTS)];
    let outcome = export_into(directory, answers.clone(), &[]).await;
    let (message, code) = outcome.refusal();
    assert!(message.contains("is there already: give another --out, or --force"), "{message}");
    assert_eq!((code, outcome.asked.len()), (exit::IO, 0));
    assert_eq!(outcome.text(), "mine");
    let outcome = export_into(outcome.directory, answers, &["--force"]).await;
    assert!(outcome.ended.is_ok());
    assert_eq!(outcome.text(), EVENTS);
    assert_eq!(outcome.files(), ["events.ndjson"]);
}

#[test]
fn a_file_that_comes_while_another_is_downloaded_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("a");
    let mut part = PartFile::beside(&out, false).unwrap();
    part.write(b"new").unwrap();
    std::fs::write(&out, "mine").unwrap();
    assert_eq!(exit::code_of(&part.take_its_name().unwrap_err()), exit::IO);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "mine");
    assert!(!directory.path().join("a.part").exists());
}

#[tokio::test]
async fn a_download_that_is_under_way_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("events.ndjson.part"), "of another").unwrap();
    let outcome = export_into(directory, vec![taken()], &[]).await;
    let (message, code) = outcome.refusal();
    assert!(message.contains("events.ndjson.part` is there already"), "{message}");
    assert_eq!((code, outcome.asked.len()), (exit::IO, 0));
    assert_eq!(outcome.files(), ["events.ndjson.part"]);
}

#[tokio::test]
async fn an_export_that_takes_too_long_is_left_to_the_server() {
    let answers = vec![taken(), says(200, job("running", 1))];
    let directory = tempfile::tempdir().unwrap();
    let outcome = export_into(directory, answers, &["--timeout", "1"]).await;
    let (message, code) = outcome.refusal();
    assert!(message.contains("not done after 1 seconds"), "{message}");
    assert_eq!(code, exit::LATER);
    assert!(outcome.asked.iter().all(|asked| !asked.starts_with("DELETE")));
    assert!(outcome.files().is_empty());
}

#[test]
fn an_export_is_waited_for_a_week_at_most() {
    let most = TIMEOUT_SECONDS_MAX.to_string();
    let over = (TIMEOUT_SECONDS_MAX + 1).to_string();
    for (seconds, holds) in [("0", false), ("1", true), (&most, true), (&over, false)] {
        let args = args(&["--token", "t", "--out", "a", "--timeout", seconds]);
        assert_eq!(args.is_ok(), holds, "{seconds}");
    }
}

#[test]
fn a_bundle_is_a_form_of_its_own_and_tells_how_it_is_checked() {
    let line = ["--token", "t", "--out", "ann.zip", "--bundle"];
    let bundle = args(&line).unwrap();
    assert_eq!(bundle.order(), json!({"format": "bundle"}));
    let ready = Ready { events: 2, bytes: 18, sha256: SHA256.into(), file: PLACE.into() };
    assert_eq!(
        bundle.told(&ready),
        format!(
            "exported 2 events: 18 bytes, sha256 {SHA256}, `ann.zip`; check it with: annals verify \
             --bundle ann.zip --keys log.json"
        )
    );
    assert!(args(&[&line[..], &["--format", "csv"]].concat()).is_err());
    let csv = args(&["--token", "t", "--out", "a", "--format", "csv"]).unwrap();
    assert_eq!(csv.order(), json!({"format": "csv"}));
    assert!(!csv.told(&ready).contains("check it"));
}

#[test]
fn a_token_comes_from_a_file_of_bounded_length_and_holds_no_blanks() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let token_of = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let line = ["--out", "a", "--token", "other", "--token-file", file.to_str().unwrap()];
        args(&line).unwrap().token()
    };
    assert_eq!(token_of("secret\n").unwrap(), "secret");
    let most = usize::try_from(TOKEN_BYTES_MAX).unwrap();
    assert_eq!(token_of(&"t".repeat(most)).unwrap().len(), most);
    for wrong in ["t".repeat(most + 1), "\n".into(), "two tokens".into(), "a\nb".into()] {
        assert_eq!(exit::code_of(&token_of(&wrong).unwrap_err()), exit::USAGE);
    }
    std::fs::remove_file(&file).unwrap();
    let line = ["--out", "a", "--token-file", file.to_str().unwrap()];
    assert_eq!(exit::code_of(&args(&line).unwrap().token().unwrap_err()), exit::IO);
}
