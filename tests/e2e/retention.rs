//! Events whose time is over are removed for good, and the log is whole without them.

use annals_tests::{Caller, PATIENCE, Setup, TestService, samples, wait_until};
use reqwest::Method;
use serde_json::Value;

use crate::ANNALS;

/// A word that stands in contents alone.
const CANARY: &str = "canarywordofretention";

async fn clean_up(officer: &Caller, dry_run: bool) -> Value {
    let path = format!("/api/v1/logs/cleanup?dry_run={dry_run}");
    let request = officer.request(Method::DELETE, &path);
    annals_tests::Answer::of(request).await.expect("the service answers").expect(200)
}

/// Removes until nothing of the events is due any more.
async fn remove_all(officer: &Caller, events: u64) {
    let due = async || (clean_up(officer, true).await["due"].as_u64()? >= events).then_some(());
    wait_until("the events are due", PATIENCE, due).await;
    let told = clean_up(officer, false).await;
    assert!(told["removed"].as_u64() >= Some(events), "{told}");
    assert_eq!((&told["removed"], &told["more"]), (&told["due"], &false.into()));
}

#[tokio::test]
async fn what_is_due_is_gone_for_good_and_the_log_is_whole_without_it() {
    let setup = Setup::default().with("ANNALS_RETENTION__STANDARD", "PT1S");
    let mut service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let officer = service.caller("rita", "acme", "records_officer").await;
    let mut events = Vec::new();
    for n in 0..30 {
        let mut event = samples::numbered("robot", n);
        event["id"] = samples::id().into();
        event["description"] = format!("{CANARY} {n}").into();
        events.push(event);
    }
    writer.bulk(&events).await.expect(201);
    auditor.wait_until_current().await;
    assert_eq!(auditor.count(CANARY).await, 30);
    remove_all(&officer, 30).await;
    check_gone(&service, &events).await;
    service.stop().await;
    let whole = service.run(&["verify"]).await.expect(0);
    assert!(whole.contains("more that retention removed"), "{whole}");
    service.restart().await;
    check_gone(&service, &events).await;
    service.stop().await;
    service.run(&["rebuild"]).await.expect(0);
    service.run(&["verify"]).await.expect(0);
    service.restart().await;
    check_gone(&service, &events).await;
}

/// Neither found nor counted nor shown, and not recorded when it is sent again.
async fn check_gone(service: &TestService, events: &[Value]) {
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let answer = writer.record(&events[7]).await;
    assert_eq!(answer.status, 200, "it was recorded before: {}", answer.text);
    let first = events[7]["id"].as_str().expect("an id");
    assert_eq!(auditor.event(first).await.status, 404);
    assert_eq!(auditor.count(CANARY).await, 0);
    assert!(auditor.find(CANARY).await.is_empty());
    assert!(auditor.walk(None, CANARY).await.is_empty());
    assert!(!auditor.find("type:annals.retention.run").await.is_empty(), "who did it is told");
}
