//! What people wish to be told: their own and the tenant's, the same by REST and by GraphQL.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

const OWN: &str = "/api/v1/me/notification-preferences";
const TENANT: &str = "/api/v1/notifications/preferences";

async fn put(service: &Service, path: &str, token: &str, body: Value) -> Answer {
    service.call(request(Method::PUT, path, Some(token), body.to_string().into())).await
}

#[tokio::test]
async fn a_person_says_what_they_wish_and_is_told_accordingly() {
    let service = Service::start().await;
    let ann = token("ann", "acme", "user");
    let nothing = service.get(OWN, &ann).await.json();
    assert_eq!((&nothing["preferences"], &nothing["defaults"]), (&Value::Null, &Value::Null));
    let kinds = nothing["kinds"].as_array().unwrap();
    let kind = |id: &str| kinds.iter().find(|kind| kind["id"] == id).unwrap();
    assert_eq!(kind("password-changed")["mandatory"], true);
    assert_eq!(kind("new-device")["mandatory"], false);
    assert!(!kinds.iter().any(|kind| kind["id"] == "health"), "it tells no persons");

    let rule = json!({ "name": "Tidied", "filter": "type:shelf.tidied", "audience": ["actor"],
        "channels": ["inbox"] });
    let root = token("root", "acme", "admin");
    let path = "/api/v1/notifications/rules/tidied";
    assert_eq!(put(&service, path, &root, rule).await.status, StatusCode::OK);
    let event = json!({ "type": "shelf.tidied", "actor": { "type": "user", "id": "ann" },
        "subject": { "id": "ann" } });
    let first = service.record(event.clone()).await;
    let wanted = json!({ "kinds": { "tidied": { "inbox": false } }, "language": "de",
        "quiet": { "from": "22:00", "to": "07:00", "zone": "Europe/Berlin" }, "digest_seconds": 60 });
    let set = put(&service, OWN, &ann, wanted.clone()).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    assert_eq!(set.json()["preferences"]["kinds"], wanted["kinds"]);
    service.record(event.clone()).await;
    assert_eq!(put(&service, OWN, &ann, json!({})).await.status, StatusCode::OK);
    let last = service.record(event).await;
    until("Ann is told again", async || service.inbox("ann").await.contains(&last)).await;
    assert_eq!(service.inbox("ann").await, [last, first], "what she did not want did not come");
    until("her wishes are found", async || {
        service.facts("annals.notification.preferences_set").await.len() == 2
    })
    .await;
    let fact = service.facts("annals.notification.preferences_set").await.remove(0);
    assert_eq!((&fact["actor"]["id"], &fact["subject"]["id"]), (&json!("ann"), &json!("ann")));
    let bob = token("bob", "acme", "user");
    assert_eq!(service.get(OWN, &bob).await.json()["preferences"], Value::Null);
}

#[tokio::test]
async fn what_makes_no_sense_or_must_be_told_is_refused() {
    let service = Service::start().await;
    let (ann, root) = (token("ann", "acme", "user"), token("root", "acme", "admin"));
    for wrong in [
        json!({ "kinds": { "password-changed": { "email": false } } }),
        json!({ "kinds": { "k".repeat(65): { "email": false } } }),
        json!({ "kinds": { "": { "email": false } } }),
        json!({ "kinds": { "new-device": { "pigeon": false } } }),
        json!({ "language": "Deutsch, bitte" }),
        json!({ "quiet": { "from": "22:00", "to": "07:00", "zone": "Mars/Olympus" } }),
        json!({ "digest_seconds": 1 }),
        json!({ "colour": "red" }),
    ] {
        for (path, token) in [(OWN, &ann), (TENANT, &root)] {
            let refused = put(&service, path, token, wrong.clone()).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}: {}", refused.text);
        }
    }
    let kept = json!({ "kinds": { "k".repeat(64): { "email": false } } });
    assert_eq!(put(&service, OWN, &ann, kept).await.status, StatusCode::OK, "up to the limit");
    let allowed = json!({ "kinds": { "password-changed": { "email": true } } });
    assert_eq!(put(&service, OWN, &ann, allowed).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_holds_for_the_tenant_holds_for_who_said_nothing() {
    let service = Service::start().await;
    let (ann, root) = (token("ann", "acme", "user"), token("root", "acme", "admin"));
    let wanted = json!({ "language": "de" });
    assert_eq!(put(&service, TENANT, &ann, wanted.clone()).await.status, StatusCode::FORBIDDEN);
    let set = put(&service, TENANT, &root, wanted).await;
    assert_eq!(
        (set.status, &set.json()["preferences"]["language"]),
        (StatusCode::OK, &json!("de"))
    );
    let own = service.get(OWN, &ann).await.json();
    assert_eq!((&own["preferences"], &own["defaults"]["language"]), (&Value::Null, &json!("de")));
    let foreign = service.get(OWN, &token("ann", "globex", "user")).await.json();
    assert_eq!(foreign["defaults"], Value::Null);
}

#[tokio::test]
async fn a_key_is_no_person() {
    let service = Service::start().await;
    let root = token("root", "acme", "admin");
    let body = json!({ "name": "ci", "roles": ["user"] }).to_string();
    let made = service.post("/api/v1/api-keys", &root, body).await.json();
    let key = made["secret"].as_str().unwrap();
    for path in [OWN, "/api/v1/me/addresses"] {
        assert_eq!(service.get(path, key).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn graphql_does_the_same() {
    let service = Service::start().await;
    let (ann, root) = (token("ann", "acme", "user"), token("root", "acme", "admin"));
    let shown =
        "preferences { choices { kind channel comes } language quiet { from zone } digestSeconds }";
    let set = format!(
        "mutation Set($input: NotificationPreferencesInput!) {{ setNotificationPreferences(input: $input) {{
        preferences {{ {shown} }} userErrors {{ field code }} }} }}"
    );
    let input = json!({ "choices": [{ "kind": "new-device", "channel": "EMAIL", "comes": false }],
        "quiet": { "from": "22:00", "to": "07:00", "zone": "UTC" }, "language": "de" });
    let answer = service.ask(&ann, &set, json!({ "input": input })).await;
    let own = &answer["data"]["setNotificationPreferences"]["preferences"]["preferences"];
    assert_eq!(own["choices"], input["choices"], "{answer}");
    assert_eq!(own["quiet"]["zone"], "UTC");
    assert_eq!(service.get(OWN, &ann).await.json()["preferences"]["quiet"]["from"], "22:00:00");
    let input = json!({ "quiet": { "from": "late", "to": "07:00", "zone": "UTC" } });
    let answer = service.ask(&ann, &set, json!({ "input": input })).await;
    let error = &answer["data"]["setNotificationPreferences"]["userErrors"][0];
    assert_eq!(error["field"], json!(["input", "quiet.from"]), "{answer}");
    let set = "mutation { setTenantNotificationPreferences(input: { language: \"en-GB\" }) {
        preferences { preferences { language } } userErrors { code } } }";
    let answer = service.ask(&root, set, json!({})).await;
    let set = &answer["data"]["setTenantNotificationPreferences"]["preferences"];
    assert_eq!(set["preferences"]["language"], "en-GB", "{answer}");
    let read =
        "{ notificationPreferences { defaults { language } kinds { id isMandatory channels } } }";
    let answer = service.ask(&ann, read, json!({})).await;
    assert_eq!(answer["data"]["notificationPreferences"]["defaults"]["language"], "en-GB");
}
