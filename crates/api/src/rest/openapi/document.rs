//! From rows to the document.

use annals_domain::limits::Limits;
use serde_json::{Map, Value, json};

use super::model::{Answer, Content, Operation, Parameter};
use super::{problems, schemas};

/// The groups of operations, in the order of the documentation.
pub(super) const GROUPS: &[(&str, &str)] = &[
    ("Events", "Recording events, and finding them again."),
    ("Analysis", "Counts of events, events that belong together, and what became of a thing."),
    ("Views", "Questions that people keep."),
    ("Exports", "Events as files."),
    ("Notifications", "Who is told of what, how and where; and \"this wasn't me\"."),
    ("Proof", "The log as anybody can check it, without a token (C2SP tlog-tiles)."),
    ("Access", "Keys, tokens, and who may do what."),
    ("Lifecycle", "How long events are kept, what holds them, and how people are forgotten."),
    ("Operation", "How the service is, and what it takes on."),
    ("Documentation", "This document, and a page that shows it."),
];

const ABOUT: &str = "\
Annals is an event-sourced audit log: who did what, to what, when, from where, why, and with which
outcome. An answer that tells of success is given only when the event is on disk.

**Tokens.** Send `Authorization: Bearer <token>`. A token that holds several tenants needs the header
`Annals-Tenant` beside it.

**Sending again.** An event that was sent twice is stored once: by its `id`, or by the header
`Idempotency-Key` where it has none. Whoever got no answer sends the same again.

**Refusals** are `application/problem+json` (RFC 9457). `code` is the word for programs.

**Quotas** are told in `RateLimit-Policy` and `RateLimit`
(draft-ietf-httpapi-ratelimit-headers-10), and `Retry-After` tells how long to wait.

**Compression.** Bodies may be `gzip` or `zstd`, in both directions.";

/// The headers of all answers of operations that know their caller.
const QUOTAS: [&str; 2] = ["RateLimit-Policy", "RateLimit"];

/// Builds the document.
pub(super) fn build<'a>(operations: impl Iterator<Item = &'a Operation>, limits: &Limits) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(template(operation.path)).or_insert_with(|| json!({}));
        path[operation.method.to_lowercase()] = described(operation, limits);
    }
    let tag =
        |(name, description): &(&str, &str)| json!({ "name": name, "description": description });
    let used = |(name, _): &&(&str, &str)| {
        paths
            .values()
            .filter_map(Value::as_object)
            .any(|path| path.values().any(|operation| operation["tags"][0].as_str() == Some(*name)))
    };
    let document = json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Annals",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "servers": [{ "url": "/", "description": "The service that serves this document." }],
        "security": [{ "bearer": [] }],
        "tags": GROUPS.iter().filter(used).map(tag).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A JWT with `sub`, `tenant` and `roles`, or an API key.",
            } },
            "schemas": schemas::all(limits),
            "examples": schemas::examples(),
            "headers": header_components(),
            "responses": problems::responses(&["X-Request-Id"]),
        },
    });
    without_what_nothing_uses(document)
}

/// A path as the document writes it, which knows no rest of a path.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

/// Refusals and headers are described whether or not an operation needs them.
fn without_what_nothing_uses(mut document: Value) -> Value {
    for kind in ["responses", "headers"] {
        let text = document.to_string();
        if let Some(components) = document["components"][kind].as_object_mut() {
            components.retain(|name, _| text.contains(&format!("\"#/components/{kind}/{name}\"")));
        }
    }
    document
}

fn described(operation: &Operation, limits: &Limits) -> Value {
    let mut answers = Map::new();
    for answer in operation.answers {
        answers.insert(answer.status.to_string(), of_answer(operation, answer, limits));
    }
    if operation.tag_of_answer.is_some() {
        let told = headers(&["X-Request-Id", "ETag"]);
        let not_modified = json!({ "description": "The caller has it already.", "headers": told });
        answers.insert("304".into(), not_modified);
    }
    for status in operation.refusals() {
        answers.insert(status.to_string(), problems::reference(status));
    }
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
        "description": operation.description,
        "responses": answers,
    });
    let mut parameters: Vec<Value> =
        operation.parameters().map(|parameter| of_parameter(parameter, limits)).collect();
    if operation.tag_of_answer.is_some() {
        parameters.push(if_none_match());
    }
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if !operation.body.is_empty() {
        described["requestBody"] =
            json!({ "required": true, "content": of_contents(operation.body, limits) });
    }
    if operation.open {
        described["security"] = json!([]);
    }
    described
}

fn of_parameter(parameter: &Parameter, limits: &Limits) -> Value {
    let mut value = json!({
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "schema": schemas::schema(parameter.schema, limits),
    });
    if parameter.place == "path" {
        value["required"] = true.into();
    }
    if !parameter.example.is_empty() {
        value["example"] = schemas::read(parameter.example);
    }
    value
}

fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match",
        "in": "header",
        "description": "Tags of answers that the caller has; 304 when this would be one of them.",
        "schema": { "type": "string" },
    })
}

fn of_answer(operation: &Operation, answer: &Answer, limits: &Limits) -> Value {
    let mut told = vec!["X-Request-Id"];
    if !operation.open {
        told.extend(QUOTAS);
    }
    told.extend((operation.tag_of_answer.is_some() && answer.status == 200).then_some("ETag"));
    told.extend(answer.headers);
    let mut value = json!({ "description": answer.description, "headers": headers(&told) });
    if !answer.content.is_empty() {
        value["content"] = of_contents(answer.content, limits);
    }
    if !answer.links.is_empty() {
        let link = |(name, operation, parameter, place): &(&str, &str, &str, &str)| {
            let link = json!({ "operationId": operation, "parameters": { *parameter: place } });
            ((*name).to_owned(), link)
        };
        value["links"] = Value::Object(answer.links.iter().map(link).collect());
    }
    value
}

fn of_contents(contents: &[Content], limits: &Limits) -> Value {
    let one = |content: &Content| {
        let mut value = json!({ "schema": schemas::schema(content.schema, limits) });
        if !content.examples.is_empty() {
            let example = |name: &&str| {
                let reference = json!({ "$ref": format!("#/components/examples/{name}") });
                ((*name).to_owned(), reference)
            };
            value["examples"] = Value::Object(content.examples.iter().map(example).collect());
        }
        (content.media_type.to_owned(), value)
    };
    Value::Object(contents.iter().map(one).collect())
}

/// References to headers of the components.
pub(super) fn headers(names: &[&str]) -> Value {
    let one = |name: &&str| {
        ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    Value::Object(names.iter().map(one).collect())
}

#[rustfmt::skip]
const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Request-Id", "Names the request, here and in the operations log; the caller's own when it sent one.", "0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"),
    ("RateLimit-Policy", "The quotas: so many (`q`) in so many seconds (`w`).", "\"requests\";q=100000;w=2;qu=\"requests\""),
    ("RateLimit", "What is left of them (`r`), and after how many seconds all is back (`t`).", "\"requests\";r=99999;t=1"),
    ("Retry-After", "After how many seconds to try again.", "1"),
    ("ETag", "Names exactly this answer, for `If-None-Match`.", "\"mJ3l0QX8r1n2b5dZk9vUaw\""),
    ("Location", "Where the thing that came into being is found.", "/api/v1/logs/01890a5d-ac96-774b-bcce-b302099a8057"),
    ("Content-Disposition", "Under which name to keep the file.", "attachment; filename=\"events.ndjson\""),
    ("WWW-Authenticate", "How to say who one is.", "Bearer"),
    ("Accept-Encoding", "How a body may be compressed.", "gzip, zstd"),
];

fn header_components() -> Value {
    let one = |(name, description, example): &(&str, &str, &str)| {
        let schema = json!({ "type": "string" });
        let header = json!({ "description": description, "schema": schema, "example": example });
        ((*name).to_owned(), header)
    };
    Value::Object(HEADERS.iter().map(one).collect())
}
