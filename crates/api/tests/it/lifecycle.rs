//! Retention policies, legal holds and erasures: who decides, what is refused and why, and what follows.

mod forbidding;

use annals_engine::tiles::LogSigner;
use annals_record::RootKey;
use annals_tlog::certificate::Certificate;
use axum::body::Body;
use futures_util::FutureExt;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

pub(crate) fn officer(name: &str) -> String {
    token(name, "acme", "records_officer")
}

pub(crate) fn privacy(name: &str) -> String {
    token(name, "acme", "privacy_officer")
}

fn auditor() -> String {
    token("audit", "acme", "auditor")
}

async fn post(service: &Service, path: &str, token: &str, body: Value) -> Answer {
    service.post(path, token, body.to_string()).await
}

/// Does something that must succeed; answers what it tells.
async fn done(service: &Service, path: &str, token: &str, body: Value) -> Value {
    let answer = post(service, path, token, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
    answer.json()
}

fn why() -> Value {
    json!({ "reason": "because the test says so" })
}

async fn event(service: &Service, event_type: &str, person: &str) -> String {
    let sent = json!({
        "type": event_type,
        "actor": { "id": person, "name": format!("Name of {person}") },
        "description": format!("secret of {person}"),
    });
    service.record(sent).await
}

/// So many days pass, on clocks that somebody confirms.
pub(crate) async fn days_pass(service: &Service, days: i64) {
    // And a minute: what is measured has gone on, where a clock that was put forward stands.
    let passed = SignedDuration::from_hours(24 * days) + SignedDuration::from_mins(1);
    let later = service.api.clock.now() + passed;
    service.confirm_clocks(later).await;
}

async fn due(service: &Service) -> Value {
    let delete =
        request(Method::DELETE, "/api/v1/logs/cleanup", Some(&officer("rita")), Body::empty());
    service.call(delete).await.json()
}

fn policy(keep: &str) -> Value {
    json!({ "rules": [{ "type": "order.*", "keep": keep }], "reason": "schedule of 2026" })
}

#[tokio::test]
async fn a_shorter_policy_needs_a_second_person_and_seven_days() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let path = "/api/v1/retention/proposals";
    let proposed = done(&service, path, &officer("rita"), policy("P30D")).await;
    assert_eq!((&proposed["status"], &proposed["shortens"]), (&json!("proposed"), &json!(true)));
    let approve = format!("{path}/{}/approve", proposed["id"].as_str().unwrap());
    let alone = post(&service, &approve, &officer("rita"), why()).await;
    assert_eq!((alone.status.as_u16(), alone.code()), (403, "FORBIDDEN".into()));
    let approved = done(&service, &approve, &officer("rob"), why()).await;
    assert_eq!(approved["status"], "approved");
    let again = post(&service, &approve, &officer("rob"), why()).await;
    assert_eq!(again.status, 409, "{}", again.text);
    days_pass(&service, 6).await;
    let shown = service.get("/api/v1/retention", &officer("rita")).await.json();
    assert_eq!(
        (&shown["rules"], &shown["proposals"][0]["status"]),
        (&json!([]), &json!("approved"))
    );
    days_pass(&service, 1).await;
    let shown = service.get("/api/v1/retention", &officer("rita")).await.json();
    assert_eq!(shown["rules"][0]["keep"], "P30D");
    assert_eq!(shown["proposals"][0]["status"], "in_force");
    assert_eq!(due(&service).await["due"], 0);
    days_pass(&service, 30).await;
    until("the order is due", async || due(&service).await["due"] == 1).await;
}

#[tokio::test]
async fn a_longer_policy_is_in_force_at_once_and_nonsense_is_refused_with_the_rule() {
    let service = Service::start().await;
    let path = "/api/v1/retention/proposals";
    let proposed = done(&service, path, &officer("rita"), policy("P10Y")).await;
    assert_eq!((&proposed["status"], &proposed["shortens"]), (&json!("in_force"), &json!(false)));
    let reject = format!("{path}/{}/reject", proposed["id"].as_str().unwrap());
    assert_eq!(post(&service, &reject, &officer("rob"), why()).await.status, 409);
    let shorter = done(&service, path, &officer("rita"), policy("P9Y")).await;
    assert_eq!(shorter["status"], "proposed", "ten years were in force");
    let reject = format!("{path}/{}/reject", shorter["id"].as_str().unwrap());
    assert_eq!(done(&service, &reject, &officer("rita"), why()).await["status"], "ended");
    let wrong = json!({ "rules": [{ "type": "*", "keep": "P1Y" }], "reason": "a test" });
    let refused = post(&service, path, &officer("rita"), wrong).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("rule 1"), "{}", refused.text);
    let unknown = "/api/v1/retention/proposals/01890a5d-ac96-774b-bcce-b302099a8057/approve";
    assert_eq!(post(&service, unknown, &officer("rob"), why()).await.status, 404);
}

#[tokio::test]
async fn a_simulation_tells_what_would_go_and_changes_nothing() {
    let service = Service::start().await;
    for _ in 0..3 {
        event(&service, "order.placed", "ann").await;
    }
    event(&service, "cart.emptied", "ann").await;
    days_pass(&service, 40).await;
    let rules = json!({ "rules": [{ "type": "order.*", "keep": "P30D" }] });
    let path = "/api/v1/retention/simulation";
    until("all was taken in", async || {
        done(&service, path, &officer("rita"), rules.clone()).await["due"] == 3
    })
    .await;
    let told = done(&service, path, &officer("rita"), rules).await;
    assert_eq!(told["by_type"], json!([{ "type": "order.placed", "due": 3 }]));
    assert_eq!(due(&service).await["due"], 0);
}

async fn hold(service: &Service, query: &str) -> String {
    let wanted = json!({ "matter": "2026-117", "query": query, "reason": "letter of the court" });
    let placed = done(service, "/api/v1/holds", &officer("rita"), wanted).await;
    assert_eq!(placed["status"], "placed");
    placed["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_held_stays_until_two_people_release_it() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    event(&service, "order.placed", "ben").await;
    let hold = hold(&service, "actor:ann").await;
    days_pass(&service, 8 * 366).await;
    until("the order of the matter is due, and held", async || due(&service).await["held"] == 1)
        .await;
    let before = due(&service).await["due"].as_u64().unwrap();
    let path = |what: &str| format!("/api/v1/holds/{hold}/{what}");
    assert_eq!(post(&service, &path("approve"), &officer("rita"), why()).await.status, 403);
    let approved = done(&service, &path("approve"), &officer("rob"), why()).await;
    assert_eq!(approved["status"], "approved");
    let asked = done(&service, &path("release"), &officer("rita"), why()).await;
    assert_eq!(asked["status"], "release_asked");
    assert_eq!(post(&service, &path("release"), &officer("rita"), why()).await.status, 403);
    assert_eq!(due(&service).await["held"], 1, "it holds until it is released");
    let released = done(&service, &path("release"), &officer("rob"), why()).await;
    assert_eq!(released["status"], "released");
    assert_eq!(post(&service, &path("release"), &officer("rob"), why()).await.status, 409);
    let after = due(&service).await;
    assert_eq!(after["held"], 0);
    assert!(after["due"].as_u64().unwrap() > before, "{after}");
}

#[tokio::test]
async fn a_hold_is_not_answered_while_something_is_being_removed() {
    let service = Service::start().await;
    service.api.credentials.view().until_current().await;
    let view = service.api.credentials.view().clone();
    let removing = view.removing().await;
    let placed = async {
        let id = hold(&service, "actor:ann").await;
        assert!(view.removing().now_or_never().is_some(), "it is in force, and removing goes on");
        id
    };
    let freed = async {
        until("the hold waits", async || view.removing().now_or_never().is_none()).await;
        let shown = service.get("/api/v1/holds", &officer("rita")).await.json();
        assert_eq!(shown["holds"], json!([]));
        drop(removing);
    };
    let (id, ()) = tokio::join!(placed, freed);
    let shown = service.get(&format!("/api/v1/holds/{id}"), &officer("rita")).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
}

#[tokio::test]
async fn another_tenant_sees_and_releases_no_hold() {
    let service = Service::start().await;
    let hold = hold(&service, "").await;
    let stranger = token("eve", "globex", "admin");
    assert_eq!(service.get("/api/v1/holds", &stranger).await.json()["holds"], json!([]));
    for what in ["", "/approve", "/release"] {
        let path = format!("/api/v1/holds/{hold}{what}");
        let answer = match what {
            "" => service.get(&path, &stranger).await,
            _ => post(&service, &path, &stranger, why()).await,
        };
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
}

/// The certificate that an event holds, opened with the log's key.
async fn certificate(service: &Service, event: &str, token: &str) -> Certificate {
    let path = format!("/api/v1/certificates/{event}");
    let note = service.get(&path, token).await;
    assert_eq!(note.status, 200, "{}", note.text);
    let signer = LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap();
    Certificate::open(note.text.as_bytes(), signer.certificate_key()).unwrap()
}

#[tokio::test]
async fn the_job_removes_by_itself_and_leaves_a_signed_certificate() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    days_pass(&service, 8 * 366).await;
    until("the order was removed", async || {
        let path = "/api/v1/logs/cleanup?dry_run=false";
        let delete = request(Method::DELETE, path, Some(&officer("rita")), Body::empty());
        service.call(delete).await.json()["removed"] == 1
    })
    .await;
    let found = service.get("/api/v1/logs?q=type:annals.retention.completed", &auditor()).await;
    let completed = found.json()["events"][0].clone();
    let opened = certificate(&service, completed["id"].as_str().unwrap(), &officer("rita")).await;
    assert_eq!(opened.kind, "deletion");
    let statement: Value = serde_json::from_str(&opened.statement).unwrap();
    assert_eq!((&statement["removed"], &statement["tenant"]), (&json!(1), &json!("acme")));
    assert_eq!(statement["run"], completed["metadata"]["about"]);
    let stranger = token("eve", "globex", "admin");
    let path = format!("/api/v1/certificates/{}", completed["id"].as_str().unwrap());
    assert_eq!(service.get(&path, &stranger).await.status, 404);
}

#[tokio::test]
async fn a_clock_is_confirmed_only_with_the_time_it_tells() {
    let service = Service::start().await;
    let ahead = service.api.clock.now() + SignedDuration::from_hours(24 * 3650);
    service.put_wall_clock(ahead);
    let shown = service.get("/api/v1/retention", &officer("rita")).await.json();
    assert!(shown["behind_seconds"].as_i64().unwrap() > 3600 * 24 * 3000, "{shown}");
    let path = "/api/v1/retention/clock";
    let real = json!({ "now": Timestamp::now(), "reason": "by my watch" });
    let refused = post(&service, path, &officer("rita"), real).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    let none = json!({ "reason": "by my watch" });
    assert_eq!(post(&service, path, &officer("rita"), none).await.status, 400, "it is not assumed");
    let same = json!({ "now": service.api.lifecycle.wall.now(), "reason": "by my watch" });
    let batch = json!({ "name": "Batch", "roles": ["records_officer"] });
    let made = done(&service, "/api/v1/api-keys", &token("root", "acme", "admin"), batch).await;
    let by_key = post(&service, path, made["secret"].as_str().unwrap(), same.clone()).await;
    assert_eq!(by_key.status, 403, "{}", by_key.text);
    done(&service, path, &officer("rita"), same).await;
    let shown = service.get("/api/v1/retention", &officer("rita")).await.json();
    assert!(shown["behind_seconds"].as_i64().unwrap() < 60, "{shown}");
}

#[tokio::test]
async fn a_clock_that_jumped_ahead_and_was_put_right_has_nothing_go() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let (right, wrong) = (Timestamp::now(), Timestamp::now() + SignedDuration::from_hours(87_600));
    service.put_wall_clock(wrong);
    // The clock of events goes on telling that, for times in the log do not fall.
    service.put_wall_clock(right);
    // It counts whole milliseconds.
    assert!(service.api.clock.now() > wrong - SignedDuration::from_secs(1));
    let path = "/api/v1/retention/clock";
    let by_jump = json!({ "now": service.api.clock.now(), "reason": "by the log" });
    let refused = post(&service, path, &officer("rita"), by_jump).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    done(&service, path, &officer("rita"), json!({ "now": right, "reason": "by my watch" })).await;
    let shown = service.get("/api/v1/retention", &officer("rita")).await.json();
    let now: Timestamp = shown["now"].as_str().unwrap().parse().unwrap();
    assert!(now < right + SignedDuration::from_mins(10), "{shown}");
    // Also what was vouched for while it was wrong expires nothing that the wall clock does not.
    service.api.lifecycle.time.confirm(wrong).await.unwrap();
    assert_eq!(due(&service).await["due"], 0);
}

async fn asked(service: &Service, person: &str) -> String {
    let wanted = json!({ "person": person, "reason": "asked for by letter" });
    let asked = done(service, "/api/v1/erasures", &privacy("paula"), wanted).await;
    assert_eq!((&asked["status"], &asked["person"]), (&json!("requested"), &json!(person)));
    asked["id"].as_str().unwrap().to_owned()
}

async fn stands(service: &Service, id: &str) -> Value {
    service.get(&format!("/api/v1/erasures/{id}"), &privacy("paula")).await.json()
}

#[tokio::test]
async fn an_erased_person_is_found_and_read_nowhere_and_others_are() {
    let service = Service::start().await;
    let (gone, kept) = (
        event(&service, "order.placed", "ann").await,
        event(&service, "order.placed", "ben").await,
    );
    let id = asked(&service, "ann").await;
    let approve = format!("/api/v1/erasures/{id}/approve");
    let alone = post(&service, &approve, &privacy("paula"), why()).await;
    assert_eq!(alone.status, 403, "{}", alone.text);
    assert_eq!(post(&service, &approve, &privacy("peter"), why()).await.status, 202);
    until("it was carried out", async || stands(&service, &id).await["status"] == "completed")
        .await;
    let completed = stands(&service, &id).await;
    assert_eq!(completed.get("person"), None, "nothing tells who it was: {completed}");
    let all = service.get("/api/v1/logs?q=secret&limit=100", &auditor()).await;
    assert!(
        all.text.contains("secret of ben") && !all.text.contains("secret of ann"),
        "{}",
        all.text
    );
    let one = service.get(&format!("/api/v1/logs/{gone}"), &auditor()).await;
    assert_eq!(one.status, 200, "the event is there");
    assert!(!one.text.contains("ann"), "{}", one.text);
    assert!(service.get(&format!("/api/v1/logs/{kept}"), &auditor()).await.text.contains("ben"));
    let event = completed["certificate"].as_str().unwrap();
    let opened = certificate(&service, event, &privacy("paula")).await;
    assert_eq!(opened.kind, "erasure");
    let statement: Value = serde_json::from_str(&opened.statement).unwrap();
    assert_eq!(statement["person"], completed["pseudonym"]);
    assert_eq!(statement["key_check"].as_str().unwrap().len(), 32);
    assert!(!opened.statement.contains("ann"), "{}", opened.statement);
    let method = statement["method"].as_str().unwrap();
    assert!(method.contains("nothing is said here of what other nodes derived"), "{method}");
}

#[tokio::test]
async fn no_erasure_under_a_hold_and_none_of_what_the_law_has_kept() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    event(&service, "invoice.sent", "ben").await;
    hold(&service, "actor:ann").await;
    let law = json!({
        "rules": [{ "type": "invoice.*", "keep": "P10Y", "legal_basis": "HGB 257" }],
        "reason": "schedule of 2026",
    });
    done(&service, "/api/v1/retention/proposals", &officer("rita"), law).await;
    for (person, why_not) in [("ann", "1 legal holds cover"), ("ben", "by law (HGB 257)")] {
        let id = asked(&service, person).await;
        let path = format!("/api/v1/erasures/{id}/approve");
        let refused = post(&service, &path, &privacy("peter"), why()).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains(why_not), "{}", refused.text);
        assert_eq!(stands(&service, &id).await["status"], "refused");
    }
    let found = service.get("/api/v1/logs?q=secret", &auditor()).await;
    assert!(found.text.contains("secret of ann") && found.text.contains("secret of ben"));
}

#[tokio::test]
async fn a_request_is_made_once_and_can_be_taken_back() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let id = asked(&service, "ann").await;
    let twice = json!({ "person": "ann", "reason": "asked for again" });
    let refused = post(&service, "/api/v1/erasures", &privacy("peter"), twice).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let path = |what: &str| format!("/api/v1/erasures/{id}/{what}");
    let back = done(&service, &path("reject"), &privacy("paula"), why()).await;
    assert_eq!(back["status"], "refused");
    assert_eq!(post(&service, &path("approve"), &privacy("peter"), why()).await.status, 409);
    asked(&service, "ann").await;
}

#[tokio::test]
async fn a_person_is_given_all_that_is_theirs_and_nothing_of_others() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    event(&service, "order.placed", "ben").await;
    let by_staff = json!({
        "type": "order.viewed",
        "actor": { "id": "staff", "name": "Name of staff" },
        "subject": { "id": "ann" },
        "description": "secret of ann, seen by staff",
    });
    let wrong = service.record(by_staff).await;
    let wanted = json!({ "person": "ann", "reason": "asked for by letter" });
    let job = done(&service, "/api/v1/access-requests", &privacy("paula"), wanted).await;
    let path = format!("/api/v1/exports/{}", job["id"].as_str().unwrap());
    until("the copy is written", async || {
        service.get(&path, &privacy("paula")).await.json()["status"] == "done"
    })
    .await;
    let copy = service.get(&format!("{path}/file"), &privacy("paula")).await;
    assert_eq!(copy.status, 200, "{}", copy.text);
    assert!(copy.text.contains("secret of ann, seen by staff"), "{}", copy.text);
    for word in ["ben", "Name of staff", "\"staff\""] {
        assert!(!copy.text.contains(word), "{word}: {}", copy.text);
    }
    assert_eq!(service.get(&path, &privacy("peter")).await.status, 404, "it is paula's to give");
    let right = json!({
        "person": "ann", "event": wrong, "reason": "asked for by letter",
        "statement": "it was not seen", "changes": [],
    });
    let told = done(&service, "/api/v1/rectifications", &privacy("paula"), right.clone()).await;
    assert!(told["id"].is_string());
    let mut others = right;
    others["person"] = "ben".into();
    let refused = post(&service, "/api/v1/rectifications", &privacy("paula"), others).await;
    assert_eq!(refused.status, 404, "it is not about ben: {}", refused.text);
}
