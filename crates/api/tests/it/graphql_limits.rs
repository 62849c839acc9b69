//! What would cost much is refused before it does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Service, token};

const CHEAP: Duration = Duration::from_secs(10);

async fn code(service: &Service, document: &str) -> Option<String> {
    let began = Instant::now();
    let answer = service.ask(&token("root", "acme", "admin"), document, json!({})).await;
    assert!(
        began.elapsed() < CHEAP,
        "{:?} for {}",
        began.elapsed(),
        &document[..document.len().min(200)]
    );
    answer["errors"][0]["extensions"]["code"].as_str().map(str::to_owned)
}

fn too_complex() -> Option<String> {
    Some("QUERY_TOO_COMPLEX".into())
}

#[tokio::test]
async fn depth_is_taken_up_to_the_limit() {
    let service = Service::start().await;
    let text = |depth: usize| {
        let inner = depth - 2;
        format!(
            "{{__type(name:\"Query\"){{{}name{}}}}}",
            "ofType{".repeat(inner),
            "}".repeat(inner)
        )
    };
    let max = service.api.limits.request.graphql_depth_max;
    assert_eq!(code(&service, &text(max)).await, None);
    assert_eq!(code(&service, &text(max + 1)).await, too_complex());
}

#[tokio::test]
async fn complexity_is_taken_up_to_the_limit() {
    let service = Service::with_limits(|limits| limits.request.graphql_complexity_max = 500).await;
    // A page costs its size times what each event costs: `nodes` and its field.
    let text = |first: i64| format!("{{ auditEvents(first: {first}) {{ nodes {{ id }} }} }}");
    assert_eq!(code(&service, &text(250)).await, None);
    let service = Service::with_limits(|limits| limits.request.graphql_complexity_max = 499).await;
    assert_eq!(code(&service, &text(250)).await, too_complex());
    assert_eq!(code(&service, &text(249)).await, None);
    assert_eq!(code(&service, &text(i64::from(i32::MAX))).await, too_complex());
}

#[tokio::test]
async fn numbers_of_any_size_do_not_end_in_a_fault() {
    let service = Service::start().await;
    for first in [
        "0",
        "-1",
        "251",
        "2147483647",
        "-2147483648",
        "2147483648",
        "9223372036854775808",
        "1e400",
        "99999999999999999999999999",
    ] {
        for field in ["auditEvents", "me { activity", "me { notifications"] {
            let close = if field.contains('{') { "}" } else { "" };
            let document = format!("{{ {field}(first: {first}) {{ nodes {{ id }} }} {close} }}");
            let code = code(&service, &document).await.unwrap();
            assert_ne!(code, "INTERNAL_SERVER_ERROR", "{document}");
        }
    }
    let many =
        "auditEvents(first: 2147483647) { edges { node { id changes { path } } } } ".repeat(200);
    assert_eq!(code(&service, &format!("{{ {many} }}")).await, too_complex());
}

#[tokio::test]
async fn directives_are_taken_up_to_the_limit() {
    let service = Service::start().await;
    let max = service.api.limits.request.graphql_directives_max;
    let text = |count: usize| format!("{{ me {{ id {} }} }}", "@include(if: true) ".repeat(count));
    assert_eq!(code(&service, &text(1)).await, None);
    // More than one of a kind is wrong as such; far more is too much.
    assert_eq!(code(&service, &text(max)).await, Some("GRAPHQL_VALIDATION_FAILED".into()));
    assert_eq!(code(&service, &text(max + 1)).await, too_complex());
    assert_eq!(code(&service, &text(3_000)).await, too_complex());
}

#[tokio::test]
async fn the_same_dear_field_cannot_be_asked_for_over_and_over() {
    let service = Service::start().await;
    for (field, taken) in [
        ("auditEvent(id: \"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\") { id }", 2_000),
        ("auditEventsCount { value }", 500),
        ("eventTypes { name }", 500),
        ("person(id: \"x\") { id }", 1_000),
    ] {
        assert_eq!(
            code(&service, &format!("{{ {} }}", field.repeat(taken))).await,
            too_complex(),
            "{field}"
        );
    }
    let marking = "markNotificationsRead(input: { ids: [] }) { unreadCount } ".repeat(50);
    assert_eq!(code(&service, &format!("mutation {{ {marking} }}")).await, too_complex());
}

#[tokio::test]
async fn bombs_of_all_kinds_are_refused_quickly() {
    let service = Service::start().await;
    let doubling: String = (0..40)
        .map(|n| format!("fragment f{n} on Query {{ ...f{next} ...f{next} }} ", next = n + 1))
        .collect();
    let unfolding = "fields{type{fields{type{fields{type{fields{type{name}}}}}}}}";
    let schema = "{__schema{types{name kind fields{name args{name type{name ofType{name}}} type{name ofType{name}}}}}}";
    let bombs = [
        (
            "fragments that double",
            format!("{doubling} fragment f40 on Query {{ me {{ id }} }} {{ ...f0 }}"),
        ),
        ("the schema unfolded", format!("{{__schema{{types{{{unfolding}}}}}}}")),
        ("a long document", format!("{{ me {{ {} }} }}", "id ".repeat(30_000))),
        ("a long comment", format!("{{ me {{ id }} }} #{}", "x".repeat(100_000))),
        (
            "brackets in a list",
            format!(
                "{{ auditEvents(filter: {}{}) {{ nodes {{ id }} }} }}",
                "[".repeat(5_000),
                "]".repeat(5_000)
            ),
        ),
        (
            "aliases",
            format!("{{ {} }}", (0..31).map(|n| format!("a{n}: me {{ id }} ")).collect::<String>()),
        ),
    ];
    for (what, document) in &bombs {
        assert_eq!(code(&service, document).await, too_complex(), "{what}");
    }
    assert_eq!(code(&service, schema).await, None, "what tools ask is no bomb");
    // 21 000 fields cost more than a document may, but fit into one.
    let fields = "id ".repeat(21_000);
    assert_eq!(code(&service, &format!("{{ me {{ {fields} }} }}")).await, too_complex());
}

#[tokio::test]
async fn a_hundred_thousand_variables_cost_little() {
    let service = Service::start().await;
    let variables: serde_json::Map<String, Value> =
        (0..40_000).map(|n| (format!("v{n}"), json!(n))).collect();
    let admin = token("root", "acme", "admin");
    let body = json!({ "query": "{ me { id } }", "variables": variables }).to_string();
    let began = Instant::now();
    let answer = service.post("/graphql", &admin, body).await.json();
    assert_eq!(answer["data"]["me"]["id"], "root", "{answer}");
    assert!(began.elapsed() < CHEAP);
    // Whoever does not record may send far fewer.
    let few = json!({ "query": "{ me { id } }", "variables": { "a": vec![0; 9_000] } }).to_string();
    let many =
        json!({ "query": "{ me { id } }", "variables": { "a": vec![0; 11_000] } }).to_string();
    let user = token("ann", "acme", "user");
    assert_eq!(service.post("/graphql", &user, few).await.json()["data"]["me"]["id"], "ann");
    let refused = service.post("/graphql", &user, many).await.json();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{refused}");
    // Definitions are part of the document, which is bounded.
    let definitions: String = (0..2_000).map(|n| format!("$v{n}: Int ")).collect();
    let used: String = format!("query({definitions}) {{ me {{ id }} }}");
    assert_eq!(code(&service, &used).await, Some("GRAPHQL_VALIDATION_FAILED".into()));
}
