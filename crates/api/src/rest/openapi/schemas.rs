//! The schemas and examples of the document, and what stands in them for limits and words.

use annals_domain::event::{ActorType, ChangeOperation, Operation, OutcomeStatus, Severity};
use annals_domain::limits::Limits;
use serde_json::{Map, Value, json};

/// The files, each an object of schemas by name.
const FILES: &[&str] = &[
    include_str!("schemas/event.json"),
    include_str!("schemas/input.json"),
    include_str!("schemas/answers.json"),
    include_str!("schemas/quarantine.json"),
    include_str!("schemas/rebuild.json"),
    include_str!("schemas/health.json"),
    include_str!("schemas/keys.json"),
    include_str!("schemas/retention.json"),
    include_str!("schemas/lifecycle.json"),
    include_str!("schemas/analysis.json"),
    include_str!("schemas/exports.json"),
    include_str!("schemas/access.json"),
    include_str!("schemas/tlog.json"),
    include_str!("schemas/views.json"),
    include_str!("schemas/notifications.json"),
    include_str!("schemas/endpoints.json"),
];
const EXAMPLES: &str = include_str!("schemas/examples.json");

/// All schemas by name.
pub(super) fn all(limits: &Limits) -> Value {
    let mut schemas = Map::new();
    for file in FILES {
        if let Value::Object(more) = read(file) {
            schemas.extend(more);
        }
    }
    schemas.insert("Limits".into(), of_limits(limits));
    filled(Value::Object(schemas), limits)
}

/// All examples by name.
pub(super) fn examples() -> Value {
    read(EXAMPLES)
}

/// A schema as a row of the table writes it: JSON, or `#Name`.
pub(super) fn schema(written: &str, limits: &Limits) -> Value {
    match written.strip_prefix('#') {
        Some(name) => json!({ "$ref": format!("#/components/schemas/{name}") }),
        None => filled(read(written), limits),
    }
}

pub(super) fn read(text: &str) -> Value {
    serde_json::from_str(text)
        .unwrap_or_else(|error| panic!("the contract is built in, but is no JSON: {error}\n{text}"))
}

/// Puts limits and words where they are named.
fn filled(value: Value, limits: &Limits) -> Value {
    match value {
        Value::String(text) => match text.split_once(':') {
            Some(("limit", path)) => limit(path, limits),
            Some(("words", name)) => words(name),
            _ => Value::String(text),
        },
        Value::Array(items) => items.into_iter().map(|item| filled(item, limits)).collect(),
        Value::Object(object) => {
            object.into_iter().map(|(key, value)| (key, filled(value, limits))).collect()
        }
        other => other,
    }
}

fn limit(path: &str, limits: &Limits) -> Value {
    let found = json!(limits).pointer(&format!("/{}", path.replace('.', "/"))).cloned();
    found.unwrap_or_else(|| panic!("the contract names the limit `{path}`, which does not exist"))
}

/// The words of an enum; with `|null` where the field may be null, too.
fn words(name: &str) -> Value {
    let (name, null) = match name.strip_suffix("|null") {
        Some(name) => (name, Some(Value::Null)),
        None => (name, None),
    };
    let words = match name {
        "operation" => Operation::WORDS,
        "severity" => Severity::WORDS,
        "outcome" => OutcomeStatus::WORDS,
        "actor_type" => ActorType::WORDS,
        "change" => ChangeOperation::WORDS,
        _ => panic!("the contract names the words `{name}`, which do not exist"),
    };
    words.iter().map(|word| json!(word)).chain(null).collect()
}

/// The limits are numbers in groups; their names tell their units.
fn of_limits(limits: &Limits) -> Value {
    fn object(value: &Value) -> Value {
        match value {
            Value::Object(fields) => json!({
                "type": "object",
                "required": fields.keys().collect::<Vec<_>>(),
                "properties": fields
                    .iter()
                    .map(|(name, value)| (name.clone(), object(value)))
                    .collect::<Map<_, _>>(),
            }),
            _ => json!({ "type": "integer", "minimum": 0 }),
        }
    }
    let mut schema = object(&json!(limits));
    schema["description"] = json!("How large things may be; `config/limits.toml` explains each.");
    schema["example"] = json!(limits);
    schema
}
