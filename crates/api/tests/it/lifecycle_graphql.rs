//! Retention, legal holds and erasures over GraphQL alone: who decides, what is refused and how that is told, and
//! that lists are read page by page.

mod erasing;
mod holding;
mod keeping;
mod limits;

use serde_json::{Value, json};

use crate::lifecycle::{officer, privacy};
use crate::support::{Service, token};

fn stranger() -> String {
    token("eve", "globex", "admin")
}

/// What a field answers, when nothing at all went wrong.
async fn asked(service: &Service, token: &str, document: &str) -> Value {
    let answer = service.ask(token, document, json!({})).await;
    assert!(answer["errors"].is_null(), "{document}: {answer}");
    let data = answer["data"].as_object().unwrap();
    assert_eq!(data.len(), 1, "{document}");
    data.values().next().unwrap().clone()
}

/// What a mutation answers that says what is wrong beside its answer; `input` as GraphQL writes it.
async fn tried(service: &Service, token: &str, field: &str, input: &str, shown: &str) -> Value {
    let document = format!(
        "mutation {{ {field}(input: {{ {input} }}) {{ {shown} userErrors {{ field message code }} }} }}"
    );
    asked(service, token, &document).await
}

/// The same for what must succeed.
async fn done(service: &Service, token: &str, field: &str, input: &str, shown: &str) -> Value {
    let answer = tried(service, token, field, input, shown).await;
    assert_eq!(answer["userErrors"], json!([]), "{field}: {answer}");
    answer
}

/// The code of a document that is refused as a whole.
async fn refused(service: &Service, token: &str, document: &str) -> String {
    let answer = service.ask(token, document, json!({})).await;
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or_else(|| panic!("{document}: {answer}")).to_owned()
}

/// A decision about something; `refused` takes it.
fn decision(field: &str, id: &str) -> String {
    format!("mutation {{ {field}({}) {{ userErrors {{ code }} }} }}", input_of(id))
}

fn input_of(id: &str) -> String {
    format!("input: {{ {} }}", about(id))
}

fn about(id: &str) -> String {
    format!("id: \"{id}\", reason: \"because the test says so\"")
}

async fn event(service: &Service, event_type: &str, person: &str) -> String {
    let sent = json!({
        "type": event_type,
        "actor": { "id": person, "name": format!("Name of {person}") },
        "description": format!("secret of {person}"),
    });
    service.record(sent).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn placed(service: &Service, matter: &str, query: &str) -> String {
    let input =
        format!("matter: \"{matter}\", query: \"{query}\", reason: \"letter of the court\"");
    let placed =
        done(service, &officer("rita"), "placeLegalHold", &input, "hold { id status }").await;
    assert_eq!(placed["hold"]["status"], "PLACED", "{placed}");
    text(&placed["hold"]["id"])
}

async fn requested(service: &Service, person: &str) -> String {
    let input = format!("person: \"{person}\", reason: \"asked for by letter\"");
    let shown = "erasure { id status person requested { by } }";
    let requested = done(service, &privacy("paula"), "requestErasure", &input, shown).await;
    let erasure = &requested["erasure"];
    assert_eq!((&erasure["status"], &erasure["person"]), (&json!("REQUESTED"), &json!(person)));
    assert_eq!(erasure["requested"]["by"], "paula");
    text(&erasure["id"])
}
