//! Suspicious patterns become events, once, also when the service is killed in between; the recorded
//! intrusion is found after its import; rules are tried on history before they go live.

use std::time::Duration;

use annals_tests::{Caller, samples, wait_until};
use serde_json::Value;

use crate::{in_repository, program, service, text};

const RAISED: &str = "type:annals.detection.raised";
/// Detection follows the log within a fraction of a second; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn raised(auditor: &Caller, rule: &str) -> Value {
    let query = format!("{RAISED} metadata.rule:{rule}");
    wait_until(&format!("a finding of {rule}"), PATIENCE, async || {
        auditor.find(&query).await.into_iter().next()
    })
    .await
}

#[tokio::test]
async fn guessing_is_found_once_though_the_service_is_killed_in_the_middle() {
    let mut service = service().await;
    let guess = || samples::failed_login("u-victim");
    let first = guess();
    let writer = service.caller("app", "acme", "writer").await;
    writer.record(&first).await.expect(201);
    for _ in 0..4 {
        writer.record(&guess()).await.expect(201);
    }
    service.kill9().await;
    service.restart().await;
    let writer = service.caller("app", "acme", "writer").await;
    for _ in 0..20 {
        writer.record(&guess()).await.expect(201);
    }
    let auditor = service.caller("audit", "acme", "auditor").await;
    let finding = raised(&auditor, "password-guessing").await;
    assert_eq!(finding["subject"]["id"], "u-victim");
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["metadata"]["count"], 10);
    assert_eq!(finding["metadata"]["events"][0], first["id"]);
    service.kill9().await;
    service.restart().await;
    // Another finding comes behind whatever would be raised again.
    let writer = service.caller("app", "acme", "writer").await;
    for _ in 0..10 {
        writer.record(&samples::failed_login("u-other")).await.expect(201);
    }
    let auditor = service.caller("audit", "acme", "auditor").await;
    let other = format!("{RAISED} subject.id:u-other");
    wait_until("the other finding", PATIENCE, async || {
        auditor.find(&other).await.into_iter().next()
    })
    .await;
    assert_eq!(auditor.count(RAISED).await, 2);
    let stranger = service.caller("audit", "other", "auditor").await;
    assert_eq!(stranger.count(RAISED).await, 0);
}

#[tokio::test]
async fn the_recorded_intrusion_is_found_after_its_import_and_by_a_backtest() {
    let mut service = service().await;
    let token = service.token("import", "acme", "writer").await;
    let url = format!("http://{}", service.address().get());
    let file = in_repository("tests/data/audit-logs/cloudtrail_attack.ndjson");
    let file = file.to_str().unwrap();
    let rejects = service.home().join("rejects");
    let import = ["import", "--format", "cloudtrail", file, "--url", &url, "--token", &token];
    let import = [&import[..], &["--rejects", rejects.to_str().unwrap()]].concat();
    service.program().run(&import).await.expect(0);
    let auditor = service.caller("audit", "acme", "auditor").await;
    for rule in ["aws-instance-credentials-elsewhere", "aws-buckets-listed-and-read"] {
        let finding = raised(&auditor, rule).await;
        assert_eq!(finding["severity"], "critical", "{rule}");
        assert!(text(&finding["metadata"]["key"]["actor"]).contains("BankingWAFRole"), "{rule}");
    }
    service.stop().await;
    let data_dir = service.data_dir();
    let test = ["rules", "test", "--data-dir", data_dir.to_str().unwrap()];
    let told =
        program().run(&[&test[..], &["--json", "--since", "2020-09-14"]].concat()).await.expect(0);
    let rules: Vec<String> = told
        .lines()
        .map(|line| text(&serde_json::from_str::<Value>(line).unwrap()["rule"]))
        .collect();
    assert!(rules.iter().any(|rule| rule == "aws-buckets-listed-and-read"), "{told}");
    let later = program().run(&[&test[..], &["--since", "2020-09-15"]].concat()).await.expect(0);
    assert!(later.contains(" 0 findings"), "{later}");
    let one = ["--rule", "aws-buckets-listed-and-read"];
    let one = program().run(&[&test[..], &one].concat()).await.expect(0);
    assert!(one.contains("1 rules, 1 findings"), "{one}");
}

#[tokio::test]
async fn rules_are_listed_and_shown_and_wrong_ones_refused() {
    let list = program().run(&["rules", "list"]).await.expect(0);
    assert!(list.lines().count() > 25, "{list}");
    let shown = program().run(&["rules", "show", "impossible-travel"]).await.expect(0);
    assert!(shown.contains("1000 km/h"), "{shown}");
    assert_eq!(program().run(&["rules", "show", "no-such-rule"]).await.code, Some(64));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("own.toml");
    std::fs::write(&file, "[[rule]]\nid = \"own\"\n").unwrap();
    let wrong = program().run(&["rules", "list", "--file", file.to_str().unwrap()]).await;
    assert_ne!(wrong.code, Some(0));
    assert!(wrong.stderr.contains("own.toml"), "{}", wrong.stderr);
}
