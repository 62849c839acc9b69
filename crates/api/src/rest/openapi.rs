//! The contract of REST as a document (`OpenAPI` 3.0.3), made of one table row for each operation.
//!
//! To describe a new address: a row in a file of `operations/`, its schemas in `schemas/*.json`,
//! its examples in `schemas/examples.json`; then `cargo xtask contracts`. The same rows tell the
//! service which kinds of answers an address has, so what is written there is also what happens.
//!
//! Schemas are data. In them `"limit:query.page_max"` stands for a limit of `config/limits.toml` and
//! `"words:severity"` for the words of an enum, so neither is written twice.

mod document;
mod model;
mod operations;
mod postman;
mod problems;
mod schemas;

use std::collections::HashMap;
use std::sync::LazyLock;

use annals_domain::limits::Limits;
use serde_json::Value;

pub(crate) use model::Operation;

type ByPath = HashMap<&'static str, Vec<&'static Operation>>;

static BY_PATH: LazyLock<ByPath> = LazyLock::new(|| {
    let mut by_path = ByPath::new();
    for operation in operations::all() {
        by_path.entry(operation.path).or_default().push(operation);
    }
    by_path
});

/// The row of an operation; `path` as in the table of routes.
pub(crate) fn operation(method: &str, path: &str) -> Option<&'static Operation> {
    BY_PATH.get(path)?.iter().find(|row| row.method == method).copied()
}

/// The document for a service with these limits.
pub(crate) fn document(limits: &Limits) -> Value {
    document::build(operations::all(), limits)
}

/// The document with the limits that are built in, as `docs/openapi.json` holds it.
pub fn openapi_text() -> String {
    pretty(&document(&Limits::shipped()))
}

/// A collection of working requests with their tests, as `docs/annals.postman_collection.json`
/// holds it.
pub fn postman_text() -> String {
    pretty(&postman::collection(&document(&Limits::shipped())))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests;
