use std::collections::BTreeSet;

use serde_json::json;

use super::*;

fn shipped() -> Value {
    document(&Limits::shipped())
}

#[test]
fn every_route_is_described_and_every_description_has_its_route() {
    let described: BTreeSet<(&str, &str)> =
        operations::all().map(|row| (row.method, row.path)).collect();
    let routes: BTreeSet<(&str, &str)> =
        crate::rest::ROUTES.iter().map(|route| (route.verb.as_str(), route.path)).collect();
    assert_eq!(described, routes);
}

#[test]
fn a_row_is_open_when_its_route_is() {
    for route in crate::rest::ROUTES {
        let row = operation(route.verb.as_str(), route.path).unwrap();
        assert_eq!(row.open, route.access == crate::router::Access::Open, "{}", row.id);
    }
}

#[test]
fn every_row_is_complete() {
    let groups: BTreeSet<&str> = document::GROUPS.iter().map(|(name, _)| *name).collect();
    let mut ids = BTreeSet::new();
    for row in operations::all() {
        assert!(ids.insert(row.id), "two rows have the id {}", row.id);
        assert!(groups.contains(row.group), "{}: there is no group {}", row.id, row.group);
        assert!(!row.summary.is_empty() && !row.description.is_empty(), "{}", row.id);
        assert!(!row.summary.ends_with('.'), "{}: a summary is no sentence", row.id);
        assert!(row.description.ends_with('.'), "{}", row.id);
        assert!(row.answers.iter().any(|answer| answer.status < 300), "{}", row.id);
        let named: BTreeSet<&str> = row
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| name.trim_start_matches('*'))
            .collect();
        let told = row.parameters.iter().filter(|parameter| parameter.place == "path");
        assert_eq!(told.map(|parameter| parameter.name).collect::<BTreeSet<_>>(), named);
    }
    for row in operations::all() {
        for (_, operation, ..) in row.answers.iter().flat_map(|answer| answer.links) {
            assert!(ids.contains(operation), "{} links to {operation}", row.id);
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = shipped();
    let mut references = BTreeSet::new();
    gather(&document, &mut references);
    for reference in &references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for kind in ["schemas", "examples", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(references.contains(&reference), "nothing uses {reference}");
        }
    }
}

fn gather(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
            object.values().for_each(|value| gather(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| gather(value, references)),
        _ => {}
    }
}

#[test]
fn limits_and_words_stand_where_they_are_named() {
    let mut limits = Limits::shipped();
    limits.query.page_max = 77;
    let document = document(&limits);
    let parameters = document["paths"]["/api/v1/logs"]["get"]["parameters"].as_array().unwrap();
    let limit = parameters.iter().find(|parameter| parameter["name"] == "limit").unwrap();
    assert_eq!(limit["schema"]["maximum"], 77);
    let event = &document["components"]["schemas"]["EventInput"]["properties"];
    assert_eq!(event["severity"]["enum"], json!(["info", "warning", "error", "critical", null]));
    assert_eq!(event["type"]["maxLength"], limits.event.type_bytes_max);
    let text = document.to_string();
    assert!(!text.contains("\"limit:") && !text.contains("\"words:"));
}

#[test]
fn every_example_of_a_body_is_an_event_that_can_be_read() {
    let examples = schemas::examples();
    for content in operations::all().flat_map(|row| row.body) {
        for name in content.examples {
            let value = &examples[*name]["value"];
            let events: Vec<Value> = match (value, content.schema) {
                (Value::String(lines), _) => {
                    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
                }
                (Value::Array(events), _) => events.clone(),
                (event, "#EventInput") => vec![event.clone()],
                _ => continue,
            };
            for event in events {
                let read =
                    annals_domain::input::EventInput::from_json(event.to_string().as_bytes());
                assert!(read.is_ok(), "{name}: {read:?}");
            }
        }
    }
}

#[test]
fn the_collection_asks_every_operation_and_tests_every_answer() {
    let collection = postman::collection(&shipped());
    let folders = collection["item"].as_array().unwrap();
    let items = folders.iter().flat_map(|folder| folder["item"].as_array().unwrap());
    let items: Vec<&Value> = items.collect();
    assert!(items.len() > operations::all().count());
    for item in items {
        let script = item["event"][0]["script"]["exec"].to_string();
        assert!(script.contains("pm.expect("), "{}", item["name"]);
    }
}
