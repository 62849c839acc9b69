//! The number of the format stands for how events are indexed.

use serde_json::json;
use tantivy::schema::FieldType;
use uuid::Uuid;

use super::events::{NOW_S, filled_index, plain_event, recorded};
use crate::format::FORMAT;

/// What an event is in the index: the schema, and every term.
fn form() -> String {
    let mut event = plain_event(NOW_S);
    event.description = Some("Émile paid the Straße's invoice 東京 no. 4-2".into());
    event.client.ip = Some("10.1.2.3".parse().unwrap());
    event.metadata = json!({"amount": 12.5, "Paid": true, "tags": ["A", "b"], "none": null})
        .as_object()
        .unwrap()
        .clone();
    event.labels.insert("team".into(), "Blue".into());
    let (_dir, index) = filled_index(&[&[recorded(7, event)]]);
    let view = index.view.load();
    let reader = &view.segments[0].reader;
    let mut form = serde_json::to_string(reader.schema()).unwrap();
    for (field, entry) in reader.schema().fields() {
        if !entry.is_indexed() || matches!(entry.field_type(), FieldType::U64(_)) {
            continue;
        }
        let index = reader.inverted_index(field).unwrap();
        let mut terms = index.terms().stream().unwrap();
        while terms.advance() {
            form.push_str(&format!("\n{} {}", entry.name(), terms.key().escape_ascii()));
        }
    }
    form
}

#[test]
fn whoever_changes_how_events_are_indexed_raises_the_number_of_the_format() {
    let form = form();
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, form.as_bytes());
    assert_eq!(
        (FORMAT, digest.to_string().as_str()),
        (1, "07f57070-bb6c-5c1d-95f9-4fb3c928a227"),
        "events are indexed in another way than the format {FORMAT} says: raise FORMAT in \
         format.rs, and put the new number and digest here; this is the form now:\n{form}"
    );
}
