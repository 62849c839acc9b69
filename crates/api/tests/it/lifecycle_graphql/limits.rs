//! What is too short, too long or too much is told of its field; what decides is a person.

use serde_json::json;

use super::{asked, officer, privacy, refused, stranger, text, tried};
use crate::support::{Service, token};

#[tokio::test]
async fn texts_are_taken_up_to_their_limits() {
    let service = Service::start().await;
    let token = privacy("paula");
    let input = |person: usize, reason: usize, law: usize| {
        let of = |length| "x".repeat(length);
        format!(
            "person: \"{}\", reason: \"{}\", legalBasis: \"{}\"",
            of(person),
            of(reason),
            of(law)
        )
    };
    for (field, sizes) in [
        ("person", (0, 3, 1)),
        ("person", (257, 3, 1)),
        ("reason", (1, 2, 1)),
        ("reason", (1, 1001, 1)),
        ("legalBasis", (1, 3, 0)),
        ("legalBasis", (1, 3, 201)),
    ] {
        let input = input(sizes.0, sizes.1, sizes.2);
        let told = tried(&service, &token, "requestErasure", &input, "erasure { id }").await;
        assert_eq!(told["userErrors"][0]["field"], json!(["input", field]), "{sizes:?}: {told}");
        assert!(told["erasure"].is_null(), "{sizes:?}");
    }
    for sizes in [(1, 3, 1), (256, 1000, 200)] {
        let input = input(sizes.0, sizes.1, sizes.2);
        let told = tried(&service, &token, "requestErasure", &input, "erasure { id }").await;
        assert_eq!(told["userErrors"], json!([]), "{sizes:?}");
    }
    let rectify = |changes: usize| {
        let changes = "{ path: \"/a\", op: ADD, after: 1 }, ".repeat(changes);
        format!(
            "person: \"ann\", reason: \"by letter\", statement: \"it is so\", changes: [{changes}]"
        )
    };
    let told = tried(&service, &token, "rectifyPerson", &rectify(100), "receipt { id }").await;
    assert_eq!(told["userErrors"], json!([]));
    let told = tried(&service, &token, "rectifyPerson", &rectify(101), "receipt { id }").await;
    assert_eq!(told["userErrors"][0]["field"], json!(["input", "changes"]), "{told}");
}

#[tokio::test]
async fn rules_are_taken_up_to_their_limit() {
    let service = Service::start().await;
    let due = async |rules: usize| {
        let rules: String =
            (0..rules).map(|n| format!("{{ type: \"a.t{n:03}\", keep: \"P1Y\" }} ")).collect();
        let document = format!("{{ simulateRetention(input: {{ rules: [{rules}] }}) {{ due }} }}");
        service.ask(&officer("rita"), &document, json!({})).await
    };
    assert_eq!(due(200).await["data"]["simulateRetention"]["due"], 0);
    let refused = due(201).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{refused}");
}

#[tokio::test]
async fn a_document_looks_through_the_log_a_few_times_at_most() {
    let service = Service::start().await;
    let of = |times: usize| {
        let one = |n| format!("s{n}: simulateRetention(input: {{ rules: [] }}) {{ due }} ");
        format!("{{ {} }}", (0..times).map(one).collect::<String>())
    };
    assert_eq!(refused(&service, &officer("rita"), &of(4)).await, "QUERY_TOO_COMPLEX");
    assert_eq!(asked(&service, &officer("rita"), &of(1)).await["due"], 0);
}

#[tokio::test]
async fn an_api_key_decides_nothing() {
    let service = Service::start().await;
    let wanted = json!({ "name": "Batch", "roles": ["privacy_officer", "records_officer"] });
    let admin = token("root", "acme", "admin");
    let made = service.post("/api/v1/api-keys", &admin, wanted.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let key = text(&made.json()["secret"]);
    for document in [
        "mutation { requestErasure(input: { person: \"ann\", reason: \"by letter\" }) { erasure { id } } }",
        "mutation { requestPersonCopy(input: { person: \"ann\", reason: \"by letter\" }) { export { id } } }",
        "mutation { placeLegalHold(input: { matter: \"m\", query: \"\", reason: \"by letter\" }) { hold { id } } }",
        "mutation { proposeRetentionPolicy(input: { rules: [], reason: \"by letter\" }) { proposal { id } } }",
        "mutation { confirmRetentionClock(input: { now: \"2026-11-22T12:00:00Z\", reason: \"by letter\" }) { now } }",
    ] {
        assert_eq!(refused(&service, &key, document).await, "FORBIDDEN", "{document}");
    }
    assert_eq!(
        asked(&service, &stranger(), "{ retention { behindSeconds } }").await["behindSeconds"],
        0
    );
}
