//! What a person does to be told by mail, with a real mail server: name an address, prove it with the code,
//! hear of a changed password, and say without signing in that it was not them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use annals_tests::{
    Caller, PATIENCE, Setup, TestService, python_with_packages, samples, wait_until,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::{ANNALS, in_repository, text};

/// As what people would reach the service.
const PUBLIC: &str = "https://annals.test";

/// A running aiosmtpd; it ends when this is dropped.
struct MailServer {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u64,
}

impl MailServer {
    async fn start() -> Self {
        let scripts = in_repository("tests/foreign/notify");
        let mut command = Command::new(python(&scripts).await);
        command.arg(scripts.join("mail_server.py")).arg(json!({ "security": "none" }).to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut server = Self { _process: process, lines, port: 0 };
        server.port = server.next().await["port"].as_u64().unwrap();
        server
    }

    /// What it was given next.
    async fn next(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("mail comes");
        serde_json::from_str(&line.unwrap().expect("it goes on")).unwrap()
    }
}

/// A Python with aiosmtpd, made once for all tests that send mail.
async fn python(scripts: &Path) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-notify");
    std::fs::create_dir_all(&home).unwrap();
    // Tests of other processes may want the same at this moment.
    let turn = File::create(home.join("turn")).unwrap();
    let locked = tokio::task::spawn_blocking(move || turn.lock().map(|()| turn)).await;
    let _turn = locked.unwrap().unwrap();
    python_with_packages(scripts, &home).await
}

async fn started(mail: &MailServer) -> TestService {
    let setup = Setup::default()
        .with("ANNALS_SERVER__PUBLIC_URL", PUBLIC)
        .with("ANNALS_EMAIL__HOST", "127.0.0.1")
        .with("ANNALS_EMAIL__SECURITY", "none")
        .with("ANNALS_EMAIL__PORT", &mail.port.to_string());
    TestService::start_as(ANNALS, setup).await
}

/// The path of the first link of a page in a mail.
fn link(mail: &Value, page: &str) -> String {
    let words = text(&mail["text"]);
    let start = format!("{PUBLIC}/{page}?t=");
    let link = words.split_whitespace().find(|word| word.starts_with(&start));
    link.unwrap_or_else(|| panic!("no link to {page} in {words}"))[PUBLIC.len()..].to_owned()
}

fn header(mail: &Value, name: &str) -> Option<String> {
    let all = mail["headers"].as_array().unwrap();
    all.iter().find(|header| header[0] == name).map(|header| text(&header[1]))
}

/// Asks without a token.
async fn follow(caller: &Caller, method: Method, path: &str) -> (u16, String) {
    let answer = caller.anonymous(method, path).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn post(caller: &Caller, path: &str, body: Value) -> Value {
    let answer = caller.post(path, "application/json", body.to_string()).await;
    assert!((200..300).contains(&answer.status), "{path}: {}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

async fn inbox(caller: &Caller) -> Vec<Value> {
    let question = json!({ "query": "{ me { notifications { nodes { kind } } } }" });
    let answer = post(caller, "/graphql", question).await;
    answer["data"]["me"]["notifications"]["nodes"].as_array().expect("messages").clone()
}

#[tokio::test]
async fn a_person_is_told_by_mail_and_says_that_it_was_not_them() {
    let mut mail = MailServer::start().await;
    let service = started(&mail).await;
    let ann = service.caller("ann", "acme", "user").await;
    let guard = service.caller("guard", "acme", "user").await;
    let root = service.caller("root", "acme", "admin").await;
    let writer = service.caller("shop", "acme", "writer").await;
    // Beside those whom the shipped rule tells of disputes.
    let rule = json!({ "name": "Disputes", "filter": "type:annals.notification.dispute_raised",
        "audience": ["role:security", "endpoints", "person:guard"], "mandatory": true,
        "channels": ["inbox", "webhook", "slack"] });
    let rule = root.request(Method::PUT, "/api/v1/notifications/rules/disputed").json(&rule);
    assert_eq!(rule.send().await.unwrap().status(), 200);

    let address = json!({ "address": "ann@example.org" });
    let added = post(&ann, "/api/v1/me/addresses", address).await;
    let asked = mail.next().await;
    assert_eq!(asked["recipients"], json!(["ann@example.org"]));
    assert!(text(&asked["html"]).contains("verify-address?t="));
    let words = text(&asked["text"]);
    let is_code = |word: &&str| word.len() == 9 && word.as_bytes()[4] == b'-';
    let code = words.split_whitespace().find(is_code).expect("a code");
    let path = format!("/api/v1/me/addresses/{}/verify", text(&added["id"]));
    assert_eq!(post(&ann, &path, json!({ "code": code })).await["verified"], true);

    let changed = samples::password_change("ann");
    assert_eq!(writer.record(&changed).await.status, 201);
    let told = mail.next().await;
    assert_eq!(told["recipients"], json!(["ann@example.org"]));
    assert_eq!(header(&told, "List-Unsubscribe"), None, "it cannot be switched off");
    let page = link(&told, "not-me");
    let (status, shown) = follow(&ann, Method::GET, &page).await;
    assert!(status == 200 && shown.contains("<button>"), "{shown}");
    assert!(inbox(&guard).await.is_empty(), "who only looks says nothing");
    let (status, said) = follow(&ann, Method::POST, &page).await;
    assert!(status == 200 && said.contains("Thank you"), "{said}");
    let (_, again) = follow(&ann, Method::POST, &page).await;
    assert!(again.contains("already"), "{again}");
    let told = wait_until("the guard is told", PATIENCE, async || {
        Some(inbox(&guard).await).filter(|messages| !messages.is_empty())
    })
    .await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["kind"], "annals.notification.dispute_raised");
    let disputes = root.get("/api/v1/notifications/disputes", &[]).await;
    let disputes: Value = serde_json::from_str(&disputes.text).unwrap();
    assert_eq!(disputes["disputes"].as_array().unwrap().len(), 1);
    assert_eq!(disputes["disputes"][0]["about"], changed["id"]);
    // Nothing of the code is told anywhere but in the mail.
    assert!(!service.operations_log().contains(code));
}

#[tokio::test]
async fn mail_of_a_kind_ends_with_one_click() {
    let mut mail = MailServer::start().await;
    let service = started(&mail).await;
    let ann = service.caller("ann", "acme", "user").await;
    let writer = service.caller("shop", "acme", "writer").await;
    post(&ann, "/api/v1/me/addresses", json!({ "address": "ann@example.org" })).await;
    let asked = mail.next().await;
    let (status, page) = follow(&ann, Method::POST, &link(&asked, "verify-address")).await;
    assert!(status == 200 && page.contains("confirmed"), "{page}");
    assert_eq!(writer.record(&samples::role_granted("ann")).await.status, 201);
    let told = mail.next().await;
    let unsubscribe = header(&told, "List-Unsubscribe").expect("it can be switched off");
    let one_click = header(&told, "List-Unsubscribe-Post");
    assert_eq!(one_click.as_deref(), Some("List-Unsubscribe=One-Click"));
    let path = unsubscribe.trim_matches(['<', '>']).strip_prefix(PUBLIC).unwrap().to_owned();
    let (status, page) = follow(&ann, Method::POST, &path).await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(writer.record(&samples::role_granted("ann")).await.status, 201);
    // Mail to one person keeps its order, so the next would be that of the role.
    assert_eq!(writer.record(&samples::password_change("ann")).await.status, 201);
    let told = mail.next().await;
    assert!(text(&told["text"]).contains("user.password.changed"), "{}", told["text"]);
}
