//! The mail addresses of people: added, verified with the code that only mail tells, and taken away.

use annals_domain::notification::{ADDRESS_BYTES_MAX, ADDRESSES_MAX};
use annals_domain::{EventId, TenantId};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

const ADDRESSES: &str = "/api/v1/me/addresses";

/// Wrong codes that are looked at, and addresses that a person may add in a day.
const TRIES_MAX: usize = 5;
const ADDED_A_DAY_MAX: usize = 20;

fn ann() -> String {
    token("ann", "acme", "user")
}

async fn add(service: &Service, address: &str) -> Answer {
    service.post(ADDRESSES, &ann(), json!({ "address": address }).to_string()).await
}

async fn added(service: &Service, address: &str) -> String {
    let answer = add(service, address).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let address = answer.json();
    assert_eq!((&address["verified"], &address["verified_at"]), (&json!(false), &Value::Null));
    address["id"].as_str().unwrap().to_owned()
}

async fn verify(service: &Service, token: &str, id: &str, code: &str) -> Answer {
    let path = format!("{ADDRESSES}/{id}/verify");
    service.post(&path, token, json!({ "code": code }).to_string()).await
}

async fn remove(service: &Service, token: &str, id: &str) -> Answer {
    let path = format!("{ADDRESSES}/{id}");
    service.call(request(Method::DELETE, &path, Some(token), "".into())).await
}

/// The code as mail tells it.
fn code(service: &Service, id: &str, address: &str) -> String {
    let tenant = TenantId::new("acme").unwrap();
    service.api.notifying.links.code(&tenant, "ann", EventId(id.parse().unwrap()), address)
}

#[tokio::test]
async fn an_address_is_verified_with_its_code_and_taken_away() {
    let service = Service::start().await;
    let id = added(&service, " Ann@Example.org ").await;
    let code = code(&service, &id, "Ann@Example.org");
    let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
    let verified = verify(&service, &ann(), &id, &typed).await;
    assert_eq!(verified.status, StatusCode::OK, "{}", verified.text);
    assert_eq!(verified.json()["verified"], true);
    assert_eq!(verify(&service, &ann(), &id, "whatever").await.status, 200, "it is theirs already");
    let list = service.get(ADDRESSES, &ann()).await.json();
    assert_eq!(list["addresses"][0]["address"], "Ann@Example.org");
    until("all of it is found", async || {
        service.facts("annals.notification.address_verified").await.len() == 1
    })
    .await;
    let fact = service.facts("annals.notification.address_added").await.remove(0);
    assert_eq!((&fact["id"], &fact["metadata"]["address_id"]), (&json!(id), &json!(id)));
    let text = fact.to_string();
    assert!(!text.contains(&code) && !text.contains(&code.replace('-', "")), "{text}");
    assert_eq!(remove(&service, &ann(), &id).await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove(&service, &ann(), &id).await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.get(ADDRESSES, &ann()).await.json()["addresses"], json!([]));
}

#[tokio::test]
async fn wrong_codes_are_looked_at_a_few_times_and_then_the_right_one_is_no_good_either() {
    let service = Service::start().await;
    let id = added(&service, "ann@example.org").await;
    let right = code(&service, &id, "ann@example.org");
    for number in 0..TRIES_MAX {
        let refused = verify(&service, &ann(), &id, &format!("AAAA-AAA{number}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    }
    assert_eq!(verify(&service, &ann(), &id, &right).await.status, StatusCode::CONFLICT);
    assert_eq!(remove(&service, &ann(), &id).await.status, StatusCode::NO_CONTENT);
    let anew = added(&service, "ann@example.org").await;
    let fresh = code(&service, &anew, "ann@example.org");
    assert_ne!(fresh, right);
    for number in 1..TRIES_MAX {
        verify(&service, &ann(), &anew, &format!("AAAA-AAA{number}")).await;
    }
    assert_eq!(verify(&service, &ann(), &anew, &fresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_sees_verifies_or_removes_the_address_of_another() {
    let service = Service::start().await;
    let id = added(&service, "ann@example.org").await;
    let code = code(&service, &id, "ann@example.org");
    for other in [token("bob", "acme", "admin"), token("ann", "globex", "user")] {
        assert_eq!(service.get(ADDRESSES, &other).await.json()["addresses"], json!([]));
        assert_eq!(verify(&service, &other, &id, &code).await.status, StatusCode::NOT_FOUND);
        assert_eq!(remove(&service, &other, &id).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(verify(&service, &ann(), "nonsense", &code).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_person_has_so_many_addresses_and_adds_so_many_in_a_day() {
    let service = Service::start().await;
    let long = |bytes: usize| format!("{}@example.org", "a".repeat(bytes - "@example.org".len()));
    for wrong in ["", "ann", "a b@example.org", "a@b\r\nBcc: c@d", &long(ADDRESS_BYTES_MAX + 1)] {
        assert_eq!(add(&service, wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let mut ids = vec![added(&service, &long(ADDRESS_BYTES_MAX)).await];
    for number in 1..ADDRESSES_MAX {
        ids.push(added(&service, &format!("ann{number}@example.org")).await);
    }
    assert_eq!(add(&service, "one@example.org").await.status, StatusCode::CONFLICT);
    for id in &ids[1..] {
        assert_eq!(remove(&service, &ann(), id).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(add(&service, &long(ADDRESS_BYTES_MAX)).await.status, StatusCode::CONFLICT, "held");
    for number in ADDRESSES_MAX..ADDED_A_DAY_MAX {
        let id = added(&service, &format!("ann{number}@example.org")).await;
        assert_eq!(remove(&service, &ann(), &id).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(add(&service, "more@example.org").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn graphql_does_the_same() {
    let service = Service::start().await;
    let add = "mutation { addNotificationAddress(input: { address: \"ann@example.org\" }) {
        address { id address verifiedAt } userErrors { field code } } }";
    let answer = service.ask(&ann(), add, json!({})).await;
    let address = &answer["data"]["addNotificationAddress"]["address"];
    let id = address["id"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let again = service.ask(&ann(), add, json!({})).await;
    let error = &again["data"]["addNotificationAddress"]["userErrors"][0];
    assert_eq!(error, &json!({ "field": ["input", "address"], "code": "CONFLICT" }));
    let verify = "mutation Verify($input: VerifyNotificationAddressInput!) {
        verifyNotificationAddress(input: $input) { address { verifiedAt } userErrors { field } } }";
    let wrong = json!({ "input": { "id": id, "code": "no" } });
    let answer = service.ask(&ann(), verify, wrong).await;
    let error = &answer["data"]["verifyNotificationAddress"]["userErrors"][0];
    assert_eq!(error["field"], json!(["input", "code"]), "{answer}");
    let right = json!({ "input": { "id": id, "code": code(&service, id, "ann@example.org") } });
    let answer = service.ask(&ann(), verify, right).await;
    let verified = &answer["data"]["verifyNotificationAddress"]["address"]["verifiedAt"];
    assert!(verified.is_string(), "{answer}");
    let remove = "mutation Remove($id: ID!) { removeNotificationAddress(input: { id: $id }) {
        removedId } }";
    let answer = service.ask(&ann(), remove, json!({ "id": id })).await;
    assert_eq!(answer["data"]["removeNotificationAddress"]["removedId"], id, "{answer}");
    let answer = service.ask(&ann(), "{ notificationAddresses { id } }", json!({})).await;
    assert_eq!(answer["data"]["notificationAddresses"], json!([]));
}
