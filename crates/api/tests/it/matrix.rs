//! Every address and every field, for every role, tenant and state of a token: who is let in, and
//! that nobody learns anything of another tenant.

mod tables;

use std::collections::BTreeSet;

use annals_api::graphql::permissions::{self, Root};
use annals_api::router;
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    Answer, SECRET, Service, Socket, claims, in_seconds, request, signed, subscribe, token, until,
};
use tables::{FIELDS, REST, ROLES, Row, SAME};

/// What must never be seen outside of the tenant `acme`. It stands in every text of its events.
const CANARY: &str = "canary";

/// What links of messages lead to.
const OF_LINKS: [&str; 3] = ["/not-me", "/unsubscribe", "/verify-address"];

/// What a token is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Valid,
    OfAnotherTenant,
    Expired,
    Forged,
    Missing,
}

const STATES: [State; 5] =
    [State::Valid, State::OfAnotherTenant, State::Expired, State::Forged, State::Missing];

impl State {
    fn token(self, role: &str) -> Option<String> {
        let header = r#"{"alg":"HS256"}"#;
        match self {
            Self::Valid => Some(token("kim", "acme", role)),
            Self::OfAnotherTenant => Some(token("kim", "globex", role)),
            Self::Expired => {
                let mut claims = claims("kim", "acme", role);
                claims["exp"] = in_seconds(-3600).into();
                Some(signed(header, &claims.to_string(), SECRET))
            }
            Self::Forged => {
                let claims = claims("kim", "acme", role).to_string();
                Some(signed(header, &claims, b"another secret of thirty-two by."))
            }
            Self::Missing => None,
        }
    }

    /// Whether the caller is known by it.
    fn is_known(self) -> bool {
        matches!(self, Self::Valid | Self::OfAnotherTenant)
    }
}

/// A service with an event of `acme` in which everything is a canary; and its id.
async fn with_canaries() -> (Service, String) {
    let service = Service::start().await;
    let id = service
        .record(json!({
            "type": "user.canary.sang",
            "actor": {
                "id": "canary-person", "type": "user", "name": "Canary", "email": "canary@example.org",
                "roles": ["canary"], "alt_ids": { "canary": "canary" }
            },
            "subject": { "id": "canary-person", "name": "Canary" },
            "targets": [{ "type": "canary", "id": "canary", "name": "canary" }],
            "changes": [{ "path": "/canary", "op": "add", "after": "canary" }],
            "client": { "ip": "192.0.2.9", "user_agent": "canary/1" },
            "session": { "id": "canary" },
            "request": { "id": "canary", "correlation_id": "canary" },
            "description": "canary", "metadata": { "canary": "canary", "n": 7 },
            "labels": { "canary": "canary" }, "source": "canary"
        }))
        .await;
    let view = json!({ "name": "canary", "query": "canary", "shared": true }).to_string();
    let saved = service.post("/api/v1/views", &token("root", "acme", "admin"), view).await;
    assert_eq!(saved.status, StatusCode::CREATED, "{}", saved.text);
    let endpoint =
        json!({ "name": "canary", "kind": "slack", "url": "https://canary.example.org" });
    let path = "/api/v1/notifications/endpoints";
    let made = service.post(path, &token("root", "acme", "admin"), endpoint.to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let hold = json!({ "matter": "canary", "query": "canary", "reason": "canary" });
    let erasure = json!({ "person": "canary-person", "reason": "canary" });
    for (path, wanted) in [("/api/v1/holds", hold), ("/api/v1/erasures", erasure)] {
        let made = service.post(path, &token("root", "acme", "admin"), wanted.to_string()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }
    let refused =
        json!({ "description": "canary", "actor": { "id": "canary-person" } }).to_string();
    let answer = service.post("/api/v1/logs", &token("shop", "acme", "writer"), refused).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Answered once a checkpoint covers the event.
    let proof = format!("/api/v1/logs/{id}/proof");
    let proof = service.get(&proof, &token("root", "acme", "admin")).await;
    assert_eq!(proof.status, StatusCode::OK, "{}", proof.text);
    until("the ends of streams are committed to", async || {
        !service.get("/tlog/log.json", "").await.json()["heads"]["newest"].is_null()
    })
    .await;
    (service, id)
}

fn path_of(row: &Row, id: &str) -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let path = row.path.replace("{type}", "canary").replace("{shard}", &today.year().to_string());
    let path = path.replace("{day}", &today.to_string());
    let path = path.replace("{*path}", "0/000.p/1");
    let path = match row.path {
        "/api/v1/targets/{type}/{id}/history" => path.replace("{id}", "canary"),
        _ => path.replace("{id}", id),
    };
    path + match row.path {
        "/api/v1/logs/stats" => "?by=type,actor.id",
        "/api/v1/logs/suggest" => "?field=actor.id&prefix=can",
        "/api/v1/logs/complete" => "?q=actor.id:can",
        "/graphql" if row.verb == "GET" => "?query=%7B__typename%7D",
        _ => "",
    }
}

fn body_of(row: &Row) -> String {
    let event = json!({ "type": "a.b", "actor": { "id": "lee" } });
    match (row.verb, row.path) {
        ("POST", "/api/v1/logs") => event.to_string(),
        ("POST", "/api/v1/logs/bulk") => json!([event]).to_string(),
        ("POST", "/api/v1/exports") => json!({ "format": "ndjson" }).to_string(),
        ("POST", "/graphql") => json!({ "query": "{ __typename }" }).to_string(),
        ("PUT", "/api/v1/notifications/rules/{id}") => {
            json!({ "name": "Seen", "filter": "type:a.b", "audience": ["subject"], "channels": ["inbox"] })
                .to_string()
        }
        ("PUT", "/api/v1/views/default") => json!({ "view": null }).to_string(),
        ("POST" | "PUT", _) => "{}".into(),
        _ => String::new(),
    }
}

async fn call(service: &Service, row: &Row, id: &str, token: Option<&str>) -> Answer {
    let method = Method::from_bytes(row.verb.as_bytes()).unwrap();
    service.call(request(method, &path_of(row, id), token, Body::from(body_of(row)))).await
}

fn may(roles: &str, role: &str) -> bool {
    roles.split_whitespace().any(|allowed| allowed == role)
}

#[test]
fn the_tables_tell_of_every_address_and_field() {
    let told: BTreeSet<_> = REST.iter().map(|row| (row.verb, row.path)).collect();
    let known: BTreeSet<_> =
        router::routes().map(|route| (route.verb.as_str(), route.path)).collect();
    let differ: Vec<_> = told.symmetric_difference(&known).collect();
    assert!(differ.is_empty(), "{differ:?}");
    let told: BTreeSet<_> = FIELDS.iter().map(|(root, field, ..)| (*root, *field)).collect();
    let word = |root: Root| match root {
        Root::Query => "query",
        Root::Mutation => "mutation",
        Root::Subscription => "subscription",
    };
    let known: BTreeSet<_> =
        permissions::FIELDS.iter().map(|(root, field, _)| (word(*root), *field)).collect();
    assert_eq!(told, known);
    let shipped = annals_domain::access::AccessPolicy::shipped();
    for (name, _) in shipped.roles() {
        assert!(ROLES.contains(&name), "`{name}` is not tried");
    }
}

#[test]
fn what_rest_and_graphql_both_do_the_same_roles_may_do() {
    for (verb, path, field) in SAME {
        let row = REST.iter().find(|row| (row.verb, row.path) == (*verb, *path)).unwrap();
        let (_, _, _, roles) = FIELDS.iter().find(|(_, name, ..)| name == field).unwrap();
        assert_eq!(row.roles, *roles, "{verb} {path} and {field}");
    }
}

#[tokio::test]
async fn every_address_lets_in_whom_it_must_and_nobody_else() {
    let (service, id) = with_canaries().await;
    let mut cases = 0;
    for row in REST {
        for role in ROLES {
            for state in STATES {
                let answer = call(&service, row, &id, state.token(role).as_deref()).await;
                let status = answer.status.as_u16();
                let who =
                    format!("{} {} as {role}, {state:?}: {}", row.verb, row.path, answer.text);
                match (row.open, state.is_known(), may(row.roles, role)) {
                    // No witness cosigns in these tests.
                    (true, ..) if row.path.ends_with(".cosigned") => {
                        assert_eq!(status, 404, "{who}")
                    }
                    // Nobody shows the token of a link here.
                    (true, ..) if OF_LINKS.contains(&row.path) => assert_eq!(status, 404, "{who}"),
                    (true, ..) => assert_eq!(status, 200, "{who}"),
                    (false, false, _) => assert_eq!(status, 401, "{who}"),
                    // It knows tokens of its own only.
                    _ if row.path == "/api/v1/relay" => assert_eq!(status, 401, "{who}"),
                    (false, true, false) => assert_eq!(status, 403, "{who}"),
                    // Let in: what is missing, malformed, or beyond the stores of these tests is
                    // another matter.
                    (false, true, true) => assert!(
                        matches!(status, 200..=299 | 400 | 404 | 409 | 422 | 501),
                        "{status} {who}"
                    ),
                }
                let sees_acme = row.open || (state == State::Valid && may(row.roles, role));
                let text = answer.text.replace(&path_of(row, &id), "");
                assert!(sees_acme || !text.to_lowercase().contains(CANARY), "{who}");
                cases += 1;
            }
        }
    }
    assert!(cases >= 500, "{cases} cases");
}

/// The code of the first error of an answer; nothing when there is none.
fn code_of(errors: &Value) -> Option<&str> {
    errors[0]["extensions"]["code"].as_str()
}

#[tokio::test]
async fn every_field_answers_whom_it_must_and_nobody_else() {
    let (service, id) = with_canaries().await;
    let mut cases = 0;
    let fields = FIELDS.iter().filter(|(root, ..)| *root != "subscription");
    for (root, field, arguments, roles) in fields {
        let selection = "{ __typename }";
        let document = format!("{root} {{ {field}{arguments} {selection} }}").replace("ID", &id);
        for role in ROLES {
            for state in STATES {
                let token = state.token(role);
                let body = Body::from(json!({ "query": document }).to_string());
                let request = request(Method::POST, "/graphql", token.as_deref(), body);
                let answer = service.call(request).await;
                let errors = answer.json()["errors"].take();
                let who = format!("{field} as {role}, {state:?}: {}", answer.text);
                match (state.is_known(), may(roles, role)) {
                    (false, _) => assert_eq!(code_of(&errors), Some("UNAUTHENTICATED"), "{who}"),
                    (true, false) => assert_eq!(code_of(&errors), Some("FORBIDDEN"), "{who}"),
                    (true, true) => assert!(
                        !matches!(code_of(&errors), Some("FORBIDDEN" | "UNAUTHENTICATED")),
                        "{who}"
                    ),
                }
                cases += 1;
            }
        }
    }
    assert!(cases >= 500, "{cases} cases");
}

#[tokio::test]
async fn every_subscription_answers_whom_it_must_and_nobody_else() {
    let (service, id) = with_canaries().await;
    let listening = service.listen().await;
    let cursor = listening.service.api.cursors.position(annals_domain::Position::START);
    for (root, field, arguments, roles) in FIELDS.iter().filter(|row| row.0 == "subscription") {
        let document = format!("{root} {{ {field}{arguments} {{ __typename }} }}");
        let document = document.replace("ID", &id).replace("CURSOR", &cursor);
        for role in ROLES {
            for state in STATES {
                let who = format!("{field} as {role}, {state:?}");
                let mut socket = Socket::graphql(listening.address).await;
                socket.init(&state.token(role).unwrap_or_default()).await;
                if !state.is_known() {
                    assert_eq!(socket.closed().await, Some(4403), "{who}");
                    continue;
                }
                assert_eq!(socket.next().await.unwrap()["type"], "connection_ack", "{who}");
                socket.say(subscribe("1", &document)).await;
                if !may(roles, role) {
                    let message = socket.next().await.unwrap();
                    let errors = match message["type"].as_str() {
                        Some("next") => &message["payload"]["errors"],
                        _ => &message["payload"],
                    };
                    assert_eq!(code_of(errors), Some("FORBIDDEN"), "{who}: {message}");
                }
            }
        }
    }
}

/// Everything that can be asked for about events, with all of it shown.
const DEEP: &[&str] = &[
    "{ auditEvents(query: \"QUERY\") { edges { cursor } nodes { id sentence actor { id } } } }",
    "{ auditEventsCount(query: \"QUERY\") { value precision } }",
    "{ facets(query: \"QUERY\", fields: [\"actor.id\", \"metadata.canary\", \"labels.canary\"]) { values { value count } } }",
    "{ facets(query: \"QUERY\", fields: [\"metadata.canary\"], search: \"can\") { values { value count } } }",
    "{ comparison(query: \"QUERY\", field: \"actor.id\") { new { total values { value count } } } }",
    "{ auditEvents(query: \"QUERY\") { edges { node { id } highlights { path fragment } } } }",
    "{ savedViews { id name query owner } }",
    "{ histogram(query: \"QUERY after:-P1D\", interval: HOUR, by: \"actor.id\") { buckets { count } } }",
    "{ numbers(query: \"QUERY\", fields: [\"metadata.n\"]) { count sum } }",
    "{ suggestions(field: \"actor.id\", prefix: \"c\", query: \"QUERY\") { values } }",
    "{ suggestions(field: \"metadata.canary\", prefix: \"c\") { values } }",
    "{ completions(query: \"metadata.canary:c\") { offers { text count } } }",
    "{ targetHistory(type: \"canary\", id: \"canary\") { nodes { path } } }",
    "{ auditEvent(id: \"ID\") { id } }",
    "{ person(id: \"canary-person\") { name } }",
    "{ person(id: \"canary-person\") { id accessedBy { viewers { id } events { nodes { id } } } } }",
    "{ quarantine { edges { node { id } } } }",
    "{ exports { id } }",
    "{ notificationEndpoints { id name origin } }",
    "{ legalHolds { edges { node { id matter query placed { by } } } } }",
    "{ erasures { edges { node { id person requested { by } } } } }",
];

#[tokio::test]
async fn another_tenant_learns_nothing_whatever_it_asks_for() {
    let (service, id) = with_canaries().await;
    let (acme, globex) = (token("root", "acme", "admin"), token("root", "globex", "admin"));
    let queries =
        ["", "canary", "actor.id:canary*", "tenant:acme", "-tenant:globex", "tenant:acme OR *"];
    for document in DEEP {
        for query in queries {
            let document = document.replace("QUERY", query).replace("ID", &id);
            let answer = service.ask(&globex, &document, json!({})).await;
            assert!(answer["errors"].is_null(), "{document}: {answer}");
            let text = answer["data"].to_string();
            assert!(!text.to_lowercase().contains("canary"), "{document}: {answer}");
            assert!(!text.contains(&id), "{document}: {answer}");
            let counted = text.contains("\"count\":1") || text.contains("\"value\":1");
            assert!(!counted, "{document}: {answer}");
        }
    }
    // The same questions do find it for those whose it is: what is not asked right finds nothing.
    for document in DEEP.iter().filter(|document| !document.contains("exports")) {
        let document = document.replace("QUERY", "actor.id:canary-person").replace("ID", &id);
        let answer = service.ask(&acme, &document, json!({})).await;
        assert!(answer["errors"].is_null(), "{document}: {answer}");
        let text = answer["data"].to_string().to_lowercase();
        let found = ["canary", &id, ":1", "quarantinedevent", "\"edges\":[{"];
        assert!(found.iter().any(|found| text.contains(found)), "{document}: {answer}");
    }
    // Cursors of one tenant show another nothing.
    let page = "{ auditEvents(first: 1) { pageInfo { endCursor } } }";
    let answer = service.ask(&acme, page, json!({})).await;
    let cursor = answer["data"]["auditEvents"]["pageInfo"]["endCursor"].as_str().unwrap();
    for order in ["RECORDED_AT_ASC", "RECORDED_AT_DESC"] {
        for (size, side) in [("first", "after"), ("last", "before")] {
            let document = format!(
                "{{ auditEvents({size}: 9, {side}: \"{cursor}\", orderBy: {order}) {{ nodes {{ id }} }} }}"
            );
            let answer = service.ask(&globex, &document, json!({})).await;
            assert_eq!(answer["data"]["auditEvents"]["nodes"], json!([]), "{document}");
        }
    }
}
