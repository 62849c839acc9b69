//! GraphQL by GET, by known documents, and the files beside it.

use annals_api::graphql::{DocumentMode, GraphqlParts, TrustedDocuments};
use annals_domain::limits::Limits;
use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::support::{Answer, Service, request, token};

fn admin() -> String {
    token("root", "acme", "admin")
}

fn hash(text: &str) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

/// As browsers write a parameter.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn get(service: &Service, parameters: &[(&str, &str)], accept: &str) -> Answer {
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let request = Request::get(format!("/graphql?{}", pairs.join("&")))
        .header("authorization", format!("Bearer {}", admin()))
        .header("accept", accept);
    service.call(request.body(Body::empty()).unwrap()).await
}

const NEW: &str = "application/graphql-response+json";

#[tokio::test]
async fn a_query_may_come_by_get_and_a_mutation_may_not() {
    let service = Service::start().await;
    let answer = get(&service, &[("query", "{ me { id } }")], "*/*").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["data"]["me"]["id"].as_str()),
        (200, Some("root"))
    );
    let document = "query A($name: String!) { __type(name: $name) { name } } query B { me { id } }";
    let asked =
        [("query", document), ("operationName", "A"), ("variables", "{\"name\":\"Query\"}")];
    let answer = get(&service, &asked, NEW).await;
    assert_eq!(answer.json()["data"]["__type"]["name"], "Query", "{}", answer.text);
    for document in [
        "mutation { __typename }",
        "mutation A { recordEvents(input: { events: [{ type: \"a.b\" }] }) { receipts { id } } }",
    ] {
        let answer = get(&service, &[("query", document)], NEW).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
        assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "METHOD_NOT_ALLOWED");
    }
    let both = "query A { me { id } } mutation B { __typename }";
    let chosen = [("query", both), ("operationName", "B")];
    assert_eq!(get(&service, &chosen, NEW).await.status, 405);
    let chosen = [("query", both), ("operationName", "A")];
    assert_eq!(get(&service, &chosen, NEW).await.status, 200);
    assert_eq!(get(&service, &[("query", both)], NEW).await.status, 400, "neither is chosen");
    let subscription = [("query", "subscription { auditEventStream { cursor } }")];
    let answer = get(&service, &subscription, NEW).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("text/event-stream"), "{}", answer.text);
    for (parameters, status) in [
        (&[][..], 400),
        (&[("query", "{ me { id } }"), ("query", "{ me { id } }")], 400),
        (&[("query", "{ me { id } }"), ("variables", "[]")], 400),
        (&[("query", "{")], 400),
        (&[("query", &"x".repeat(20_000))], 400),
    ] {
        assert_eq!(get(&service, parameters, NEW).await.status, status, "{parameters:?}");
    }
}

#[tokio::test]
async fn a_token_is_taken_from_a_header_and_from_nowhere_else() {
    let service = Service::start().await;
    let token = admin();
    for (path, header) in [
        (format!("/graphql?query=%7Bme%7Bid%7D%7D&access_token={token}"), ("accept", "*/*")),
        (format!("/graphql?query=%7Bme%7Bid%7D%7D&token={token}"), ("accept", "*/*")),
        ("/graphql?query=%7Bme%7Bid%7D%7D".into(), ("cookie", &*format!("token={token}"))),
        ("/graphql/schema.graphql".into(), ("cookie", &*format!("authorization={token}"))),
    ] {
        let request = Request::get(path).header(header.0, header.1);
        let answer = service.call(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 401, "{}", answer.text);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn what_no_form_of_another_site_can_send_is_all_that_is_read() {
    let service = Service::start().await;
    let body = r#"{"query":"{me{id}}"}"#;
    for (content_type, status) in [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=\"UTF-8\"", 200),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=latin1", 415),
        ("application/graphql", 415),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=a", 415),
        ("", 415),
    ] {
        let mut request = request(Method::POST, "/graphql", Some(&admin()), Body::from(body));
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        let answer = service.call(request).await;
        assert_eq!(answer.status, status, "{content_type}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_cannot_be_answered_in_any_accepted_form_is_not_answered() {
    let service = Service::start().await;
    for accept in ["text/html", "image/*", "application/json;q=0", "multipart/mixed"] {
        let answer = get(&service, &[("query", "{ me { id } }")], accept).await;
        assert_eq!(answer.status, 406, "{accept}");
        assert!(answer.json().get("data").is_none(), "{}", answer.text);
    }
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    assert_eq!(get(&service, &[("query", "{ me { id } }")], browser).await.status, 200);
}

#[tokio::test]
async fn a_refused_document_has_no_data_and_a_field_that_failed_has() {
    let service = Service::start().await;
    for accept in [NEW, "application/json"] {
        for document in ["{", "{ nonsense }", "query($a: ID!) { auditEvent(id: $a) { id } }"] {
            let answer = get(&service, &[("query", document)], accept).await.json();
            assert!(answer.get("data").is_none() && answer["errors"].is_array(), "{answer}");
        }
        let failing = "{ auditEvents(first: 0) { nodes { id } } }";
        let answer = get(&service, &[("query", failing)], accept).await;
        assert_eq!((answer.status.as_u16(), answer.json().get("data")), (200, Some(&Value::Null)));
    }
}

#[tokio::test]
async fn a_document_that_was_sent_once_can_be_named_by_its_hash() {
    let service = Service::start().await;
    let document = "query($first: Int) { auditEvents(first: $first) { nodes { id } } }";
    let agreed = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(document) } });
    let ask = async |token: &str, query: Option<&str>| {
        let body = json!({ "query": query, "variables": { "first": 3 }, "extensions": agreed });
        service.post("/graphql", token, body.to_string()).await
    };
    let code = |answer: &Answer| answer.json()["errors"][0]["extensions"]["code"].clone();
    let first = ask(&admin(), None).await;
    assert_eq!((first.status.as_u16(), code(&first)), (200, json!("PERSISTED_QUERY_NOT_FOUND")));
    assert_eq!(first.json()["errors"][0]["message"], "PersistedQueryNotFound");
    assert!(ask(&admin(), Some(document)).await.json()["data"]["auditEvents"].is_object());
    assert!(ask(&admin(), None).await.json()["data"]["auditEvents"].is_object());
    assert!(ask(&token("aud", "acme", "auditor"), None).await.json()["data"].is_object());
    let elsewhere = ask(&token("root", "globex", "admin"), None).await;
    assert_eq!(code(&elsewhere), "PERSISTED_QUERY_NOT_FOUND", "another tenant knows nothing of it");
    let wrong = ask(&admin(), Some("{ me { id } }")).await;
    assert_eq!((wrong.status.as_u16(), code(&wrong)), (400, json!("BAD_USER_INPUT")));
    // By GET, as caches like it.
    let extensions = agreed.to_string();
    let asked = [("extensions", extensions.as_str()), ("variables", "{\"first\":1}")];
    assert!(get(&service, &asked, NEW).await.json()["data"]["auditEvents"].is_object());
    // What is no document is not kept.
    let broken = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash("{") } });
    for query in [Some("{"), None] {
        let body = json!({ "query": query, "extensions": broken }).to_string();
        let answer = service.post("/graphql", &admin(), body).await;
        let expected =
            if query.is_some() { "GRAPHQL_PARSE_FAILED" } else { "PERSISTED_QUERY_NOT_FOUND" };
        assert_eq!(code(&answer), expected);
    }
    // Whoever is not known can neither keep nor find.
    let body = json!({ "query": document, "extensions": agreed }).to_string();
    let answer = service.call(request(Method::POST, "/graphql", None, Body::from(body))).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn with_trusted_documents_nothing_else_runs() {
    let directory = tempfile::tempdir().unwrap();
    let document = "query Who { me { id } }\n";
    std::fs::write(directory.path().join("Who.graphql"), document).unwrap();
    let trusted = TrustedDocuments::read(directory.path(), &Limits::shipped().request).unwrap();
    let documents = DocumentMode::Trusted;
    let parts = GraphqlParts { documents, trusted, playground: false };
    let service = Service::with_graphql(parts).await;
    let id = format!("sha256:{}", hash(document));
    for body in [json!({ "documentId": id }), json!({ "query": document })] {
        let answer = service.post("/graphql", &admin(), body.to_string()).await;
        assert_eq!(answer.json()["data"]["me"]["id"], "root", "{}", answer.text);
    }
    let answer = get(&service, &[("documentId", &id)], NEW).await;
    assert_eq!(answer.json()["data"]["me"]["id"], "root", "{}", answer.text);
    for document in ["{ me { id } }", "{ __schema { queryType { name } } }", "{", ""] {
        let answer = service.ask(&admin(), document, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "DOCUMENT_NOT_TRUSTED", "{answer}");
    }
}

#[tokio::test]
async fn the_schema_is_a_file_for_whoever_is_signed_in() {
    let service = Service::start().await;
    for role in ["admin", "auditor", "user", "writer"] {
        let answer = service.get("/graphql/schema.graphql", &token("x", "acme", role)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.text, annals_api::graphql::schema_text());
    }
    let request = Request::get("/graphql/schema.graphql").body(Body::empty()).unwrap();
    assert_eq!(service.call(request).await.status, 401);
}

#[tokio::test]
async fn the_playground_is_whole_loads_nothing_from_elsewhere_and_can_be_missing() {
    let service = Service::start().await;
    let open = async |service: &Service, path: &str| {
        service.call(Request::get(path).body(Body::empty()).unwrap()).await
    };
    let page = open(&service, "/graphql/playground").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    for file in ["/graphql/playground/playground.js", "/graphql/playground/playground.css"] {
        assert!(page.text.contains(&format!("=\"{file}\"")), "the page does not name {file}");
    }
    for (path, media_type) in [
        ("/graphql/playground", "text/html"),
        ("/graphql/playground/playground.js", "text/javascript"),
        ("/graphql/playground/playground.css", "text/css"),
    ] {
        let answer = open(&service, path).await;
        assert!(answer.header("content-type").starts_with(media_type));
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        for elsewhere in ["http://", "https://", "//cdn", "@import", "localStorage", "eval("] {
            assert!(!answer.text.contains(elsewhere), "{path} holds {elsewhere}");
        }
    }
    // The policy would stop these, and the page would be broken.
    for inline in ["<style", " style=", " onclick=", " onload=", "javascript:", "<script>"] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    let without = Service::with_graphql(GraphqlParts::default()).await;
    for path in [
        "/graphql/playground",
        "/graphql/playground/playground.js",
        "/graphql/playground/playground.css",
    ] {
        let answer = open(&without, path).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (404, "NOT_FOUND".into()));
    }
}
