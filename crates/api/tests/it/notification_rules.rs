//! Notification rules: who may see and change them, what can be one, and that a change is in effect, the
//! same by REST and by GraphQL.

use annals_domain::notification::RULES_MAX;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token, until};

const RULES: &str = "/api/v1/notifications/rules";

fn root() -> String {
    token("root", "acme", "admin")
}

async fn put(service: &Service, id: &str, body: &Value) -> Answer {
    having_seen(service, Method::PUT, id, body, Some("*")).await
}

async fn having_seen(
    service: &Service,
    method: Method,
    id: &str,
    body: &Value,
    seen: Option<&str>,
) -> Answer {
    let path = format!("{RULES}/{id}");
    let mut request = request(method, &path, Some(&root()), body.to_string().into());
    if let Some(seen) = seen {
        request.headers_mut().insert(header::IF_MATCH, seen.parse().unwrap());
    }
    service.call(request).await
}

async fn remove(service: &Service, id: &str) -> Answer {
    let path = format!("{RULES}/{id}");
    service.call(request(Method::DELETE, &path, Some(&root()), "".into())).await
}

/// Tells Bob what nobody is told of otherwise.
fn for_bob() -> Value {
    json!({ "name": "For Bob", "filter": "type:shelf.tidied", "audience": ["person:bob"],
        "channels": ["inbox"] })
}

async fn tidied(service: &Service) -> String {
    let event = json!({ "type": "shelf.tidied", "actor": { "type": "user", "id": "ann" },
        "subject": { "id": "ann" } });
    service.record(event).await
}

async fn rule(service: &Service, id: &str) -> Value {
    let answer = service.get(RULES, &root()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let rules = answer.json()["rules"].take();
    rules.as_array().unwrap().iter().find(|rule| rule["id"] == id).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_rule_tells_from_when_it_was_set_until_it_is_taken_away() {
    let service = Service::start().await;
    let before = tidied(&service).await;
    let set = put(&service, "for-bob", &for_bob()).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    let set = set.json();
    assert_eq!((&set["shipped"], &set["in_effect"]), (&json!(false), &json!(true)));
    assert_eq!((&set["template"], &set["severity"]), (&json!("event"), &json!("info")));
    let during = tidied(&service).await;
    until("Bob is told", async || service.inbox("bob").await == [during.clone()]).await;
    assert_eq!(remove(&service, "for-bob").await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove(&service, "for-bob").await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.get(&format!("{RULES}/for-bob"), &root()).await.status, 404);
    tidied(&service).await;
    // What comes later in the log is told later: when this has arrived, all before it was looked at.
    assert_eq!(put(&service, "for-bob", &for_bob()).await.status, StatusCode::OK);
    let last = tidied(&service).await;
    until("Bob is told again", async || service.inbox("bob").await.contains(&last)).await;
    assert_eq!(service.inbox("bob").await, [last, during]);
    assert!(!service.inbox("bob").await.contains(&before));
    until("the changes are found", async || {
        service.facts("annals.notification.rule_set").await.len() == 2
            && service.facts("annals.notification.rule_removed").await.len() == 1
    })
    .await;
    let fact = service.facts("annals.notification.rule_set").await.remove(0);
    assert_eq!(
        (&fact["actor"]["id"], &fact["metadata"]["rule"]["id"]),
        (&json!("root"), &json!("for-bob"))
    );
}

#[tokio::test]
async fn a_shipped_rule_is_replaced_and_comes_back_but_one_that_must_tell_is_not_made_less() {
    let service = Service::start().await;
    assert_eq!(rule(&service, "new-device").await["shipped"], true);
    let off = json!({ "name": "None", "filter": "type:user.device.added", "audience": ["subject"],
        "channels": ["inbox"], "enabled": false });
    assert_eq!(put(&service, "new-device", &off).await.status, StatusCode::OK);
    let replaced = rule(&service, "new-device").await;
    assert_eq!(
        (&replaced["replaces_shipped"], &replaced["in_effect"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(remove(&service, "new-device").await.status, StatusCode::NO_CONTENT);
    assert_eq!(rule(&service, "new-device").await["shipped"], true);
    assert_eq!(remove(&service, "new-device").await.status, StatusCode::CONFLICT);

    let shipped = rule(&service, "password-changed").await;
    let mut more = json!({});
    for part in ["name", "filter", "audience", "channels", "template", "mandatory"] {
        more[part] = shipped[part].clone();
    }
    for (part, less) in [
        ("enabled", json!(false)),
        ("mandatory", json!(false)),
        ("channels", json!(["inbox"])),
        ("filter", json!("type:user.password.changed")),
        ("severity", json!("critical")),
        ("digest", json!({ "every_seconds": 3600 })),
    ] {
        let mut wanted = more.clone();
        wanted[part] = less;
        let refused = put(&service, "password-changed", &wanted).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{part}: {}", refused.text);
    }
    more["audience"] = json!(["subject", "role:security"]);
    let mut unread = more.clone();
    unread["audience"] = json!(["subject", "role:nobody"]);
    assert_eq!(put(&service, "password-changed", &unread).await.status, StatusCode::BAD_REQUEST);
    let set = put(&service, "password-changed", &more).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    let event = json!({ "type": "user.password.changed", "actor": { "type": "user", "id": "ann" },
        "subject": { "id": "ann" } });
    let id = service.record(event).await;
    until("security is told as well", async || {
        service.inbox("role:security").await == [id.clone()]
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let service = Service::start().await;
    for (id, part, value) in [
        ("Not-Kebab", "name", json!("x")),
        ("one", "id", json!("another")),
        ("one", "filter", json!("type:")),
        ("one", "filter", json!("")),
        ("one", "audience", json!([])),
        ("one", "audience", json!(["everybody"])),
        ("one", "channels", json!(["pigeon"])),
        ("one", "channels", json!(["webhook"])),
        ("one", "throttle", json!({ "messages": 0, "window_seconds": 1 })),
        ("one", "colour", json!("red")),
        ("one", "name", json!("")),
        ("one", "audience", json!(["role:made-up"])),
        ("address-verification", "name", json!("Mine")),
        ("test", "name", json!("Mine")),
    ] {
        let mut wanted = for_bob();
        wanted[part] = value;
        let refused = put(&service, id, &wanted).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{part}: {}", refused.text);
        assert_eq!(refused.code(), "BAD_USER_INPUT");
    }
    let mut mandatory = for_bob();
    mandatory["mandatory"] = json!(true);
    for (part, value) in [
        ("throttle", json!({ "messages": 1, "window_seconds": 60 })),
        ("dedupe", json!({ "window_seconds": 60 })),
    ] {
        let mut wanted = mandatory.clone();
        wanted[part] = value;
        let refused = put(&service, "one", &wanted).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{part}: {}", refused.text);
        assert!(refused.text.contains("told each time"), "{}", refused.text);
    }
    let all = service.get(RULES, &root()).await.json();
    assert!(all["rules"].as_array().unwrap().iter().all(|rule| rule["shipped"] == true));
}

#[tokio::test]
async fn a_tenant_has_so_many_rules_and_no_more_and_none_of_another() {
    let service = Service::start().await;
    for number in 0..RULES_MAX {
        let set = put(&service, &format!("r{number}"), &for_bob()).await;
        assert_eq!(set.status, StatusCode::OK, "{number}: {}", set.text);
    }
    let full = put(&service, "one-more", &for_bob()).await;
    assert_eq!(full.status, StatusCode::CONFLICT, "{}", full.text);
    assert_eq!(put(&service, "r7", &for_bob()).await.status, StatusCode::OK, "it is there already");
    let globex = token("root", "globex", "admin");
    assert_eq!(service.get(&format!("{RULES}/r7"), &globex).await.status, 404);
}

#[tokio::test]
async fn a_preview_tells_what_a_rule_would_do_and_does_nothing() {
    let service = Service::start().await;
    let id = tidied(&service).await;
    let path = format!("{RULES}/preview");
    let tried = |rule: Value, event: Value| {
        let body = json!({ "rule": rule, "event": event, "locale": "de" }).to_string();
        let (service, path) = (&service, &path);
        async move { service.post(path, &root(), body).await }
    };
    let mut wanted = for_bob();
    wanted["audience"] = json!(["person:bob", "subject", "role:security"]);
    let preview = tried(wanted.clone(), json!(id)).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
    let preview = preview.json();
    assert_eq!((&preview["matches"], &preview["reached"]), (&json!(true), &json!({ "inbox": 3 })));
    assert_eq!(preview["subject"], "event de");
    assert_eq!(preview["text"], preview["sentence"]);
    wanted["filter"] = json!("type:other.thing");
    let preview = tried(wanted.clone(), json!(id)).await.json();
    assert_eq!((&preview["matches"], &preview["reached"]), (&json!(false), &json!({})));
    let preview = tried(wanted.clone(), Value::Null).await.json();
    assert_eq!((&preview["matches"], &preview["text"]), (&Value::Null, &json!("sample")));
    let nothing = json!("00000000-0000-0000-0000-000000000000");
    assert_eq!(tried(wanted.clone(), nothing).await.status, StatusCode::NOT_FOUND);
    wanted["filter"] = json!("type:");
    assert_eq!(tried(wanted, json!(id)).await.status, StatusCode::BAD_REQUEST);
    let globex = token("root", "globex", "admin");
    let body = json!({ "rule": for_bob(), "event": id }).to_string();
    assert_eq!(service.post(&path, &globex, body).await.status, StatusCode::NOT_FOUND);
    assert!(service.inbox("bob").await.is_empty());
}

#[tokio::test]
async fn what_somebody_else_set_meanwhile_is_not_undone() {
    let service = Service::start().await;
    let set = async |seen| having_seen(&service, Method::PUT, "for-bob", &for_bob(), seen).await;
    assert_eq!(set(Some("\"nothing\"")).await.code(), "PRECONDITION_FAILED", "there is none yet");
    let made = set(None).await;
    assert_eq!(made.status, StatusCode::OK, "what is new was not seen: {}", made.text);
    let tag = made.header(header::ETAG).to_owned();
    assert_eq!(tag, format!("\"{}\"", made.json()["event"].as_str().unwrap()));
    assert_eq!(set(None).await.code(), "PRECONDITION_REQUIRED");
    let changed = set(Some(&tag)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(set(Some(&tag)).await.code(), "PRECONDITION_FAILED");
    let stale = having_seen(&service, Method::DELETE, "for-bob", &json!({}), Some(&tag)).await;
    assert_eq!(stale.code(), "PRECONDITION_FAILED");
    let remove = format!(
        "mutation {{ removeNotificationRule(input: {{ id: \"for-bob\", seenEventId: {tag} }}) {{
            removedId userErrors {{ field code }} }} }}"
    );
    let answer = service.ask(&root(), &remove, json!({})).await;
    let error = &answer["data"]["removeNotificationRule"]["userErrors"][0];
    let expected = json!({ "field": ["input", "seenEventId"], "code": "PRECONDITION_FAILED" });
    assert_eq!(error, &expected, "{answer}");
    let next = changed.header(header::ETAG);
    let gone = having_seen(&service, Method::DELETE, "for-bob", &json!({}), Some(next)).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    let shipped = service.get(&format!("{RULES}/password-changed"), &root()).await;
    assert_eq!(shipped.header(header::ETAG), "", "nobody set it");
}

#[tokio::test]
async fn graphql_does_the_same() {
    let service = Service::start().await;
    let set = "mutation Set($input: NotificationRuleInput!) { setNotificationRule(input: $input) {
        rule { id isInEffect channels audience throttle { messages } } userErrors { field message code } } }";
    let input = json!({ "id": "for-bob", "name": "For Bob", "filter": "type:shelf.tidied",
        "audience": ["person:bob"], "channels": ["INBOX"],
        "throttle": { "messages": 3, "windowSeconds": 60 } });
    let answer = service.ask(&root(), set, json!({ "input": input })).await;
    let rule = &answer["data"]["setNotificationRule"]["rule"];
    assert_eq!(rule["channels"], json!(["INBOX"]), "{answer}");
    assert_eq!((&rule["isInEffect"], &rule["throttle"]["messages"]), (&json!(true), &json!(3)));
    let mut wrong = input.clone();
    wrong["audience"] = json!(["everybody"]);
    let answer = service.ask(&root(), set, json!({ "input": wrong })).await;
    let error = &answer["data"]["setNotificationRule"]["userErrors"][0];
    assert_eq!(error["field"], json!(["input", "audience"]), "{answer}");
    let id = tidied(&service).await;
    let preview = "query Preview($input: PreviewNotificationRuleInput!) {
        previewNotificationRule(input: $input) { matches reached { channel count } subject } }";
    let tried = json!({ "input": { "rule": input, "eventId": id } });
    let answer = service.ask(&root(), preview, tried).await;
    let told = &answer["data"]["previewNotificationRule"];
    assert_eq!(told["reached"], json!([{ "channel": "INBOX", "count": 1 }]), "{answer}");
    let list = "{ notificationRules { id isShipped } }";
    let answer = service.ask(&root(), list, json!({})).await;
    let rules = answer["data"]["notificationRules"].as_array().unwrap();
    assert!(rules.contains(&json!({ "id": "for-bob", "isShipped": false })));
    let remove = "mutation { removeNotificationRule(input: { id: \"for-bob\" }) {
        removedId userErrors { code } } }";
    let answer = service.ask(&root(), remove, json!({})).await;
    assert_eq!(answer["data"]["removeNotificationRule"]["removedId"], "for-bob", "{answer}");
    let answer = service.ask(&root(), remove, json!({})).await;
    assert_eq!(answer["data"]["removeNotificationRule"]["userErrors"][0]["code"], "NOT_FOUND");
}
