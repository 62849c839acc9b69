//! How long events are kept: simulated, proposed, approved; the job by hand, its certificate, and its clock.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{about, asked, decision, done, event, officer, refused, text, tried};
use crate::lifecycle::days_pass;
use crate::support::{Service, token, until};

const RETENTION: &str = "{ retention { behindSeconds classes { class keep }
    rules { type keep legalBasis } job { intervalSeconds }
    proposals { edges { node { id status shortens proposed { by } approved { by } } } } } }";

async fn simulated(service: &Service, rules: &str) -> Value {
    let document = format!(
        "{{ simulateRetention(input: {{ rules: [{rules}] }}) {{ due held byType {{ type due }} }} }}"
    );
    asked(service, &officer("rita"), &document).await
}

async fn run(service: &Service, dry_run: bool) -> Value {
    let input = format!("dryRun: {dry_run}");
    let shown = "run { dryRun due removed held runId byClass { class due } }";
    done(service, &officer("rita"), "runRetention", &input, shown).await["run"].take()
}

#[tokio::test]
async fn a_policy_is_simulated_proposed_and_approved_by_two() {
    let service = Service::start().await;
    for _ in 0..3 {
        event(&service, "order.placed", "ann").await;
    }
    event(&service, "cart.emptied", "ann").await;
    days_pass(&service, 40).await;
    let rules = "{ type: \"order.*\", keep: \"P30D\" }";
    until("all was taken in", async || simulated(&service, rules).await["due"] == 3).await;
    let told = simulated(&service, rules).await;
    let by_type = json!([{ "type": "order.placed", "due": 3 }]);
    assert_eq!(told, json!({ "due": 3, "held": 0, "byType": by_type }));
    assert_eq!(run(&service, true).await["due"], 0, "nothing was changed");
    let input = format!("rules: [{rules}], reason: \"schedule of 2026\"");
    let shown = "proposal { id status shortens effectiveAt rules { type class keep } }";
    let proposed = done(&service, &officer("rita"), "proposeRetentionPolicy", &input, shown).await;
    let proposal = &proposed["proposal"];
    assert_eq!((&proposal["status"], &proposal["shortens"]), (&json!("PROPOSED"), &json!(true)));
    let rule = json!({ "type": "order.*", "class": null, "keep": "P30D" });
    assert_eq!((&proposal["rules"], &proposal["effectiveAt"]), (&json!([rule]), &json!(null)));
    let id = text(&proposal["id"]);
    let alone = refused(&service, &officer("rita"), &decision("approveRetentionPolicy", &id)).await;
    assert_eq!(alone, "FORBIDDEN");
    let agreed =
        done(&service, &officer("rob"), "approveRetentionPolicy", &about(&id), shown).await;
    assert_eq!(agreed["proposal"]["status"], "APPROVED");
    let shown = asked(&service, &officer("rita"), RETENTION).await;
    assert_eq!(shown["rules"], json!([]), "there is a delay: {shown}");
    days_pass(&service, 7).await;
    let shown = asked(&service, &officer("rita"), RETENTION).await;
    assert_eq!(shown["rules"][0]["keep"], "P30D");
    let node = &shown["proposals"]["edges"][0]["node"];
    assert_eq!((&node["status"], &node["approved"]["by"]), (&json!("IN_FORCE"), &json!("rob")));
    let shown = "proposal { id }";
    let late = tried(&service, &officer("rob"), "rejectRetentionPolicy", &about(&id), shown).await;
    assert_eq!(late["userErrors"][0]["code"], "CONFLICT");
    assert_eq!(run(&service, true).await["due"], 3);
}

#[tokio::test]
async fn rules_that_make_no_policy_are_told_with_their_number() {
    let service = Service::start().await;
    for (rules, said) in [
        ("{ keep: \"P1Y\" }, { type: \"*\", keep: \"P1Y\" }", "rule 2"),
        ("{ type: \"a.b\", keep: \"P1Y\" }, { keep: \"soon\" }", "rule 2"),
    ] {
        let input = format!("rules: [{rules}], reason: \"schedule of 2026\"");
        let shown = "proposal { id }";
        let told = tried(&service, &officer("rita"), "proposeRetentionPolicy", &input, shown).await;
        let error = &told["userErrors"][0];
        assert_eq!(error["field"], json!(["input", "rules"]), "{told}");
        assert!(text(&error["message"]).contains(said), "{told}");
        let document = format!("{{ simulateRetention(input: {{ rules: [{rules}] }}) {{ due }} }}");
        assert_eq!(refused(&service, &officer("rita"), &document).await, "BAD_USER_INPUT");
    }
    let longer = "rules: [{ type: \"invoice.*\", keep: \"P10Y\", legalBasis: \"HGB 257\" }],
                  reason: \"schedule of 2026\"";
    let shown = "proposal { id status }";
    let made = done(&service, &officer("rita"), "proposeRetentionPolicy", longer, shown).await;
    assert_eq!(made["proposal"]["status"], "IN_FORCE", "nothing goes earlier by it");
    let shown = asked(&service, &officer("rita"), RETENTION).await;
    assert_eq!(shown["rules"][0]["legalBasis"], "HGB 257", "{shown}");
}

#[tokio::test]
async fn the_job_removes_what_is_due_once_told_to_and_certifies_it() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    days_pass(&service, 8 * 366).await;
    until("the order is due", async || run(&service, true).await["due"] == 1).await;
    let ran = run(&service, false).await;
    assert_eq!((&ran["removed"], &ran["dryRun"]), (&json!(1), &json!(false)), "{ran}");
    assert_eq!(ran["byClass"], json!([{ "class": "standard", "due": 1 }]));
    let auditor = token("audit", "acme", "auditor");
    let list =
        "{ auditEvents(query: \"type:annals.retention.completed\") { nodes { id metadata } } }";
    until("it is told", async || {
        asked(&service, &auditor, list).await["nodes"].as_array().unwrap().len() == 1
    })
    .await;
    let completed = asked(&service, &auditor, list).await["nodes"][0].take();
    assert_eq!(completed["metadata"]["about"], ran["runId"]);
    let document = format!("{{ certificate(id: {}) {{ note }} }}", completed["id"]);
    let certificate = asked(&service, &officer("rita"), &document).await;
    assert!(text(&certificate["note"]).contains("deletion"), "{certificate}");
    let document = "mutation { runRetention(input: {}) { run { dryRun } } }";
    let default = asked(&service, &officer("rita"), document).await;
    assert_eq!(default["run"]["dryRun"], true, "what is not told to remove only looks");
}

#[tokio::test]
async fn a_clock_is_confirmed_only_with_the_time_it_tells() {
    let service = Service::start().await;
    let ahead = service.api.clock.now() + SignedDuration::from_hours(24 * 3650);
    service.put_wall_clock(ahead);
    let behind = async || {
        asked(&service, &officer("rita"), RETENTION).await["behindSeconds"].as_i64().unwrap()
    };
    assert!(behind().await > 3600 * 24 * 3000);
    let confirm = async |now: String| {
        let input = format!("now: \"{now}\", reason: \"by my watch\"");
        tried(&service, &officer("rita"), "confirmRetentionClock", &input, "wasBehindSeconds").await
    };
    let wrong = confirm(jiff::Timestamp::now().to_string()).await;
    assert_eq!(wrong["userErrors"][0]["field"], json!(["input", "now"]), "{wrong}");
    let right = confirm(service.api.lifecycle.wall.now().to_string()).await;
    assert_eq!(right["userErrors"], json!([]), "{right}");
    assert!(right["wasBehindSeconds"].as_i64().unwrap() > 3600 * 24 * 3000, "{right}");
    assert!(behind().await < 60);
}

#[tokio::test]
async fn the_key_of_a_tenant_is_rotated_until_there_are_too_many_versions() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let officer = token("sam", "acme", "security_officer");
    let rotate = "mutation { rotateTenantKey { version versions } }";
    let first = asked(&service, &officer, rotate).await["version"].as_u64().unwrap();
    let mut last = first;
    let refused = loop {
        let answer = service.ask(&officer, rotate, json!({})).await;
        match answer["data"]["rotateTenantKey"]["version"].as_u64() {
            Some(version) => last = version,
            None => break answer,
        }
        assert!(last <= first + 4, "there is no end to it");
    };
    assert_eq!(refused["errors"][0]["extensions"]["code"], "CONFLICT", "{refused}");
    assert!(last > first);
}
