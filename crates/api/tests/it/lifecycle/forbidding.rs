//! What forbids an erasure: holds that come when it has begun, laws about what is old, and how both are told.

use std::sync::Arc;

use annals_domain::access::state::{ERASURE_APPROVED, ERASURE_REQUESTED, ERASURE_STARTED};
use annals_domain::event::{Actor, ActorType, Event, JsonObject};
use annals_domain::time::DateTime;
use annals_domain::{EventId, TenantId};
use annals_engine::{Admitted, Sweep};
use async_trait::async_trait;
use tokio::sync::{Semaphore, watch};

use super::*;

/// A fact that Annals told earlier, before the test began.
async fn told(service: &Service, event_type: &str, by: &str, metadata: Value) -> EventId {
    let api = &service.api;
    let (id, now) = (EventId(uuid::Uuid::now_v7()), DateTime::utc(api.clock.now()));
    let tenant = TenantId::new("acme").unwrap();
    let metadata = JsonObject::from_iter(metadata.as_object().unwrap().clone());
    let event = Event::of_annals(&api.catalogue, event_type, tenant, id, now);
    let actor = Actor { id: Some(by.into()), ..Actor::annals() };
    let event = Event { actor, metadata, ..event };
    let digest = annals_record::content_digest(&serde_json::to_vec(&event).unwrap());
    let receipt = api.recorder.record_own(event, digest).await.unwrap().into_inner();
    assert!(api.credentials.view().wait_for(receipt.position, crate::support::PATIENCE).await);
    id
}

/// Erases somebody, which has the job look at all that was agreed on.
async fn erase_another(service: &Service, person: &str) {
    event(service, "order.placed", person).await;
    let id = asked(service, person).await;
    let approve = format!("/api/v1/erasures/{id}/approve");
    assert_eq!(post(service, &approve, &privacy("peter"), why()).await.status, 202);
    until("it was carried out", async || stands(service, &id).await["status"] == "completed").await;
}

async fn refusals(service: &Service) -> usize {
    let found = service.get("/api/v1/logs?q=type:annals.erasure.refused", &auditor()).await.json();
    found["events"].as_array().unwrap().len()
}

#[tokio::test]
async fn an_erasure_that_has_begun_waits_for_the_release_of_a_hold_and_claims_nothing() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let id = asked(&service, "ann").await;
    let held = hold(&service, "actor:ann").await;
    told(&service, ERASURE_APPROVED, "peter", json!({ "about": id })).await;
    let tenant = TenantId::new("acme").unwrap();
    let named = service.api.eraser.name(&tenant, &["ann".into()]).await.unwrap().remove(0);
    let began = json!({ "about": id, "person": named.pseudonym, "key_check": named.key_check });
    told(&service, ERASURE_STARTED, "annals", began).await;
    erase_another(&service, "ben").await;
    let waiting = stands(&service, &id).await;
    assert_eq!(waiting["status"], "approved", "{waiting}");
    assert_eq!(refusals(&service).await, 0);
    let found = service.get("/api/v1/logs?q=secret", &auditor()).await;
    assert!(found.text.contains("secret of ann"), "{}", found.text);
    for officer in [officer("rita"), officer("rob")] {
        done(&service, &format!("/api/v1/holds/{held}/release"), &officer, why()).await;
    }
    service.api.lifecycle.work.notify_one();
    until("it is finished", async || stands(&service, &id).await["status"] == "completed").await;
    let found = service.get("/api/v1/logs?q=secret", &auditor()).await;
    assert!(!found.text.contains("secret of ann"), "{}", found.text);
}

#[tokio::test]
async fn an_erasure_of_which_nobody_knows_who_it_was_is_finished_and_claims_no_more_than_was_done()
{
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    // Without a subject, as it is read when the key has gone.
    let id = told(&service, ERASURE_REQUESTED, "paula", json!({})).await.to_string();
    told(&service, ERASURE_APPROVED, "peter", json!({ "about": id })).await;
    let tenant = TenantId::new("acme").unwrap();
    let named = service.api.eraser.name(&tenant, &["ann".into()]).await.unwrap().remove(0);
    let began = json!({ "about": id, "person": named.pseudonym, "key_check": named.key_check });
    told(&service, ERASURE_STARTED, "annals", began).await;
    service.api.lifecycle.work.notify_one();
    until("it is finished", async || stands(&service, &id).await["status"] == "completed").await;
    let found = service.get("/api/v1/logs?q=secret", &auditor()).await;
    assert!(!found.text.contains("secret of ann"), "{}", found.text);
    let told = stands(&service, &id).await;
    let event = told["certificate"].as_str().unwrap();
    let opened = certificate(&service, event, &privacy("paula")).await;
    let statement: Value = serde_json::from_str(&opened.statement).unwrap();
    assert_eq!(statement["person"], named.pseudonym.as_str());
    assert!(statement["events"].as_u64() >= Some(1), "{statement}");
    let method = statement["method"].as_str().unwrap();
    assert!(method.contains("were not searched"), "{method}");
}

#[tokio::test]
async fn an_approved_erasure_that_has_not_begun_is_refused_under_a_hold() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let id = asked(&service, "ann").await;
    hold(&service, "actor:ann").await;
    told(&service, ERASURE_APPROVED, "peter", json!({ "about": id })).await;
    erase_another(&service, "ben").await;
    assert_eq!(stands(&service, &id).await["status"], "refused");
    assert_eq!(refusals(&service).await, 1);
}

/// Holds up erasures at their end until they are let go.
struct Slow {
    reached: watch::Sender<bool>,
    go: Semaphore,
}

#[async_trait]
impl Sweep for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn sweep(
        &self,
        _: &TenantId,
        _: &[String],
    ) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        self.reached.send_replace(true);
        let _let_go = self.go.acquire().await?;
        Ok(0)
    }
}

/// Somebody's erasure is approved without anybody having looked.
async fn approved(service: &Service, person: &str) -> String {
    event(service, "order.placed", person).await;
    let id = asked(service, person).await;
    told(service, ERASURE_APPROVED, "peter", json!({ "about": id })).await;
    id
}

#[tokio::test]
async fn a_hold_that_comes_while_others_are_erased_is_seen_before_the_key_goes() {
    let service = Service::start().await;
    let slow = Arc::new(Slow { reached: watch::Sender::new(false), go: Semaphore::new(0) });
    service.api.eraser.add_sweep(slow.clone());
    let ann = approved(&service, "ann").await;
    let tenant = TenantId::new("acme").unwrap();
    let named = service.api.eraser.name(&tenant, &["ann".into()]).await.unwrap().remove(0);
    let began = json!({ "about": ann, "person": named.pseudonym, "key_check": named.key_check });
    told(&service, ERASURE_STARTED, "annals", began).await;
    let ben = approved(&service, "ben").await;
    service.api.lifecycle.work.notify_one();
    // Whose erasure begins comes before those that had begun: ann was cleared, and waits.
    slow.reached.subscribe().wait_for(|reached| *reached).await.unwrap();
    hold(&service, "actor:ann").await;
    slow.go.add_permits(1);
    until("ben is erased", async || {
        service.api.lifecycle.work.notify_one();
        stands(&service, &ben).await["status"] == "completed"
    })
    .await;
    let waiting = stands(&service, &ann).await;
    assert_eq!(waiting["status"], "approved", "{waiting}");
    let found = service.get("/api/v1/logs?q=secret", &auditor()).await;
    assert!(found.text.contains("secret of ann"), "{}", found.text);
}

#[tokio::test]
async fn a_law_that_comes_after_the_approval_is_looked_at_before_it_begins() {
    let service = Service::start().await;
    event(&service, "invoice.sent", "ann").await;
    let id = approved(&service, "ann").await;
    rules(&service, json!([{ "type": "invoice.*", "keep": "P10Y", "legal_basis": "HGB 257" }]))
        .await;
    service.api.lifecycle.work.notify_one();
    until("it is refused", async || stands(&service, &id).await["status"] == "refused").await;
    let told = service.get("/api/v1/logs?q=type:annals.erasure.refused", &auditor()).await;
    assert!(told.text.contains("HGB 257"), "{}", told.text);
}

#[tokio::test]
async fn the_class_by_which_a_law_has_an_event_kept_is_the_one_it_was_recorded_with() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let api = &service.api;
    let (id, now) = (EventId(uuid::Uuid::now_v7()), DateTime::utc(api.clock.now()));
    let tenant = TenantId::new("acme").unwrap();
    let sent = Event::of_annals(&api.catalogue, "invoice.sent", tenant.clone(), id, now);
    let actor = Actor { actor_type: ActorType::User, id: Some("ann".into()), ..Actor::annals() };
    let sent = Event { actor, source: "shop".into(), ..sent };
    let was = Admitted { event: sent, content_digest: [1; 32], retention: "books".into() };
    let permit = api.recorder.permits.take_bytes(1).unwrap();
    let recorded = api.recorder.record(&tenant, vec![was], permit).await.remove(0);
    recorded.unwrap();
    // The catalogue knows nothing of the type: today it would be of the standard class.
    let law = json!([{ "class": "books", "keep": "forever", "legal_basis": "HGB 257" }]);
    rules(&service, law).await;
    let told = refusal_of(&service, "ann").await;
    assert!(told.contains("1 events are to be kept by law (HGB 257)"), "{told}");
}

async fn rules(service: &Service, rules: Value) {
    let wanted = json!({ "rules": rules, "reason": "schedule of 2026" });
    done(service, "/api/v1/retention/proposals", &officer("rita"), wanted).await;
}

async fn refusal_of(service: &Service, person: &str) -> String {
    let id = asked(service, person).await;
    let path = format!("/api/v1/erasures/{id}/approve");
    let refused = post(service, &path, &privacy("peter"), why()).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(stands(service, &id).await["status"], "refused");
    refused.text
}

#[tokio::test]
async fn a_law_is_found_behind_more_events_than_are_ever_looked_at() {
    const SINCE: usize = 1001;
    let service = Service::start().await;
    event(&service, "invoice.sent", "ann").await;
    let some =
        |n: usize| json!({ "type": "page.seen", "actor": { "id": "ann" }, "metadata": { "n": n } });
    let events: Vec<Value> = (0..SINCE).map(some).collect();
    let writer = token("shop", "acme", "writer");
    let recorded = service.post("/api/v1/logs/bulk", &writer, json!(events).to_string()).await;
    assert_eq!(recorded.status, 201, "{}", recorded.text);
    let law = json!([{ "type": "invoice.*", "keep": "P10Y", "legal_basis": "HGB 257" }]);
    rules(&service, law).await;
    let told = refusal_of(&service, "ann").await;
    assert!(told.contains("1 events are to be kept by law (HGB 257)"), "{told}");
}

#[tokio::test]
async fn a_law_counts_only_where_no_rule_before_it_does_and_while_its_time_lasts() {
    let service = Service::start().await;
    event(&service, "invoice.draft", "ann").await;
    rules(
        &service,
        json!([
            { "type": "invoice.draft", "keep": "P10Y" },
            { "type": "invoice.*", "keep": "P9Y", "legal_basis": "HGB 257" },
            { "type": "order.placed", "class": "standard", "keep": "P8Y", "legal_basis": "AO 147" },
        ]),
    )
    .await;
    let id = asked(&service, "ann").await;
    let path = format!("/api/v1/erasures/{id}/approve");
    let agreed = post(&service, &path, &privacy("peter"), why()).await;
    assert_eq!(agreed.status, 202, "{}", agreed.text);
    event(&service, "invoice.sent", "ben").await;
    event(&service, "order.placed", "cat").await;
    assert!(refusal_of(&service, "ben").await.contains("HGB 257"));
    assert!(refusal_of(&service, "cat").await.contains("AO 147"));
    days_pass(&service, 8 * 366).await;
    let id = asked(&service, "cat").await;
    let path = format!("/api/v1/erasures/{id}/approve");
    assert_eq!(post(&service, &path, &privacy("peter"), why()).await.status, 202);
    assert!(refusal_of(&service, "ben").await.contains("HGB 257"));
}

#[tokio::test]
async fn reasons_that_are_too_many_are_recorded_all_the_same() {
    let service = Service::start().await;
    let law = |n: usize| {
        let legal_basis = format!("Law {n} {}", "x".repeat(180));
        json!({ "type": format!("kind{n}.*"), "keep": "P10Y", "legal_basis": legal_basis })
    };
    rules(&service, (0..10).map(law).collect()).await;
    for n in 0..10 {
        event(&service, &format!("kind{n}.sent"), "ann").await;
    }
    let told = refusal_of(&service, "ann").await;
    assert!(told.contains("Law 0 ") && told.contains("more reasons"), "{told}");
}

#[tokio::test]
async fn a_hold_whose_query_could_not_be_read_again_is_refused_where_it_is_placed() {
    let service = Service::start().await;
    let wanted = |count: usize| {
        let query = vec!["recorded_after:-P1D"; count].join(" ");
        json!({ "matter": "2026-117", "query": query, "reason": "letter of the court" })
    };
    let placed = post(&service, "/api/v1/holds", &officer("rita"), wanted(100)).await;
    assert_eq!(placed.status, 201, "{}", placed.text);
    let refused = post(&service, "/api/v1/holds", &officer("rita"), wanted(128)).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "BAD_USER_INPUT".into()));
    assert!(refused.text.contains("written out in full"), "{}", refused.text);
}
