//! Links of messages: they show pages without sign-in, do what they are for once and only by POST, and are
//! good for whom they were made alone. And the same said signed in.

use annals_api::links::{Claim, Purpose};
use annals_domain::{EventId, TenantId};
use axum::body::Body;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

fn claim(purpose: Purpose, event: &str) -> Claim {
    Claim {
        purpose,
        tenant: TenantId::new("acme").unwrap(),
        person: "ann".into(),
        event: EventId(event.parse().unwrap()),
        kind: "new-device".into(),
        ends: Timestamp::now() + SignedDuration::from_hours(1),
    }
}

fn link(service: &Service, page: &str, claim: &Claim) -> String {
    format!("{page}?t={}", service.api.notifying.links.seal(claim))
}

async fn ask(service: &Service, method: Method, link: &str) -> Answer {
    let answer = service.call(request(method, link, None, Body::empty())).await;
    if answer.status != StatusCode::TOO_MANY_REQUESTS {
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{}", answer.text);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("script-src") && !answer.text.contains("<script"));
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
    answer
}

async fn changed(service: &Service) -> String {
    let event = json!({ "type": "user.password.changed", "subject": { "id": "ann", "name": "Ann Example" },
        "actor": { "type": "user", "id": "eve", "name": "Eve Example" } });
    service.record(event).await
}

#[tokio::test]
async fn this_was_not_me_is_said_once_by_the_button_and_security_is_told() {
    let service = Service::start().await;
    let id = changed(&service).await;
    let link = link(&service, "/not-me", &claim(Purpose::WasntMe, &id));
    for _ in 0..2 {
        let page = ask(&service, Method::GET, &link).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert!(page.text.contains("Password changed") && page.text.contains("<button>"));
        assert!(!page.text.contains("Example") && !page.text.contains("ann"), "{}", page.text);
    }
    assert_eq!(ask(&service, Method::HEAD, &link).await.status, StatusCode::OK);
    let said = ask(&service, Method::POST, &link).await;
    assert_eq!(said.status, StatusCode::OK);
    assert!(said.text.contains("Thank you") && !said.text.contains("<button>"), "{}", said.text);
    until("security is told", async || service.inbox("role:security").await.len() == 1).await;
    for method in [Method::GET, Method::POST] {
        let again = ask(&service, method, &link).await;
        assert!(again.text.contains("already") && !again.text.contains("<button>"));
    }
    until("it is found", async || {
        !service.facts("annals.notification.dispute_raised").await.is_empty()
    })
    .await;
    let facts = service.facts("annals.notification.dispute_raised").await;
    assert_eq!(facts.len(), 1, "looking at the page changes nothing, and saying it again neither");
    assert_eq!(facts[0]["metadata"], json!({ "about": id, "via": "link" }));
    assert_eq!(facts[0]["subject"]["id"], "ann");
    let root = token("root", "acme", "admin");
    let list = service.get("/api/v1/notifications/disputes", &root).await.json();
    assert_eq!(
        (&list["disputes"][0]["about"], &list["disputes"][0]["person"]),
        (&json!(id), &json!("ann"))
    );
    let globex = token("root", "globex", "admin");
    let list = service.get("/api/v1/notifications/disputes", &globex).await.json();
    assert_eq!(list["disputes"], json!([]));
}

#[tokio::test]
async fn a_link_that_is_not_good_leads_nowhere_and_looks_the_same_whatever_is_wrong() {
    let service = Service::start().await;
    let id = changed(&service).await;
    let good = claim(Purpose::WasntMe, &id);
    let over = Timestamp::now() - SignedDuration::from_secs(1);
    let seal = |claim: &Claim| service.api.notifying.links.seal(claim);
    let sealed = seal(&good);
    let tokens = [
        String::new(),
        "nonsense".into(),
        format!("{sealed}A"),
        sealed[1..].to_owned(),
        "A".repeat(5000),
        seal(&Claim { ends: over, ..good.clone() }),
        seal(&Claim { purpose: Purpose::Unsubscribe, ..good.clone() }),
        seal(&Claim { person: "bob".into(), ..good.clone() }),
        seal(&Claim { tenant: TenantId::new("globex").unwrap(), ..good.clone() }),
        seal(&claim(Purpose::WasntMe, "00000000-0000-0000-0000-000000000000")),
    ];
    let mut pages = Vec::new();
    for token in tokens {
        for method in [Method::GET, Method::POST] {
            let page = ask(&service, method, &format!("/not-me?t={token}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{token}");
            pages.push(page.text);
        }
    }
    pages.dedup();
    assert_eq!(pages.len(), 1);
    let root = token("root", "acme", "admin");
    let list = service.get("/api/v1/notifications/disputes", &root).await.json();
    assert_eq!(list["disputes"], json!([]));
}

#[tokio::test]
async fn mail_of_a_kind_ends_with_one_click_unless_it_must_be_told() {
    let service = Service::start().await;
    let id = changed(&service).await;
    let wishes = async || {
        let own = "/api/v1/me/notification-preferences";
        service.get(own, &token("ann", "acme", "user")).await.json()["preferences"].take()
    };
    let mandatory = Claim { kind: "password-changed".into(), ..claim(Purpose::Unsubscribe, &id) };
    let mandatory = link(&service, "/unsubscribe", &mandatory);
    let page = ask(&service, Method::GET, &mandatory).await;
    assert!(page.text.contains("cannot be switched off") && !page.text.contains("<button>"));
    assert_eq!(ask(&service, Method::POST, &mandatory).await.status, StatusCode::CONFLICT);
    assert_eq!(wishes().await, Value::Null);

    let link = link(&service, "/unsubscribe", &claim(Purpose::Unsubscribe, &id));
    let page = ask(&service, Method::GET, &link).await;
    assert!(page.text.contains("Signed in from a new device"), "{}", page.text);
    assert_eq!(wishes().await, Value::Null, "who only looks changes nothing");
    // As mail programs send it (RFC 8058).
    let mut one_click = request(Method::POST, &link, None, "List-Unsubscribe=One-Click".into());
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    one_click.headers_mut().insert("content-type", form);
    let done = service.call(one_click).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(wishes().await["kinds"], json!({ "new-device": { "email": false } }));
    assert!(ask(&service, Method::POST, &link).await.text.contains("already"));
    let gone = Claim { kind: "never-was".into(), ..claim(Purpose::Unsubscribe, &id) };
    let gone = self::link(&service, "/unsubscribe", &gone);
    assert_eq!(ask(&service, Method::POST, &gone).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_address_is_verified_by_the_link_that_came_there() {
    let service = Service::start().await;
    let ann = token("ann", "acme", "user");
    let list = async || {
        let list = service.get("/api/v1/me/addresses", &ann).await.json();
        list["addresses"].as_array().unwrap().clone()
    };
    let body = json!({ "address": "ann@example.org" }).to_string();
    let added = service.post("/api/v1/me/addresses", &ann, body).await.json();
    let id = added["id"].as_str().unwrap();
    let sent_to = |address: &str| {
        let (claim, links) = (claim(Purpose::VerifyAddress, id), &service.api.notifying.links);
        let kind = links.code(&claim.tenant, "ann", claim.event, address);
        link(&service, "/verify-address", &Claim { kind, ..claim })
    };
    let stray = sent_to("eve@example.org");
    assert_eq!(ask(&service, Method::GET, &stray).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&service, Method::POST, &stray).await.status, StatusCode::NOT_FOUND);
    let link = sent_to("ann@example.org");
    let page = ask(&service, Method::GET, &link).await;
    assert!(page.text.contains("<button>") && !page.text.contains("example.org"), "{}", page.text);
    assert_eq!(list().await[0]["verified"], false);
    assert!(ask(&service, Method::POST, &link).await.text.contains("confirmed"));
    assert_eq!(list().await[0]["verified"], true);
    assert!(ask(&service, Method::POST, &link).await.text.contains("already"));
    let path = format!("/api/v1/me/addresses/{id}");
    service.call(request(Method::DELETE, &path, Some(&ann), Body::empty())).await;
    assert_eq!(ask(&service, Method::POST, &link).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn signed_in_a_person_disputes_what_concerns_them_and_nothing_else() {
    let service = Service::start().await;
    let id = changed(&service).await;
    let say = async |who: &str, tenant: &str, event: &str| {
        let body = json!({ "event": event }).to_string();
        service.post("/api/v1/me/disputes", &token(who, tenant, "user"), body).await
    };
    for (who, tenant) in [("bob", "acme"), ("ann", "globex")] {
        assert_eq!(say(who, tenant, &id).await.status, StatusCode::NOT_FOUND, "{who} {tenant}");
    }
    let said = say("ann", "acme", &id).await;
    assert_eq!((said.status, &said.json()["new"]), (StatusCode::CREATED, &json!(true)));
    let again = say("ann", "acme", &id).await;
    assert_eq!((again.status, &again.json()["new"]), (StatusCode::OK, &json!(false)));
    // The link says the same, and it was said.
    let link = link(&service, "/not-me", &claim(Purpose::WasntMe, &id));
    assert!(ask(&service, Method::POST, &link).await.text.contains("already"));
    let document = "mutation Say($id: ID!) { disputeNotification(input: { eventId: $id }) {
        isNew userErrors { field code } } }";
    let ann = token("ann", "acme", "user");
    let answer = service.ask(&ann, document, json!({ "id": id })).await;
    assert_eq!(answer["data"]["disputeNotification"]["isNew"], false, "{answer}");
    let another = changed(&service).await;
    let answer = service.ask(&ann, document, json!({ "id": another })).await;
    assert_eq!(answer["data"]["disputeNotification"]["isNew"], true, "{answer}");
    let answer = service.ask(&ann, document, json!({ "id": "nonsense" })).await;
    let error = &answer["data"]["disputeNotification"]["userErrors"][0];
    assert_eq!(error, &json!({ "field": ["input", "eventId"], "code": "NOT_FOUND" }));
    let list = "{ notificationDisputes { about person } }";
    let answer = service.ask(&token("root", "acme", "admin"), list, json!({})).await;
    let disputes = answer["data"]["notificationDisputes"].as_array().unwrap();
    assert_eq!(disputes.len(), 2, "{answer}");
}
