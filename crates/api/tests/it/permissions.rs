//! Who may do what: one table for REST and one for GraphQL, and proof that both are complete.

use std::collections::BTreeSet;

use annals_api::{graphql, router};
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Listening, Service, Socket, request, subscribe, token};

const ROLES: [&str; 4] = ["admin", "auditor", "user", "writer"];

/// What may be done by whom, in the order of `ROLES`.
struct Rest {
    method: Method,
    route: &'static str,
    allowed: [bool; 4],
}

/// Answers everyone, also without a token.
const OPEN: [bool; 4] = [true; 4];

fn rest_table() -> Vec<Rest> {
    let row = |method, route, allowed| Rest { method, route, allowed };
    vec![
        row(Method::GET, "/api/v1/logs", [true, true, true, false]),
        row(Method::POST, "/api/v1/logs", [true, false, false, true]),
        row(Method::POST, "/api/v1/logs/bulk", [true, false, false, true]),
        row(Method::GET, "/api/v1/logs/stream", [true, true, true, false]),
        row(Method::GET, "/api/v1/logs/{id}", [true, true, true, false]),
        row(Method::GET, "/api/v1/limits", [true; 4]),
        row(Method::GET, "/healthz", OPEN),
        row(Method::GET, "/readyz", OPEN),
        row(Method::GET, "/metrics", OPEN),
        // Which fields may be asked for is another table; GET is for sockets.
        row(Method::GET, "/graphql", [false; 4]),
        row(Method::POST, "/graphql", [true; 4]),
    ]
}

fn event() -> Value {
    json!({ "type": "a.b", "actor": { "id": "ann" } })
}

fn body_of(row: &Rest) -> String {
    match (row.method.as_str(), row.route) {
        ("POST", "/api/v1/logs") => event().to_string(),
        ("POST", "/api/v1/logs/bulk") => json!([event()]).to_string(),
        ("POST", "/graphql") => json!({ "query": "{ __typename }" }).to_string(),
        _ => String::new(),
    }
}

fn is_open(route: &str) -> bool {
    router::routes().any(|known| known.path == route && known.open)
}

#[tokio::test]
async fn every_route_and_method_is_in_the_table() {
    let service = Service::start().await;
    let table = rest_table();
    for route in router::routes() {
        let path = route.path.replace("{id}", "x");
        let method = Method::from_bytes(b"BREW").unwrap();
        let answer = service.call(request(method, &path, None, Body::empty())).await;
        assert_eq!(answer.code(), "METHOD_NOT_ALLOWED", "{path}");
        let told: BTreeSet<&str> =
            answer.header("allow").split(',').filter(|method| *method != "HEAD").collect();
        let rows = table.iter().filter(|row| row.route == route.path);
        let known: BTreeSet<&str> = rows.map(|row| row.method.as_str()).collect();
        assert_eq!(told, known, "the table does not tell all of {path}");
    }
    let routes: BTreeSet<&str> = router::routes().map(|route| route.path).collect();
    assert!(table.iter().all(|row| routes.contains(row.route)), "the table tells of no route");
}

#[tokio::test]
async fn every_route_answers_those_who_may_and_nobody_else() {
    let service = Service::start().await;
    let id = service.record(event()).await;
    for row in rest_table() {
        let path = row.route.replace("{id}", &id);
        let call = async |token: Option<&str>| {
            let body = Body::from(body_of(&row));
            service.call(request(row.method.clone(), &path, token, body)).await
        };
        for (role, allowed) in ROLES.iter().zip(row.allowed) {
            let status = call(Some(&token("ann", "acme", role))).await.status;
            let expected: &[u16] = match (allowed, row.route) {
                (true, "/api/v1/logs/stream") => &[400], // no upgrade
                (true, _) => &[200, 201],
                (false, "/graphql") => &[405],
                (false, _) => &[403],
            };
            assert!(expected.contains(&status.as_u16()), "{} {path} {role}: {status}", row.method);
        }
        let unknown = call(None).await.status;
        let roles_none = crate::support::signed(
            r#"{"alg":"HS256"}"#,
            &json!({ "sub": "ann", "tenant": "acme", "roles": ["boss"], "exp": 9_999_999_999i64 })
                .to_string(),
            crate::support::SECRET,
        );
        if is_open(row.route) {
            assert_eq!(unknown, StatusCode::OK, "{path}");
        } else if row.method == Method::GET && row.route == "/graphql" {
            assert_eq!(unknown, StatusCode::METHOD_NOT_ALLOWED);
        } else {
            assert_eq!(unknown, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(call(Some("bad.bad.bad")).await.status, StatusCode::UNAUTHORIZED, "{path}");
            let without = call(Some(&roles_none)).await.status;
            let expected = if row.route == "/graphql" { 200 } else { 403 };
            assert_eq!(without.as_u16(), expected, "{path} without a role");
        }
    }
}

#[tokio::test]
async fn nobody_sees_events_of_another_tenant_or_person() {
    let service = Service::start().await;
    let id = service.record(event()).await;
    let path = format!("/api/v1/logs/{id}");
    for (sub, tenant, role, status) in [
        ("root", "acme", "admin", 200),
        ("aud", "acme", "auditor", 200),
        ("ann", "acme", "user", 200),
        ("bob", "acme", "user", 404),
        ("root", "globex", "admin", 404),
        ("aud", "globex", "auditor", 404),
        ("ann", "globex", "user", 404),
        ("Ann", "acme", "user", 404),
        ("an", "acme", "user", 404),
        ("ann*", "acme", "user", 404),
    ] {
        let token = token(sub, tenant, role);
        let who = format!("{sub} {tenant} {role}");
        assert_eq!(service.get(&path, &token).await.status.as_u16(), status, "{who}");
        let listed = service.get("/api/v1/logs?q=id:*", &token).await;
        let listed =
            if listed.status == 200 { listed } else { service.get("/api/v1/logs", &token).await };
        let seen = !listed.json()["events"].as_array().unwrap().is_empty();
        assert_eq!(seen, status == 200, "{who}");
        let variables = json!({ "id": id });
        let document = "query($id: ID!) { auditEvent(id: $id) { id } auditEventsCount { value } \
                        auditEvents { nodes { id } } }";
        let data = service.ask(&token, document, variables).await["data"].take();
        assert_eq!(data["auditEvent"].is_object(), status == 200, "{who}");
        assert_eq!(data["auditEventsCount"]["value"], u8::from(status == 200), "{who}");
        assert_eq!(data["auditEvents"]["nodes"].as_array().unwrap().len() == 1, status == 200);
    }
    // An answer tells nothing of whether the event exists elsewhere.
    let missing = format!("/api/v1/logs/{}", uuid::Uuid::now_v7());
    let globex = token("root", "globex", "admin");
    let (there, nowhere) =
        (service.get(&path, &globex).await, service.get(&missing, &globex).await);
    assert_eq!((there.status, there.text), (nowhere.status, nowhere.text));
    // Nor can a tenant be named in the query or in the event.
    for q in ["tenant:acme", "tenant:*", "tenant:acme%20OR%20tenant:globex"] {
        let answer = service.get(&format!("/api/v1/logs?q={q}"), &globex).await;
        assert_eq!(answer.json()["events"], json!([]), "{q}");
    }
    let foreign = json!({ "type": "a.b", "tenant": "globex" }).to_string();
    let answer = service.post("/api/v1/logs", &token("shop", "acme", "writer"), foreign).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (403, "FORBIDDEN".into()));
}

/// A root field, a document that asks for it, and who may, in the order of `ROLES`.
type Root = (&'static str, &'static str, [bool; 4]);

const QUERIES: &[Root] = &[
    ("auditEvent", "{ auditEvent(id: \"ID\") { id } }", [true, true, true, false]),
    ("auditEvents", "{ auditEvents { nodes { id } } }", [true, true, true, false]),
    ("auditEventsCount", "{ auditEventsCount { value } }", [true, true, true, false]),
    ("eventTypes", "{ eventTypes { name } }", [true; 4]),
    (
        "me",
        "{ me { id activity { nodes { id } } notifications { unreadCount } } }",
        [true, true, true, false],
    ),
    ("person", "{ person(id: \"bob\") { id } }", [true, true, false, false]),
];
const MUTATIONS: &[Root] = &[
    (
        "markNotificationsRead",
        "mutation { markNotificationsRead(input: { ids: [\"ID\"] }) { unreadCount } }",
        [true, true, true, false],
    ),
    (
        "recordEvents",
        "mutation { recordEvents(input: { events: [{ type: \"a.b\" }] }) { receipts { id } } }",
        [true, false, false, true],
    ),
];
const SUBSCRIPTIONS: &[Root] = &[
    (
        "auditEventStream",
        "subscription { auditEventStream(after: \"CURSOR\") { cursor } }",
        [true, true, true, false],
    ),
    (
        "notificationStream",
        "subscription { notificationStream(after: \"CURSOR\") { cursor } }",
        [true, true, true, false],
    ),
];

#[test]
fn every_root_field_is_in_the_table() {
    let schema = parse_schema(graphql::schema_text()).unwrap();
    let fields_of = |name: &str| -> BTreeSet<String> {
        let found = schema.definitions.iter().find_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) if ty.node.name.node == name => Some(&ty.node.kind),
            _ => None,
        });
        let Some(TypeKind::Object(object)) = found else { panic!("there is no type {name}") };
        object.fields.iter().map(|field| field.node.name.node.to_string()).collect()
    };
    for (name, table) in
        [("Query", QUERIES), ("Mutation", MUTATIONS), ("Subscription", SUBSCRIPTIONS)]
    {
        let known: BTreeSet<String> = table.iter().map(|(field, ..)| (*field).into()).collect();
        assert_eq!(fields_of(name), known, "the table does not tell all of {name}");
    }
}

#[tokio::test]
async fn every_root_field_answers_those_who_may_and_nobody_else() {
    let service = Service::start().await;
    let id = service.record(event()).await;
    for (field, document, allowed) in QUERIES.iter().chain(MUTATIONS) {
        let document = document.replace("ID", &id);
        for (role, allowed) in ROLES.iter().zip(allowed) {
            let answer = service.ask(&token("ann", "acme", role), &document, json!({})).await;
            let code = answer["errors"][0]["extensions"]["code"].as_str();
            let expected = if *allowed { None } else { Some("FORBIDDEN") };
            assert_eq!(code, expected, "{field} {role}: {answer}");
            if !allowed {
                assert!(answer["data"].is_null(), "{field} {role}: {answer}");
            }
        }
    }
    let me = "{ person(id: \"ann\") { id } }";
    let answer = service.ask(&token("ann", "acme", "user"), me, json!({})).await;
    assert!(answer["errors"].is_null(), "one's own profile: {answer}");
}

#[tokio::test]
async fn every_subscription_answers_those_who_may_and_nobody_else() {
    let listening = Service::start().await.listen().await;
    listening
        .service
        .record(json!({ "type": "user.password.changed", "actor": { "id": "ann" } }))
        .await;
    let cursor = listening.service.api.cursors.position(annals_domain::Position::START);
    for (field, document, allowed) in SUBSCRIPTIONS {
        let document = document.replace("CURSOR", &cursor);
        for (role, allowed) in ROLES.iter().zip(allowed) {
            let code = first_code(&listening, role, &document).await;
            let expected = if *allowed { Value::Null } else { json!("FORBIDDEN") };
            assert_eq!(code, expected, "{field} {role}");
        }
    }
}

/// The code of the first answer to an operation on a socket.
async fn first_code(listening: &Listening, role: &str, document: &str) -> Value {
    let token = token("ann", "acme", role);
    let mut socket = Socket::graphql_of(listening.address, &token).await;
    socket.say(subscribe("1", document)).await;
    let mut message = socket.next().await.unwrap();
    let errors = match message["type"].as_str() {
        Some("next") => message["payload"]["errors"].take(),
        Some("error") => message["payload"].take(),
        _ => panic!("{message}"),
    };
    errors[0]["extensions"]["code"].clone()
}
