//! Real audit logs of five systems: every line becomes an event or a reject, and searches find what
//! a scan of the files finds.

use std::path::PathBuf;

use annals_tests::{Caller, TestService};
use serde_json::Value;

use crate::{in_repository, service};

/// A file with what is searched in it.
struct Log {
    file: &'static str,
    format: &'static str,
    /// Where the vendor's own id is, by which a found event and a line are known to be the same.
    vendor_id: &'static [&'static str],
    searches: &'static [Search],
}

/// A query, and what a scan of the file looks for instead.
struct Search {
    query: &'static str,
    scan: Scan,
}

enum Scan {
    /// The value at one of the paths is this; keys in any case, as real logs write them.
    Is(&'static [&'static [&'static str]], &'static str),
    /// The value at the path is one of these.
    Any(&'static [&'static str], &'static [&'static str]),
    /// The value at the path begins with this.
    Begins(&'static [&'static str], &'static str),
    /// The value at the path holds one of these.
    Holds(&'static [&'static str], &'static [&'static str]),
    /// Both find it.
    Both(&'static Scan, &'static Scan),
    /// One of them finds it.
    Either(&'static [Scan]),
    /// The text stands in the line.
    Grep(&'static str),
}

use Scan::{Any, Begins, Both, Either, Grep, Holds, Is};

const fn search(query: &'static str, scan: Scan) -> Search {
    Search { query, scan }
}

#[rustfmt::skip]
const LOGS: &[Log] = &[
    Log { file: "cloudtrail", format: "cloudtrail", vendor_id: &["eventID"], searches: &[
        search("actor:john.developer", Is(&[&["userIdentity", "userName"]], "john.developer")),
        search("type:aws.s3.put_bucket_versioning", 
            Both(&Is(&[&["eventName"]], "PutBucketVersioning"), &Is(&[&["eventSource"]], "s3.amazonaws.com"))),
        search("action:aws.signin.console_login", Is(&[&["eventName"]], "ConsoleLogin")),
        search("ip:111.111.111.111", Is(&[&["sourceIPAddress"]], "111.111.111.111")),
        search("ip:10.0.1.0/24", Begins(&["sourceIPAddress"], "10.0.1.")),
        search("outcome.code:AccessDenied", Is(&[&["errorCode"]], "AccessDenied")),
        search("outcome:denied", Holds(&["errorCode"], &["AccessDenied", "Unauthorized", "Blocked"])),
        search("\"malicious-layer\"", Grep("malicious-layer")),
        search("request.id:1", Is(&[&["requestID"]], "1")),
    ] },
    Log { file: "cloudtrail_attack", format: "cloudtrail", vendor_id: &["eventID"], searches: &[
        search("actor:pedro", Is(&[&["userIdentity", "userName"]], "pedro")),
        search("type:aws.ec2.describe_instances", Is(&[&["eventName"]], "DescribeInstances")),
        search("ip:1.2.3.4", Is(&[&["sourceIPAddress"]], "1.2.3.4")),
        search("outcome:success", Grep("eventID")),
        search("-outcome:success", Grep("errorCode")),
        search("\"044b1baf4c96e1b62\"", Grep("i-044b1baf4c96e1b62")),
        search("session.id:ASIA5FLZVX4OI4ZDQJOL", Is(&[&["userIdentity", "accessKeyId"]], "ASIA5FLZVX4OI4ZDQJOL")),
    ] },
    Log { file: "github", format: "github", vendor_id: &["_document_id"], searches: &[
        search("actor:cat", Is(&[&["actor"]], "cat")),
        search("user:bobert", Is(&[&["actor"], &["user"]], "bobert")),
        search("type:github.repo.create", Is(&[&["action"]], "repo.create")),
        search("ip:12.12.12.12", Is(&[&["actor_ip"]], "12.12.12.12")),
        search("outcome:failure", Is(&[&["conclusion"]], "failure")),
        search("target.id:my-org/my-repo", Is(&[&["repo"], &["repository"]], "my-org/my-repo")),
        search("\"sync panther analysis\"", Grep("sync-panther-analysis")),
    ] },
    Log { file: "okta", format: "okta", vendor_id: &["uuid"], searches: &[
        search("actor:homer.simpson@duff.com", Is(&[&["actor", "alternateId"]], "homer.simpson@duff.com")),
        search("actor:homer@springfield.gov", Is(&[&["actor", "alternateId"]], "homer@springfield.gov")),
        search("type:okta.user.session.start", Is(&[&["eventType"]], "user.session.start")),
        search("ip:1.3.2.4", Is(&[&["client", "ipAddress"]], "1.3.2.4")),
        search("outcome:failure", Is(&[&["outcome", "result"]], "FAILURE")),
        search("outcome:denied", Is(&[&["outcome", "result"]], "DENY")),
        search("\"user login to okta\"", Is(&[&["displayMessage"]], "User login to Okta")),
    ] },
    Log { file: "kubernetes", format: "kubernetes", vendor_id: &["auditID"], searches: &[
        search("actor:attacker@example.com", Is(&[&["user", "username"]], "attacker@example.com")),
        search("actor:\"system:serviceaccount:kube-system:coredns\"",
            Is(&[&["user", "username"]], "system:serviceaccount:kube-system:coredns")),
        search("target.type:clusterroles", Is(&[&["objectRef", "resource"]], "clusterroles")),
        search("type:kubernetes.*.list", Is(&[&["verb"]], "list")),
        search("ip:203.0.113.42", Is(&[&["sourceIPs", "0"]], "203.0.113.42")),
        search("outcome:denied", Any(&["responseStatus", "code"], &["401", "403"])),
        search("outcome.code:409", Is(&[&["responseStatus", "code"]], "409")),
        search("\"coredns\"", Grep("coredns")),
    ] },
    Log { file: "gsuite", format: "gsuite", vendor_id: &["id", "uniqueQualifier"], searches: &[
        search("actor:bobert@example.com", Is(&[&["actor", "email"]], "bobert@example.com")),
        search("type:gsuite.gmail.delivery", Is(&[&["name"]], "delivery")),
        search("type:gsuite.drive.*", Is(&[&["id", "applicationName"]], "drive")),
        search("ip:12.12.12.12", Is(&[&["ipAddress"]], "12.12.12.12")),
        search("outcome:failure", Either(&[
            Grep("login_failure"),
            Grep("FAILED_PASSWORD_ATTEMPTS_EVENT"),
            Is(&[&["parameters", "event_info", "success"]], "false"),
        ])),
        search("\"my shared document\"", Is(&[&["parameters", "doc_title"]], "my shared document")),
        search("target.name:\"My Sensitive Document\"", Is(&[&["parameters", "doc_title"]], "My Sensitive Document")),
    ] },
];

/// What was imported, without what was found in it.
const IMPORTED: &str = "-type:annals.detection.raised";

#[tokio::test]
async fn every_line_becomes_an_event_or_a_reject_and_searches_find_what_a_scan_finds() {
    let service = service().await;
    let (mut lines_in_all, mut rejects_in_all) = (0, 0);
    for log in LOGS {
        let lines = log.lines();
        let imported = log.import(&service).await;
        assert_eq!(imported.lines, lines.len(), "{}", log.file);
        assert_eq!(imported.recorded + imported.rejected.len(), lines.len(), "{}", log.file);
        assert_eq!(imported.duplicates, 0, "{}", log.file);
        lines_in_all += lines.len();
        rejects_in_all += imported.rejected.len();
        let taken: Vec<&String> = lines
            .iter()
            .enumerate()
            .filter(|(index, _)| !imported.rejected.contains(&(index + 1)))
            .map(|(_, line)| line)
            .collect();
        let auditor = service.caller("audit", &log.tenant(), "auditor").await;
        assert_eq!(auditor.count(IMPORTED).await, taken.len() as u64, "{}", log.file);
        let wrong = log.wrong_searches(&auditor, &taken).await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    assert!(rejects_in_all * 50 <= lines_in_all, "{rejects_in_all} of {lines_in_all} rejected");
    println!(
        "{lines_in_all} lines: {} events, {rejects_in_all} rejects",
        lines_in_all - rejects_in_all
    );
}

#[tokio::test]
async fn importing_again_adds_nothing() {
    let service = service().await;
    for log in LOGS {
        let first = log.import(&service).await;
        let again = log.import(&service).await;
        assert_eq!((again.recorded, again.duplicates), (0, first.recorded), "{}", log.file);
        assert_eq!(again.rejected, first.rejected, "{}", log.file);
        let auditor = service.caller("audit", &log.tenant(), "auditor").await;
        assert_eq!(auditor.count(IMPORTED).await, first.recorded as u64, "{}", log.file);
    }
}

#[tokio::test]
async fn an_import_from_standard_input_and_one_without_the_right_to_record_are_told_apart() {
    let service = service().await;
    let url = format!("http://{}", service.address().get());
    let writer = service.token("import", "acme", "writer").await;
    let reader = service.token("import", "acme", "auditor").await;
    let lines = std::fs::read(LOGS[2].path()).unwrap();
    let rejects = service.home().join("rejects");
    let import = |token: &str| {
        let options = ["import", "--format", "github", "-", "--url", &url, "--token", token];
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        [options, vec!["--rejects".into(), rejects.to_str().unwrap().into()]].concat()
    };
    let run = async |token: &str| {
        let options = import(token);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        service.program().run_with_input(&options, &lines).await
    };
    let refused = run(&reader).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("role `writer`"), "{}", refused.stderr);
    let said = run(&writer).await.expect(0);
    assert!(said.starts_with("52 lines: 52 recorded"), "{said}");
}

/// What an import said.
struct Imported {
    lines: usize,
    recorded: usize,
    duplicates: usize,
    /// Numbers of the lines in the rejects file.
    rejected: Vec<usize>,
}

impl Log {
    fn path(&self) -> PathBuf {
        in_repository(&format!("tests/data/audit-logs/{}.ndjson", self.file))
    }

    fn tenant(&self) -> String {
        self.file.to_owned()
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path()).expect("the sample is there");
        text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    }

    async fn import(&self, service: &TestService) -> Imported {
        let token = service.token("import", &self.tenant(), "writer").await;
        let url = format!("http://{}", service.address().get());
        let rejects = service.home().join(format!("{}.rejects.ndjson", self.file));
        let (path, rejects_path) = (self.path(), rejects.to_str().expect("a plain name"));
        let path = path.to_str().expect("a plain name");
        let said = service
            .program()
            .run(&[
                "import",
                "--format",
                self.format,
                path,
                "--url",
                &url,
                "--token",
                &token,
                "--rejects",
                rejects_path,
            ])
            .await
            .expect(0);
        let numbers: Vec<usize> = said
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .take(4)
            .collect();
        let [lines, recorded, duplicates, rejected] = numbers[..] else {
            panic!("`annals import` said: {said}");
        };
        let kept = std::fs::read_to_string(&rejects).unwrap_or_default();
        let number = |line: &str| {
            let reject: Value = serde_json::from_str(line).expect("a reject is JSON");
            assert!(reject["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
            reject["line"].as_u64().expect("the number of the line") as usize
        };
        let kept: Vec<usize> = kept.lines().map(number).collect();
        assert_eq!(kept.len(), rejected, "the rejects file has what was counted");
        Imported { lines, recorded, duplicates, rejected: kept }
    }

    /// The searches that find something else than the scan.
    async fn wrong_searches(&self, auditor: &Caller, lines: &[&String]) -> Vec<String> {
        let mut wrong = Vec::new();
        for search in self.searches {
            let scanned = lines.iter().filter(|line| search.scan.finds(line));
            let mut scanned: Vec<String> = scanned
                .map(|line| serde_json::from_str(line).expect("a line is JSON"))
                .map(|line: Value| shown(at(&line, self.vendor_id)))
                .collect();
            let query = format!("({}) {IMPORTED}", search.query);
            let found = auditor.find(&query).await;
            let mut found: Vec<String> =
                found.iter().map(|event| shown(at(&event["metadata"], self.vendor_id))).collect();
            scanned.sort();
            found.sort();
            let count = auditor.count(&query).await;
            if found != scanned || count != found.len() as u64 {
                wrong.push(format!(
                    "{} `{}`: counts {count}, finds {}: {found:?}\n  the scan finds {}: {scanned:?}",
                    self.file, search.query, found.len(), scanned.len(),
                ));
            }
            // Nothing but what may rightly be absent was searched for in vain.
            let may_be_empty = search.query.starts_with('-');
            if scanned.is_empty() && !may_be_empty {
                wrong.push(format!("{} `{}` shows nothing", self.file, search.query));
            }
        }
        wrong
    }
}

impl Scan {
    fn finds(&self, line: &str) -> bool {
        let value = || serde_json::from_str::<Value>(line).expect("a line is JSON");
        match self {
            Is(paths, wanted) => {
                let value = value();
                paths.iter().any(|path| shown(at(&value, path)) == *wanted)
            }
            Any(path, wanted) => wanted.contains(&shown(at(&value(), path)).as_str()),
            Begins(path, prefix) => shown(at(&value(), path)).starts_with(prefix),
            Holds(path, words) => {
                let text = shown(at(&value(), path));
                words.iter().any(|word| text.contains(word))
            }
            Either(scans) => scans.iter().any(|scan| scan.finds(line)),
            Both(one, other) => one.finds(line) && other.finds(line),
            Grep(text) => line.contains(text),
        }
    }
}

/// The value at a path, whatever the case of the keys.
fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, step| match value {
        Value::Object(object) => object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(step))
            .map_or(&Value::Null, |(_, value)| value),
        Value::Array(items) => {
            step.parse().ok().and_then(|index: usize| items.get(index)).unwrap_or(&Value::Null)
        }
        _ => &Value::Null,
    })
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
